"""The garbage collector and the namespace controller alone, in virtual time."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from homeostat import Client
from homeostat._tasks import Group
from homeostat._transport import HttpRequest, HttpResponse, HttpStream
from homeostat.api import GroupVersionKind, ObjectMeta
from homeostat.errors import NotFoundError
from homeostat.k8s import core_v1
from homeostat.localcluster._garbage import GarbageCollector
from homeostat.localcluster._namespaces import namespaces
from tests.integration.controller.support import (
    CONFIG_MAP,
    CRD,
    PodSet,
    World,
    podset,
    settle,
    virtual,
)

NAMESPACE = core_v1.Namespace


def refusal(code: int, reason: str) -> HttpResponse:
    body = f'{{"kind":"Status","status":"Failure","reason":"{reason}","code":{code}}}'
    return HttpResponse(status=code, body=body.encode())


async def without_an_answer(world: World, request: HttpRequest) -> HttpResponse:
    """Return the discovery of a server for whose group test.dev nobody answers."""
    answer = await world.server.handle(request)
    root = json.loads(answer.body)
    for group in root["items"]:
        if group["metadata"]["name"] == "test.dev":
            group["versions"] = [{"version": "v1", "freshness": "Stale"}]
    body = json.dumps(root).encode()
    return HttpResponse(status=answer.status, headers=answer.headers, body=body)


@asynccontextmanager
async def collecting(world: World) -> AsyncGenerator[GarbageCollector]:
    async with (
        Client(world.wire) as client,
        Client(world.wire) as watcher,
        Group() as tasks,
    ):
        collector = GarbageCollector(client, watcher=watcher)
        running = tasks.start(collector.run(), name="garbage")
        await settle()
        yield collector
        running.cancel()


def config(
    name: str,
    owner: tuple[str, str, str, str] | None = None,
    namespace: str = "default",
) -> dict[str, Any]:
    """Return a ConfigMap; its owner is named by API version, kind, name and uid."""
    meta: dict[str, Any] = {"name": name, "namespace": namespace}
    if owner is not None:
        fields = ("apiVersion", "kind", "name", "uid")
        meta["ownerReferences"] = [dict(zip(fields, owner, strict=True))]
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}


def named(obj: dict[str, Any]) -> tuple[str, str, str, str]:
    meta = obj["metadata"]
    return obj["apiVersion"], obj["kind"], meta["name"], meta["uid"]


async def give_owner(world: World, owner: dict[str, Any]) -> None:
    """Give the child one owner more."""
    child = await world.outsider.get(CONFIG_MAP, "child")
    more = config("child", named(owner))["metadata"]["ownerReferences"]
    child["metadata"]["ownerReferences"] += more
    await world.outsider.update(child)


async def is_there(world: World, name: str, namespace: str = "default") -> bool:
    try:
        await world.outsider.get(CONFIG_MAP, name, namespace=namespace)
    except NotFoundError:
        return False
    return True


@virtual
async def test_an_owner_in_another_namespace_is_none(world: World) -> None:
    await world.outsider.create(NAMESPACE(metadata=ObjectMeta(name="other")))
    async with collecting(world):
        owner = await world.outsider.create(config("owner", namespace="other"))
        await world.outsider.create(config("child", named(owner)))
        await settle()
        assert not await is_there(world, "child")
        assert await is_there(world, "owner", "other")


@virtual
async def test_a_cluster_scoped_owner_keeps_what_is_in_namespaces(
    world: World,
) -> None:
    async with collecting(world):
        owner = await world.outsider.get(NAMESPACE, "default")
        reference = ("v1", "Namespace", "default", owner.metadata.uid)
        await world.outsider.create(config("child", reference))
        await settle()
        assert await is_there(world, "child")


@virtual
async def test_a_successor_of_the_owners_name_is_not_the_owner(world: World) -> None:
    async with collecting(world):
        await world.outsider.create(config("owner"))
        former = ("v1", "ConfigMap", "owner", "of-the-former")
        await world.outsider.create(config("child", former))
        await settle()
        assert not await is_there(world, "child")


@virtual
async def test_a_successor_of_the_dependents_name_is_not_collected(
    world: World,
) -> None:
    async def replace() -> None:
        await world.outsider.delete(CONFIG_MAP, "child")
        await world.outsider.create(config("child"))

    async with collecting(world):
        world.wire.before_first("DELETE", replace)
        await world.outsider.create(config("child", ("v1", "ConfigMap", "x", "gone")))
        await settle()
        assert await is_there(world, "child")


@virtual
async def test_an_owner_that_is_added_amid_the_cutting_stays(world: World) -> None:
    async with collecting(world):
        one, two = [await world.outsider.create(config(n)) for n in ("one", "two")]

        world.wire.before_first("PATCH", lambda: give_owner(world, two))
        child = config("child", named(one))
        gone = config("child", ("v1", "ConfigMap", "x", "gone"))
        child["metadata"]["ownerReferences"] += gone["metadata"]["ownerReferences"]
        await world.outsider.create(child)
        await settle()
        stored = await world.outsider.get(CONFIG_MAP, "child")
        owners = {each["name"] for each in stored["metadata"]["ownerReferences"]}
        assert owners == {"one", "two"}


@virtual
async def test_a_cluster_scoped_dependent_of_a_namespaced_owner_is_left_alone(
    world: World,
) -> None:
    async with collecting(world) as collector:
        reference = config("x", ("v1", "ConfigMap", "owner", "nowhere"))["metadata"]
        await world.outsider.create(
            {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {
                    "name": "team",
                    "ownerReferences": reference["ownerReferences"],
                },
            }
        )
        await settle()
        team = await world.outsider.get(NAMESPACE, "team")
        assert team.metadata.deletion_timestamp is None
        assert collector._controller.queue.failures(team.metadata.uid) == 0


@virtual
async def test_the_owners_that_are_known_to_be_gone_are_limited(world: World) -> None:
    def asked() -> int:
        gets = [r for r in world.wire.requests if r.startswith("GET")]
        return sum("/configmaps/owner" in r for r in gets)

    async def orphan(number: int) -> None:
        gone = ("v1", "ConfigMap", f"owner-{number}", f"uid-{number}")
        await world.outsider.create(config(f"child-{number}", gone))

    async with collecting(world):
        for number in range(501):
            await orphan(number)
            if number < 2:  # of the others, several are judged at a time
                await settle()
        await settle()
        assert asked() == 501
        await orphan(1)
        await settle()
        assert asked() == 501
        await orphan(0)
        await settle()
        assert asked() == 502


@virtual
async def test_kinds_that_come_later_are_collected_too(world: World) -> None:
    world.restart_without_data()
    async with collecting(world):
        await world.outsider.create(CRD)
        await settle()
        child = podset("child")
        await world.outsider.create(child)
        await settle()
        gone = [{"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "gone"}]
        patch = {"metadata": {"ownerReferences": gone}}
        await world.outsider.patch(PodSet, "child", patch)
        await settle()
        with pytest.raises(NotFoundError):
            await world.outsider.get(PodSet, "child")


@virtual
async def test_a_kind_is_watched_once_however_many_versions_it_has(
    world: World,
) -> None:
    async with collecting(world):
        watches = [r for r in world.wire.requests if r.startswith("WATCH")]
    assert sum(r.endswith("/horizontalpodautoscalers") for r in watches) == 1


@virtual
async def test_events_are_not_watched(world: World) -> None:
    async with collecting(world):
        watches = [r for r in world.wire.requests if r.startswith("WATCH")]
    assert any(r.endswith("/configmaps") for r in watches)
    assert not any(r.endswith("/events") for r in watches)


@virtual
async def test_a_discovery_that_fails_is_asked_again(world: World) -> None:
    async def before(request: HttpRequest) -> HttpResponse | None:
        if request.path == "/apis" and asyncio.get_running_loop().time() < 3:
            return refusal(403, "Forbidden")
        return None

    world.wire.before = before
    async with collecting(world):
        await settle()
        await world.outsider.create(config("child", ("v1", "ConfigMap", "x", "gone")))
        await settle()
        assert not await is_there(world, "child")


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
async def test_a_kind_that_goes_is_not_watched_any_more(world: World) -> None:
    async with collecting(world) as collector:
        await world.outsider.create(podset("web"))
        await settle()
        watched = {informer.gvk for informer in collector._informers.informers}
        definition = GroupVersionKind.of(CRD["apiVersion"], CRD["kind"])
        await world.outsider.delete(definition, CRD["metadata"]["name"])
        await settle()
        left = {informer.gvk for informer in collector._informers.informers}
        assert {gvk.kind for gvk in watched - left} == {"PodSet"}
        assert PodSet.__resource__.gvk not in collector._watched


@virtual
async def test_an_owner_of_a_kind_that_is_not_served_yet_is_waited_for(
    world: World,
) -> None:
    world.restart_without_data()
    async with collecting(world):
        await world.outsider.create(config("kept", ("v1", "ConfigMap", "x", "gone")))
        await settle()
        assert not await is_there(world, "kept")
        unknown = ("test.dev/v1", "PodSet", "nobody", "nobody")
        await world.outsider.create(config("child", unknown))
        await settle()
        assert await is_there(world, "child")
        await world.outsider.create(CRD)
        await settle()
        assert not await is_there(world, "child")


@virtual
async def test_what_a_kind_owned_goes_with_the_kind(world: World) -> None:
    async with collecting(world):
        owner = await world.outsider.create(podset("web"))
        uid = owner.metadata.uid
        reference = ("test.dev/v1", "PodSet", "web", uid)
        await world.outsider.create(config("child", reference))
        await settle()
        definition = GroupVersionKind.of(CRD["apiVersion"], CRD["kind"])
        await world.outsider.delete(definition, CRD["metadata"]["name"])
        await settle()
        assert not await is_there(world, "child")


@virtual
async def test_an_owner_that_is_given_at_the_last_moment_keeps_the_object(
    world: World,
) -> None:
    async with collecting(world):
        owner = await world.outsider.create(config("owner"))

        world.wire.before_first("DELETE", lambda: give_owner(world, owner))
        await world.outsider.create(config("child", ("v1", "ConfigMap", "x", "gone")))
        await settle()
        child = await world.outsider.get(CONFIG_MAP, "child")
        assert [r["name"] for r in child["metadata"]["ownerReferences"]] == ["owner"]


@virtual
async def test_an_orphaning_waits_until_the_objects_of_every_kind_are_known(
    world: World,
) -> None:
    owner = await world.outsider.create(config("owner"))
    child = podset("child")
    await world.outsider.create(child)
    reference = dict(
        zip(("apiVersion", "kind", "name", "uid"), named(owner), strict=True)
    )
    patch = {"metadata": {"ownerReferences": [reference]}}
    await world.outsider.patch(PodSet, "child", patch)
    await world.outsider.delete(CONFIG_MAP, "owner", propagation="Orphan")

    stream = world.wire.stream

    @asynccontextmanager
    async def late(request: HttpRequest) -> AsyncGenerator[HttpStream]:
        if request.path.endswith("/podsets"):
            await asyncio.sleep(3)
        async with stream(request) as answer:
            yield answer

    vars(world.wire)["stream"] = late
    async with collecting(world):
        await settle()
        stored = await world.outsider.get(PodSet, "child")
    assert stored.metadata.owner_references == []


@virtual
async def test_a_successor_that_was_never_seen_is_another_owner(world: World) -> None:
    async with collecting(world):
        former = await world.outsider.create(config("owner"))
        await world.outsider.create(config("child", named(former)))
        await settle()
        # Nobody is told of the end: a list has one object where the other was.
        world.server.drop_watches()
        await world.outsider.delete(CONFIG_MAP, "owner")
        await world.outsider.create(config("owner"))
        world.server.compact()
        await asyncio.sleep(120)  # reflectors take their time to come back
        assert not await is_there(world, "child")
        assert await is_there(world, "owner")


@virtual
async def test_a_successor_is_not_even_asked_to_go(world: World) -> None:
    gone = ("v1", "ConfigMap", "x", "gone")

    async def replace() -> None:
        await world.outsider.delete(CONFIG_MAP, "child")
        await world.outsider.create(config("child", gone))

    async with collecting(world):
        world.wire.before_first("GET", replace, path="/child")
        await world.outsider.create(config("child", gone))
        await settle()
        assert not await is_there(world, "child")  # it is judged for itself
        assert len([w for w in world.wire.writes() if w.endswith("/child")]) == 1


@virtual
async def test_the_references_of_a_successor_are_not_cut(world: World) -> None:
    async with collecting(world):
        owner = await world.outsider.create(config("owner"))
        reference = named(owner)
        await world.outsider.create(config("child", reference))
        await settle()

        async def replace() -> None:
            await world.outsider.delete(CONFIG_MAP, "child")
            await world.outsider.create(config("child", reference))

        world.wire.before_first("GET", replace, path="/child")
        world.wire.requests.clear()
        await world.outsider.delete(CONFIG_MAP, "owner", propagation="Orphan")
        await settle()
    refused = [w for w in world.wire.writes() if w.endswith("/child")]
    assert refused == ["DELETE /api/v1/namespaces/default/configmaps/child"]


@virtual
async def test_a_group_that_does_not_answer_is_not_taken_for_gone(
    world: World,
) -> None:
    async def before(request: HttpRequest) -> HttpResponse | None:
        if request.path == "/apis":
            return await without_an_answer(world, request)
        return None

    async with collecting(world) as collector:
        owner = await world.outsider.create(podset("owner"))
        reference = ("test.dev/v1", "PodSet", "owner", owner.metadata.uid)
        await world.outsider.create(config("child", reference))
        await settle()
        world.wire.before = before
        collector._stale.set()
        await settle()
        assert not collector._stale.is_set()
        assert PodSet.__resource__.gvk in collector._watched
        assert await is_there(world, "child")


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
