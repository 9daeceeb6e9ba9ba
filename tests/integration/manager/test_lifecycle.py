"""Crashes, restarts and the order of the end, in virtual time."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from homeostat import Client, Context, Controller, Manager, controller
from homeostat._metrics import Metrics
from homeostat._tasks import Group
from homeostat.controller import Run
from homeostat.testing import LoopClock
from tests.integration.controller.support import (
    EVENT,
    LateWire,
    PodSet,
    World,
    podset,
    settle,
    virtual,
)


def now() -> float:
    return asyncio.get_running_loop().time()


class Figures:
    """Metrics that tell when an engine began to run, and may crash it there.

    Attributes:
        starts: When.
        crashes: How many of the starts fail.
        gauges: The last value of each.
    """

    def __init__(self, *, crashes: int = 0) -> None:
        self.starts: list[float] = []
        self.crashes = crashes
        self.gauges: dict[str, float] = {}

    def count(self, name: str, amount: float = 1.0, /, **_: str) -> None:
        pass

    def gauge(self, name: str, value: float, /, **_: str) -> None:
        self.gauges[name] = value
        if name == "controller_runtime_max_concurrent_reconciles":
            self.starts.append(now())
            if len(self.starts) <= self.crashes:
                raise RuntimeError("boom")

    def observe(self, name: str, value: float, /, **_: str) -> None:
        pass


@asynccontextmanager
async def managing(world: World, **options: Any) -> AsyncGenerator[Manager]:
    """Run a manager inside the block; after it, the manager has ended."""
    async with Client(world.wire) as client, Group() as tasks:
        manager = Manager(client=client, **options)
        task = tasks.start(manager.run(), name="manager")
        await asyncio.sleep(0.1)
        yield manager
        task.cancel()


def engine(
    name: str, seen: list[int], *, seconds: float = 0, metrics: Metrics | None = None
) -> Controller[int]:
    async def reconcile(key: int, _run: Run[int]) -> None:
        await asyncio.sleep(seconds)
        seen.append(key)

    return Controller(name, reconcile, metrics=metrics or Figures())


@virtual
async def test_a_crash_is_followed_by_restarts_with_growing_delays(
    world: World,
) -> None:
    figures, seen = Figures(crashes=4), list[int]()
    numbers = engine("numbers", seen, metrics=figures)
    async with managing(world, controllers=[numbers]):
        numbers.queue.add(7)
        await asyncio.sleep(100)
    assert figures.starts == [0.0, 1.0, 3.0, 7.0, 15.0]
    assert seen == [7]


def test_a_crash_is_logged_with_where_it_came_from(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @virtual
    async def scenario(world: World) -> None:
        numbers = engine("numbers", [], metrics=Figures(crashes=1))
        async with managing(world, controllers=[numbers]):
            pass

    scenario()
    (said,) = [r for r in caplog.records if r.levelno >= logging.ERROR]
    assert said.getMessage() == "controller numbers crashed"
    assert said.exc_info is not None


@virtual
async def test_it_is_ready_when_every_cache_is_full(world: World) -> None:
    wire = LateWire(world.server)
    wire.slow, wire.delay = "/podsets", 7.0

    @controller(PodSet, name="sets", reads=[EVENT])
    async def sets(_podset: PodSet, _ctx: Context) -> None: ...

    async with Client(wire) as client, Group() as tasks:
        manager = Manager(client=client, controllers=[sets])
        ready = tasks.start(manager.wait_ready(), name="ready")
        await asyncio.sleep(1)
        task = tasks.start(manager.run(), name="manager")
        await ready
        assert now() >= 8
        task.cancel()


@virtual
async def test_events_have_their_type_and_the_time_of_the_managers_clock(
    world: World,
) -> None:
    @controller(PodSet, name="teller")
    async def teller(_podset: PodSet, ctx: Context) -> None:
        ctx.event("Odd", "look at this", type="Warning")

    clock = LoopClock(asyncio.get_running_loop())
    async with managing(world, controllers=[teller], clock=clock):
        await world.outsider.create(podset())
        await settle()
    [event] = await world.outsider.list(EVENT)
    assert (event["type"], event["source"]["component"]) == ("Warning", "teller")
    assert event["firstTimestamp"].startswith("2026-01-01T00:00:0")


@virtual
async def test_a_crash_degrades_its_controller_until_it_runs_again(
    world: World,
) -> None:
    numbers = engine("numbers", [], metrics=Figures(crashes=1))
    other = engine("other", [])
    async with managing(world, controllers=[numbers, other]) as manager:
        ready, text = manager.health.report("ready")
        assert not ready
        assert "[-]controller/numbers failed: crashed: boom" in text
        assert "[+]controller/other ok" in text
        await settle()
        assert manager.health.report("ready")[0]


@virtual
async def test_events_of_the_last_reconcile_are_sent_before_the_end(
    world: World,
) -> None:
    @controller(PodSet, name="slow")
    async def slow(_podset: PodSet, ctx: Context) -> None:
        await asyncio.sleep(10)
        ctx.event("Farewell", "the last word")

    async with world.running(slow):
        await world.outsider.create(podset())
        await asyncio.sleep(1)
    [event] = await world.outsider.list(EVENT)
    assert event["reason"] == "Farewell"


@virtual
async def test_it_is_not_ready_while_it_stops(world: World) -> None:
    reports: list[str] = []

    async def reconcile(_key: int, _run: Run[int]) -> None:
        await asyncio.sleep(10)
        reports.append(manager.health.report("ready")[1])

    slow = Controller("slow", reconcile)
    async with managing(world, controllers=[slow]) as manager:
        slow.queue.add(1)
        await asyncio.sleep(1)
    assert "[-]manager failed: stopping" in reports[0]


@virtual
async def test_all_controllers_stop_taking_keys_before_any_is_waited_for(
    world: World,
) -> None:
    slow_seen, other_seen = list[int](), list[int]()
    slow = engine("slow", slow_seen, seconds=10)
    other = engine("other", other_seen)
    async with managing(world, controllers=[slow, other]):
        slow.queue.add(1)
        await asyncio.sleep(1)
        asyncio.get_running_loop().call_later(3, other.queue.add, 2)
    assert (slow_seen, other_seen) == ([1], [])


@virtual
async def test_a_controller_that_was_drained_is_not_started_again(
    world: World,
) -> None:
    figures = Figures()
    slow = engine("slow", [], seconds=10)
    drained = engine("drained", [], metrics=figures)
    async with managing(world, controllers=[drained, slow]):
        slow.queue.add(1)
        await asyncio.sleep(1)
    assert figures.starts == [0.0]


@virtual
async def test_the_managers_number_of_workers_wins_over_the_declared_one(
    world: World,
) -> None:
    active: set[str] = set()
    most = 0

    @controller(PodSet, name="wide", max_concurrent_reconciles=2)
    async def wide(podset: PodSet, _ctx: Context) -> None:
        nonlocal most
        active.add(podset.metadata.name)
        most = max(most, len(active))
        await asyncio.sleep(1)
        active.discard(podset.metadata.name)

    for n in range(10):
        await world.outsider.create(podset(f"p{n}"))
    async with managing(world, controllers=[wide], max_concurrent_reconciles=3):
        await settle()
    assert most == 3


@virtual
async def test_gauges_of_the_queue_follow_what_is_under_way(world: World) -> None:
    figures = Figures()
    slow = engine("slow", [], seconds=10, metrics=figures)
    async with managing(world, controllers=[slow], metrics=figures):
        slow.queue.add(1)
        await asyncio.sleep(6)
        longest = figures.gauges["workqueue_longest_running_processor_seconds"]
    assert longest == pytest.approx(6.0, abs=0.6)


@virtual
async def test_health_names_the_first_objects_that_cannot_be_read(
    world: World,
) -> None:
    @controller(PodSet, name="strict")
    async def strict(_podset: PodSet, _ctx: Context) -> None:
        pass

    for n in range(5):
        await world.outsider.create(
            {
                "apiVersion": "test.dev/v1",
                "kind": "PodSet",
                "metadata": {"name": f"bad{n}", "namespace": "default"},
                "spec": {"size": "three"},
            }
        )
    async with world.running(strict):
        await settle()
        note = world.manager.health.troubles["controller/strict/objects"]
    assert [part.split(":")[0] for part in note.split("; ")[:3]] == [
        f"default/bad{n}" for n in range(3)
    ]
    assert note.endswith("; and 2 more")
