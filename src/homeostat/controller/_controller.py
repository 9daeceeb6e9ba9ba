"""The loop: lease a key, reconcile it, decide what becomes of it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from types import CoroutineType
from typing import Any, Generic, TypeVar, cast, final

from homeostat._guard import Failed, call_async
from homeostat._metrics import NO_METRICS, Metrics
from homeostat._random import Random
from homeostat._scope import Epoch, pop_scope, push_scope
from homeostat._tasks import Group
from homeostat.controller._conflicts import Conflicts
from homeostat.controller._decide import RESULTS, DeadlineError, Decision, decide
from homeostat.controller._gate import Gate
from homeostat.controller._result import Result
from homeostat.controller._run import Permit, Run, SlowRuns
from homeostat.controller._steps import timed
from homeostat.workqueue import Item, QueueClosedError, WorkQueue

__all__ = ["Controller", "Run"]

K = TypeVar("K", bound=Hashable)

logger = logging.getLogger(__name__)

SLOW = 60.0  # seconds after which a reconcile that still runs is named in the log
BLOCKING = 0.5  # seconds that one step between two awaits may hold up the loop
TURN = 0.005  # seconds after which a worker lets others of the loop go first

_LEVELS = {
    "success": logging.INFO,
    "requeue_after": logging.INFO,
    "conflict": logging.INFO,
    "behind": logging.DEBUG,
    "fenced": logging.INFO,
    "throttled": logging.WARNING,
}


Reconcile = Callable[[K, Run[K]], Awaitable[Result | None]]


@final
class Controller(Generic[K]):
    """Runs a reconcile function for the keys of a queue, for keys of any kind.

    Guarantees: a key is never reconciled twice at once. Whatever the function raises
    ends that one reconcile and nothing else: the key comes back with backoff, for ever,
    unless it was a ``TerminalError``. Each reconcile ends in one log record; what it
    set in context variables ends with it. Between two reconciles whatever else is ready
    on the loop gets its turn, every 5 ms.

    Args:
        name: In logs, metrics and as the field manager of writes.
        reconcile: Brings the world of one key where it belongs. Returns None or a
            ``Result``.
        max_concurrent_reconciles: Number of workers.
        deadline: Seconds after which a reconcile is cancelled and counted as a
            failure; None for no deadline.
        random: Source of ids and jitter.
        metrics: Where figures go.
    """

    def __init__(
        self,
        name: str,
        reconcile: Reconcile[K],
        *,
        max_concurrent_reconciles: int = 1,
        deadline: float | None = None,
        random: Random | None = None,
        metrics: Metrics = NO_METRICS,
    ) -> None:
        if max_concurrent_reconciles < 1:
            raise ValueError("max_concurrent_reconciles must be at least 1")
        self.name = name
        self.epoch: Epoch = Epoch()
        self.conflicts: Conflicts[K] = Conflicts()
        # Whether the store has already passed what a key is to be parked for.
        self.has_passed: Callable[[K], bool] = lambda _key: False
        self._random = random or Random()
        self.queue: WorkQueue[K] = WorkQueue(name, random=self._random, metrics=metrics)
        self.gate: Gate[K] = Gate(self.queue)
        # Awaited before each write of a reconcile is sent.
        self.permit: Permit | None = None
        self._reconcile = reconcile
        self._workers = max_concurrent_reconciles
        self._deadline = deadline
        self._metrics = metrics
        self._measured = metrics is not NO_METRICS
        self._active = 0
        self._slow: SlowRuns[K] = SlowRuns(SLOW, self._name_slow)

    async def run(self) -> None:
        """Work until cancelled, or until ``drain`` has let the last reconcile end.

        Cancellation: reconciles under way are cancelled; their keys are given back.
        """
        label = self.name
        self._metrics.gauge(
            "controller_runtime_max_concurrent_reconciles",
            self._workers,
            controller=label,
        )
        try:
            async with Group() as tasks:
                for n in range(self._workers):
                    tasks.start(self._work(), name=f"controller/{label}/worker-{n}")
        finally:
            self._slow.stop()

    async def drain(self) -> None:
        """Start no further reconcile, and wait for those under way.

        The caller sets the deadline: ``async with asyncio.timeout(30)``.
        """
        self.queue.close(drain=False)
        await self.queue.join()

    def fence(self, why: str) -> None:
        """Refuse what the reconciles under way have yet to write, and read."""
        if not self.epoch.closed:
            self.epoch.close(why)
            self.epoch = Epoch(self.epoch.number + 1)

    async def _work(self) -> None:
        queue, clock = self.queue, asyncio.get_running_loop().time
        since = clock()
        while True:
            try:
                item = await queue.take()
            except QueueClosedError:
                return
            try:
                if self.gate.admits(item):
                    await self._process(item)
            finally:  # no await in here: a cancelled worker must still give it back
                queue.give_back(item.key)
            # Neither taking a key that is ready nor a reconcile with nothing to do
            # waits for anything: a backlog of those would stop the loop.
            if clock() - since > TURN:
                await asyncio.sleep(0)
                since = clock()

    async def _process(self, item: Item[K]) -> None:
        run = Run(item=item, reconcile_id=self._random.uuid())
        key = item.key
        clock = asyncio.get_running_loop().time
        self.conflicts.started(key)
        scope = run.scope(self.name, self.epoch, self.permit)
        began = clock()
        token = push_scope(scope)
        self._slow.began(key, began, scope)
        self._count_active(1)
        try:
            answer = await call_async(lambda: self._attempt(run))
            took = clock() - began
            error = answer.error if isinstance(answer, Failed) else None
            decision = decide(
                error if isinstance(answer, Failed) else answer,
                conflicts=self.conflicts.count(key),
            )
            self._settle(run, decision, error)
            self._report(run, decision, error, took)
        finally:
            self._count_active(-1)
            self._slow.ended(key)
            pop_scope(token)

    def _attempt(self, run: Run[K]) -> Awaitable[Result | None]:
        reconcile = _as_coroutine(self._reconcile(run.item.key, run))
        steps = timed(reconcile, BLOCKING, self._name_blocking)
        return steps if self._deadline is None else self._limited(run, steps)

    async def _limited(
        self, run: Run[K], steps: Awaitable[Result | None]
    ) -> Result | None:
        limit = asyncio.timeout(self._deadline)
        run.is_overdue = limit.expired
        try:
            async with limit:
                return await steps
        except TimeoutError as error:
            if limit.expired():
                raise DeadlineError(f"ran longer than {self._deadline:g} s") from error
            raise

    def _settle(self, run: Run[K], decision: Decision, error: Exception | None) -> None:
        key, item = run.item.key, run.item
        priority = item.priority if decision.priority is None else decision.priority
        if decision.action == "park":
            assert error is not None  # an answer parks nothing
            if decision.outcome == "conflict":
                self.conflicts.lose(key, run.writes.lost_to(error))
            if self.has_passed(key):
                self.queue.add(key, priority=priority, reason=decision.reason)
            else:
                self.queue.park(
                    key,
                    until=decision.after,
                    priority=priority,
                    reason=decision.reason,
                )
            return
        self.conflicts.settled(key)
        if decision.action == "retry":
            self.queue.retry(key, priority=priority, reason=decision.reason)
            return
        self.queue.forget(key)
        if decision.action == "requeue":
            self.queue.add_after(
                key, decision.after, priority=priority, reason=decision.reason
            )

    def _report(
        self,
        run: Run[K],
        decision: Decision,
        error: Exception | None,
        took: float,
    ) -> None:
        result = RESULTS.get(decision.outcome, "error")
        if self._measured:
            self._measure(decision, result, took)
        level = _LEVELS.get(decision.outcome, logging.ERROR)
        if run.skipped:
            level = logging.DEBUG
        if not logger.isEnabledFor(level):
            return
        extra: dict[str, Any] = {
            "outcome": run.skipped or decision.outcome,
            "duration_s": round(took, 6),
            "reasons": run.item.reasons,
            "writes": len(run.writes.writes),
        }
        if error is not None:
            extra["error"] = str(error) or type(error).__name__
        if decision.outcome in {"requeue_after", "throttled"}:
            extra["requeue_after_s"] = decision.after
        logger.log(
            level,
            "reconcile failed" if result == "error" else "reconciled",
            extra=extra,
            exc_info=error if decision.traceback else None,
        )

    def _measure(self, decision: Decision, result: str, took: float) -> None:
        name = self.name
        count = self._metrics.count
        count("controller_runtime_reconcile_total", controller=name, result=result)
        if result == "error":
            count("controller_runtime_reconcile_errors_total", controller=name)
        if decision.outcome == "terminal_error":
            count("controller_runtime_terminal_reconcile_errors_total", controller=name)
        if decision.outcome == "timeout":
            count("controller_runtime_reconcile_timeouts_total", controller=name)
        self._metrics.observe(
            "controller_runtime_reconcile_time_seconds", took, controller=name
        )

    def _name_slow(self) -> None:
        logger.warning(
            "reconcile is still running", extra={"duration_s": SLOW, "outcome": "slow"}
        )

    def _name_blocking(self, seconds: float) -> None:
        logger.warning(
            "reconciler blocked the event loop: nothing else ran meanwhile; "
            "call what blocks through ctx.in_thread, or make the reconciler a def",
            extra={"duration_s": round(seconds, 3), "outcome": "blocking"},
        )

    def _count_active(self, change: int) -> None:
        if self._measured:
            self._active += change
            self._metrics.gauge(
                "controller_runtime_active_workers", self._active, controller=self.name
            )


def _as_coroutine(
    awaitable: Awaitable[Result | None],
) -> Coroutine[Any, Any, Result | None]:
    if isinstance(awaitable, CoroutineType):
        return cast("Coroutine[Any, Any, Result | None]", awaitable)

    async def wait() -> Result | None:
        return await awaitable

    return wait()
