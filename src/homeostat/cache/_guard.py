"""The one place of this package where any error ends.

Index functions and event handlers may raise anything: it is logged with its traceback,
and it never ends a watch. Nor does an error of one informer end another.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

__all__ = ["Failed", "call", "run_again"]

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
        what: Names the function in the log, as ``index 'by_node' of v1 Pod``.
        function: The user's function.
        *args: Passed on.
        **kwargs: Passed on.
    """
    try:
        return function(*args, **kwargs)
    except Exception as error:
        logger.exception("%s raised", what)
        return Failed(error)


async def run_again(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """Run something that only ends when it is cancelled, again after each error."""
    while True:
        try:
            await run()
        except Exception:
            logger.exception("%s failed; it starts again", name)
        await asyncio.sleep(_RESTART_DELAY)
