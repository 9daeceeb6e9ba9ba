"""Writes whose answer is lost, and writes that lost to another."""

import asyncio

from homeostat import Context, controller
from homeostat._transport import HttpRequest, HttpResponse
from tests.integration.controller.support import (
    DEPLOYMENT,
    LateWire,
    PodSet,
    World,
    deployment,
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
    wire = world.wire = LateWire(world.server)

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


async def _tries_of_a_lost_update(
    world: World, *, deleted: bool, news_after: float
) -> list[float]:
    """Lose an update of a child to another's write; return when it was tried."""
    times: list[float] = []
    wire = world.wire = LateWire(world.server)

    @controller(PodSet, name="sizer", owns=[DEPLOYMENT])
    async def sizer(podset: PodSet, ctx: Context) -> None:
        child = ctx.find(DEPLOYMENT, podset.metadata.name)
        if not world.wire.before:
            return
        times.append(asyncio.get_running_loop().time())
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
