"""The namespace controller alone, in virtual time."""

import asyncio

from homeostat._tasks import Group
from homeostat._transport import HttpRequest, HttpResponse
from homeostat.api import ObjectMeta
from homeostat.apiserver import ApiServer
from homeostat.client import Client
from homeostat.errors import NotFoundError
from homeostat.k8s import core_v1
from homeostat.localcluster._namespaces import namespaces
from homeostat.manager import Manager
from homeostat.testing import LoopClock, run_virtual
from tests.integration.controller.support import (
    CONFIG_MAP,
    PodSet,
    World,
    podset,
    settle,
    virtual,
)
from tests.integration.localcluster.support import (
    config,
    is_there,
    refusal,
    without_an_answer,
)

NAMESPACE = core_v1.Namespace


async def fill_and_delete(world: World, *finalizers: str) -> None:
    """Delete a namespace that holds one object."""
    await world.outsider.create(NAMESPACE(metadata=ObjectMeta(name="team")))
    body = config("a", namespace="team")
    body["metadata"]["finalizers"] = list(finalizers)
    await world.outsider.create(body)
    await world.outsider.delete(NAMESPACE, "team")
    await settle()


async def namespace_is_there(world: World) -> bool:
    try:
        await world.outsider.get(NAMESPACE, "team")
    except NotFoundError:
        return False
    return True


@virtual
async def test_a_namespace_waits_for_what_holds_out_and_says_for_what(
    world: World,
) -> None:
    async with world.running(namespaces):
        await fill_and_delete(world, "other.dev/hold")
        team = await world.outsider.get(NAMESPACE, "team")
        told = [c for c in team.status.conditions if c.reason == "SomeResourcesRemain"]
        assert [(c.type, c.status) for c in told] == [
            ("NamespaceContentRemaining", "True")
        ]
        assert told[0].message.endswith("configmaps. has 1 resource instances")
        patch = {"metadata": {"finalizers": None}}
        await world.outsider.patch(CONFIG_MAP, "a", patch, namespace="team")
        await settle()
        assert not await namespace_is_there(world)


@virtual
async def test_one_kind_that_cannot_be_emptied_does_not_hold_up_the_others(
    world: World,
) -> None:
    async def before(request: HttpRequest) -> HttpResponse | None:
        if request.method == "DELETE" and request.path.endswith("/configmaps"):
            return refusal(403, "Forbidden")
        return None

    async with world.running(namespaces):
        await world.outsider.create(NAMESPACE(metadata=ObjectMeta(name="team")))
        await world.outsider.create(config("a", namespace="team"))
        other = podset("p")
        other.metadata.namespace = "team"
        await world.outsider.create(other)
        world.wire.before = before
        await world.outsider.delete(NAMESPACE, "team")
        await settle()
        assert await world.outsider.list(PodSet, namespace="team") == []
        assert await namespace_is_there(world)
        world.wire.before = None
        await asyncio.sleep(60)
        assert not await namespace_is_there(world)


@virtual
async def test_conditions_of_others_stay_on_a_namespace_that_waits(
    world: World,
) -> None:
    async with world.running(namespaces):
        await world.outsider.create(NAMESPACE(metadata=ObjectMeta(name="team")))
        conditions = [{"type": "Audited", "status": "True"}]
        patch = {"status": {"conditions": conditions}}
        await world.outsider.patch(NAMESPACE, "team", patch, subresource="status")
        body = config("a", namespace="team")
        body["metadata"]["finalizers"] = ["other.dev/hold"]
        await world.outsider.create(body)
        await world.outsider.delete(NAMESPACE, "team")
        await settle()
        team = await world.outsider.get(NAMESPACE, "team")
    types = [c.type for c in team.status.conditions]
    assert types[0] == "Audited"
    assert "NamespaceContentRemaining" in types


@virtual
async def test_a_namespace_keeps_the_finalizers_of_others(world: World) -> None:
    async with world.running(namespaces):
        space = NAMESPACE(metadata=ObjectMeta(name="team"))
        space.spec.finalizers = ["kubernetes", "other.dev/hold"]
        await world.outsider.create(space)
        await world.outsider.delete(NAMESPACE, "team")
        await settle()
        team = await world.outsider.get(NAMESPACE, "team")
        assert team.spec.finalizers == ["other.dev/hold"]


@virtual
async def test_a_namespace_waits_for_a_group_that_does_not_answer(
    world: World,
) -> None:
    async def before(request: HttpRequest) -> HttpResponse | None:
        if request.path == "/apis":
            return await without_an_answer(world, request)
        return None

    async with world.running(namespaces):
        world.wire.before = before
        await fill_and_delete(world)
        assert await namespace_is_there(world)
        world.wire.before = None
        await asyncio.sleep(60)
        assert not await namespace_is_there(world)


@virtual
async def test_pods_leave_a_namespace_before_all_else(world: World) -> None:
    container = core_v1.Container(name="c", image="busybox")
    pod = core_v1.Pod(
        metadata=ObjectMeta(name="p", namespace="team", finalizers=["other.dev/hold"]),
        spec=core_v1.PodSpec(containers=[container]),
    )
    async with world.running(namespaces):
        await world.outsider.create(NAMESPACE(metadata=ObjectMeta(name="team")))
        await world.outsider.create(pod)
        await world.outsider.create(config("a", namespace="team"))
        await world.outsider.delete(NAMESPACE, "team")
        await settle()
        assert await is_there(world, "a", "team")
        patch = {"metadata": {"finalizers": None}}
        await world.outsider.patch(core_v1.Pod, "p", patch, namespace="team")
        await settle()
        assert not await namespace_is_there(world)


@virtual
async def test_a_kind_that_goes_while_a_namespace_is_emptied_is_empty(
    world: World,
) -> None:
    async def before(request: HttpRequest) -> HttpResponse | None:
        if request.path.endswith("/namespaces/team/podsets"):
            return refusal(404, "NotFound")
        return None

    async with world.running(namespaces):
        world.wire.before = before
        await fill_and_delete(world)
        assert not await namespace_is_there(world)


def test_a_namespace_that_waits_long_is_looked_at_ever_more_seldom() -> None:
    async def main() -> None:
        clock = LoopClock(asyncio.get_running_loop())
        world = World()
        world.server = ApiServer(clock=clock)
        world.outsider = Client(world.server.transport())
        world.wire.connect(world.server)
        async with Client(world.wire) as client, Group() as tasks:
            manager = Manager(controllers=[namespaces], client=client, clock=clock)
            running = tasks.start(manager.run(), name="manager")
            await fill_and_delete(world, "other.dev/hold")
            await asyncio.sleep(60)
            world.wire.requests.clear()
            await asyncio.sleep(60)
            running.cancel()
        assert 12 <= world.wire.requests.count("GET /apis") <= 13

    run_virtual(main())
