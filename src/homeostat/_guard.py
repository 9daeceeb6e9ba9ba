"""The one place that calls what users wrote, so that its failures stay its own.

Reconcilers, finalizers, predicates, map and index functions and event handlers may
raise anything. What each failure means differs; that it is logged with its traceback,
and that it never ends a task of the library, does not. ``sys.exit()`` is a failure as
any other: what a process is worth is not for one object to say. KeyboardInterrupt
passes.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

__all__ = ["Failed", "call", "call_async", "run_again"]

P = ParamSpec("P")
T = TypeVar("T")

logger = logging.getLogger(__name__)

_RESTART_DELAY = 5.0  # seconds; a fault that no back-off of a reflector covers


@dataclass(frozen=True, slots=True)
class Failed:
    """A call of user code that raised.

    Attributes:
        error: What it raised.
    """

    error: Exception


def call(
    what: str, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
) -> T | Failed:
    """Call a user's function; a failure is logged and returned.

    Args:
        what: Names the function in the log, as ``predicate of Pod``.
        function: The user's function.
        *args: Passed on.
        **kwargs: Passed on.
    """
    try:
        return function(*args, **kwargs)
    except (Exception, SystemExit) as error:
        logger.exception("%s raised", what)
        return Failed(_failure(error))


async def call_async(function: Callable[[], Awaitable[T]]) -> T | Failed:
    """Await a user's function; a failure is returned, for the caller to log.

    Cancellation: passes through; it is not the user's failure. A CancelledError that
    nobody asked this task for is: awaiting something that was cancelled raises one, and
    letting it pass would end a worker without a word.
    """
    try:
        return await function()
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        stray = RuntimeError("user code awaited something that was cancelled")
        stray.__cause__ = error
        return Failed(stray)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - all of it is a retry
        return Failed(_failure(error))


def _failure(error: Exception | SystemExit) -> Exception:
    if isinstance(error, Exception):
        return error
    failure = RuntimeError(f"user code called sys.exit({error.code!r}); raise an error")
    failure.__cause__ = error
    return failure


async def run_again(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """Run something that only ends when it is cancelled, again after each error.

    Args:
        name: Names it in the log, as ``informer/v1 Pod``.
        run: Starts it.
    """
    while True:
        try:
            await run()
        except Exception:
            logger.exception("%s failed; it starts again", name)
        await asyncio.sleep(_RESTART_DELAY)
