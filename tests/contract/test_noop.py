"""Writes that change nothing commit nothing: no version, no event."""

import pytest

from tests.harness.objects import config_map, deployment
from tests.harness.server import MERGE_PATCH, Server


async def test_update_with_the_same_content_keeps_the_version(server: Server) -> None:
    path = server.core("configmaps")
    item = (await server.post(path, config_map("a", {"x": "1"}))).ok(201)
    assert (await server.put(server.core("configmaps/a"), item)).ok() == item


async def test_update_without_defaults_keeps_the_version(server: Server) -> None:
    item = (await server.post(server.apps("deployments"), deployment("d"))).ok(201)
    again = (await server.put(server.apps("deployments/d"), deployment("d"))).ok()
    assert again == item


async def test_update_without_managed_fields_keeps_them(server: Server) -> None:
    path = server.core("configmaps")
    item = (await server.post(path, config_map("a", {"x": "1"}))).ok(201)
    body = config_map("a", {"x": "1"})
    assert (await server.put(server.core("configmaps/a"), body)).ok() == item


@pytest.mark.parametrize("patch", [{}, {"data": {"x": "1"}}, {"data": {"no": None}}])
async def test_merge_patch_of_nothing_keeps_the_version(
    server: Server, patch: object
) -> None:
    path = server.core("configmaps")
    item = (await server.post(path, config_map("a", {"x": "1"}))).ok(201)
    answer = await server.merge(server.core("configmaps/a"), patch)
    assert answer.ok() == item


async def test_json_patch_of_nothing_keeps_the_version(server: Server) -> None:
    path = server.core("configmaps")
    item = (await server.post(path, config_map("a", {"x": "1"}))).ok(201)
    patch = [{"op": "test", "path": "/data/x", "value": "1"}]
    answer = await server.json_patch(server.core("configmaps/a"), patch)
    assert answer.ok() == item


async def test_second_apply_keeps_the_version(server: Server) -> None:
    path = server.core("configmaps/a")
    item = (await server.apply(path, config_map("a", {"x": "1"}))).ok(201)
    assert (await server.apply(path, config_map("a", {"x": "1"}))).ok() == item


async def test_second_delete_of_a_held_object_keeps_the_version(
    server: Server,
) -> None:
    body = config_map("a", finalizers=["example.com/hold"])
    await server.post(server.core("configmaps"), body)
    first = (await server.delete(server.core("configmaps/a"))).ok()
    assert (await server.delete(server.core("configmaps/a"))).ok() == first


async def test_noop_sends_no_event(server: Server) -> None:
    path = server.core("configmaps")
    item = (await server.post(path, config_map("a", {"x": "1"}))).ok(201)
    version = item["metadata"]["resourceVersion"]
    async with server.watch(path, resourceVersion=version) as watch:
        await server.put(server.core("configmaps/a"), item)
        await server.request(
            "PATCH", server.core("configmaps/a"), {}, media=MERGE_PATCH
        )
        await server.merge(server.core("configmaps/a"), {"data": {"x": "2"}})
        kind, changed = await watch.next()
    assert (kind, changed["data"]) == ("MODIFIED", {"x": "2"})


async def test_status_update_of_nothing_keeps_the_version(server: Server) -> None:
    item = (await server.post(server.apps("deployments"), deployment("d"))).ok(201)
    answer = await server.put(server.apps("deployments/d/status"), item)
    assert answer.ok() == item


async def test_quantity_in_another_form_is_no_change(server: Server) -> None:
    spec = deployment("d")
    resources = {"requests": {"cpu": "1000m", "memory": "1024Mi"}}
    spec["spec"]["template"]["spec"]["containers"][0]["resources"] = resources
    item = (await server.post(server.apps("deployments"), spec)).ok(201)
    container = item["spec"]["template"]["spec"]["containers"][0]
    assert container["resources"]["requests"] == {"cpu": "1", "memory": "1Gi"}
    again = (await server.put(server.apps("deployments/d"), spec)).ok()
    assert again["metadata"]["resourceVersion"] == item["metadata"]["resourceVersion"]
