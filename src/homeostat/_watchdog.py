"""Name what blocks the event loop while it does."""

import asyncio
import logging
import sys
import traceback
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from threading import Event, get_ident

from homeostat._tasks import Group, Threads

__all__ = ["watchdog"]

logger = logging.getLogger(__name__)

INTERVAL = 1.0  # seconds between two looks
LIMIT = 5.0  # seconds without an answer of the loop


@asynccontextmanager
async def watchdog(
    *, interval: float = INTERVAL, limit: float = LIMIT
) -> AsyncGenerator[None]:
    """Watch the running loop from a thread while inside the block.

    A controller reports a step of its own that took too long once it is over. One that
    never ends can only be named from outside: with the task that runs and its stack.

    Args:
        interval: Seconds between two looks.
        limit: Seconds that the loop may take to answer.
    """
    loop = asyncio.get_running_loop()
    stop = Event()
    threads = Threads(1, name="watchdog")
    thread_id = get_ident()
    async with Group() as tasks:
        tasks.start(
            threads.run(_watch, loop, thread_id, stop, interval, limit),
            name="watchdog",
        )
        try:
            yield
        finally:
            stop.set()
    threads.close()


def _watch(
    loop: asyncio.AbstractEventLoop,
    thread_id: int,
    stop: Event,
    interval: float,
    limit: float,
) -> None:
    while not stop.wait(interval):
        answered = Event()
        loop.call_soon_threadsafe(answered.set)
        if answered.wait(limit):
            continue
        task = asyncio.current_task(loop)
        frame = sys._current_frames().get(thread_id)  # noqa: SLF001 - the only way
        stack = "".join(traceback.format_stack(frame)) if frame else ""
        logger.error(
            "the event loop has been blocked for %g s by task %s:\n%s",
            limit,
            task.get_name() if task else "unknown",
            stack,
        )
        while not answered.wait(interval):
            if stop.is_set():
                return
