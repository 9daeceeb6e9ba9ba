"""/openapi/v3: what kubectl reads before it sends anything."""

from typing import Any

import pytest

from tests.harness.server import Server, attempts
from tests.harness.widgets import GROUP, install

KIND = "x-kubernetes-group-version-kind"


async def _published(server: Server) -> str:
    """Install Widgets and wait for their document: it comes a moment later."""
    await install(server)
    name = f"apis/{GROUP}/v1"
    async for _ in attempts():
        if name in (await server.get("/openapi/v3")).ok()["paths"]:
            break
    return name


async def _document(server: Server, name: str) -> Any:
    index = (await server.get("/openapi/v3")).ok()["paths"]
    path, query = index[name]["serverRelativeURL"].split("?")
    return await server.get(path, hash=query.removeprefix("hash="))


@pytest.mark.parametrize(
    "name", ["api/v1", "apis/apps/v1", "apis/apiextensions.k8s.io/v1"]
)
async def test_index_names_the_documents(server: Server, name: str) -> None:
    index = (await server.get("/openapi/v3")).ok()["paths"]
    url = index[name]["serverRelativeURL"]
    assert url.startswith(f"/openapi/v3/{name}?hash=")


async def test_document_is_openapi_3(server: Server) -> None:
    document = (await _document(server, "apis/apps/v1")).ok()
    assert document["openapi"].startswith("3.0")
    assert {"paths", "components"} <= set(document)


async def test_document_of_a_hash_is_immutable(server: Server) -> None:
    answer = await _document(server, "apis/apps/v1")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "public, immutable"
    assert answer.headers["etag"].startswith('"')


async def test_stale_hash_is_redirected(server: Server) -> None:
    answer = await server.get("/openapi/v3/apis/apps/v1", hash="OLD")
    assert answer.status == 301
    location = answer.headers["location"]
    assert location.startswith("/openapi/v3/apis/apps/v1?hash=")


async def test_document_without_hash_is_given(server: Server) -> None:
    answer = await server.get("/openapi/v3/apis/apps/v1")
    assert answer.ok()["openapi"].startswith("3.0")


async def test_unknown_document_is_not_found(server: Server) -> None:
    assert (await server.get("/openapi/v3/apis/nope/v1")).status == 404


async def test_patch_accepts_field_validation(server: Server) -> None:
    document = (await _document(server, "apis/apps/v1")).ok()
    path = "/apis/apps/v1/namespaces/{namespace}/deployments/{name}"
    patch = document["paths"][path]["patch"]
    assert patch[KIND] == {"group": "apps", "version": "v1", "kind": "Deployment"}
    parameters = {parameter.get("name") for parameter in patch["parameters"]}
    assert {"dryRun", "fieldManager", "fieldValidation", "force"} <= parameters
    assert "application/apply-patch+yaml" in patch["requestBody"]["content"]


async def test_schemas_have_their_kind(server: Server) -> None:
    document = (await _document(server, "apis/apps/v1")).ok()
    schema = document["components"]["schemas"]["io.k8s.api.apps.v1.Deployment"]
    assert schema["type"] == "object"
    assert {"group": "apps", "version": "v1", "kind": "Deployment"} in schema[KIND]
    assert {"apiVersion", "kind", "metadata", "spec", "status"} <= set(
        schema["properties"]
    )


async def test_lists_have_their_merge_keys(server: Server) -> None:
    document = (await _document(server, "api/v1")).ok()
    schema = document["components"]["schemas"]["io.k8s.api.core.v1.PodSpec"]
    containers = schema["properties"]["containers"]
    assert containers["x-kubernetes-list-type"] == "map"
    assert containers["x-kubernetes-list-map-keys"] == ["name"]


async def test_custom_resource_is_published(server: Server) -> None:
    document = (await _document(server, await _published(server))).ok()
    path = f"/apis/{GROUP}/v1/namespaces/{{namespace}}/widgets/{{name}}"
    patch = document["paths"][path]["patch"]
    assert patch[KIND] == {"group": GROUP, "version": "v1", "kind": "Widget"}
    content = set(patch["requestBody"]["content"])
    assert "application/strategic-merge-patch+json" not in content
    parameters = {parameter.get("name") for parameter in patch["parameters"]}
    assert "fieldValidation" in parameters


async def test_custom_schema_is_published(server: Server) -> None:
    document = (await _document(server, await _published(server))).ok()
    schemas = document["components"]["schemas"].values()
    kind = {"group": GROUP, "version": "v1", "kind": "Widget"}
    schema = next(s for s in schemas if kind in s.get(KIND, ()))
    size = schema["properties"]["spec"]["properties"]["size"]
    assert size["maximum"] == 10


async def test_document_is_no_text(server: Server) -> None:
    path = "/openapi/v3/apis/apps/v1"
    answer = await server.get(path, headers={"accept": "text/plain"})
    assert (answer.status, answer.body) == (406, b"")
