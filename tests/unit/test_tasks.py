import asyncio
import subprocess
import sys
from contextvars import ContextVar
from threading import Barrier, Event, current_thread

import pytest

from homeostat._tasks import Group, Threads, only_error


async def test_group_waits_for_its_children() -> None:
    done: list[str] = []

    async def child() -> None:
        await asyncio.sleep(0)
        done.append("child")

    async with Group() as tasks:
        tasks.start(child(), name="child")
    assert done == ["child"]


async def test_failure_cancels_the_siblings() -> None:
    cancelled: list[bool] = []

    async def waits() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    async def fails() -> None:
        await asyncio.sleep(0)
        raise ValueError("broken")

    async def parent() -> None:
        async with Group() as tasks:
            tasks.start(waits(), name="waits")
            tasks.start(fails(), name="fails")

    with pytest.raises(ExceptionGroup) as caught:
        await parent()
    assert cancelled == [True]
    assert isinstance(only_error(caught.value), ValueError)


async def test_failure_interrupts_the_body() -> None:
    async def fails() -> None:
        await asyncio.sleep(0)
        raise ValueError("broken")

    async def parent() -> None:
        async with Group() as tasks:
            tasks.start(fails(), name="fails")
            await asyncio.get_running_loop().create_future()

    with pytest.raises(ExceptionGroup):
        await parent()
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_error_of_the_body_is_raised_with_those_of_the_children() -> None:
    async def fails_when_cancelled() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            raise ValueError("child")

    async def parent() -> None:
        async with Group() as tasks:
            tasks.start(fails_when_cancelled(), name="child")
            await asyncio.sleep(0)
            raise KeyError("body")

    with pytest.raises(ExceptionGroup) as caught:
        await parent()
    assert {type(e) for e in caught.value.exceptions} == {ValueError, KeyError}


async def test_outer_cancellation_outlives_a_failing_child() -> None:
    started = asyncio.Event()

    async def fails_when_cancelled() -> None:
        started.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            raise ValueError("clean-up failed")

    async def parent() -> None:
        async with Group() as tasks:
            tasks.start(fails_when_cancelled(), name="child")

    task = asyncio.create_task(parent())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_start_on_a_closed_group_closes_the_coroutine() -> None:
    async with Group() as tasks:
        pass

    async def never() -> None:
        raise AssertionError("must not run")

    with pytest.raises(RuntimeError):
        tasks.start(never(), name="late")


def test_only_error_leaves_real_groups_alone() -> None:
    group = ExceptionGroup("two", [ValueError("a"), ValueError("b")])
    assert only_error(ExceptionGroup("one", [group])) is group


async def test_threads_run_in_the_callers_context() -> None:
    threads = Threads(1, name="test")
    assert await threads.run(lambda a, b: a + b, 1, b=2) == 3
    threads.close()


async def test_threads_see_the_callers_context_and_keep_their_own_changes() -> None:
    number: ContextVar[int] = ContextVar("number")
    number.set(1)
    threads = Threads(1, name="test")

    def work() -> int:
        seen = number.get()
        number.set(2)
        return seen

    assert await threads.run(work) == 1
    assert await threads.run(work) == 1
    threads.close()


async def test_threads_are_reused_named_and_never_more_than_their_size() -> None:
    threads, names = Threads(2, name="pool"), set[str]()

    def work() -> None:
        assert current_thread().daemon
        names.add(current_thread().name)

    for _ in range(3):
        await threads.run(work)
    assert names == {"pool-0"}
    together = Barrier(2)

    def meet() -> None:
        work()
        together.wait(5)

    async with Group() as tasks:
        for n in range(4):
            tasks.start(threads.run(meet), name=f"{n}")
    assert names == {"pool-0", "pool-1"}
    threads.close()


async def test_an_error_in_a_thread_is_the_callers() -> None:
    threads = Threads(1, name="test")
    with pytest.raises(ZeroDivisionError):
        await threads.run(lambda: 1 // 0)
    assert await threads.run(int) == 0
    threads.close()


async def test_a_cancelled_call_that_waits_for_a_thread_never_runs() -> None:
    threads, release, ran = Threads(1, name="test"), Event(), list[str]()
    first = asyncio.create_task(threads.run(release.wait, 5))
    second = asyncio.create_task(threads.run(ran.append, "second"))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.sleep(0)
    release.set()
    assert await first
    await threads.run(ran.append, "third")
    assert ran == ["third"]
    threads.close()


async def test_closed_threads_cancel_what_waits_and_refuse_what_comes() -> None:
    threads, release = Threads(1, name="test"), Event()
    first = asyncio.create_task(threads.run(release.wait, 5))
    second = asyncio.create_task(threads.run(int))
    await asyncio.sleep(0)
    threads.close()
    release.set()
    assert await first
    with pytest.raises(asyncio.CancelledError):
        await second
    with pytest.raises(RuntimeError, match="the threads of test are closed"):
        await threads.run(int)
    threads.close()


def test_a_thread_that_never_returns_does_not_hold_up_the_exit() -> None:
    program = """
import asyncio, threading
from homeostat._tasks import Threads

async def main():
    threads = Threads(1, name="stuck")
    try:
        async with asyncio.timeout(0.02):
            await threads.run(threading.Event().wait)
    except TimeoutError:
        print("left")
    threads.close()

asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("left\n", "")
