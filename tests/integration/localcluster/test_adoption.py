"""Adopting asks the server first: the cache may not know yet that the owner went."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from homeostat import Client, Context
from homeostat._transport import HttpRequest, HttpResponse
from homeostat.api import LabelSelector, ObjectMeta, OwnerReference, controller_of
from homeostat.errors import ConflictError, ForbiddenError
from homeostat.k8s import apps_v1, core_v1
from homeostat.localcluster._claims import Claims, settle
from homeostat.localcluster._replicasets import replica_sets
from tests.integration.controller.support import CONFIG_MAP, World, virtual


def config(name: str, **meta: Any) -> core_v1.ConfigMap:
    return core_v1.ConfigMap(metadata=ObjectMeta(name=name, **meta))


async def adopt(world: World, owner: core_v1.ConfigMap) -> list[str]:
    """Let an owner adopt two objects; return those that it has then."""
    found = [await world.outsider.create(config(name)) for name in ("a", "b")]
    claims = Claims(owned=[], adopt=found, release=[])
    async with Client(world.wire) as client:
        await settle(owner, claims, cast("Context", SimpleNamespace(client=client)))
    return await owned(world)


async def owned(world: World) -> list[str]:
    found = await world.outsider.list(core_v1.ConfigMap)
    return [each.metadata.name for each in found if controller_of(each)]


@virtual
async def test_an_owner_that_lives_adopts(world: World) -> None:
    owner = await world.outsider.create(config("owner"))
    assert await adopt(world, owner) == ["a", "b"]


@virtual
async def test_an_owner_that_is_gone_adopts_nothing(world: World) -> None:
    owner = await world.outsider.create(config("owner"))
    await world.outsider.delete(CONFIG_MAP, "owner")
    assert await adopt(world, owner) == []


@virtual
async def test_an_owner_whose_name_another_has_adopts_nothing(world: World) -> None:
    owner = await world.outsider.create(config("owner"))
    await world.outsider.delete(CONFIG_MAP, "owner")
    await world.outsider.create(config("owner"))
    assert await adopt(world, owner) == []


@virtual
async def test_an_owner_on_its_way_out_adopts_nothing(world: World) -> None:
    owner = await world.outsider.create(config("owner", finalizers=["other.dev/hold"]))
    await world.outsider.delete(CONFIG_MAP, "owner")
    assert await adopt(world, owner) == []


@virtual
async def test_a_pod_that_comes_is_shown_to_who_selects_it_in_its_namespace(
    world: World,
) -> None:
    labels = {"app": "web"}
    container = core_v1.Container(name="c", image="busybox")
    spec = core_v1.PodSpec(containers=[container])
    web = apps_v1.ReplicaSet(
        metadata=ObjectMeta(name="web"),
        spec=apps_v1.ReplicaSetSpec(
            replicas=1,
            selector=LabelSelector(match_labels=labels),
            template=core_v1.PodTemplateSpec(
                metadata=ObjectMeta(labels=labels), spec=spec
            ),
        ),
    )
    orphan = core_v1.Pod(metadata=ObjectMeta(name="orphan", labels=labels), spec=spec)
    namespace = core_v1.Namespace(metadata=ObjectMeta(name="team"))
    await world.outsider.create(namespace)
    async with world.running(replica_sets()):
        await world.outsider.create(web, namespace="team")
        await asyncio.sleep(5)
        await world.outsider.create(orphan, namespace="team")
        await asyncio.sleep(5)
        pods = await world.outsider.list(core_v1.Pod, namespace="team")
    assert [p.status.phase for p in pods if controller_of(p)] == ["Pending"]
    assert len(pods) == 1  # it was adopted, and was one too many


@virtual
async def test_what_is_adopted_is_blocked_by_and_controlled_by_its_owner(
    world: World,
) -> None:
    owner = await world.outsider.create(config("owner"))
    await adopt(world, owner)
    found = await world.outsider.get(core_v1.ConfigMap, "a")
    (reference,) = found.metadata.owner_references
    assert reference == OwnerReference(
        api_version="v1",
        kind="ConfigMap",
        name="owner",
        uid=owner.metadata.uid,
        controller=True,
        block_owner_deletion=True,
    )


@pytest.mark.parametrize("successor", [False, True])
def test_what_changed_since_it_was_judged_is_judged_again(*, successor: bool) -> None:
    @virtual
    async def scenario(world: World) -> None:
        async def change() -> None:
            if successor:
                await world.outsider.delete(CONFIG_MAP, "a")
                await world.outsider.create(config("a"))
            patch = {"metadata": {"labels": {"a": "b"}}}
            await world.outsider.patch(CONFIG_MAP, "a", patch)

        owner = await world.outsider.create(config("owner"))
        world.wire.before_first("PATCH", change, path="/a")
        with pytest.raises(ConflictError):
            await adopt(world, owner)
        assert await owned(world) == ["b"]

    scenario()


@virtual
async def test_what_has_gone_since_it_was_judged_is_not_missed(world: World) -> None:
    owner = await world.outsider.create(config("owner"))
    world.wire.before_first(
        "PATCH", lambda: world.outsider.delete(CONFIG_MAP, "a"), path="/a"
    )
    assert await adopt(world, owner) == ["b"]


@virtual
async def test_one_refusal_is_raised_once_the_others_were_tried(world: World) -> None:
    async def before(request: HttpRequest) -> HttpResponse | None:
        if request.method == "PATCH" and request.path.endswith("/a"):
            body = b'{"kind":"Status","reason":"Forbidden","code":403}'
            return HttpResponse(status=403, body=body)
        return None

    owner = await world.outsider.create(config("owner"))
    world.wire.before = before
    with pytest.raises(ForbiddenError):
        await adopt(world, owner)
    assert await owned(world) == ["b"]
