"""An event loop on a thread of its own."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from threading import Lock, Thread
from types import TracebackType
from typing import Any, Self, TypeVar, final

__all__ = ["LoopThread"]

T = TypeVar("T")


@final
class LoopThread:
    """An event loop on a thread of its own, for callers that have none to spare.

    A context manager: the loop runs from entering to leaving the block. Leaving it
    cancels every task of the loop and waits until the thread has ended; nobody waits
    for a call any more then. One who waits while the loop ends gets an error.

    Args:
        name: Of the thread.
        patience: Seconds that leaving waits for tasks that ignore their cancellation.
    """

    __slots__ = (
        "_calls",
        "_ended",
        "_lock",
        "_loop",
        "_name",
        "_patience",
        "_stop",
        "_thread",
    )

    def __init__(self, *, name: str, patience: float = 30.0) -> None:
        self._name = name
        self._patience = patience
        self._stop = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None
        self._lock = Lock()
        self._ended = False
        # Those under way, and what lets go of each. The loop may end before it has
        # begun with one: whoever waits for that would wait for ever.
        self._calls: dict[Future[Any], Callable[[], object]] = {}

    def __enter__(self) -> Self:
        self._loop = loop = asyncio.new_event_loop()
        self._thread = Thread(
            target=self._run, args=(loop,), name=self._name, daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the loop.

        Raises:
            RuntimeError: Tasks ignore their cancellation, by their names; the thread is
                left behind with them.
        """
        loop, thread = self._loop, self._thread
        if loop is None or thread is None:
            return
        with suppress(RuntimeError):  # closed: something ended the loop before
            loop.call_soon_threadsafe(self._stop.set)
        thread.join(self._patience)
        if thread.is_alive():
            left = ", ".join(sorted(_where(task) for task in asyncio.all_tasks(loop)))
            raise RuntimeError(
                f"the loop of {self._name} does not end: tasks that were cancelled "
                f"{self._patience:g} s ago are still at work: {left}"
            )

    def submit(self, coro: Coroutine[Any, Any, T]) -> "Future[T]":
        """Start a coroutine on the loop; cancelling the future cancels it.

        Raises:
            RuntimeError: The loop does not run.
        """
        with self._lock:
            if self._loop is None or self._ended:
                coro.close()
                raise RuntimeError(f"the loop of {self._name} does not run")
            future = asyncio.run_coroutine_threadsafe(coro, self._loop)
            self._calls[future] = coro.close
        future.add_done_callback(self._calls.pop)
        return future

    def call(self, coro: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop and return its result; blocks the caller.

        Raises:
            RuntimeError: The loop does not run, or ended meanwhile.
        """
        return self._result(self.submit(coro))

    def run(self, act: Callable[[], T]) -> T:
        """Run a function on the loop and return its result; blocks the caller.

        The caller goes on at once, before the loop comes to what the function caused.

        Raises:
            RuntimeError: As ``call``.
        """
        future: Future[T] = Future()

        def answer() -> None:
            try:
                future.set_result(act())
            except BaseException as error:  # noqa: BLE001 - the caller's to see
                future.set_exception(error)

        with self._lock:
            if self._loop is None or self._ended:
                raise RuntimeError(f"the loop of {self._name} does not run")
            self._calls[future] = future.cancel
            self._loop.call_soon_threadsafe(answer)
        future.add_done_callback(self._calls.pop)
        return self._result(future)

    def _result(self, future: "Future[T]") -> T:
        try:
            return future.result()
        except CancelledError:
            if self._ended or self._stop.is_set():
                text = f"the loop of {self._name} ended before the call did"
                raise RuntimeError(text) from None
            raise

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            # Runner cancels what is left, shuts generators down and closes the loop.
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                runner.run(self._wait())
        finally:
            with self._lock:
                self._ended = True
                left = list(self._calls.items())
            for future, let_go in left:
                let_go()
                future.cancel()

    async def _wait(self) -> None:
        await self._stop.wait()


def _where(task: asyncio.Task[Any]) -> str:
    """Return the name of a task, and the line where it is."""
    frames = task.get_stack(limit=1)
    if not frames:
        return task.get_name()
    code = frames[0].f_code
    return f"{task.get_name()} in {code.co_qualname} line {frames[0].f_lineno}"
