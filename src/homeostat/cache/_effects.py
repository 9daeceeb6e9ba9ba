"""What a reflector's decisions ask for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from homeostat.cache._record import Record

__all__ = [
    "Abandon",
    "Begin",
    "Bookmarked",
    "Change",
    "Degrade",
    "Effect",
    "Finish",
    "Heal",
    "Identify",
    "ListPage",
    "Load",
    "Resolve",
    "Restart",
    "Wait",
    "Watch",
]


@dataclass(frozen=True, slots=True)
class Resolve:
    """Find out how the kind is reached."""


@dataclass(frozen=True, slots=True)
class Identify:
    """Find out which server this is.

    Attributes:
        since: What was found out before this moment does not count.
    """

    since: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Open a watch, in the place of the one that is open.

    Attributes:
        resource_version: Where it goes on; "" for the newest state.
        initial: It begins with the whole state (a streaming list).
    """

    resource_version: str
    initial: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """Get a page of a list.

    Attributes:
        resource_version: Not older than this; "" for the newest state.
        continue_: Token of the page, "" for the first one.
        limit: Objects in a page, 0 for all at once.
    """

    resource_version: str
    continue_: str = ""
    limit: int = 0


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait before the next try.

    Attributes:
        seconds: How long.
    """

    seconds: float


@dataclass(frozen=True, slots=True)
class Begin:
    """Tell the store that a whole state follows.

    Attributes:
        resource_version: Of the state; "" when its end will tell.
        truth: It was asked for without a version.
    """

    resource_version: str = ""
    truth: bool = False


@dataclass(frozen=True, slots=True)
class Load:
    """Give the store the objects of the page that was input."""


@dataclass(frozen=True, slots=True)
class Finish:
    """Tell the store that the state is complete.

    Attributes:
        resource_version: Of the state.
    """

    resource_version: str


@dataclass(frozen=True, slots=True)
class Abandon:
    """Tell the store that the rest of the state will not come."""


@dataclass(frozen=True, slots=True)
class Restart:
    """Tell the store that the server's history is another one."""


@dataclass(frozen=True, slots=True)
class Change:
    """Give the store events.

    Attributes:
        events: ``ADDED``, ``MODIFIED`` or ``DELETED`` with the object, in order.
    """

    events: Sequence[tuple[str, Record]]


@dataclass(frozen=True, slots=True)
class Bookmarked:
    """Give the store a bookmark.

    Attributes:
        resource_version: Up to where everything was sent.
    """

    resource_version: str


@dataclass(frozen=True, slots=True)
class Degrade:
    """Put a failure into the health, and into the log when it is another one.

    Attributes:
        reason: One word, as ``Forbidden``.
        message: What was attempted, what happened, what to do.
    """

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Heal:
    """Take the failure out of the health."""


Effect: TypeAlias = (
    Resolve
    | Identify
    | Watch
    | ListPage
    | Wait
    | Begin
    | Load
    | Finish
    | Abandon
    | Restart
    | Change
    | Bookmarked
    | Degrade
    | Heal
)
