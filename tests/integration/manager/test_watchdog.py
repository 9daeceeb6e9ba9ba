import asyncio
import logging
from threading import Event

import pytest

from homeostat._tasks import Group
from homeostat.manager._watchdog import watchdog


async def block_the_loop() -> None:
    Event().wait(0.04)


async def test_what_blocks_the_loop_is_named_with_its_stack(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with watchdog(interval=0.001, limit=0.01):
        await asyncio.sleep(0.01)
        async with Group() as tasks:
            tasks.start(block_the_loop(), name="controller/podsets/worker-0")
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert "blocked for 0.01 s by task controller/podsets/worker-0" in record.message
    assert "block_the_loop" in record.message


async def test_a_loop_that_answers_is_left_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with watchdog(interval=0.001, limit=1.0):
        await asyncio.sleep(0.02)
    assert not caplog.records
