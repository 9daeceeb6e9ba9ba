"""The work queue on the loop: timers, waiting and figures around the core."""

import asyncio
from collections.abc import AsyncGenerator, Hashable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar, final

from homeostat._metrics import NO_METRICS, Metrics
from homeostat._random import Random
from homeostat.workqueue._backoff import DEFAULT_BASE, DEFAULT_CAP, backoff
from homeostat.workqueue._core import Item, QueueCore, Snapshot

__all__ = ["QueueClosedError", "WorkQueue"]

K = TypeVar("K", bound=Hashable)

# Part of a retry's delay that chance adds: keys that failed together come back apart.
JITTER = 0.1


class QueueClosedError(Exception):
    """The queue is closed and drained: there will be no lease from it again."""


@final
class WorkQueue(Generic[K]):
    """A queue of keys, for many producers and many workers on one loop.

    Every method but ``lease`` and ``join`` is synchronous and must be called on the
    loop's thread. Time is the loop's.

    Args:
        name: Label of the metrics; "" measures nothing.
        random: Source of the retries' jitter.
        metrics: Where figures go.
        base: Delay after the first failure of a key, in seconds.
        cap: Longest delay after a failure, in seconds.
    """

    def __init__(
        self,
        name: str = "",
        *,
        random: Random | None = None,
        metrics: Metrics = NO_METRICS,
        base: float = DEFAULT_BASE,
        cap: float = DEFAULT_CAP,
    ) -> None:
        self.name = name
        self._random = random or Random()
        self._metrics = metrics if name else NO_METRICS
        self._labels = {"name": name, "controller": name}
        self._base = base
        self._cap = cap
        self._core: QueueCore[K] = QueueCore()
        self._changed = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._seen_priorities: set[int] = set()

    def __len__(self) -> int:
        """Return how many keys are due and not leased."""
        return len(self._core)

    @property
    def closed(self) -> bool:
        """Whether adds are refused."""
        return self._core.closed

    def add(self, key: K, *, priority: int = 0, reason: str = "") -> None:
        """Make ``key`` due now.

        Args:
            key: What to work on.
            priority: Higher goes first; of several adds the highest counts.
            reason: Why, for people; distinct ones are merged.
        """
        if self._core.add(key, self._now(), priority=priority, reason=reason):
            self._metrics.count("workqueue_adds_total", **self._labels)
        self._refresh()

    def add_after(
        self, key: K, delay: float, *, priority: int = 0, reason: str = ""
    ) -> None:
        """Make ``key`` due no later than in ``delay`` seconds; the earliest wins."""
        now = self._now()
        self._core.add_at(key, now + delay, now, priority=priority, reason=reason)
        self._refresh()

    def retry(self, key: K, *, priority: int = 0, reason: str = "") -> float:
        """Count a failure of ``key`` and queue it again after its backoff.

        Returns:
            The delay in seconds: doubled by each failure, with up to 10% of jitter,
            never above the cap. There is no last try.
        """
        delay = backoff(self._core.fail(key), base=self._base, cap=self._cap)
        delay = min(self._cap, self._random.jitter(delay, JITTER))
        self._metrics.count("workqueue_retries_total", **self._labels)
        self.add_after(key, delay, priority=priority, reason=reason)
        return delay

    def forget(self, key: K) -> None:
        """Reset the failures of ``key``: its next backoff is the shortest again."""
        self._core.forget(key)

    def failures(self, key: K) -> int:
        """Return the consecutive failures of ``key``."""
        return self._core.failures(key)

    def park(
        self, key: K, *, until: float, priority: int = 0, reason: str = ""
    ) -> None:
        """Hold ``key`` back until ``unpark``, at most ``until`` seconds.

        No failure is counted. Adds of a parked key are kept for its wake-up; they do
        not cause it.
        """
        now = self._now()
        self._core.park(key, now + until, now, priority=priority, reason=reason)
        self._refresh()

    def unpark(self, key: K) -> bool:
        """Make a parked key due now; return whether it was parked."""
        woken = self._core.unpark(key, self._now())
        if woken:
            self._metrics.count("workqueue_adds_total", **self._labels)
            self._refresh()
        return woken

    def is_parked(self, key: K) -> bool:
        """Return whether ``key`` waits for an ``unpark``."""
        return self._core.is_parked(key)

    @asynccontextmanager
    async def lease(self) -> AsyncGenerator[Item[K]]:
        """Wait for a key and own it until the block exits.

        Cancellation: while waiting, no key is taken; inside the block, the key is
        given back, and runs again if it was added meanwhile.

        Raises:
            QueueClosedError: The queue is closed and nothing is left in it.
        """
        item = await self._next()
        try:
            yield item
        finally:  # no await in here: a cancelled worker must still give the key back
            lasted = self._core.release(item.key, self._now())
            self._metrics.observe(
                "workqueue_work_duration_seconds", lasted, **self._labels
            )
            self._refresh()

    def close(self, *, drain: bool = True) -> None:
        """Refuse adds from here on; delays and parks are forgotten.

        Args:
            drain: Whether keys that are due are still leased; else they are forgotten.
        """
        self._core.close(drain=drain)
        self._refresh()

    async def join(self) -> None:
        """Wait until no key is due and none is leased."""
        while not self._core.idle:
            self._changed.clear()
            await self._changed.wait()

    def snapshot(self) -> Snapshot[K]:
        """Return a copy of what the queue holds, for debugging."""
        return self._core.snapshot()

    def measure(self) -> None:
        """Bring the gauges of unfinished work up to date; call it every half second."""
        now = self._now()
        ages = [now - began for _, began in self._core.leased]
        gauge = self._metrics.gauge
        gauge("workqueue_unfinished_work_seconds", sum(ages), **self._labels)
        longest = max(ages, default=0.0)
        gauge("workqueue_longest_running_processor_seconds", longest, **self._labels)

    async def _next(self) -> Item[K]:
        while True:
            # A timer that is late must not let a lower priority overtake.
            self._advance()
            item = self._core.pop(self._now())
            if item is not None:
                self._metrics.observe(
                    "workqueue_queue_duration_seconds", item.waited_s, **self._labels
                )
                self._refresh()
                return item
            if self._core.drained:
                raise QueueClosedError(self.name)
            self._changed.clear()
            await self._changed.wait()

    def _on_timer(self) -> None:
        timer, self._timer = self._timer, None
        # The loop calls a timer up to its clock's resolution early. Setting it anew for
        # that rest would keep the loop from waiting, and its time from passing.
        self._advance(timer.when() if timer is not None else 0.0)
        self._refresh()

    def _advance(self, reached: float = 0.0) -> None:
        for _ in self._core.advance(max(reached, self._now())):
            self._metrics.count("workqueue_adds_total", **self._labels)

    def _refresh(self) -> None:
        """Wake who waits, set the timer, and publish the depth."""
        # Every waiter looks for itself: a wake-up that is handed to one worker is lost
        # when that worker is cancelled with it in its hands.
        self._changed.set()
        at = self._core.next_time()
        if self._timer is not None and self._timer.when() != at:
            self._timer.cancel()
            self._timer = None
        if at is not None and self._timer is None:
            self._timer = asyncio.get_running_loop().call_at(at, self._on_timer)
        if self._metrics is not NO_METRICS:
            self._publish_depth()

    def _publish_depth(self) -> None:
        depths = self._core.depths
        for priority in self._seen_priorities | depths.keys():
            self._metrics.gauge(
                "workqueue_depth",
                depths.get(priority, 0),
                priority=str(priority),
                **self._labels,
            )
        self._seen_priorities |= depths.keys()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
