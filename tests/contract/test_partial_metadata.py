"""PartialObjectMetadata: objects without what they hold."""

from typing import Any

import pytest

from tests.harness.objects import config_map
from tests.harness.server import Server

ONE = {"accept": "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"}
MANY = {"accept": "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}


@pytest.fixture
async def a(server: Server) -> Any:
    """A ConfigMap of the name a, with data and a label."""
    body = config_map("a", {"x": "1"}, labels={"l": "1"})
    return (await server.post(server.core("configmaps"), body)).ok(201)


async def test_read_gives_metadata(server: Server, a: Any) -> None:
    answer = await server.get(server.core("configmaps/a"), headers=ONE)
    assert answer.ok() == {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": a["metadata"],
    }
    assert answer.headers["content-type"] == "application/json"


async def test_list_gives_metadata(server: Server, a: Any) -> None:
    document = (await server.get(server.core("configmaps"), headers=MANY)).ok()
    assert document["kind"] == "PartialObjectMetadataList"
    assert document["apiVersion"] == "meta.k8s.io/v1"
    assert int(document["metadata"]["resourceVersion"]) > 1
    assert document["items"] == [
        {
            "kind": "PartialObjectMetadata",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": a["metadata"],
        }
    ]


async def test_list_has_pages(server: Server, a: Any) -> None:
    assert a
    await server.post(server.core("configmaps"), config_map("b"))
    document = (await server.get(server.core("configmaps"), headers=MANY, limit=1)).ok()
    assert len(document["items"]) == 1
    assert document["metadata"]["remainingItemCount"] == 1


async def test_watch_gives_metadata(server: Server, a: Any) -> None:
    query = {
        "sendInitialEvents": True,
        "resourceVersionMatch": "NotOlderThan",
        "allowWatchBookmarks": True,
    }
    async with server.watch(server.core("configmaps"), headers=ONE, **query) as watch:
        kind, item = await watch.next()
        assert kind == "ADDED"
        assert item == {
            "kind": "PartialObjectMetadata",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": a["metadata"],
        }
        kind, item = await watch.next()
    assert (kind, item["kind"]) == ("BOOKMARK", "PartialObjectMetadata")


async def test_writes_give_metadata(server: Server) -> None:
    path = server.core("configmaps")
    created = (await server.post(path, config_map("a", {"x": "1"}), headers=ONE)).ok(
        201
    )
    assert created["kind"] == "PartialObjectMetadata"
    patched = await server.merge(
        server.core("configmaps/a"), {"data": {"y": "1"}}, headers=ONE
    )
    assert patched.ok()["kind"] == "PartialObjectMetadata"
    assert "data" not in patched.json


async def test_delete_still_gives_a_status(server: Server, a: Any) -> None:
    assert a
    answer = await server.delete(server.core("configmaps/a"), headers=ONE)
    assert answer.ok()["kind"] == "Status"


async def test_errors_are_still_a_status(server: Server) -> None:
    answer = await server.get(server.core("configmaps/no"), headers=ONE)
    answer.refused(404, "NotFound", 'configmaps "no" not found')


async def test_list_form_of_one_object_is_not_acceptable(
    server: Server, a: Any
) -> None:
    assert a
    answer = await server.get(server.core("configmaps/a"), headers=MANY)
    answer.refused(
        406,
        "NotAcceptable",
        "you requested PartialObjectMetadataList, but the requested object is not a"
        " list (*core.ConfigMap)",
    )


async def test_object_form_of_a_list_is_not_acceptable(server: Server) -> None:
    answer = await server.get(server.core("configmaps"), headers=ONE)
    answer.refused(
        406,
        "NotAcceptable",
        "you requested PartialObjectMetadata, but the requested object is a list"
        " (*core.ConfigMapList)",
    )


async def test_first_acceptable_form_wins(server: Server, a: Any) -> None:
    assert a
    headers = {"accept": f"{ONE['accept']},application/json"}
    answer = await server.get(server.core("configmaps/a"), headers=headers)
    assert answer.ok()["kind"] == "PartialObjectMetadata"
    headers = {"accept": f"application/json,{ONE['accept']}"}
    answer = await server.get(server.core("configmaps/a"), headers=headers)
    assert answer.ok()["kind"] == "ConfigMap"
