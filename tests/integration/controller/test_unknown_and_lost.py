"""Writes whose answer is lost, and writes that lost to another."""

import asyncio
from collections.abc import Callable

import pytest

from homeostat import Context, SyncContext, controller
from homeostat._transport import HttpRequest, HttpResponse
from homeostat.controller import KindController
from tests.integration.controller.support import (
    CONFIG_MAP,
    DEPLOYMENT,
    LateWire,
    PodSet,
    World,
    config,
    configs,
    deployment,
    late,
    lose_first,
    now,
    podset,
    settle,
    virtual,
)

CONFLICT = (
    b'{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Conflict",'
    b'"message":"modified","code":409}'
)


@virtual
async def test_a_key_waits_until_its_unknown_write_is_looked_up(
    world: World,
) -> None:
    async def before(request: HttpRequest) -> HttpResponse | None:
        if request.method == "GET":  # slower than the first retries
            await asyncio.sleep(1)
        return None

    seen: list[bool] = []
    wire = late(world)

    @controller(PodSet, name="creator", owns=[DEPLOYMENT])
    async def creator(podset: PodSet, ctx: Context) -> None:
        seen.append(ctx.find(DEPLOYMENT, podset.metadata.name) is not None)
        if not seen[-1]:
            # The new object came over the watch; nothing else will.
            wire.delay = 1000
            await ctx.create(deployment(podset.metadata.name, 1), owned=True)

    async with world.running(creator):
        world.wire.before = before
        world.wire.lose = lambda request: request.method == "POST"
        await world.outsider.create(podset())
        await settle()
    assert seen[:2] == [False, True]


def maker(seen: list[int]) -> KindController[PodSet]:
    @controller(PodSet, name="maker", owns=[CONFIG_MAP])
    async def make(podset: PodSet, ctx: Context) -> None:
        seen.append(len(ctx.list(CONFIG_MAP)))
        if seen[-1] < podset.spec.size:
            await ctx.create(config(), owned=True)

    return make


def sync_maker(seen: list[int]) -> KindController[PodSet]:
    @controller(PodSet, name="maker", owns=[CONFIG_MAP])
    def make(podset: PodSet, ctx: SyncContext) -> None:
        seen.append(len(ctx.list(CONFIG_MAP)))
        if seen[-1] < podset.spec.size:
            ctx.create(config(), owned=True)

    return make


@pytest.mark.parametrize("make", [maker, sync_maker])
def test_lost_create_of_a_generated_name_is_found_before_the_next_decision(
    make: Callable[[list[int]], KindController[PodSet]],
) -> None:
    seen: list[int] = []

    @virtual
    async def scenario(world: World) -> None:
        wire = late(world)
        async with world.running(make(seen)):
            await world.outsider.create(podset())
            # What the server does for the create comes by no watch for long.
            wire.lose = lose_first("POST")
            wire.delay = 0.2
            await settle()
            wire.delay = 1000
            await settle()
            assert await configs(world) == 1
            assert world.figures.counts["ambiguous_writes_total create configmaps"] == 1

    scenario()
    assert seen == [0, 1]


class HangingWire(LateWire):
    """A line on which the first answer to a create takes for ever."""

    hung = False

    async def request(self, request: HttpRequest) -> HttpResponse:
        response = await super().request(request)
        if request.method == "POST" and not self.hung:
            self.hung = True
            await asyncio.sleep(1000)
        return response


@virtual
async def test_create_that_is_given_up_is_found_before_the_next_decision(
    world: World,
) -> None:
    seen: list[int] = []
    wire = world.wire = HangingWire(world.server)

    @controller(PodSet, name="maker", owns=[CONFIG_MAP], deadline=1)
    async def make(podset: PodSet, ctx: Context) -> None:
        seen.append(len(ctx.list(CONFIG_MAP)))
        if seen[-1] < podset.spec.size:
            await ctx.create(config(), owned=True)

    async with world.running(make):
        wire.slow, wire.delay = "/configmaps", 1000
        await world.outsider.create(podset())
        await settle()
        assert await configs(world) == 1
    assert seen == [0, 1]


@virtual
async def test_key_whose_write_is_looked_up_holds_no_worker(world: World) -> None:
    wire = late(world)
    seen: list[str] = []

    async def no_lists(request: HttpRequest) -> HttpResponse | None:
        if request.method == "GET" and request.path.endswith("/configmaps"):
            return HttpResponse(status=500, body=b"{}")
        return None

    @controller(PodSet, name="maker", owns=[CONFIG_MAP])
    async def make(podset: PodSet, ctx: Context) -> None:
        seen.append(podset.metadata.name)
        if podset.metadata.name == "a" and not ctx.list(CONFIG_MAP):
            await ctx.create(config(), owned=True)

    async with world.running(make):
        wire.before = no_lists
        wire.lose = lose_first("POST")
        await world.outsider.create(podset("a"))
        await asyncio.sleep(1)
        await world.outsider.create(podset("b"))
        await asyncio.sleep(1)
        assert seen == ["a", "b"]
        wire.before = None
        await asyncio.sleep(60)
        assert seen == ["a", "b", "a"]
        skipped = "stale_sync_skips_total maker suspect"
        assert world.figures.counts[skipped] >= 1


async def _tries_of_a_lost_update(
    world: World, *, deleted: bool, news_after: float
) -> list[float]:
    """Lose an update of a child to another's write; return when it was tried."""
    times: list[float] = []
    wire = late(world)

    @controller(PodSet, name="sizer", owns=[DEPLOYMENT])
    async def sizer(podset: PodSet, ctx: Context) -> None:
        child = ctx.find(DEPLOYMENT, podset.metadata.name)
        if not world.wire.before:
            return
        times.append(now())
        if child is not None and len(times) == 1:
            child["spec"]["replicas"] = 9
            await ctx.update(child)

    async def before(request: HttpRequest) -> HttpResponse | None:
        if request.method != "PUT":
            return None
        wire.delay = news_after
        if deleted:
            await world.outsider.delete(DEPLOYMENT, "a")
        else:
            await world.outsider.patch(DEPLOYMENT, "a", {"spec": {"replicas": 5}})
        # The server's answer takes a while, too.
        await asyncio.sleep(0.05)
        return HttpResponse(status=409, body=CONFLICT)

    async with world.running(sizer):
        child = deployment("a", 1)
        child["metadata"]["namespace"] = "default"
        await world.outsider.create(podset())
        await world.outsider.create(child)
        await settle()
        wire.before = before
        await world.outsider.patch(PodSet, "a", {"spec": {"size": 2}})
        await settle()
    return times


@virtual
async def test_a_lost_update_waits_for_news_of_the_change(world: World) -> None:
    times = await _tries_of_a_lost_update(world, deleted=False, news_after=0.2)
    assert 0.19 < times[1] - times[0] < 0.4


@virtual
async def test_a_lost_update_waits_for_news_of_the_deletion(world: World) -> None:
    times = await _tries_of_a_lost_update(world, deleted=True, news_after=0.2)
    assert 0.19 < times[1] - times[0] < 0.4


@virtual
async def test_news_that_came_before_the_conflict_are_not_waited_for(
    world: World,
) -> None:
    times = await _tries_of_a_lost_update(world, deleted=False, news_after=0)
    assert times[1] - times[0] < 0.1


@virtual
async def test_a_deletion_that_came_before_the_conflict_is_not_waited_for(
    world: World,
) -> None:
    times = await _tries_of_a_lost_update(world, deleted=True, news_after=0)
    assert times[1] - times[0] < 0.1
