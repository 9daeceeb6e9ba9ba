"""What type checkers know of the client's answers; run, too, as a plain test."""

from typing import Any, assert_type

from homeostat.api import GroupVersionKind, ObjectMeta
from homeostat.apiserver import ApiServer
from homeostat.client import ALL, Bookmark, Client, RawList, Scale, WatchEvent
from homeostat.k8s import core_v1

CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")


async def test_typed_kinds_give_typed_objects() -> None:
    client = Client(ApiServer().transport())
    made = await client.create(
        core_v1.ConfigMap(metadata=ObjectMeta(name="a"), data={"k": "v"})
    )
    assert_type(made, core_v1.ConfigMap)
    assert_type(await client.get(core_v1.ConfigMap, "a"), core_v1.ConfigMap)
    assert_type(await client.list(core_v1.ConfigMap), list[core_v1.ConfigMap])
    assert_type(await client.update(made), core_v1.ConfigMap)
    patched = await client.patch(core_v1.ConfigMap, "a", {"data": {"k": "w"}})
    assert_type(patched, core_v1.ConfigMap)
    async for item in client.iterate(core_v1.ConfigMap, namespace=ALL):
        assert_type(item, core_v1.ConfigMap)
    async with client.watch(core_v1.ConfigMap) as events:
        async for event in events:
            assert_type(event, WatchEvent[core_v1.ConfigMap])
            break


async def test_group_version_kinds_give_dicts() -> None:
    client = Client(ApiServer().transport())
    made = await client.create(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    )
    assert_type(made, dict[str, Any])
    assert_type(await client.get(CONFIG_MAP, "a"), dict[str, Any])
    assert_type(await client.list(CONFIG_MAP), list[dict[str, Any]])
    page = await client.list_page(await client.resource_for(CONFIG_MAP))
    assert_type(page, RawList)
    async with client.watch(CONFIG_MAP, bookmarks=True) as events:
        async for event in events:
            assert_type(event, WatchEvent[dict[str, Any]] | Bookmark)
            break


async def read_scale(client: Client) -> None:
    """Never run: what the checkers see is the test."""
    assert_type(await client.get_scale(CONFIG_MAP, "a"), Scale)
