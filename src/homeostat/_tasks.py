"""The only place that starts tasks and threads, beside ``_loop_thread``."""

import asyncio
import contextvars
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from functools import partial
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from types import TracebackType
from typing import (
    Any,
    ParamSpec,
    Protocol,
    Self,
    TypeVar,
    cast,
    final,
    runtime_checkable,
)

__all__ = [
    "CountsThreads",
    "Group",
    "Threads",
    "ThreadsExecutor",
    "only_error",
    "thread_waits",
]

T = TypeVar("T")
P = ParamSpec("P")


class Group:
    """A task group that never loses a cancellation.

    As ``asyncio.TaskGroup``: leaving the block waits for every child, and the first
    child that fails cancels its siblings and raises an ``ExceptionGroup``. Beyond it:
    a cancellation of the parent that arrives while a child's failure is being handled
    is raised, with the failures as its cause, where the TaskGroup of Python 3.11 and
    3.12 drops it.

    Cancellation: cancelling the parent cancels the children and waits for them.

    Invariant: ``_tasks`` holds the children that run. The parent's count of
    cancellations is, on leaving, what others made it.
    """

    __slots__ = (
        "_aborting",
        "_before",
        "_done",
        "_errors",
        "_exiting",
        "_own_cancel",
        "_parent",
        "_tasks",
    )

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._errors: list[BaseException] = []
        self._done = asyncio.Event()
        self._parent: asyncio.Task[Any] | None = None
        self._before = 0
        self._aborting = False
        self._exiting = False
        self._own_cancel = False

    async def __aenter__(self) -> Self:
        parent = asyncio.current_task()
        if parent is None:
            raise RuntimeError("a Group belongs to a task")
        self._parent, self._before = parent, parent.cancelling()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        parent = self._parent
        assert parent is not None
        self._exiting = True
        if self._own_cancel:
            parent.uncancel()
        if exc is not None:
            self._abort()
        while self._tasks:
            self._done.clear()
            try:
                await self._done.wait()
            except asyncio.CancelledError:
                self._abort()
        if exc is not None and not isinstance(exc, asyncio.CancelledError):
            self._errors.append(exc)
        cancelled = parent.cancelling() > self._before
        if isinstance(exc, asyncio.CancelledError) and not self._own_cancel:
            cancelled = True
        self._raise(cancelled=cancelled)

    def _raise(self, *, cancelled: bool) -> None:
        errors = self._errors
        for error in errors:  # they end the program: nothing may hide them
            if isinstance(error, SystemExit | KeyboardInterrupt):
                raise error
        group = BaseExceptionGroup("tasks failed", errors) if errors else None
        if cancelled:
            raise asyncio.CancelledError from group
        if group is not None:
            raise group from None

    def start(self, coro: Coroutine[Any, Any, T], *, name: str) -> asyncio.Task[T]:
        """Start a child task; ``name`` is what logs and dumps show.

        Raises:
            RuntimeError: The group is closed or closing; the coroutine is closed,
                never awaited.
        """
        if (
            self._parent is None
            or self._aborting
            or (self._exiting and not self._tasks)
        ):
            coro.close()
            raise RuntimeError(f"cannot start {name}: its group is closed")
        task = asyncio.get_running_loop().create_task(coro, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._on_done)
        return task

    def _abort(self) -> None:
        self._aborting = True
        for task in self._tasks:
            if not task.done():
                task.cancel()

    def _on_done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not self._tasks:
            self._done.set()
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            return
        self._errors.append(error)
        first = not self._aborting
        self._abort()
        if first and not self._exiting and self._parent is not None:
            # The body is still at work: this is how it learns of the failure.
            self._own_cancel = True
            self._parent.cancel()


def only_error(error: BaseException) -> BaseException:
    """Return what groups of one hold at their heart; a real group stays as it is."""
    while isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        if len(group.exceptions) != 1:
            return group
        error = group.exceptions[0]
    return error


@final
class ThreadsExecutor(Executor):
    """Runs calls in daemon threads, which are started as they are needed.

    The pools of the standard library are joined when the interpreter ends: one call
    that never returns would keep the process from ending.

    Args:
        size: Most threads at a time.
        name: The threads are named ``name-0``, ``name-1``, ...

    Attributes:
        size: Most threads at a time.

    Invariant: there is a thread for each call that has not ended, up to ``size``.
    """

    def __init__(self, size: int, *, name: str) -> None:
        self.size = size
        self._name = name
        self._lock = Lock()
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None]
        self._calls = SimpleQueue()  # bounded by its callers, who wait for their calls
        self._threads = 0
        self._open = 0
        self._closed = False

    def submit(
        self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> "Future[T]":
        """Run ``fn`` in a thread, when one is free.

        Raises:
            RuntimeError: The pool is closed.
        """
        future: Future[T] = Future()
        with self._lock:
            if self._closed:
                raise RuntimeError(f"the threads of {self._name} are closed")
            self._open += 1
            self._calls.put((future, partial(fn, *args, **kwargs)))
            if self._threads < min(self._open, self.size):
                name = f"{self._name}-{self._threads}"
                self._threads += 1
                Thread(target=self._work, name=name, daemon=True).start()
        return future

    def close(self) -> None:
        """Refuse new calls, cancel those that wait; threads end after their calls."""
        waiting: list[Future[Any]] = []
        with self._lock:
            self._closed = True
            try:
                while call := self._calls.get_nowait():
                    waiting.append(call[0])
            except Empty:
                pass
            for _ in range(self._threads):
                self._calls.put(None)
        for future in waiting:
            future.cancel()

    def _work(self) -> None:
        while call := self._calls.get():
            self._run(*call)
            del call  # a free thread keeps nothing alive

    def _run(self, future: "Future[Any]", function: Callable[[], Any]) -> None:
        error: BaseException | None = None
        result: Any = None
        if runs := future.set_running_or_notify_cancel():
            try:
                result = function()
            except BaseException as caught:  # noqa: BLE001 - the caller's to handle
                error = caught
        with self._lock:
            self._open -= 1
        if error is not None:
            future.set_exception(error)
        elif runs:
            future.set_result(result)


class Threads:
    """A pool of threads with a name and a fixed size.

    asyncio's default pool has ``cpu_count + 4`` threads for everybody: one slow user
    function would starve the others, so each owner has a pool of its own.

    Cancellation: a function that runs is not interrupted; its result is dropped. One
    that never returns does not keep the process from ending.
    """

    __slots__ = ("_pool",)

    def __init__(self, size: int, *, name: str) -> None:
        self._pool = ThreadsExecutor(size, name=name)

    async def run(
        self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run ``function`` in a thread, in a copy of the caller's context."""
        context = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._pool, lambda: context.run(function, *args, **kwargs)
        )

    def close(self) -> None:
        """Refuse new work; threads end when what they run returns."""
        self._pool.close()


@runtime_checkable
class CountsThreads(Protocol):
    """A loop that must know which threads work, for its time stands still for them.

    Attributes:
        waiting_threads: How many of the threads that the loop waits for wait, in
            turn, for the loop. Changed on the loop's thread alone.
    """

    waiting_threads: int


@contextmanager
def thread_waits() -> Generator[None]:
    """Tell the running loop that a thread waits for what the block does.

    To be entered on the loop, by whoever serves a call of a thread that
    ``Threads.run`` started; the thread is woken after the block.
    """
    loop: object = asyncio.get_running_loop()
    if not isinstance(loop, CountsThreads):
        yield
        return
    loop.waiting_threads += 1
    try:
        yield
    finally:
        loop.waiting_threads -= 1
