import asyncio
import sys
from concurrent.futures import CancelledError
from threading import Event, current_thread, main_thread

import pytest

from homeostat._tasks import Group, Threads
from homeostat.controller._portal import Portal
from homeostat.testing import run_virtual


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


async def test_what_calls_sys_exit_on_either_side_fails_and_ends_nothing() -> None:
    threads = Threads(1, name="test")
    portal = Portal()

    async def leaves() -> None:
        sys.exit(3)

    def work() -> int:
        with pytest.raises(RuntimeError, match=r"called sys\.exit\(3\)"):
            portal.call(leaves)
        sys.exit(4)

    with pytest.raises(RuntimeError, match=r"called sys\.exit\(4\)"):
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


async def outlast(portal: Portal, threads: Threads, go_on: Event) -> float:
    """Cancel a call whose thread does not listen; return how long that took."""
    loop = asyncio.get_running_loop()
    started = asyncio.Event()

    def work() -> None:
        loop.call_soon_threadsafe(started.set)
        go_on.wait(5)

    async with Group() as tasks:
        task = tasks.start(portal.run(threads, work), name="call")
        await started.wait()
        began = loop.time()
        task.cancel()
    return loop.time() - began


def test_a_thread_that_ignores_the_end_is_left_behind(
    caplog: pytest.LogCaptureFixture,
) -> None:
    threads, go_on = Threads(1, name="test"), Event()

    async def main() -> None:
        assert await outlast(Portal(), threads, go_on) == 5.0

    run_virtual(main())
    go_on.set()
    threads.close()
    assert "still runs in its thread" in caplog.text


async def test_a_thread_past_its_deadline_is_awaited_to_the_end() -> None:
    threads, go_on = Threads(1, name="test"), Event()
    asyncio.get_running_loop().call_later(0.02, go_on.set)
    await outlast(Portal(lambda: True), threads, go_on)
    assert go_on.is_set()
    threads.close()
