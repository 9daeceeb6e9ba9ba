"""Adopting asks the server first: the cache may not know yet that the owner went."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from homeostat import Client, Context
from homeostat._transport import HttpRequest, HttpResponse
from homeostat.api import ObjectMeta, controller_of
from homeostat.errors import ForbiddenError
from homeostat.k8s import core_v1
from homeostat.localcluster._claims import Claims, settle
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
