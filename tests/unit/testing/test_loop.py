import asyncio
from concurrent.futures import CancelledError
from contextlib import suppress
from datetime import UTC, datetime
from threading import Event

import pytest

from homeostat._tasks import Group, Threads, thread_waits
from homeostat.controller._portal import Portal
from homeostat.testing import DeadlockError, LoopClock, VirtualTimeLoop, run_virtual


def test_sleeping_a_day_takes_no_time() -> None:
    async def main() -> float:
        await asyncio.sleep(86_400)
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == pytest.approx(86_400)


def test_time_moves_even_when_a_timer_is_nearer_than_it_can_count() -> None:
    loop = VirtualTimeLoop()
    try:
        loop.advance(3571.5)
        loop.advance(1e-13)  # less than the distance to the next float
        assert loop.time() > 3571.5
    finally:
        loop.close()


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


def test_time_moves_while_a_thread_waits_for_the_loop() -> None:
    async def nap(seconds: float) -> float:
        await asyncio.sleep(seconds)
        return asyncio.get_running_loop().time()

    async def main() -> list[float]:
        threads, portal = Threads(1, name="test"), Portal()

        def work() -> list[float]:
            return [portal.call(lambda: nap(60)), portal.call(lambda: nap(3600))]

        times = await portal.run(threads, work)
        threads.close()
        return times

    assert run_virtual(main()) == [60.0, 3660.0]


def test_time_stands_still_between_the_calls_of_a_thread() -> None:
    release = Event()

    async def nap() -> None:
        await asyncio.sleep(1)
        asyncio.get_running_loop().call_soon(release.set)

    async def main() -> float:
        threads, portal = Threads(1, name="test"), Portal()
        asyncio.get_running_loop().call_later(60, pytest.fail, "the thread still works")

        def work() -> None:
            portal.call(nap)
            release.wait()
            portal.call(nap)

        await portal.run(threads, work)
        threads.close()
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == 2.0


def test_a_call_that_waits_for_a_free_thread_does_not_stop_time() -> None:
    async def main() -> float:
        threads, portal = Threads(1, name="test"), Portal()
        async with Group() as tasks:
            nap = portal.run(threads, lambda: portal.call(lambda: asyncio.sleep(60)))
            tasks.start(nap, name="nap")
            await asyncio.sleep(0)
            tasks.start(threads.run(int), name="next")
        threads.close()
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == 60.0


def test_a_thread_that_waits_for_nothing_is_a_deadlock() -> None:
    async def stuck() -> None:
        await asyncio.get_running_loop().create_future()

    async def main() -> None:
        threads, portal = Threads(1, name="test"), Portal()
        try:
            await portal.run(threads, lambda: give_up(portal))
        finally:
            threads.close()

    def give_up(portal: Portal) -> None:
        with suppress(CancelledError):
            portal.call(stuck)

    with pytest.raises(DeadlockError):
        run_virtual(main())


def test_a_cancelled_call_whose_thread_works_is_no_deadlock() -> None:
    release = Event()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        threads, pool = Threads(1, name="test"), Threads(1, name="release")
        started, ended = asyncio.Event(), asyncio.Event()

        def work() -> None:
            loop.call_soon_threadsafe(started.set)
            release.wait(5)
            loop.call_soon_threadsafe(ended.set)

        task = asyncio.create_task(threads.run(work))
        await started.wait()
        task.cancel()
        await pool.run(release.wait, 0.01)
        release.set()
        await ended.wait()
        threads.close()
        pool.close()

    run_virtual(main())


def test_a_cancelled_call_that_never_ends_stops_time_for_a_moment_only() -> None:
    release = Event()

    async def main() -> float:
        threads, started = Threads(1, name="test"), asyncio.Event()
        loop = asyncio.get_running_loop()

        def work() -> None:
            loop.call_soon_threadsafe(started.set)
            release.wait(5)

        task = asyncio.create_task(threads.run(work))
        await started.wait()
        task.cancel()
        await asyncio.sleep(60)
        threads.close()
        return loop.time()

    assert run_virtual(main()) == 60.0
    release.set()


def test_the_default_executor_ends_with_the_loop() -> None:
    async def main() -> float:
        asyncio.get_running_loop().call_later(60, pytest.fail, "a thread still works")
        assert await asyncio.to_thread(lambda: 42) == 42
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == 0.0


async def test_other_loops_are_not_told_who_waits() -> None:
    with thread_waits():
        await asyncio.sleep(0)


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
