"""An event loop whose time is virtual: a day of back-off passes in a millisecond."""

import asyncio
import math
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, ParamSpec, TypeVar, final

from homeostat._tasks import ThreadsExecutor

__all__ = ["DeadlockError", "LoopClock", "VirtualTimeLoop", "run_virtual"]

T = TypeVar("T")
P = ParamSpec("P")

# A thread that works for the loop answers in real time; this is how often the loop
# looks whether it did, while virtual time stands still.
_THREAD_POLL = 0.001  # seconds

# How often it looks for a thread whose call was cancelled: one that ends does so soon,
# one that ignores the end must not stop time for ever.
_PATIENCE = 250


class DeadlockError(RuntimeError):
    """Every task waits, and nothing that could wake one is scheduled."""


class _Call:
    """One call in a thread, from its submission until its thread has left it."""

    __slots__ = ("executor", "future", "patience", "thread")

    def __init__(self, executor: Executor) -> None:
        self.executor = executor
        self.thread: Future[Any] = Future()
        self.future: asyncio.Future[Any] | None = None
        self.patience = _PATIENCE

    @property
    def cancelled(self) -> bool:
        return self.future is not None and self.future.cancelled()


@final
class _Noting(Executor):
    """Passes one call on to its executor and notes the thread's own future."""

    def __init__(self, call: _Call) -> None:
        self._call = call

    def submit(
        self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> "Future[T]":
        future = self._call.executor.submit(fn, *args, **kwargs)
        self._call.thread = future
        return future


class _Selector(selectors.DefaultSelector):
    """Turns a wait for a timer into a step of the loop's clock."""

    def __init__(self, loop: "VirtualTimeLoop") -> None:
        super().__init__()
        self._loop = loop

    def select(
        self, timeout: float | None = None
    ) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if self._loop.stands_still(has_timer=timeout is not None):
            return super().select(_THREAD_POLL)
        if timeout is not None:
            self._loop.advance(timeout)
            return ready
        # The loop's own wake-up pipe is always registered: others are real sockets,
        # and what they will do is not ours to know.
        if len(self.get_map()) > 1:
            return super().select(None)
        raise DeadlockError(
            "every task waits and no timer, thread or socket can wake one: "
            + ", ".join(sorted(t.get_name() for t in asyncio.all_tasks(self._loop)))
        )


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop that jumps to its next timer instead of waiting for it.

    ``loop.time()`` starts at 0 and moves only when every task waits: then it moves to
    the earliest timer at once. ``asyncio.sleep``, ``asyncio.timeout`` and timers work
    as they are. Calls in threads run in real time, and virtual time stands still
    while their threads work: until they return, or wait for the loop in turn, as a
    ``def`` reconciler does in each call of its context. A call that was cancelled
    stops time for a quarter of a second at most.

    A thread that waits for the loop in a way of its own, as by the result of
    ``asyncio.run_coroutine_threadsafe``, counts as one that works.

    Attributes:
        waiting_threads: How many threads wait for the loop; see
            ``homeostat._tasks.thread_waits``.

    Raises:
        DeadlockError: From ``run_until_complete``, when nothing can happen any more.
    """

    def __init__(self) -> None:
        self._now = 0.0
        self._calls: set[_Call] = set()
        self._default_pool: ThreadPoolExecutor | None = None
        self._stopping_threads = 0
        self.waiting_threads = 0
        super().__init__(_Selector(self))

    def time(self) -> float:
        """Return the virtual time, in seconds since the loop was made."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move virtual time forward, by the smallest step there is if not by more.

        A timer may be nearer than the clock can count at this hour: time that stood
        still there would let it be waited for without end.
        """
        moved = self._now + seconds
        if moved == self._now and seconds > 0:
            moved = math.nextafter(moved, math.inf)
        self._now = moved

    def stands_still(self, *, has_timer: bool) -> bool:
        """Return whether a thread works that may have something for the loop soon."""
        if self._stopping_threads:
            return True
        left = {call for call in self._calls if call.cancelled}
        if self._working(left) > self.waiting_threads:
            return True
        if not has_timer:
            return bool(left)
        for call in left:
            call.patience -= 1
        return any(call.patience > 0 for call in left)

    def _working(self, left: set[_Call]) -> int:
        """Return how many threads have a call that is not among ``left``."""
        count = 0
        for executor in {call.executor for call in self._calls}:
            calls = {call for call in self._calls if call.executor is executor}
            working = len(calls - left)
            if isinstance(executor, ThreadsExecutor):
                # The rest of the calls wait for a free thread.
                working = min(working, executor.size - len(calls & left))
            count += working
        return count

    def run_in_executor(
        self, executor: Executor | None, func: Callable[..., T], *args: object
    ) -> asyncio.Future[T]:
        """Run ``func`` in a thread; virtual time stands still while that works."""
        if executor is None:
            executor = self._pool()
        call = _Call(executor)
        future: asyncio.Future[T] = super().run_in_executor(_Noting(call), func, *args)
        call.future = future
        self._calls.add(call)
        # After asyncio's own callback: the result is there when the call is gone.
        call.thread.add_done_callback(lambda _: self._end(call))
        return future

    def _end(self, call: _Call) -> None:
        with suppress(RuntimeError):  # the loop is closed, and waits for nobody
            self.call_soon_threadsafe(self._calls.discard, call)

    def set_default_executor(self, executor: Executor) -> None:
        """Use ``executor`` where none is named."""
        if not isinstance(executor, ThreadPoolExecutor):
            raise TypeError("the default executor is a ThreadPoolExecutor")
        self._default_pool = executor
        super().set_default_executor(executor)

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - asyncio's own signature
        """Wait until the threads of the default executor have ended, in real time."""
        self._stopping_threads += 1
        try:
            await super().shutdown_default_executor()
        finally:
            self._stopping_threads -= 1

    def _pool(self) -> ThreadPoolExecutor:
        pool = self._default_pool
        if pool is None:
            pool = ThreadPoolExecutor(thread_name_prefix="asyncio")
            self.set_default_executor(pool)
        return pool


class LoopClock:
    """Wall time that follows a loop's time: a Clock for virtual time.

    Args:
        loop: The loop whose time counts.
        start: Wall time at the loop's time 0.
    """

    __slots__ = ("_loop", "_start")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        start: datetime = datetime(2026, 1, 1, tzinfo=UTC),
    ) -> None:
        self._loop = loop
        self._start = start

    def now(self) -> datetime:
        """Return ``start`` plus the loop's time."""
        return self._start + timedelta(seconds=self._loop.time())


def run_virtual(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end on a new ``VirtualTimeLoop``, as ``asyncio.run``."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)
