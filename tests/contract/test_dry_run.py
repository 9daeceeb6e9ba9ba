"""dryRun=All: everything happens but the write."""

from typing import Any

import pytest

from tests.harness.objects import config_map, deployment, rejection
from tests.harness.server import Server


@pytest.fixture
async def a(server: Server) -> Any:
    """A ConfigMap of the name a."""
    path = server.core("configmaps")
    return (await server.post(path, config_map("a", {"x": "1"}))).ok(201)


async def test_create_stores_nothing(server: Server) -> None:
    path = server.core("configmaps")
    item = (await server.post(path, config_map("a", {"x": "1"}), dryRun="All")).ok(201)
    assert item["data"] == {"x": "1"}
    assert item["metadata"]["uid"]
    assert "resourceVersion" not in item["metadata"]
    (await server.get(server.core("configmaps/a"))).refused(404, "NotFound")


async def test_create_is_defaulted(server: Server) -> None:
    answer = await server.post(
        server.apps("deployments"), deployment("d"), dryRun="All"
    )
    assert answer.ok(201)["spec"]["replicas"] == 1


async def test_create_gives_back_the_version_that_was_sent(server: Server) -> None:
    body = config_map("a", resourceVersion="7")
    item = (await server.post(server.core("configmaps"), body, dryRun="All")).ok(201)
    assert item["metadata"]["resourceVersion"] == "7"


async def test_create_generates_a_name(server: Server) -> None:
    body = {"metadata": {"generateName": "g-"}}
    item = (await server.post(server.core("configmaps"), body, dryRun="All")).ok(201)
    assert item["metadata"]["name"].startswith("g-")


async def test_create_is_validated(server: Server) -> None:
    answer = await server.post(server.core("configmaps"), config_map("B"), dryRun="All")
    answer.refused(422, "Invalid")


async def test_create_twice_is_already_exists(server: Server, a: Any) -> None:
    assert a
    answer = await server.post(server.core("configmaps"), config_map("a"), dryRun="All")
    answer.refused(409, "AlreadyExists")


@pytest.mark.parametrize("how", ["put", "merge", "apply"])
async def test_change_stores_nothing(server: Server, a: Any, how: str) -> None:
    path, body = server.core("configmaps/a"), config_map("a", {"y": "2"})
    if how == "put":
        answer = await server.put(path, body, dryRun="All")
    elif how == "merge":
        answer = await server.merge(path, {"data": {"y": "2"}}, dryRun="All")
    else:
        answer = await server.apply(path, body, dryRun="All")
    item = answer.ok()
    assert item["data"]["y"] == "2"
    assert item["metadata"]["resourceVersion"] == a["metadata"]["resourceVersion"]
    assert (await server.get(path)).ok() == a


async def test_stale_update_is_a_conflict(server: Server, a: Any) -> None:
    await server.merge(server.core("configmaps/a"), {"data": {"y": "2"}})
    answer = await server.put(server.core("configmaps/a"), a, dryRun="All")
    answer.refused(409, "Conflict")


@pytest.mark.parametrize("where", ["query", "body"])
async def test_delete_removes_nothing(server: Server, a: Any, where: str) -> None:
    path = server.core("configmaps/a")
    if where == "query":
        answer = await server.delete(path, dryRun="All")
    else:
        answer = await server.delete(path, {"dryRun": ["All"]})
    assert answer.ok()["status"] == "Success"
    assert (await server.get(path)).ok() == a


async def test_delete_collection_removes_nothing(server: Server, a: Any) -> None:
    document = (await server.delete(server.core("configmaps"), dryRun="All")).ok()
    assert len(document["items"]) == 1
    assert (await server.get(server.core("configmaps/a"))).ok() == a


async def test_scale_stores_nothing(server: Server) -> None:
    await server.post(server.apps("deployments"), deployment("d"))
    path, patch = server.apps("deployments/d/scale"), {"spec": {"replicas": 5}}
    answer = await server.merge(path, patch, dryRun="All")
    assert answer.ok()["spec"] == {"replicas": 5}
    assert (await server.get(path)).ok()["spec"] == {"replicas": 1}


async def test_create_sends_no_event(server: Server) -> None:
    path = server.core("configmaps")
    version = (await server.get(path)).ok()["metadata"]["resourceVersion"]
    async with server.watch(path, resourceVersion=version) as watch:
        await server.post(path, config_map("a"), dryRun="All")
        await server.post(path, config_map("b"))
        assert await watch.take(1) == [("ADDED", "b")]


@pytest.mark.parametrize("value", ["x", "", "all"])
@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("POST", "CreateOptions"),
        ("PUT", "UpdateOptions"),
        ("PATCH", "PatchOptions"),
        ("DELETE", "DeleteOptions"),
    ],
)
async def test_other_values_are_invalid(
    server: Server, a: Any, method: str, options: str, value: str
) -> None:
    assert a
    path = server.core("configmaps" if method == "POST" else "configmaps/a")
    media = "application/merge-patch+json" if method == "PATCH" else "application/json"
    body = None if method == "DELETE" else config_map("a")
    answer = await server.request(method, path, body, media=media, dryRun=value)
    details = answer.refused(
        422,
        "Invalid",
        f'{options}.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["{value}"]:'
        ' supported values: "All"',
    )
    assert rejection(details) == [("FieldValueNotSupported", "dryRun")]
