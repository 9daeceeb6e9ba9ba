"""One reconcile of one key, from its lease to its end."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeAlias, TypeVar, final

import msgspec

from homeostat._scope import Epoch, WriteScope
from homeostat.controller._writelog import WriteLog
from homeostat.workqueue import Item

__all__ = ["Permit", "Run", "SlowRuns"]

K = TypeVar("K", bound=Hashable)

Permit: TypeAlias = Callable[[], Awaitable[None]]


def _never() -> bool:
    return False


# A struct, as each reconcile makes one.
@final
class Run(msgspec.Struct, Generic[K], kw_only=True, eq=False):
    """One reconcile of one key.

    Attributes:
        item: The leased key, with the reasons for the run.
        reconcile_id: Its id in logs and in its writes.
        writes: What it wrote so far.
        skipped: Set by the reconcile function when there was nothing to do, as
            ``gone``: the outcome's name in a record of level debug.
        is_overdue: Whether the deadline has passed: then a cancellation is not the end
            of the process.
    """

    item: Item[K]
    reconcile_id: str
    writes: WriteLog = msgspec.field(default_factory=WriteLog)
    skipped: str = ""
    is_overdue: Callable[[], bool] = _never

    def scope(
        self, controller: str, epoch: Epoch, permit: Permit | None = None
    ) -> WriteScope:
        """Return the scope of its writes, and of its log records."""
        return WriteScope(
            controller=controller,
            subject=self.item.key,
            reconcile_id=self.reconcile_id,
            epoch=epoch,
            observers=(self.writes,),
            permit=permit,
        )


@final
class SlowRuns(Generic[K]):
    """Names each reconcile that still runs after a while, once.

    One timer serves them all: to set and to cancel one for each would cost more than
    the reconcile of a key that is as it should be.

    Args:
        limit: Seconds.
        report: Called in the scope of the reconcile, so that what it logs carries the
            reconcile's fields.
    """

    __slots__ = ("_limit", "_report", "_running", "_timer")

    def __init__(self, limit: float, report: Callable[[], None]) -> None:
        self._limit = limit
        self._report = report
        self._running: dict[K, tuple[float, WriteScope]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def began(self, key: K, since: float, scope: WriteScope) -> None:
        """Take note that a reconcile begins, at a time of the loop."""
        self._running[key] = (since, scope)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(since + self._limit, self._look, loop)

    def ended(self, key: K) -> None:
        """Take note that it has ended."""
        self._running.pop(key, None)

    def stop(self) -> None:
        """Name nothing more."""
        self._running.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        due = loop.time() - self._limit
        for key, (since, scope) in list(self._running.items()):
            if since <= due:
                del self._running[key]
                with scope.active():
                    self._report()
        if self._running:
            # In the order in which they began.
            since, _ = next(iter(self._running.values()))
            self._timer = loop.call_at(since + self._limit, self._look, loop)
