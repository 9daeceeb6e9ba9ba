"""The garbage collector alone, in virtual time."""

import asyncio
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
from tests.integration.controller.support import (
    CONFIG_MAP,
    CRD,
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


def named(obj: dict[str, Any]) -> tuple[str, str, str, str]:
    meta = obj["metadata"]
    return obj["apiVersion"], obj["kind"], meta["name"], meta["uid"]


async def give_owner(world: World, owner: dict[str, Any]) -> None:
    """Give the child one owner more."""
    child = await world.outsider.get(CONFIG_MAP, "child")
    more = config("child", named(owner))["metadata"]["ownerReferences"]
    child["metadata"]["ownerReferences"] += more
    await world.outsider.update(child)


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
