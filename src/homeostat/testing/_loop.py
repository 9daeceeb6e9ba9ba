"""An event loop whose time is virtual: a day of back-off passes in a millisecond."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

__all__ = ["DeadlockError", "LoopClock", "VirtualTimeLoop", "run_virtual"]

T = TypeVar("T")

# A thread that works for the loop answers in real time; this is how often the loop
# looks whether it did, while virtual time stands still.
_THREAD_POLL = 0.001  # seconds


class DeadlockError(RuntimeError):
    """Every task waits, and nothing that could wake one is scheduled."""


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
        if self._loop.threads_running:
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
    until they return.

    Raises:
        DeadlockError: From ``run_until_complete``, when nothing can happen any more.
    """

    def __init__(self) -> None:
        self._now = 0.0
        self.threads_running = 0
        super().__init__(_Selector(self))

    def time(self) -> float:
        """Return the virtual time, in seconds since the loop was made."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move virtual time forward."""
        self._now += seconds

    def run_in_executor(
        self, executor: Executor | None, func: Callable[..., T], *args: object
    ) -> asyncio.Future[T]:
        """Run ``func`` in a thread; virtual time stands still until it returns."""
        self.threads_running += 1
        future: asyncio.Future[T] = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._thread_done)
        return future

    def _thread_done(self, _future: "asyncio.Future[Any]") -> None:
        self.threads_running -= 1


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
