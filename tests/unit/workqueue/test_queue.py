import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from homeostat._random import Random
from homeostat._tasks import Group
from homeostat.testing import run_virtual
from homeostat.workqueue import QueueClosedError, WorkQueue


def virtual(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    def run() -> None:
        async def main() -> None:
            async with asyncio.timeout(10_000):
                await test()

        run_virtual(main())

    run.__name__ = test.__name__
    return run


class Figures:
    def __init__(self) -> None:
        self.counts: dict[str, float] = {}
        self.gauges: dict[str, float] = {}
        self.observed: dict[str, list[float]] = {}

    def count(self, name: str, amount: float = 1.0, /, **_: str) -> None:
        self.counts[name] = self.counts.get(name, 0.0) + amount

    def gauge(self, name: str, value: float, /, **labels: str) -> None:
        self.gauges[name + labels.get("priority", "")] = value

    def observe(self, name: str, value: float, /, **_: str) -> None:
        self.observed.setdefault(name, []).append(value)


async def take(queue: WorkQueue[str], got: list[str]) -> None:
    async with queue.lease() as item:
        got.append(item.key)


@virtual
async def test_lease_waits_for_an_add() -> None:
    queue = WorkQueue[str]()
    asyncio.get_running_loop().call_later(5.0, queue.add, "a")
    async with queue.lease() as item:
        assert item.key == "a"
    assert asyncio.get_running_loop().time() == 5.0


@virtual
async def test_a_delay_is_kept_on_the_loops_time() -> None:
    queue = WorkQueue[str]()
    queue.add_after("a", 3600.0, reason="later")
    queue.add_after("a", 60.0, reason="sooner")
    async with queue.lease() as item:
        assert item.reasons == ("sooner",)
    assert asyncio.get_running_loop().time() == 60.0


@virtual
async def test_retries_back_off_and_forget_resets() -> None:
    queue = WorkQueue[str](random=Random(1), base=1.0, cap=30.0)
    delays: list[float] = []
    for _ in range(8):
        delays.append(queue.retry("a"))
        async with queue.lease():
            pass
    assert all(2**n <= d <= 2**n * 1.1 for n, d in enumerate(delays[:5]))
    assert delays[5:] == [30.0, 30.0, 30.0]
    queue.forget("a")
    assert queue.retry("a") < 1.2


@virtual
async def test_a_parked_key_wakes_on_unpark_or_at_its_cap() -> None:
    loop = asyncio.get_running_loop()
    queue = WorkQueue[str]()
    queue.park("a", until=10.0)
    queue.park("b", until=10.0)
    loop.call_later(1.0, queue.unpark, "a")
    async with queue.lease() as item:
        assert (item.key, loop.time()) == ("a", 1.0)
    async with queue.lease() as item:
        assert (item.key, loop.time()) == ("b", 10.0)


@virtual
async def test_cancelling_a_waiting_worker_takes_no_key() -> None:
    queue = WorkQueue[str]()
    got: list[str] = []

    async with Group() as tasks:
        first = tasks.start(take(queue, got), name="first")
        tasks.start(take(queue, got), name="second")
        await asyncio.sleep(1)
        queue.add("a")
        first.cancel()
    assert got == ["a"]


@virtual
async def test_a_cancelled_lease_gives_the_key_back() -> None:
    queue = WorkQueue[str]()
    queue.add("a")

    async def work() -> None:
        async with queue.lease():
            queue.add("a", reason="again")
            await asyncio.sleep(1000)

    async with Group() as tasks:
        worker = tasks.start(work(), name="worker")
        await asyncio.sleep(1)
        worker.cancel()
    async with queue.lease() as item:
        assert item.reasons == ("again",)


@virtual
async def test_close_ends_every_waiting_lease() -> None:
    queue = WorkQueue[str]()

    async def work() -> None:
        with pytest.raises(QueueClosedError):
            async with queue.lease():
                pass

    async with Group() as tasks:
        for n in range(3):
            tasks.start(work(), name=f"worker-{n}")
        await asyncio.sleep(1)
        queue.close()


@virtual
async def test_join_waits_for_leased_keys() -> None:
    loop = asyncio.get_running_loop()
    queue = WorkQueue[str]()
    queue.add("a")

    async def work() -> None:
        async with queue.lease():
            await asyncio.sleep(7)

    async with Group() as tasks:
        tasks.start(work(), name="worker")
        await asyncio.sleep(0)
        queue.close()
        await queue.join()
        assert loop.time() == 7.0


@virtual
async def test_metrics_have_the_ecosystems_names() -> None:
    figures = Figures()
    queue = WorkQueue[str]("podset", metrics=figures)
    queue.add("a")
    queue.add("a")
    assert figures.gauges["workqueue_depth0"] == 1
    await asyncio.sleep(2)
    async with queue.lease():
        assert figures.gauges["workqueue_depth0"] == 0
        await asyncio.sleep(3)
        queue.measure()
    queue.retry("a")
    assert figures.counts == {
        "workqueue_adds_total": 1,
        "workqueue_retries_total": 1,
    }
    assert figures.observed == {
        "workqueue_queue_duration_seconds": [2.0],
        "workqueue_work_duration_seconds": [3.0],
    }
    assert figures.gauges["workqueue_unfinished_work_seconds"] == 3.0
    assert figures.gauges["workqueue_longest_running_processor_seconds"] == 3.0


@virtual
async def test_depth_is_that_of_the_queued_priority_at_every_moment() -> None:
    figures = Figures()
    depth = figures.gauges
    queue = WorkQueue[str]("podset", metrics=figures)
    queue.add("a", priority=-100)
    queue.add("b", priority=-100)
    assert depth == {"workqueue_depth-100": 2}
    queue.add("a")
    assert depth == {"workqueue_depth-100": 1, "workqueue_depth0": 1}
    await asyncio.sleep(3600)
    async with queue.lease() as item:
        assert (item.key, depth["workqueue_depth0"]) == ("a", 0)
        queue.add("a", priority=5)
        assert "workqueue_depth5" not in depth
    assert depth["workqueue_depth5"] == 1
    queue.park("a", until=60.0)
    assert depth["workqueue_depth5"] == 0
    queue.unpark("a")
    assert depth["workqueue_depth5"] == 1
    queue.close(drain=False)
    assert set(depth.values()) == {0}


@virtual
async def test_a_queue_without_a_name_measures_nothing() -> None:
    figures = Figures()
    queue: WorkQueue[Any] = WorkQueue(metrics=figures)
    queue.add("a")
    assert not figures.counts


def test_a_timer_that_the_loop_calls_a_hair_early_counts() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        queue: WorkQueue[str] = WorkQueue(random=Random(1))
        queue.add_after("a", 10.0)
        nearly = loop.create_future()
        loop.call_at(loop.time() + 10.0 - 1e-11, nearly.set_result, None)
        await nearly
        for _ in range(5):
            await asyncio.sleep(0)
        assert len(queue) == 1

    run_virtual(main())


@virtual
async def test_each_key_wakes_one_worker() -> None:
    queue = WorkQueue[str]()
    running: list[str] = []

    async def work() -> None:
        async with queue.lease() as item:
            running.append(item.key)
            await asyncio.sleep(10)

    async with Group() as tasks:
        for n in range(3):
            tasks.start(work(), name=f"worker-{n}")
        await asyncio.sleep(1)
        queue.add("a")
        queue.add("b")
        await asyncio.sleep(1)
        assert running == ["a", "b"]
        queue.add_after("c", 1.0)
        await asyncio.sleep(2)
        assert running == ["a", "b", "c"]


@virtual
async def test_a_worker_that_is_cancelled_before_the_add_is_passed_over() -> None:
    queue = WorkQueue[str]()
    got: list[str] = []

    async with Group() as tasks:
        first = tasks.start(take(queue, got), name="first")
        tasks.start(take(queue, got), name="second")
        await asyncio.sleep(1)
        first.cancel()
        queue.add("a")
    assert got == ["a"]
    assert first.cancelled()


@virtual
async def test_a_delay_that_an_add_overtakes_does_not_delay_the_next() -> None:
    loop = asyncio.get_running_loop()
    queue = WorkQueue[str]()
    queue.add_after("a", 60.0)
    queue.add_after("b", 90.0)
    queue.add("a")
    async with queue.lease() as item:
        assert item.key == "a"
    async with queue.lease() as item:
        assert (item.key, loop.time()) == ("b", 90.0)


@virtual
async def test_a_drained_queue_ends_who_waited_for_its_last_key() -> None:
    queue = WorkQueue[str]()
    queue.add("a")
    ended: list[float] = []

    async def work() -> None:
        try:
            while True:
                async with queue.lease():
                    queue.add("a")
                    await asyncio.sleep(5)
        except QueueClosedError:
            ended.append(asyncio.get_running_loop().time())

    async with Group() as tasks:
        for n in range(3):
            tasks.start(work(), name=f"worker-{n}")
        await asyncio.sleep(1)
        queue.close()
    assert ended == [5.0, 5.0, 10.0]


@virtual
async def test_an_aged_key_passes_a_flood() -> None:
    queue = WorkQueue[str](aging=1.0)
    queue.add("low", priority=-10)
    for n in range(100):
        queue.add(f"high-{n}")
        await asyncio.sleep(1)
        async with queue.lease() as item:
            if item.key == "low":
                break
    assert (n, item.priority) == (11, -10)
