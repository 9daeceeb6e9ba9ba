"""Nodes, the scheduler and ReplicaSets where they leave something alone."""

import asyncio
import logging

import pytest

from homeostat._clock import SystemClock
from homeostat._tasks import Group
from homeostat._transport import HttpRequest, HttpResponse
from homeostat.api import LabelSelector, ObjectMeta
from homeostat.client import Client
from homeostat.k8s import apps_v1, core_v1
from homeostat.localcluster._nodes import Nodes
from homeostat.localcluster._replicasets import replica_sets
from homeostat.localcluster._scheduler import scheduler
from homeostat.testing import Cluster, eventually
from tests.integration.controller.support import World, settle, virtual


def pod(name: str, **spec: str) -> core_v1.Pod:
    container = core_v1.Container(name="c", image="busybox")
    return core_v1.Pod(
        metadata=ObjectMeta(name=name),
        spec=core_v1.PodSpec(containers=[container], **spec),  # type: ignore[arg-type]
    )


def runs(cluster: Cluster, name: str) -> bool:
    found = cluster.call(lambda c: c.get(core_v1.Pod, name))
    return found.status.phase == "Running"


def warnings_of(log: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in log.records if r.levelno > logging.INFO]


def test_pods_of_other_schedulers_and_nodes_are_left_alone(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    cluster.call(lambda c: c.create(pod("other", scheduler_name="other")))
    cluster.call(lambda c: c.create(pod("elsewhere", node_name="elsewhere")))
    cluster.call(lambda c: c.create(pod("ours")))
    eventually(lambda: runs(cluster, "ours"))
    other = cluster.call(lambda c: c.get(core_v1.Pod, "other"))
    assert not other.spec.node_name
    assert not runs(cluster, "elsewhere")
    assert warnings_of(caplog) == []


@virtual
async def test_nodes_that_are_there_are_taken_over(world: World) -> None:
    nodes = Nodes(names=("n1", "n2"), start_delay=0.0, clock=SystemClock())
    for _ in range(2):
        for name in nodes.names:
            await nodes._register(world.outsider, name)
    found = await world.outsider.list(core_v1.Node)
    assert [n.status.addresses[0].address for n in found] == [
        "192.168.0.1",
        "192.168.0.2",
    ]
    assert [n.spec.taints for n in found] == [[], []]


def test_a_pod_that_goes_with_its_namespace_is_not_bound(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @virtual
    async def scenario(world: World) -> None:
        async with world.running(scheduler):
            team = core_v1.Namespace(metadata=ObjectMeta(name="team"))
            await world.outsider.create(team)
            await world.outsider.create(pod("web"), namespace="team")
            await settle()
            await world.outsider.delete(core_v1.Namespace, "team")
            await world.outsider.create(core_v1.Node(metadata=ObjectMeta(name="n1")))
            await world.outsider.patch(core_v1.Node, "n1", {"spec": {"taints": None}})
            await settle()
        bindings = [r for r in world.wire.writes() if r.endswith("/binding")]
        assert bindings == ["POST /api/v1/namespaces/team/pods/web/binding"]
        errors = "controller_runtime_reconcile_errors_total scheduler"
        assert not world.figures.counts[errors]

    scenario()
    assert warnings_of(caplog) == []


def test_a_pod_that_is_killed_while_it_starts_is_no_failure(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @virtual
    async def scenario(world: World) -> None:
        nodes = Nodes(names=("n1",), start_delay=1.0, clock=SystemClock())
        async with world.running(nodes.kubelet()):
            await world.outsider.create(pod("web", node_name="n1"))
            await asyncio.sleep(0.5)
            await world.outsider.delete(core_v1.Pod, "web", grace_period_seconds=0)
            await settle()
        assert "PATCH /api/v1/namespaces/default/pods/web/status" in world.wire.writes()

    scenario()
    assert warnings_of(caplog) == []


def test_a_pod_that_goes_before_it_is_called_unschedulable_is_no_failure(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @virtual
    async def scenario(world: World) -> None:
        async def before(request: HttpRequest) -> HttpResponse | None:
            if request.path.endswith("/pods/web/status"):
                await world.outsider.delete(core_v1.Pod, "web", grace_period_seconds=0)
            return None

        world.wire.before = before
        async with world.running(scheduler):
            await world.outsider.create(pod("web"))
            await settle()
        assert world.wire.writes() == [
            "PATCH /api/v1/namespaces/default/pods/web/status"
        ]
        assert await world.outsider.list(core_v1.Event) == []

    scenario()
    assert warnings_of(caplog) == []


def test_a_lease_that_is_not_renewed_is_renewed_the_next_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @virtual
    async def scenario(world: World) -> None:
        async def before(request: HttpRequest) -> HttpResponse | None:
            return HttpResponse(status=403, body=b"") if refusing else None

        refusing = False
        world.wire.before = before
        nodes = Nodes(names=("n1",), start_delay=0.0, clock=SystemClock())
        async with Client(world.wire) as client, Group() as tasks:
            running = tasks.start(nodes.run(client), name="nodes")
            await asyncio.sleep(5)
            refusing = True
            await asyncio.sleep(10)
            refusing = False
            before_it = len(world.wire.writes())
            await asyncio.sleep(10)
            assert len(world.wire.writes()) == before_it + 1
            running.cancel()

    scenario()
    (said,) = warnings_of(caplog)
    assert said.startswith("node n1 did not renew its lease: ")


@virtual
async def test_pods_of_a_namespace_that_ends_are_no_failure(world: World) -> None:
    labels = {"app": "web"}
    meta = ObjectMeta(name="web", namespace="team")
    template = core_v1.PodTemplateSpec(
        metadata=ObjectMeta(labels=labels), spec=pod("x").spec
    )
    spec = apps_v1.ReplicaSetSpec(
        replicas=0, selector=LabelSelector(match_labels=labels), template=template
    )
    async with world.running(replica_sets()):
        await world.outsider.create(core_v1.Namespace(metadata=ObjectMeta(name="team")))
        await world.outsider.create(apps_v1.ReplicaSet(metadata=meta, spec=spec))
        await world.outsider.delete(core_v1.Namespace, "team")
        patch = {"spec": {"replicas": 20}}
        await world.outsider.patch(apps_v1.ReplicaSet, "web", patch, namespace="team")
        await settle()
        found = await world.outsider.get(apps_v1.ReplicaSet, "web", namespace="team")
    assert found.status.observed_generation == found.metadata.generation
    assert found.status.conditions == []
    asked = [r for r in world.wire.writes() if r == "POST /api/v1/namespaces/team/pods"]
    assert len(asked) <= 3  # once for each reconcile, not once for each pod
