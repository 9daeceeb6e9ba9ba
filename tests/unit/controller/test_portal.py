import asyncio
from concurrent.futures import CancelledError
from threading import Event, current_thread, main_thread

import pytest

from homeostat._tasks import Group, Threads
from homeostat.controller._portal import Portal


async def answer() -> int:
    assert current_thread() is main_thread()
    await asyncio.sleep(0)
    return 42


async def test_a_thread_calls_into_the_loop_that_waits_for_it() -> None:
    threads = Threads(1, name="test")
    portal = Portal()

    def work() -> int:
        assert current_thread() is not main_thread()
        return portal.call(answer) + portal.call(answer)

    assert await portal.run(threads, work) == 84
    threads.close()


async def test_errors_pass_between_loop_and_thread_as_they_are() -> None:
    threads = Threads(1, name="test")
    portal = Portal()

    async def fail() -> None:
        raise LookupError("from the loop")

    def work() -> None:
        try:
            portal.call(fail)
        except LookupError as error:
            raise ValueError("from the thread") from error

    with pytest.raises(ValueError, match="from the thread"):
        await portal.run(threads, work)
    threads.close()


async def test_a_cancelled_call_waits_for_its_thread_whose_next_call_raises() -> None:
    threads = Threads(1, name="test")
    go_on = Event()
    seen: list[str] = []

    async def main() -> None:
        portal = Portal()

        def work() -> None:
            go_on.wait(5)
            try:
                portal.call(answer)
            except CancelledError:
                seen.append("cancelled")

        try:
            await portal.run(threads, work)
        finally:
            seen.append("returned")

    async with Group() as tasks:
        task = tasks.start(main(), name="main")
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.sleep(0.01)
        assert seen == []
        go_on.set()
    assert seen == ["cancelled", "returned"]
    threads.close()
