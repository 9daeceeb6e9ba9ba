import asyncio
from datetime import UTC, datetime
from threading import Event

import pytest

from homeostat._tasks import Threads
from homeostat.testing import DeadlockError, LoopClock, VirtualTimeLoop, run_virtual


def test_sleeping_a_day_takes_no_time() -> None:
    async def main() -> float:
        await asyncio.sleep(86_400)
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == pytest.approx(86_400)


def test_timers_fire_in_the_order_of_their_times() -> None:
    async def main() -> list[str]:
        order: list[str] = []
        loop = asyncio.get_running_loop()
        loop.call_later(2, order.append, "second")
        loop.call_later(1, order.append, "first")
        await asyncio.sleep(3)
        return order

    assert run_virtual(main()) == ["first", "second"]


def test_timeout_fires_at_its_virtual_deadline() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30):
                await asyncio.sleep(60)
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == pytest.approx(30)


def test_deadlock_names_the_tasks_that_wait() -> None:
    async def stuck() -> None:
        await asyncio.get_running_loop().create_future()

    async def main() -> None:
        task = asyncio.create_task(stuck(), name="worker-0")
        await task

    with pytest.raises(DeadlockError, match="worker-0"):
        run_virtual(main())


def test_time_stands_still_while_a_thread_works() -> None:
    release = Event()

    async def main() -> float:
        loop = asyncio.get_running_loop()
        threads = Threads(1, name="test")
        loop.call_later(60, pytest.fail, "the timer fired before the thread was done")
        work = threads.run(release.wait)
        loop.call_soon(release.set)
        assert await work
        threads.close()
        return loop.time()

    assert run_virtual(main()) == 0.0


def test_loop_clock_follows_the_loop() -> None:
    async def main() -> datetime:
        clock = LoopClock(asyncio.get_running_loop(), datetime(2026, 1, 1, tzinfo=UTC))
        await asyncio.sleep(90)
        return clock.now()

    assert run_virtual(main()) == datetime(2026, 1, 1, 0, 1, 30, tzinfo=UTC)


def test_loop_closes_its_selector() -> None:
    loop = VirtualTimeLoop()
    loop.close()
    assert loop.is_closed()
