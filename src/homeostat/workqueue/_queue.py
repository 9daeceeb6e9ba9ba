"""The work queue on the loop: timers, waiting and figures around the core."""

import asyncio
import math
from asyncio import get_running_loop
from collections import deque
from collections.abc import Hashable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Generic, TypeVar, final

from homeostat._metrics import NO_METRICS, Metrics
from homeostat._random import Random
from homeostat.workqueue._backoff import DEFAULT_BASE, DEFAULT_CAP, backoff
from homeostat.workqueue._core import QueueCore
from homeostat.workqueue._item import Item, Snapshot
from homeostat.workqueue._ready import DEFAULT_AGING

__all__ = ["QueueClosedError", "WorkQueue"]

K = TypeVar("K", bound=Hashable)

# Part of a retry's delay that chance adds: keys that failed together come back apart.
JITTER = 0.1


class QueueClosedError(Exception):
    """The queue is closed and drained: there will be no lease from it again."""


@final
class WorkQueue(Generic[K]):
    """A queue of keys, for many producers and many workers on one loop.

    Every method but ``take``, ``lease`` and ``join`` is synchronous and must be called
    on the loop's thread. Time is the loop's.

    Args:
        name: Label of the metrics; "" measures nothing.
        random: Source of the retries' jitter.
        metrics: Where figures go.
        base: Delay after the first failure of a key, in seconds.
        cap: Longest delay after a failure, in seconds.
        aging: Seconds of waiting that weigh as much as one point of priority. With the
            default of 0.6 a key of priority -100 goes ahead of keys of priority 0
            that become ready a minute after it, at every second lease. 0 gives every
            second lease to the key that has waited longest.

    Raises:
        ValueError: ``aging`` is negative or not finite.
    """

    def __init__(
        self,
        name: str = "",
        *,
        random: Random | None = None,
        metrics: Metrics = NO_METRICS,
        base: float = DEFAULT_BASE,
        cap: float = DEFAULT_CAP,
        aging: float = DEFAULT_AGING,
    ) -> None:
        self.name = name
        self._random = random or Random()
        self._metrics = metrics if name else NO_METRICS
        # Most queues are not measured, and a call with labels costs as much as an add.
        self._measured = self._metrics is not NO_METRICS
        self._labels = {"name": name, "controller": name}
        self._base = base
        self._cap = cap
        self._core: QueueCore[K] = QueueCore(aging=aging)
        # Workers without a key. One is woken for each key that becomes ready.
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._idle: asyncio.Event | None = None  # while someone waits for it
        # No later than the core's next time. It may be earlier: an add that overtakes a
        # delay lets the timer stand, for setting one costs more than the add.
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = math.inf
        self._depths: dict[int, int] = {}  # as published

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
        due = self._core.add(
            key, get_running_loop().time(), priority=priority, reason=reason
        )
        if due and self._waiters:
            self._wake(1)
        if self._measured:
            self._publish(int(due))

    def add_after(
        self, key: K, delay: float, *, priority: int = 0, reason: str = ""
    ) -> None:
        """Make ``key`` due no later than in ``delay`` seconds; the earliest wins."""
        if delay <= 0:
            self.add(key, priority=priority, reason=reason)
            return
        now = get_running_loop().time()
        self._core.add_at(key, now + delay, now, priority=priority, reason=reason)
        self._set_timer()
        if self._measured:
            self._publish(0)

    def retry(self, key: K, *, priority: int = 0, reason: str = "") -> float:
        """Count a failure of ``key`` and queue it again after its backoff.

        Returns:
            The delay in seconds: doubled by each failure, with up to 10% of jitter,
            never above the cap. There is no last try.
        """
        delay = backoff(self._core.fail(key), base=self._base, cap=self._cap)
        delay = min(self._cap, self._random.jitter(delay, JITTER))
        if self._measured:
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
        now = get_running_loop().time()
        self._core.park(key, now + until, now, priority=priority, reason=reason)
        self._set_timer()
        self._settle()
        if self._measured:
            self._publish(0)

    def unpark(self, key: K) -> bool:
        """Make a parked key due now; return whether it was parked."""
        woken = self._core.unpark(key, get_running_loop().time())
        if woken:
            self._wake(1)
            if self._measured:
                self._publish(1)
        return woken

    def is_parked(self, key: K) -> bool:
        """Return whether ``key`` waits for an ``unpark``."""
        return self._core.is_parked(key)

    def lease(self) -> AbstractAsyncContextManager[Item[K]]:
        """Wait for a key and own it until the block exits.

        Cancellation: while waiting, no key is taken; inside the block, the key is
        given back, and runs again if it was added meanwhile.

        Raises:
            QueueClosedError: The queue is closed and nothing is left in it.
        """
        return _Lease(self)

    async def take(self) -> Item[K]:
        """Wait for a key and own it until ``give_back``; ``lease`` is both in a block.

        Cancellation: no key is taken.

        Raises:
            QueueClosedError: The queue is closed and nothing is left in it.
        """
        while (item := self._pop()) is None:
            await self._wait()
        return item

    def give_back(self, key: K) -> None:
        """End the lease of a key; it runs again if it was added meanwhile."""
        lasted = self._core.release(key, get_running_loop().time())
        if self._waiters or self._idle is not None:
            self._settle()
        if self._measured:
            self._observe("workqueue_work_duration_seconds", lasted)
            if self._core.is_ready(key):
                self._publish(0)

    def close(self, *, drain: bool = True) -> None:
        """Refuse adds from here on; delays and parks are forgotten.

        Args:
            drain: Whether keys that are due are still leased; else they are forgotten.
        """
        self._core.close(drain=drain)
        self._drop_timer()
        self._settle()
        if self._measured:
            self._publish(0)

    async def join(self) -> None:
        """Wait until no key is due and none is leased."""
        while not self._core.idle:
            if self._idle is None:
                self._idle = asyncio.Event()
            await self._idle.wait()

    def snapshot(self) -> Snapshot[K]:
        """Return a copy of what the queue holds, for debugging."""
        return self._core.snapshot()

    def measure(self) -> None:
        """Bring the gauges of unfinished work up to date; call it every half second."""
        now = get_running_loop().time()
        ages = [now - began for _, began in self._core.leased]
        gauge = self._metrics.gauge
        gauge("workqueue_unfinished_work_seconds", sum(ages), **self._labels)
        longest = max(ages, default=0.0)
        gauge("workqueue_longest_running_processor_seconds", longest, **self._labels)

    def _pop(self) -> Item[K] | None:
        now = get_running_loop().time()
        # A timer that is late must not let a lower priority overtake.
        if self._timer_at <= now:
            self._advance(now)
        item = self._core.pop(now)
        if item is None:
            return None
        if self._core.closed:
            self._settle()
        if self._measured:
            self._observe("workqueue_queue_duration_seconds", item.waited_s)
            self._gauge_depth(item.priority, self._core.depth(item.priority))
        return item

    async def _wait(self) -> None:
        """Wait until it is worth to look for a key again."""
        if self._core.drained:
            raise QueueClosedError(self.name)
        waiter = get_running_loop().create_future()
        self._waiters.append(waiter)
        woken = False
        try:
            await waiter
            woken = True
        finally:
            if not woken:
                self._leave(waiter)

    def _leave(self, waiter: asyncio.Future[None]) -> None:
        if waiter.done() and not waiter.cancelled():
            self._wake(1)  # what it was woken for is another's now
            return
        with suppress(ValueError):  # a wake-up has passed over it already
            self._waiters.remove(waiter)

    def _wake(self, count: int) -> None:
        waiters = self._waiters
        while waiters and count > 0:
            waiter = waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                count -= 1

    def _settle(self) -> None:
        """Tell those who wait what a key that has left its place means to them."""
        core = self._core
        if self._waiters:
            self._wake(len(self._waiters) if core.closed else len(core))
        if self._idle is not None and core.idle:
            self._idle.set()
            self._idle = None

    def _on_timer(self, reached: float) -> None:
        # The loop calls a timer up to its clock's resolution early. Setting it anew for
        # that rest would keep the loop from waiting, and its time from passing.
        self._advance(max(reached, get_running_loop().time()))

    def _advance(self, now: float) -> None:
        due = len(self._core.advance(now))
        self._drop_timer()
        self._set_timer()
        self._wake(due)
        if self._measured:
            self._publish(due)

    def _set_timer(self) -> None:
        at = self._core.next_time()
        if at is None or self._timer_at <= at:
            return
        self._drop_timer()
        self._timer = get_running_loop().call_at(at, self._on_timer, at)
        self._timer_at = at

    def _drop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        self._timer_at = math.inf

    def _observe(self, name: str, seconds: float) -> None:
        self._metrics.observe(name, seconds, **self._labels)

    def _publish(self, due: int) -> None:
        """Count keys that became due, and publish the depths that changed."""
        for _ in range(due):
            self._metrics.count("workqueue_adds_total", **self._labels)
        depths, published = self._core.depths, self._depths
        if depths == published:
            return
        for priority in published.keys() | depths.keys():
            depth = depths.get(priority, 0)
            if depth != published.get(priority):
                self._gauge_depth(priority, depth)

    def _gauge_depth(self, priority: int, depth: int) -> None:
        if depth:
            self._depths[priority] = depth
        else:
            self._depths.pop(priority, None)
        label = str(priority)
        self._metrics.gauge("workqueue_depth", depth, priority=label, **self._labels)


@final
class _Lease(Generic[K]):
    """One key, from ``__aenter__`` to ``__aexit__``."""

    # A generator in @asynccontextmanager costs as much as the rest of a lease.
    __slots__ = ("_key", "_queue")

    _key: K

    def __init__(self, queue: WorkQueue[K]) -> None:
        self._queue = queue

    async def __aenter__(self) -> Item[K]:
        item = await self._queue.take()
        self._key = item.key
        return item

    async def __aexit__(self, *_: object) -> None:
        # No await in here: a cancelled worker must still give the key back.
        self._queue.give_back(self._key)
