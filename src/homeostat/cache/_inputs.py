"""What can happen to a reflector."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

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


@dataclass(frozen=True, slots=True)
class Start:
    """The reflector starts, or starts again."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """It is known how the kind is reached."""


@dataclass(frozen=True, slots=True)
class Identified:
    """It was asked which server this is.

    Attributes:
        history: Number of its history.
        unsaid: The server did not say, and it may be another one all the same.
        error: Why there was no answer.
    """

    history: int = 0
    unsaid: bool = False
    error: ApiError | TransportError | None = None


@dataclass(frozen=True, slots=True)
class Replaced:
    """Somebody found out that the server is another one; what was open is cut.

    Attributes:
        history: Number of its history.
        unsaid: It did not say which one it is; its versions did.
    """

    history: int
    unsaid: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list came.

    Attributes:
        resource_version: Of the whole list.
        continue_: Token of the next page, "" on the last one.
    """

    resource_version: str
    continue_: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """A request failed.

    Attributes:
        error: How.
    """

    error: ApiError | TransportError


@dataclass(frozen=True, slots=True)
class Opened:
    """The server accepted the watch."""


@dataclass(frozen=True, slots=True)
class Changes:
    """The watch sent events that carry objects.

    Attributes:
        events: ``ADDED``, ``MODIFIED`` or ``DELETED`` with the object, in order; at
            least one.
    """

    events: Sequence[tuple[str, Record]]


@dataclass(frozen=True, slots=True)
class Line:
    """The watch sent an event of another kind.

    Attributes:
        event: What it says.
    """

    event: ParsedEvent


@dataclass(frozen=True, slots=True)
class Closed:
    """The watch ended.

    Attributes:
        error: How it broke; None when the server ended it.
    """

    error: TransportError | None = None


@dataclass(frozen=True, slots=True)
class Silent:
    """The watch was silent for longer than it may."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The store refused what cannot follow what it holds."""


@dataclass(frozen=True, slots=True)
class Waited:
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
