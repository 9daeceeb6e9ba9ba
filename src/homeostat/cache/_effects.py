"""What a reflector's decisions ask for."""

from collections.abc import Sequence
from typing import TypeAlias

import msgspec

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


class Resolve(msgspec.Struct, frozen=True):
    """Find out how the kind is reached."""


class Identify(msgspec.Struct, frozen=True):
    """Find out which server this is.

    Attributes:
        since: What was found out before this moment does not count.
    """

    since: float


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """Open a watch, in the place of the one that is open.

    Attributes:
        resource_version: Where it goes on; "" for the newest state.
        initial: It begins with the whole state (a streaming list).
    """

    resource_version: str
    initial: bool


class ListPage(msgspec.Struct, frozen=True, kw_only=True):
    """Get a page of a list.

    Attributes:
        resource_version: Not older than this; "" for the newest state.
        continue_: Token of the page, "" for the first one.
        limit: Objects in a page, 0 for all at once.
    """

    resource_version: str
    continue_: str = ""
    limit: int = 0


class Wait(msgspec.Struct, frozen=True):
    """Wait before the next try.

    Attributes:
        seconds: How long.
    """

    seconds: float


class Begin(msgspec.Struct, frozen=True):
    """Tell the store that a whole state follows.

    Attributes:
        resource_version: Of the state; "" when its end will tell.
        truth: It was asked for without a version.
    """

    resource_version: str = ""
    truth: bool = False


class Load(msgspec.Struct, frozen=True):
    """Give the store the objects of the page that was input."""


class Finish(msgspec.Struct, frozen=True):
    """Tell the store that the state is complete.

    Attributes:
        resource_version: Of the state.
    """

    resource_version: str


class Abandon(msgspec.Struct, frozen=True):
    """Tell the store that the rest of the state will not come."""


class Restart(msgspec.Struct, frozen=True):
    """Tell the store that the server's history is another one."""


class Change(msgspec.Struct, frozen=True):
    """Give the store events.

    Attributes:
        events: ``ADDED``, ``MODIFIED`` or ``DELETED`` with the object, in order.
    """

    events: Sequence[tuple[str, Record]]


class Bookmarked(msgspec.Struct, frozen=True):
    """Give the store a bookmark.

    Attributes:
        resource_version: Up to where everything was sent.
    """

    resource_version: str


class Degrade(msgspec.Struct, frozen=True):
    """Put a failure into the health, and into the log when it is another one.

    Attributes:
        reason: One word, as ``Forbidden``.
        message: What was attempted, what happened, what to do.
    """

    reason: str
    message: str


class Heal(msgspec.Struct, frozen=True):
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
