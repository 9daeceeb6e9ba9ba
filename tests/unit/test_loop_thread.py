import asyncio
import time
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

import pytest

from homeostat._loop_thread import LoopThread


def test_loop_thread_runs_coroutines_for_blocking_callers() -> None:
    async def answer() -> int:
        await asyncio.sleep(0)
        return 42

    with LoopThread(name="test") as thread:
        assert thread.call(answer()) == 42


def test_a_caller_goes_on_before_what_its_function_caused() -> None:
    with LoopThread(name="test") as thread:
        went_on, told = Event(), Event()

        def caused() -> None:
            until = time.monotonic() + 5
            while not went_on.is_set() and time.monotonic() < until:
                pass  # a loop may not block, but be busy
            if went_on.is_set():
                told.set()

        thread.run(lambda: asyncio.get_running_loop().call_soon(caused))
        went_on.set()
        assert told.wait(5)


def test_a_function_of_the_loop_raises_at_its_caller() -> None:
    with LoopThread(name="test") as thread:
        with pytest.raises(ZeroDivisionError):
            thread.run(lambda: 1 / 0)
        assert thread.run(lambda: 42) == 42
    with pytest.raises(RuntimeError, match="does not run"):
        thread.run(lambda: 42)


def test_loop_thread_cancels_what_is_left() -> None:
    ended: list[str] = []

    async def service() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.append("service")

    with LoopThread(name="test") as thread:
        future = thread.submit(service())
        thread.call(asyncio.sleep(0))
    assert ended == ["service"]
    assert future.cancelled()


def test_loop_thread_refuses_work_after_its_end() -> None:
    with LoopThread(name="test") as thread:
        pass
    with pytest.raises(RuntimeError, match="does not run"):
        thread.call(asyncio.sleep(0))


def test_tasks_that_ignore_their_cancellation_are_named() -> None:
    let_go = Event()

    async def stubborn() -> None:
        while not let_go.is_set():
            try:
                await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                continue

    async def begin() -> asyncio.Task[None]:
        return asyncio.create_task(stubborn(), name="mule")

    said = r"test does not end.* mule in .*stubborn"
    try:
        with (
            pytest.raises(RuntimeError, match=said),
            LoopThread(name="test", patience=0.05) as thread,
        ):
            thread.call(begin())
    finally:
        let_go.set()


def test_whoever_waits_is_told_that_the_loop_ended() -> None:
    began = Event()

    async def service() -> None:
        began.set()
        await asyncio.get_running_loop().create_future()

    with ThreadPoolExecutor(1) as pool:
        with LoopThread(name="test") as thread:
            waiting = pool.submit(lambda: thread.call(service()))
            assert began.wait(5)
        with pytest.raises(RuntimeError, match="the loop of test ended before"):
            waiting.result(5)


def test_nobody_waits_for_what_comes_while_the_loop_ends() -> None:
    late: list[Future[None]] = []

    async def service() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            asyncio.get_running_loop().call_soon(submit_late)

    def submit_late() -> None:
        late.append(thread.submit(asyncio.sleep(0)))

    with LoopThread(name="test") as thread:
        thread.submit(service())
        thread.call(asyncio.sleep(0))
    assert [future.done() for future in late] == [True]
