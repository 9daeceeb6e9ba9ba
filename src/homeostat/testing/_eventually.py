"""Wait for a state instead of sleeping: retry an assertion until it holds."""

import asyncio
import inspect
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from threading import Event
from typing import Any, TypeVar, overload

from homeostat._clock import SystemClock
from homeostat.errors import HomeostatError

__all__ = ["eventually"]

T = TypeVar("T")


def _retried() -> tuple[type[BaseException], ...]:
    """Return the errors that mean "not yet"; pytest's own once it is there."""
    pytest = sys.modules.get("pytest")
    failed = (pytest.fail.Exception,) if pytest is not None else ()
    return (AssertionError, LookupError, HomeostatError, *failed)


@overload
def eventually(
    check: Callable[[], Awaitable[T]], *, within: float = 5.0, every: float = 0.01
) -> Awaitable[T]: ...
@overload
def eventually(
    check: Callable[[], T], *, within: float = 5.0, every: float = 0.01
) -> T: ...
def eventually(
    check: Callable[[], Any], *, within: float = 5.0, every: float = 0.01
) -> Any:
    """Call ``check`` until it neither raises nor returns False, and return its value.

    An ``async def`` check gives an awaitable; a plain one blocks the calling thread,
    so it belongs in synchronous tests. An AssertionError, a LookupError, every error
    of homeostat and ``pytest.fail`` mean "not yet"; any other exception is raised at
    once.

    Args:
        check: A function without parameters that asserts, or returns a bool.
        within: Seconds, of the loop's time in an ``async`` check.
        every: Pause between two tries, in seconds.

    Raises:
        AssertionError: ``check`` did not pass in time; chained to its last error.
    """
    if inspect.iscoroutinefunction(check):
        return _eventually_async(check, within=within, every=every)
    return _eventually_sync(check, within=within, every=every)


def _late(check: Callable[[], object], within: float) -> AssertionError:
    name = getattr(check, "__qualname__", repr(check))
    return AssertionError(f"{name} did not hold within {within:g} s")


async def _eventually_async(
    check: Callable[[], Awaitable[T]], *, within: float, every: float
) -> T:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while True:
        error: BaseException | None = None
        try:
            value = await check()
            if value is not False:
                return value
        except _retried() as exc:
            error = exc
        if loop.time() >= deadline:
            raise _late(check, within) from error
        await asyncio.sleep(every)


def _eventually_sync(check: Callable[[], T], *, within: float, every: float) -> T:
    clock = SystemClock()
    deadline = clock.now() + timedelta(seconds=within)
    pause = Event()  # that nobody sets: a sleep that needs no clock of its own
    while True:
        error: BaseException | None = None
        try:
            value = check()
            if value is not False:
                return value
        except _retried() as exc:
            error = exc
        if clock.now() >= deadline:
            raise _late(check, within) from error
        pause.wait(every)
