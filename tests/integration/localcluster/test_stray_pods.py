"""The pod collector: pods of nodes that are gone, and of those that come back."""

import asyncio

from homeostat.api import ObjectMeta
from homeostat.k8s import core_v1
from homeostat.localcluster._stray_pods import stray_pods
from tests.integration.controller.support import World, virtual

HOLD = "example.com/hold"


def pod(name: str, node: str = "") -> core_v1.Pod:
    container = core_v1.Container(name="c", image="busybox")
    return core_v1.Pod(
        metadata=ObjectMeta(name=name, finalizers=[HOLD] if name == "held" else []),
        spec=core_v1.PodSpec(containers=[container], node_name=node),
    )


async def create_node(world: World, name: str) -> None:
    await world.outsider.create(core_v1.Node(metadata=ObjectMeta(name=name)))


async def pods(world: World) -> dict[str, str]:
    found = await world.outsider.list(core_v1.Pod)
    return {each.metadata.name: each.status.phase for each in found}


@virtual
async def test_pods_of_a_node_that_is_gone_go_in_their_time(world: World) -> None:
    await create_node(world, "n1")
    await create_node(world, "n2")
    for each in pod("held", "n1"), pod("a", "n1"), pod("b", "n2"), pod("c"):
        await world.outsider.create(each)
    async with world.running(stray_pods()):
        await world.outsider.create(pod("lost", "nowhere"))
        await asyncio.sleep(30)
        await world.outsider.delete(core_v1.Node, "n1")
        await asyncio.sleep(15)
        assert [*await pods(world)] == ["a", "b", "c", "held"]
        await asyncio.sleep(30)
        assert await pods(world) == {"b": "Pending", "c": "Pending", "held": "Failed"}
        held = await world.outsider.get(core_v1.Pod, "held")
        (told,) = (c for c in held.status.conditions if c.type == "DisruptionTarget")
        assert (told.reason, told.message) == (
            "DeletionByPodGC",
            "PodGC: node no longer exists",
        )


@virtual
async def test_pods_of_a_node_that_comes_back_stay(world: World) -> None:
    await create_node(world, "n1")
    await world.outsider.create(pod("a", "n1"))
    async with world.running(stray_pods()):
        for _ in range(3):
            await world.outsider.delete(core_v1.Node, "n1")
            await asyncio.sleep(30)
            await create_node(world, "n1")
            await asyncio.sleep(30)
        assert [*await pods(world)] == ["a"]


@virtual
async def test_a_later_pod_waits_for_the_node_anew(world: World) -> None:
    async with world.running(stray_pods()):
        await world.outsider.create(pod("a", "nowhere"))
        await asyncio.sleep(90)
        assert await pods(world) == {}
        await world.outsider.create(pod("b", "nowhere"))
        await asyncio.sleep(35)
        assert [*await pods(world)] == ["b"]
        await asyncio.sleep(10)
        assert await pods(world) == {}
