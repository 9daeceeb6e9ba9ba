"""Own the loop and the signals of a process, and block."""

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from homeostat._tasks import only_error
from homeostat._watchdog import watchdog

__all__ = ["run_until_signal"]

logger = logging.getLogger(__name__)

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run_until_signal(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine on a loop of its own; SIGINT or SIGTERM cancels it.

    A second signal ends the process at once. Handlers that were there before are there
    again after it. uvloop is used where it is installed.

    Raises:
        BaseException: What ``main`` raises, out of any groups that hold nothing else.
    """
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        loop = runner.get_loop()
        try:
            with suppress(asyncio.CancelledError):
                runner.run(_until_signal(loop, main))
        except BaseExceptionGroup as group:
            raise only_error(group) from None


async def _until_signal(
    loop: asyncio.AbstractEventLoop, main: Callable[[], Coroutine[Any, Any, None]]
) -> None:
    task = asyncio.current_task()
    assert task is not None  # a coroutine that runs has a task

    def stop(number: int) -> None:
        name = signal.Signals(number).name
        logger.info("stopping on %s; a second one ends at once", name)
        task.cancel()

    def handle(number: int, _frame: object) -> None:
        # Not add_signal_handler: its handlers wait for the loop, and a second signal
        # must end the process also when the loop is blocked.
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_DFL)
        loop.call_soon_threadsafe(stop, number)

    before = {each: signal.signal(each, handle) for each in _SIGNALS}
    try:
        async with watchdog():
            await main()
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - an extra that need not be there
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
