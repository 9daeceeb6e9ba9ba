import asyncio
import logging
from threading import Event

import pytest

from homeostat._tasks import Group
from homeostat._watchdog import watchdog


async def test_what_blocks_the_loop_is_named_with_its_stack(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def told() -> list[logging.LogRecord]:
        # On a busy machine the loop may be late all by itself.
        return [r for r in caplog.records if "block_the_loop" in r.getMessage()]

    async def block_the_loop() -> None:
        for _ in range(500):
            if told():
                break
            Event().wait(0.01)

    async with watchdog(interval=0.001, limit=0.01):
        await asyncio.sleep(0.01)
        async with Group() as tasks:
            tasks.start(block_the_loop(), name="controller/podsets/worker-0")
    [record] = told()
    assert record.levelno == logging.ERROR
    assert "blocked for 0.01 s by task controller/podsets/worker-0" in record.message


async def test_a_loop_that_answers_is_left_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with watchdog(interval=0.001, limit=1.0):
        await asyncio.sleep(0.02)
    assert not caplog.records
