"""What can happen to a reflector."""

from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from homeostat.cache._event import ParsedEvent
from homeostat.cache._record import Record
from homeostat.errors import ApiError, TransportError

__all__ = [
    "Changes",
    "Closed",
    "Failed",
    "Identified",
    "Input",
    "Line",
    "Opened",
    "Page",
    "Refused",
    "Replaced",
    "Resolved",
    "Silent",
    "Start",
    "Waited",
]


class Start(msgspec.Struct, frozen=True):
    """The reflector starts, or starts again."""


class Resolved(msgspec.Struct, frozen=True):
    """It is known how the kind is reached."""


class Identified(msgspec.Struct, frozen=True):
    """It was asked which server this is.

    Attributes:
        history: Number of its history.
        unsaid: The server did not say, and it may be another one all the same.
        error: Why there was no answer.
    """

    history: int = 0
    unsaid: bool = False
    error: ApiError | TransportError | None = None


class Replaced(msgspec.Struct, frozen=True):
    """Somebody found out that the server is another one; what was open is cut.

    Attributes:
        history: Number of its history.
        unsaid: It did not say which one it is; its versions did.
    """

    history: int
    unsaid: bool = False


class Page(msgspec.Struct, frozen=True):
    """A page of a list came.

    Attributes:
        resource_version: Of the whole list.
        continue_: Token of the next page, "" on the last one.
    """

    resource_version: str
    continue_: str = ""


class Failed(msgspec.Struct, frozen=True):
    """A request failed.

    Attributes:
        error: How.
    """

    error: ApiError | TransportError


class Opened(msgspec.Struct, frozen=True):
    """The server accepted the watch."""


class Changes(msgspec.Struct, frozen=True):
    """The watch sent events that carry objects.

    Attributes:
        events: ``ADDED``, ``MODIFIED`` or ``DELETED`` with the object, in order; at
            least one.
    """

    events: Sequence[tuple[str, Record]]


class Line(msgspec.Struct, frozen=True):
    """The watch sent an event of another kind.

    Attributes:
        event: What it says.
    """

    event: ParsedEvent


class Closed(msgspec.Struct, frozen=True):
    """The watch ended.

    Attributes:
        error: How it broke; None when the server ended it.
    """

    error: TransportError | None = None


class Silent(msgspec.Struct, frozen=True):
    """The watch was silent for longer than it may."""


class Refused(msgspec.Struct, frozen=True):
    """The store refused what cannot follow what it holds."""


class Waited(msgspec.Struct, frozen=True):
    """The wait is over."""


Input: TypeAlias = (
    Start
    | Resolved
    | Identified
    | Replaced
    | Page
    | Failed
    | Opened
    | Changes
    | Line
    | Closed
    | Silent
    | Refused
    | Waited
)
