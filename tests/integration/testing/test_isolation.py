"""Clusters that are shared by tests: what one does, the next does not see."""

import asyncio
from collections.abc import Iterator

import pytest

from homeostat.api import GroupVersionKind, LabelSelector, ObjectMeta
from homeostat.client import Client, ClusterConfig
from homeostat.controller import Context, controller
from homeostat.errors import (
    ApiError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    TransportError,
)
from homeostat.k8s import apiextensions_v1, apps_v1, core_v1
from homeostat.testing import Cluster, Fault, eventually
from tests.harness.widgets import crd

pytestmark = pytest.mark.cluster(profile="apiserver")


@pytest.fixture(scope="module")
def shared() -> Iterator[Cluster]:
    with Cluster(profile="apiserver") as running:
        yield running


def config(name: str, **data: str) -> core_v1.ConfigMap:
    return core_v1.ConfigMap(metadata=ObjectMeta(name=name), data=data)


async def names(client: Client) -> list[str]:
    return [each.metadata.name for each in await client.list(core_v1.ConfigMap)]


def test_what_is_done_inside_is_undone(shared: Cluster) -> None:
    async def prepare(client: Client) -> core_v1.ConfigMap:
        await client.create(config("gone"))
        return await client.create(config("kept", a="1"))

    async def change(client: Client) -> None:
        await client.create(config("new"))
        await client.patch(core_v1.ConfigMap, "kept", {"data": {"a": "2"}})
        await client.delete(core_v1.ConfigMap, "gone")

    async def look(client: Client) -> core_v1.ConfigMap:
        return await client.get(core_v1.ConfigMap, "kept")

    with shared.isolated():
        before = shared.call(prepare)
        with shared.isolated():
            shared.call(change)
            assert shared.call(names) == ["kept", "new"]
        assert shared.call(names) == ["gone", "kept"]
        after = shared.call(look)
        assert after.data == {"a": "1"}
        assert after.metadata.uid == before.metadata.uid
        assert int(after.metadata.resource_version) > int(
            before.metadata.resource_version
        )


THING = {"apiVersion": "iso.example.com/v1", "kind": "Thing", "metadata": {"name": "a"}}
KIND = GroupVersionKind("iso.example.com", "v1", "Thing")


async def define(client: Client) -> None:
    await client.create(crd("iso.example.com"))
    await eventually(lambda: client.create(THING))


def things(shared: Cluster) -> list[str]:
    """List with a client that knows nothing yet."""

    async def read(_: Client) -> list[str]:
        async with shared.local.client() as fresh:
            return [each["metadata"]["name"] for each in await fresh.list(KIND)]

    return shared.call(read)


def test_kinds_that_were_made_inside_are_gone(shared: Cluster) -> None:
    with shared.isolated():
        shared.call(define)
        assert things(shared) == ["a"]
    with pytest.raises(NotFoundError):
        things(shared)


def test_kinds_that_were_deleted_inside_are_back(shared: Cluster) -> None:
    name = crd("iso.example.com")["metadata"]["name"]
    with shared.isolated():
        shared.call(define)
        with shared.isolated():
            shared.call(
                lambda client: client.delete(
                    apiextensions_v1.CustomResourceDefinition, name
                )
            )
            with pytest.raises(NotFoundError):
                things(shared)
        assert things(shared) == ["a"]


def test_watchers_are_told_of_the_way_back(shared: Cluster) -> None:
    async def watch(client: Client) -> list[tuple[str, str]]:
        seen: list[tuple[str, str]] = []
        server = shared.local.server
        await client.create(config("old"))
        before = server.snapshot()
        await client.delete(core_v1.ConfigMap, "old")
        await client.create(config("young"))
        async with client.watch(core_v1.ConfigMap) as events:
            async for event in events:
                seen.append((event.type, event.object.metadata.name))
                if len(seen) == 1:
                    assert server.restore(before) == 2
                if len(seen) == 3:
                    return seen
        return seen

    with shared.isolated():
        told = shared.call(watch)
    assert told[0] == ("ADDED", "young")
    assert sorted(told[1:]) == [("ADDED", "old"), ("DELETED", "young")]


@controller(core_v1.ConfigMap, name="stamps")
async def stamps(source: core_v1.ConfigMap, ctx: Context) -> None:
    source.data = {"stamped": "yes"}
    await ctx.apply(source)


def test_controllers_started_inside_have_ended_after_it(shared: Cluster) -> None:
    def stamped() -> bool:
        found = shared.call(lambda client: client.get(core_v1.ConfigMap, "a"))
        return "stamped" in found.data

    with shared.isolated():
        shared.start(stamps)
        shared.call(lambda client: client.create(config("a")))
        eventually(stamped)
    with shared.isolated():
        shared.call(lambda client: client.create(config("a")))
        for _ in range(5):
            assert not stamped()


