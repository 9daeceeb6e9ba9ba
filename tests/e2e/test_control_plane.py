"""What only the real controllers show; the embedded ones are held to the same."""

from typing import Any

from tests.harness.objects import config_map, deployment
from tests.harness.server import Server


async def _until(server: Server, path: str, ready: Any) -> Any:
    async with server.watch(path) as watch:
        while True:
            _, item = await watch.next()
            if ready(item):
                return item


async def test_deployment_gets_a_replica_set(cluster_server: Server) -> None:
    server = cluster_server
    body = deployment("web", replicas=2)
    item = (await server.post(server.apps("deployments"), body)).ok(201)
    child = await _until(server, server.apps("replicasets"), lambda item: True)
    (reference,) = child["metadata"]["ownerReferences"]
    assert reference["uid"] == item["metadata"]["uid"]
    assert reference["controller"] is True
    assert reference["blockOwnerDeletion"] is True
    assert child["spec"]["replicas"] == 2


async def test_owned_object_goes_with_its_owner(cluster_server: Server) -> None:
    server = cluster_server
    path = server.core("configmaps")
    parent = (await server.post(path, config_map("parent"))).ok(201)
    reference = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "name": "parent",
        "uid": parent["metadata"]["uid"],
    }
    (await server.post(path, config_map("child", ownerReferences=[reference]))).ok(201)
    selector = "metadata.name=child"
    async with server.watch(path, fieldSelector=selector) as watch:
        (await server.delete(server.core("configmaps/parent"))).ok()
        await watch.until("DELETED")


async def test_deleted_namespace_is_emptied(cluster_server: Server) -> None:
    server = cluster_server
    await server.post(server.core("configmaps"), config_map("a"))
    selector = f"metadata.name={server.namespace}"
    async with server.watch("/api/v1/namespaces", fieldSelector=selector) as watch:
        await server.delete(f"/api/v1/namespaces/{server.namespace}")
        await watch.until("DELETED")
    (await server.get(server.core("configmaps/a"))).refused(404, "NotFound")
