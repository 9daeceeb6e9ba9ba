"""How a thread calls into the loop that waits for it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar, final

from homeostat._guard import Failed, call_async
from homeostat._tasks import Group, Threads, thread_waits

__all__ = ["Portal"]

T = TypeVar("T")

logger = logging.getLogger(__name__)

GRACE = 5.0  # seconds that a stopping controller waits for a thread that ignores it


@final
class Portal:
    """Serves the calls of one thread, in the task that waits for that thread.

    So a call runs in the reconcile's own task: under its deadline, its write scope and
    its log fields, and it is cancelled with it.

    Args:
        is_overdue: Whether a cancellation comes from the reconcile's deadline. Then the
            thread's end is awaited however long it takes, for its key must not run
            twice; else everything stops, and a thread that ignores it is left behind.

    Attributes:
        ended: What ran in the thread has come to its end by itself.
    """

    def __init__(self, is_overdue: Callable[[], bool] = lambda: False) -> None:
        self._loop = asyncio.get_running_loop()
        self._is_overdue = is_overdue
        # One thread has one call under way: the queue holds one item.
        self._inbox: asyncio.Queue[tuple[Callable[[], Awaitable[Any]], Future[Any]]]
        self._inbox = asyncio.Queue()
        self._closed = False
        self.ended: bool = False

    def call(self, function: Callable[[], Awaitable[T]]) -> T:
        """Run ``function`` on the loop and wait; to be called in the thread.

        Raises:
            concurrent.futures.CancelledError: The reconcile was cancelled.
        """
        future: Future[T] = Future()
        self._loop.call_soon_threadsafe(self._receive, function, future)
        return future.result()

    async def run(self, threads: Threads, function: Callable[[], T]) -> T:
        """Run ``function`` in a thread and serve its calls until it returns.

        Cancellation: the thread's next call raises; its end is waited for.
        """
        ended = asyncio.Event()
        began = False

        def work() -> T:
            nonlocal began
            began = True
            try:
                return function()
            finally:
                self._loop.call_soon_threadsafe(ended.set)

        async with Group() as tasks:
            server = tasks.start(self._serve(), name="controller/portal")
            try:
                outcome = await call_async(lambda: threads.run(work))
            except asyncio.CancelledError:
                self._close()
                if began:
                    await self._wait_for(ended)
                raise
            finally:
                self._close()
                server.cancel()
        self.ended = True
        if isinstance(outcome, Failed):
            # Out here it is the user's own error; in the group it would be wrapped.
            raise outcome.error
        return outcome

    async def _wait_for(self, ended: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(None if self._is_overdue() else GRACE):
                await ended.wait()
        except TimeoutError:
            logger.warning("the reconciler still runs in its thread; leaving it behind")

    def _receive(
        self, function: Callable[[], Awaitable[Any]], future: Future[Any]
    ) -> None:
        if self._closed:
            future.cancel()
        else:
            self._inbox.put_nowait((function, future))

    def _close(self) -> None:
        self._closed = True
        while not self._inbox.empty():
            _, future = self._inbox.get_nowait()
            future.cancel()

    async def _serve(self) -> None:
        while True:
            function, future = await self._inbox.get()
            try:
                with thread_waits():
                    outcome = await call_async(function)
            except asyncio.CancelledError:
                future.set_exception(CancelledError())
                raise
            if isinstance(outcome, Failed):
                future.set_exception(outcome.error)
            else:
                future.set_result(outcome)