def test_a_fixture_undoes_what_a_test_did(module_cluster: Cluster) -> None:
    assert module_cluster.call(names) == []
    module_cluster.call(lambda client: client.create(config("a")))


def test_the_next_one_does_not_see_it(module_cluster: Cluster) -> None:
    assert module_cluster.call(names) == []
    pods = module_cluster.call(lambda client: client.list(core_v1.Node))
    assert pods == []  # the marker of this module asks for a server alone


def test_session_cluster_has_controllers(session_cluster: Cluster) -> None:
    def nodes() -> bool:
        return len(session_cluster.call(lambda c: c.list(core_v1.Node))) == 2

    eventually(nodes)


def test_the_nth_call_is_refused(shared: Cluster) -> None:
    fault = Fault(verb="create", resource="configmaps", nth=2, code=409)

    async def create(client: Client) -> list[str]:
        outcomes: list[str] = []
        for name in ("a", "b", "c"):
            try:
                await client.create(config(name))
                outcomes.append("made")
            except ConflictError as error:
                outcomes.append(str(error.message))
        return outcomes

    with shared.isolated(), shared.fault(fault):
        assert shared.call(create) == ["made", "injected", "made"]
    assert fault.calls == 3


def test_a_fault_is_for_one_object_and_its_subresource(shared: Cluster) -> None:
    fault = Fault(verb="get", resource="configmaps", name="a", times=None, code=500)
    status = Fault(verb="patch", resource="nodes/status", code=403)

    async def act(client: Client) -> None:
        await client.create(config("a"))
        await client.create(config("b"))
        await client.get(core_v1.ConfigMap, "b")
        with pytest.raises(ApiError, match="injected"):
            await client.get(core_v1.ConfigMap, "a")
        await client.create(core_v1.Node(metadata=ObjectMeta(name="n")))
        await client.patch(core_v1.Node, "n", {"metadata": {"labels": {"a": "b"}}})
        with pytest.raises(ForbiddenError):
            await client.patch(core_v1.Node, "n", {"status": {}}, subresource="status")

    with shared.isolated(), shared.fault(fault), shared.fault(status):
        shared.call(act)


def test_an_answer_is_lost_after_the_write_and_before_it(shared: Cluster) -> None:
    async def create(client: Client) -> bool:
        with pytest.raises(TransportError):
            await client.create(config("a"))
        return "a" in await names(client)

    with shared.isolated(), shared.fault(Fault(verb="create", lost=True)):
        assert shared.call(create)
    with shared.isolated(), shared.fault(Fault(verb="create", dropped=True)):
        assert not shared.call(create)


def test_faults_break_connections_of_sockets(shared: Cluster) -> None:
    async def lose(url: str) -> None:
        async with Client(ClusterConfig(server=url)) as client:
            with pytest.raises(TransportError):
                await client.create(config("a"))

    with shared.isolated(), shared.fault(Fault(verb="create", lost=True)):
        asyncio.run(lose(shared.url))
        assert shared.call(names) == ["a"]


def test_watches_expire_when_asked(shared: Cluster) -> None:
    async def expired(client: Client) -> int:
        async with client.watch(core_v1.ConfigMap) as events:
            asyncio.get_running_loop().call_later(
                0.01, shared.local.server.expire_watches
            )
            try:
                async for _ in events:
                    pass
            except ApiError as error:
                return error.code
        return 0

    with shared.isolated():
        assert shared.call(expired) == 410
        shared.compact()
        shared.expire_watches()
        shared.drop_watches()


def test_a_deployment_is_undone_with_all_that_it_made(
    session_cluster: Cluster,
) -> None:
    labels = {"app": "web"}
    template = core_v1.PodTemplateSpec(
        metadata=ObjectMeta(labels=labels),
        spec=core_v1.PodSpec(containers=[core_v1.Container(name="c", image="b")]),
    )
    deployment = apps_v1.Deployment(
        metadata=ObjectMeta(name="web"),
        spec=apps_v1.DeploymentSpec(
            replicas=3, selector=LabelSelector(match_labels=labels), template=template
        ),
    )

    def ready() -> bool:
        found = session_cluster.call(lambda c: c.get(apps_v1.Deployment, "web"))
        return found.status.ready_replicas == 3

    with session_cluster.isolated():
        session_cluster.call(lambda client: client.create(deployment))
        eventually(ready)

    def gone() -> bool:
        return not session_cluster.call(lambda client: client.list(core_v1.Pod))

    eventually(gone)
