"""Time the steps of a coroutine, to name the one that blocks the loop."""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from contextvars import copy_context
from types import coroutine
from typing import Any, TypeVar

__all__ = ["timed"]

T = TypeVar("T")


@coroutine
def timed(
    coro: Coroutine[Any, Any, T], limit: float, on_slow: Callable[[float], None]
) -> Generator[Any, Any, T]:
    """Await ``coro``; report each step between two awaits that took too long.

    Everything else waits while a step runs: watches, other reconciles, health checks.
    A lag that is measured elsewhere cannot say whose fault it was; this can. What
    ``coro`` sets in context variables ends with it, as it would in a task of its own.

    Args:
        coro: What to run.
        limit: Seconds that a step may take.
        on_slow: Called with the seconds of a step that took longer.

    Cancellation: passes through to ``coro``.
    """
    clock = asyncio.get_running_loop().time
    go_on: Callable[[Any], Any] = coro.send
    answer: Any = None
    context = copy_context()
    try:
        while True:
            began = clock()
            try:
                waited_for: Any = context.run(go_on, answer)
            except StopIteration as stop:
                value: T = stop.value
                return value
            finally:
                if (took := clock() - began) > limit:
                    on_slow(took)
            try:
                answer = yield waited_for
            except BaseException as error:  # noqa: BLE001 - handed to the coroutine
                go_on, answer = coro.throw, error
            else:
                go_on = coro.send
    finally:
        context.run(coro.close)
