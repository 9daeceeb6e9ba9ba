"""Simulated nodes: what they report, and how their pods start and end."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from homeostat._clock import SystemClock
from homeostat._tasks import Group
from homeostat._transport import HttpRequest, HttpResponse
from homeostat.api import ObjectMeta
from homeostat.client import Client
from homeostat.controller import KindController
from homeostat.k8s import coordination_v1, core_v1
from homeostat.localcluster._nodes import Nodes
from homeostat.testing import LoopClock
from tests.integration.controller.support import World, settle, virtual


def pod(name: str, node: str = "n1") -> core_v1.Pod:
    container = core_v1.Container(name="c", image="busybox")
    return core_v1.Pod(
        metadata=ObjectMeta(name=name),
        spec=core_v1.PodSpec(containers=[container], node_name=node),
    )


def nodes_of(*names: str) -> Nodes:
    clock = LoopClock(asyncio.get_running_loop())
    return Nodes(names=names, start_delay=10.0, clock=clock)


def kubelet() -> KindController[core_v1.Pod]:
    return Nodes(names=("n1",), start_delay=10.0, clock=SystemClock()).kubelet()


@asynccontextmanager
async def present(world: World, nodes: Nodes) -> AsyncGenerator[None]:
    """Register nodes, and keep them while inside the block."""
    async with Client(world.wire) as client, Group() as tasks:
        running = tasks.start(nodes.run(client), name="nodes")
        await asyncio.sleep(1)
        yield
        running.cancel()


async def lease_of(world: World) -> coordination_v1.LeaseSpec:
    found = await world.outsider.get(
        coordination_v1.Lease, "n1", namespace="kube-node-lease"
    )
    return found.spec


async def phases(world: World) -> list[str]:
    return [p.status.phase for p in await world.outsider.list(core_v1.Pod)]


def warnings_of(log: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in log.records if r.levelno > logging.INFO]


@virtual
async def test_nodes_that_are_there_are_taken_over(world: World) -> None:
    for _ in range(2):
        async with present(world, nodes_of("n1", "n2")):
            pass
    found = await world.outsider.list(core_v1.Node)
    assert [n.status.addresses[0].address for n in found] == [
        "192.168.0.1",
        "192.168.0.2",
    ]
    assert [n.spec.taints for n in found] == [[], []]
    assert [n.spec.provider_id for n in found] == ["simulated://n1", "simulated://n2"]


@virtual
async def test_a_lease_is_there_at_once_and_renewed_every_ten_seconds(
    world: World,
) -> None:
    nodes = nodes_of("n1")
    start = nodes.clock.now().timestamp()
    async with present(world, nodes):
        ages: list[float] = []
        for _ in range(3):
            spec = await lease_of(world)
            assert (spec.holder_identity, spec.lease_duration_seconds) == ("n1", 40)
            assert spec.renew_time is not None
            ages.append(spec.renew_time.timestamp() - start)
            await asyncio.sleep(10)
    assert ages == [0.0, 10.0, 20.0]


@virtual
async def test_a_lease_is_the_nodes_whoever_wrote_it(world: World) -> None:
    lease = coordination_v1.Lease(
        metadata=ObjectMeta(name="n1", namespace="kube-node-lease"),
        spec=coordination_v1.LeaseSpec(holder_identity="somebody"),
    )
    await world.outsider.apply(lease)
    async with present(world, nodes_of("n1")):
        assert (await lease_of(world)).holder_identity == "n1"


def test_a_lease_that_is_not_renewed_is_renewed_the_next_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @virtual
    async def scenario(world: World) -> None:
        async def refuse(_request: HttpRequest) -> HttpResponse | None:
            return HttpResponse(status=403, body=b"")

        async with present(world, nodes_of("n1")):
            first = await lease_of(world)
            world.wire.before = refuse
            await asyncio.sleep(10)
            world.wire.before = None
            assert await lease_of(world) == first
            await asyncio.sleep(10)
            assert await lease_of(world) != first

    scenario()
    (said,) = warnings_of(caplog)
    assert said.startswith("node n1 did not renew its lease: ")


@virtual
async def test_pods_start_after_their_delay_all_at_the_same_time(world: World) -> None:
    async with world.running(kubelet()):
        for name in ("a", "b", "c"):
            await world.outsider.create(pod(name))
        await asyncio.sleep(9)
        assert await phases(world) == ["Pending"] * 3
        await asyncio.sleep(2)
        found = await world.outsider.list(core_v1.Pod)
    assert [p.status.phase for p in found] == ["Running"] * 3
    assert [p.status.host_ip for p in found] == ["192.168.0.1"] * 3
    assert len({p.status.pod_ip for p in found}) == 3


def test_a_pod_that_is_killed_while_it_starts_is_no_failure(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @virtual
    async def scenario(world: World) -> None:
        async with world.running(kubelet()):
            await world.outsider.create(pod("web"))
            await asyncio.sleep(5)
            await world.outsider.delete(core_v1.Pod, "web", grace_period_seconds=0)
            await asyncio.sleep(10)
        assert world.wire.writes() == [
            "PATCH /api/v1/namespaces/default/pods/web/status"
        ]

    scenario()
    assert warnings_of(caplog) == []


@pytest.mark.parametrize("successor", [False, True])
def test_a_pod_that_ends_takes_no_other_with_it(
    caplog: pytest.LogCaptureFixture, *, successor: bool
) -> None:
    @virtual
    async def scenario(world: World) -> None:
        async def kill() -> None:
            await world.outsider.delete(core_v1.Pod, "web", grace_period_seconds=0)
            if successor:
                await world.outsider.create(pod("web", node="elsewhere"))

        async with world.running(kubelet()):
            await world.outsider.create(pod("web"))
            await asyncio.sleep(20)
            world.wire.before_first("DELETE", kill)
            await world.outsider.delete(core_v1.Pod, "web")
            await settle()
        assert len(await world.outsider.list(core_v1.Pod)) == int(successor)

    scenario()
    assert warnings_of(caplog) == []


def scripted(name: str, **annotations: str) -> core_v1.Pod:
    item = pod(name)
    item.metadata.annotations = {
        f"homeostat.dev/{key.replace('_', '-')}": text
        for key, text in annotations.items()
    }
    return item


@virtual
async def test_a_scripted_pod_crashes_and_is_restarted(world: World) -> None:
    async with world.running(kubelet()):
        await world.outsider.create(scripted("a", exit_code="1", run_for="5s"))
        await asyncio.sleep(10 + 5 + 5 + 1)
        found = await world.outsider.get(core_v1.Pod, "a")
        (container,) = found.status.container_statuses
        assert container.state.waiting is not None
        assert container.state.waiting.reason == "CrashLoopBackOff"
        await asyncio.sleep(10)
        found = await world.outsider.get(core_v1.Pod, "a")
        events = await world.outsider.list(core_v1.Event)
    (container,) = found.status.container_statuses
    assert (container.restart_count, container.ready) == (2, True)
    assert [(each.type, each.reason) for each in events] == [("Warning", "BackOff")]


@virtual
async def test_an_annotation_changes_a_life_that_has_begun(world: World) -> None:
    async with world.running(kubelet()):
        await world.outsider.create(pod("a"))
        await asyncio.sleep(11)
        assert await phases(world) == ["Running"]
        patch = {"metadata": {"annotations": {"homeostat.dev/evict-after": "1s"}}}
        await world.outsider.patch(core_v1.Pod, "a", patch)
        await asyncio.sleep(2)
        assert await phases(world) == ["Failed"]


@virtual
async def test_a_life_that_cannot_be_read_is_told(world: World) -> None:
    async with world.running(kubelet()):
        await world.outsider.create(scripted("a", run_for="soon"))
        await asyncio.sleep(15)
        assert await phases(world) == ["Running"]
        (event,) = await world.outsider.list(core_v1.Event)
    assert event.reason == "InvalidLife"
    assert "annotation homeostat.dev/run-for: 'soon' is no duration" in event.message
