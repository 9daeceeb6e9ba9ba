"""What handlers are told."""

from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

from homeostat.api import NamespacedName
from homeostat.cache._record import Record

__all__ = ["Delta", "Handler", "Reason"]

Reason: TypeAlias = Literal["list", "watch", "write", "live", "restart", "resync"]
"""Where a delta comes from.

``list`` is a list or the state that a streaming list begins with, ``watch`` an event,
``write`` the answer to a write of this process, or a delete that is under way; ``live``
the read that settles a write without an answer; ``restart`` a server that lost its
data; ``resync`` the periodic repetition, where ``old`` is ``new``.
"""


class Delta(NamedTuple):
    """One change of what the cache shows of one object.

    An object that was deleted and made anew may be seen as one change from the old to
    the new: compare their uids.

    Attributes:
        old: What the cache showed before, None for nothing.
        new: What it shows from here on, None for nothing.
        reason: Where the change comes from.
        initial: Part of the state that a handler begins with, not a change of it.
    """

    old: Record | None
    new: Record | None
    reason: Reason
    initial: bool = False

    @property
    def record(self) -> Record:
        """The newest of the two."""
        record = self.new or self.old
        assert record is not None  # one of the two is always there
        return record

    @property
    def key(self) -> NamespacedName:
        """Namespace and name of the object."""
        return self.record.key


Handler: TypeAlias = Callable[[Delta], None]
"""Takes each delta; runs on the loop, never waits, so it should only enqueue."""
