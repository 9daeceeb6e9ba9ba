"""The scheduler alone: which pods it binds, where to, and what it says."""

import logging

import pytest

from homeostat._transport import HttpRequest, HttpResponse
from homeostat.api import ObjectMeta
from homeostat.k8s import core_v1
from homeostat.localcluster._scheduler import scheduler
from tests.integration.controller.support import World, settle, virtual

BINDING = "/pods/web/binding"


def pod(name: str = "web", **spec: str) -> core_v1.Pod:
    container = core_v1.Container(name="c", image="busybox")
    return core_v1.Pod(
        metadata=ObjectMeta(name=name),
        spec=core_v1.PodSpec(containers=[container], **spec),  # type: ignore[arg-type]
    )


async def add_node(world: World, name: str) -> None:
    await world.outsider.create(core_v1.Node(metadata=ObjectMeta(name=name)))
    await world.outsider.patch(core_v1.Node, name, {"spec": {"taints": None}})


async def add_namespace(world: World, name: str) -> None:
    await world.outsider.create(core_v1.Namespace(metadata=ObjectMeta(name=name)))


async def node_of(world: World, name: str = "web", namespace: str = "default") -> str:
    found = await world.outsider.get(core_v1.Pod, name, namespace=namespace)
    return found.spec.node_name


async def events(world: World) -> list[tuple[str, str, str]]:
    found = await world.outsider.list(core_v1.Event)
    return [(e.type, e.reason, e.message) for e in found]


def warnings_of(log: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in log.records if r.levelno > logging.INFO]


@virtual
async def test_a_pod_goes_where_the_fewest_are_whatever_their_namespace(
    world: World,
) -> None:
    await add_namespace(world, "team")
    await add_node(world, "n1")
    await add_node(world, "n2")
    for name in ("a", "b"):
        await world.outsider.create(pod(name, node_name="n1"), namespace="team")
    await world.outsider.create(pod("c", node_name="n2"))
    async with world.running(scheduler):
        await world.outsider.create(pod())
        await settle()
        assert await node_of(world) == "n2"
        text = "Successfully assigned default/web to n2"
        assert await events(world) == [("Normal", "Scheduled", text)]


@virtual
async def test_pods_that_wait_get_the_node_that_comes_in_every_namespace(
    world: World,
) -> None:
    await add_namespace(world, "team")
    async with world.running(scheduler):
        await world.outsider.create(pod())
        await world.outsider.create(pod(), namespace="team")
        await settle()
        await add_node(world, "n1")
        await settle()
        assert await node_of(world) == "n1"
        assert await node_of(world, namespace="team") == "n1"


@virtual
async def test_a_pod_that_has_ended_needs_no_node(world: World) -> None:
    for phase in ("Succeeded", "Failed"):
        await world.outsider.create(pod(phase.lower()))
        patch = {"status": {"phase": phase}}
        name = phase.lower()
        await world.outsider.patch(core_v1.Pod, name, patch, subresource="status")
    async with world.running(scheduler):
        await add_node(world, "n1")
        await settle()
    assert world.wire.writes() == []


@virtual
async def test_a_pod_waits_for_its_gates(world: World) -> None:
    item = pod()
    item.spec.scheduling_gates = [core_v1.PodSchedulingGate(name="example.com/gate")]
    await add_node(world, "n1")
    async with world.running(scheduler):
        await world.outsider.create(item)
        await settle()
        assert world.wire.writes() == []
        patch = {"spec": {"schedulingGates": None}}
        await world.outsider.patch(core_v1.Pod, "web", patch)
        await settle()
        assert await node_of(world) == "n1"


@virtual
async def test_why_a_pod_waits_is_said_until_it_changes(world: World) -> None:
    gate = {"type": "example.com/lb", "status": "True"}
    await world.outsider.create(pod())
    patch = {"status": {"conditions": [gate]}}
    await world.outsider.patch(core_v1.Pod, "web", patch, subresource="status")
    async with world.running(scheduler):
        await settle()
        await world.outsider.create(core_v1.Node(metadata=ObjectMeta(name="n1")))
        await settle()
        writes = len(world.wire.writes())
        label = {"metadata": {"labels": {"a": "b"}}}
        await world.outsider.patch(core_v1.Node, "n1", label)
        await settle()
        assert len(world.wire.writes()) == writes
        found = await world.outsider.get(core_v1.Pod, "web")
        assert {(c.type, c.status, c.reason) for c in found.status.conditions} == {
            ("example.com/lb", "True", ""),
            ("PodScheduled", "False", "Unschedulable"),
        }
        assert sorted(await events(world)) == [
            ("Warning", "FailedScheduling", "0/0 nodes are available"),
            ("Warning", "FailedScheduling", "0/1 nodes are available"),
        ]


@pytest.mark.parametrize("what", ["bound", "gone", "replaced"])
def test_a_pod_that_changes_before_it_is_bound_is_let_be(
    caplog: pytest.LogCaptureFixture, what: str
) -> None:
    @virtual
    async def scenario(world: World) -> None:
        async def step_in() -> None:
            if what == "bound":
                binding = {
                    "metadata": {"name": "web"},
                    "target": {"kind": "Node", "name": "elsewhere"},
                }
                await world.outsider.create_subresource(
                    core_v1.Pod, "web", "binding", binding
                )
                return
            await world.outsider.delete(core_v1.Pod, "web", grace_period_seconds=0)
            if what == "replaced":
                await world.outsider.create(pod(scheduler_name="other"))

        await add_node(world, "n1")
        world.wire.before_first("POST", step_in, path=BINDING)
        async with world.running(scheduler):
            await world.outsider.create(pod())
            await settle()
        found = await world.outsider.list(core_v1.Pod)
        nodes = {"bound": ["elsewhere"], "gone": [], "replaced": [""]}
        assert [p.spec.node_name for p in found] == nodes[what]
        assert await events(world) == []

    scenario()
    assert warnings_of(caplog) == []


def test_a_pod_that_goes_with_its_namespace_is_not_bound(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @virtual
    async def scenario(world: World) -> None:
        async with world.running(scheduler):
            await add_namespace(world, "team")
            await world.outsider.create(pod(), namespace="team")
            await settle()
            await world.outsider.delete(core_v1.Namespace, "team")
            await add_node(world, "n1")
            await settle()
        bindings = [r for r in world.wire.writes() if r.endswith(BINDING)]
        assert bindings == ["POST /api/v1/namespaces/team/pods/web/binding"]
        errors = "controller_runtime_reconcile_errors_total scheduler"
        assert not world.figures.counts[errors]

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
            await world.outsider.create(pod())
            await settle()
        assert world.wire.writes() == [
            "PATCH /api/v1/namespaces/default/pods/web/status"
        ]
        assert await world.outsider.list(core_v1.Event) == []

    scenario()
    assert warnings_of(caplog) == []
