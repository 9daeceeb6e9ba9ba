"""Keys that wait until the caches show what was written for them."""

import asyncio

import pytest

from homeostat import Client, Context, Result, SyncContext, controller
from homeostat.api import Request
from homeostat.controller import KindController
from homeostat.errors import UndeclaredKindError
from tests.integration.controller.support import (
    CONFIG_MAP,
    PodSet,
    World,
    config,
    configs,
    late,
    now,
    podset,
    settle,
    virtual,
)


@virtual
async def test_one_reconcile_by_itself_says_that_it_would_wait(world: World) -> None:
    @controller(PodSet, name="cautious", owns=[CONFIG_MAP])
    async def watch(_podset: PodSet, ctx: Context) -> None:
        await ctx.create(config("a"), owned=True)
        await ctx.caught_up(deadline=2)

    wire = late(world)
    await world.outsider.create(podset())
    wire.delay = 0.5
    outcome = await watch.reconcile_once(Client(wire), Request("default", "a"))
    assert outcome.result == Result(requeue_after=2.0)
    assert [str(write) for write in outcome.writes] == [
        "create v1 configmaps default/a"
    ]


@virtual
async def test_wait_for_what_was_never_declared_is_refused(world: World) -> None:
    errors: list[str] = []

    @controller(PodSet, name="careless")
    async def watch(_podset: PodSet, ctx: Context) -> None:
        with pytest.raises(ValueError, match="must be >= 0"):
            await ctx.caught_up(deadline=-1)
        try:
            await ctx.caught_up(CONFIG_MAP)
        except UndeclaredKindError as error:
            errors.append(str(error))

    async with world.running(watch):
        await world.outsider.create(podset())
        await settle()
    assert len(errors) == 1
    assert "without declaring it" in errors[0]


@virtual
async def test_caches_are_measured(world: World) -> None:
    wire = late(world)
    gauges = world.figures.gauges
    async with world.running(cautious([], deadline=60)):
        wire.slow, wire.delay = "/configmaps", 2
        await world.outsider.create(podset())
        await asyncio.sleep(1)
        assert gauges["store_unacked v1 ConfigMap"] == 1
        before = gauges["store_resource_version v1 ConfigMap"]
        await asyncio.sleep(2)
        assert gauges["store_unacked v1 ConfigMap"] == 0
        assert gauges["store_resource_version v1 ConfigMap"] > before
        assert gauges["store_watermark_timestamp_seconds v1 ConfigMap"] > 1e9


@virtual
async def test_deletes_that_are_not_confirmed_are_measured(world: World) -> None:
    @controller(PodSet, name="deletes", reads=[CONFIG_MAP])
    async def deletes(_podset: PodSet, ctx: Context) -> None:
        await ctx.delete(ctx.get(CONFIG_MAP, "a"))

    wire = late(world)
    gauges = world.figures.gauges
    await world.outsider.create(config("a", namespace="default"))
    async with world.running(deletes):
        wire.slow, wire.delay = "/configmaps", 2
        await world.outsider.create(podset())
        await asyncio.sleep(1)
        assert gauges["store_tombs v1 ConfigMap"] == 1
        await asyncio.sleep(2)
        assert gauges["store_tombs v1 ConfigMap"] == 0


def cautious(
    times: list[tuple[float, int]], *, deadline: float = 5.0
) -> KindController[PodSet]:
    """Writes once, and then goes on only when the caches have caught up."""

    @controller(PodSet, name="cautious", owns=[CONFIG_MAP])
    async def watch(_podset: PodSet, ctx: Context) -> None:
        if ctx.find(CONFIG_MAP, "a") is None:
            await ctx.create(config("a"), owned=True)
        await ctx.caught_up(CONFIG_MAP, deadline)
        times.append((now(), len(ctx.list(CONFIG_MAP))))

    return watch


@virtual
async def test_caught_up_waits_for_the_watch(world: World) -> None:
    wire = late(world)
    times: list[tuple[float, int]] = []
    async with world.running(cautious(times)):
        wire.delay = 2
        began = now()
        await world.outsider.create(podset())
        # Another's, which only the watch can tell of.
        await world.outsider.create(config("b", namespace="default"))
        await asyncio.sleep(20)
    at, count = times[0]
    assert at - began == pytest.approx(4, abs=0.1)
    assert count == 2
    assert world.figures.counts["stale_sync_skips_total cautious behind"] >= 1
    assert not any("barrier" in name for name in world.figures.counts)
    errors = "controller_runtime_reconcile_errors_total cautious"
    assert not world.figures.counts[errors]


@virtual
async def test_past_the_deadline_a_live_list_takes_the_place_of_the_watch(
    world: World,
) -> None:
    wire = late(world)
    times: list[tuple[float, int]] = []
    async with world.running(cautious(times, deadline=3)):
        await world.outsider.create(config("gone", namespace="default"))
        await asyncio.sleep(1)
        wire.delay = 1
        await world.outsider.create(podset())
        await asyncio.sleep(0.5)
        wire.delay = 1000
        began = now()
        await world.outsider.create(config("b", namespace="default"))
        await world.outsider.delete(CONFIG_MAP, "gone")
        await asyncio.sleep(20)
    ((at, count),) = times
    assert at - began == pytest.approx(3.5, abs=0.1)
    assert count == 2
    assert world.figures.counts["barrier_reads_total v1 ConfigMap"] == 1


def test_caught_up_of_a_function_in_a_thread_waits_as_well() -> None:
    counts: list[int] = []

    @controller(PodSet, name="cautious", owns=[CONFIG_MAP])
    def watch(_podset: PodSet, ctx: SyncContext) -> None:
        if ctx.find(CONFIG_MAP, "a") is None:
            ctx.create(config("a"), owned=True)
        ctx.caught_up()
        counts.append(len(ctx.list(CONFIG_MAP)))

    @virtual
    async def scenario(world: World) -> None:
        wire = late(world)
        async with world.running(watch):
            wire.delay = 2
            await world.outsider.create(podset())
            await world.outsider.create(config("b", namespace="default"))
            await asyncio.sleep(20)

    scenario()
    assert counts[0] == 2


@virtual
async def test_strict_controller_decides_by_what_the_watch_has_shown(
    world: World,
) -> None:
    wire = late(world)
    times: list[tuple[float, int]] = []

    @controller(PodSet, name="strict", owns=[CONFIG_MAP], strict=True)
    async def strict(podset: PodSet, ctx: Context) -> None:
        count = len(ctx.list(CONFIG_MAP))
        times.append((now(), count))
        if count < podset.spec.size:
            await ctx.create(config(), owned=True)

    async with world.running(strict):
        wire.delay = 2
        await world.outsider.create(podset(size=3))
        await asyncio.sleep(30)
        assert await configs(world) == 3
    first = times[0][0]
    # A write shows up in two seconds, and no decision is made before that.
    assert [count for _, count in times] == [0, 1, 2, 3]
    assert [round(time - first) for time, _ in times] == [0, 2, 4, 6]
