"""One reconcile of one key, from its lease to its end."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from contextvars import Context, Token, copy_context
from dataclasses import dataclass, field
from types import TracebackType
from typing import Generic, TypeAlias, TypeVar, final

from homeostat._scope import Epoch, WriteScope, pop_scope, push_scope
from homeostat.controller._logfields import Fields, pop_fields, push_fields
from homeostat.controller._writelog import WriteLog
from homeostat.workqueue import Item

__all__ = ["Acting", "Permit", "Run", "SlowRuns"]

K = TypeVar("K", bound=Hashable)

Permit: TypeAlias = Callable[[], Awaitable[None]]


@final
@dataclass(slots=True, kw_only=True)
class Run(Generic[K]):
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
    writes: WriteLog = field(default_factory=WriteLog)
    skipped: str = ""
    is_overdue: Callable[[], bool] = lambda: False

    def acting(
        self, controller: str, epoch: Epoch, permit: Permit | None = None
    ) -> "Acting":
        """Note writes, and log, as this run of a controller, inside a ``with``."""
        return Acting(
            WriteScope(
                controller=controller,
                subject=self.item.key,
                reconcile_id=self.reconcile_id,
                epoch=epoch,
                observers=(self.writes,),
                permit=permit,
            )
        )


@final
class Acting:
    """Makes a scope that of every write, and of every log record."""

    __slots__ = ("_scope", "_tokens")

    def __init__(self, scope: WriteScope) -> None:
        self._scope = scope
        self._tokens: tuple[Token[Fields | None], Token[WriteScope]] | None = None

    def fields(self) -> Mapping[str, str]:
        """Return what log records say of the run."""
        scope = self._scope
        return {
            "controller": scope.controller,
            "namespace": getattr(scope.subject, "namespace", ""),
            "object_name": getattr(scope.subject, "name", None) or scope.key,
            "reconcile_id": scope.reconcile_id,
        }

    def __enter__(self) -> None:
        self._tokens = (push_fields(self.fields), push_scope(self._scope))

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._tokens is not None  # entered
        pop_scope(self._tokens[1])
        pop_fields(self._tokens[0])


@final
class SlowRuns(Generic[K]):
    """Names each reconcile that still runs after a while, once.

    One timer serves them all: to set and to cancel one for each would cost more than
    the reconcile of a key that is as it should be.

    Args:
        limit: Seconds.
        report: Called in the context of the reconcile, so that what it logs carries the
            reconcile's fields.
    """

    __slots__ = ("_limit", "_report", "_running", "_timer")

    def __init__(self, limit: float, report: Callable[[], None]) -> None:
        self._limit = limit
        self._report = report
        self._running: dict[K, tuple[float, Context]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def began(self, key: K) -> None:
        """Take note that a reconcile begins, from within its context."""
        loop = asyncio.get_running_loop()
        self._running[key] = (loop.time(), copy_context())
        if self._timer is None:
            self._timer = loop.call_later(self._limit, self._look, loop)

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
        for key, (since, context) in list(self._running.items()):
            if since <= due:
                del self._running[key]
                context.run(self._report)
        if self._running:
            # In the order in which they began.
            since, _ = next(iter(self._running.values()))
            self._timer = loop.call_at(since + self._limit, self._look, loop)
