"""What a server serves, in the old documents and in the new ones."""

from typing import Any

import pytest

from tests.harness.server import Server, attempts
from tests.harness.widgets import GROUP, install

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
BETA = AGGREGATED.replace("v=v2", "v=v2beta1")
WRITES = ["create", "delete", "deletecollection", "get", "list", "patch", "update"]
ALL = [*WRITES, "watch"]
SUB = ["get", "patch", "update"]


async def _resources(server: Server, path: str) -> dict[str, Any]:
    document = (await server.get(path)).ok()
    return {
        item["name"]: {k: v for k, v in item.items() if k != "storageVersionHash"}
        for item in document["resources"]
    }


async def _aggregated(server: Server, path: str) -> dict[tuple[str, str, str], Any]:
    document = (await server.get(path, headers={"accept": AGGREGATED})).ok()
    return {
        (item["metadata"].get("name", ""), version["version"], r["resource"]): r
        for item in document["items"]
        for version in item["versions"]
        for r in version["resources"]
    }


async def test_api_names_its_versions(server: Server) -> None:
    document = (await server.get("/api")).ok()
    assert (document["kind"], document["versions"]) == ("APIVersions", ["v1"])
    (address,) = document["serverAddressByClientCIDRs"]
    assert address["clientCIDR"] == "0.0.0.0/0"


async def test_apis_lists_groups(server: Server) -> None:
    document = (await server.get("/apis")).ok()
    assert (document["kind"], document["apiVersion"]) == ("APIGroupList", "v1")
    groups = {group["name"]: group for group in document["groups"]}
    version = {"groupVersion": "apps/v1", "version": "v1"}
    assert groups["apps"] == {
        "name": "apps",
        "versions": [version],
        "preferredVersion": version,
    }


@pytest.mark.parametrize(
    "group",
    [
        "apps",
        "batch",
        "autoscaling",
        "policy",
        "apiextensions.k8s.io",
        "coordination.k8s.io",
        "discovery.k8s.io",
        "events.k8s.io",
        "networking.k8s.io",
        "rbac.authorization.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
    ],
)
async def test_group_is_served(server: Server, group: str) -> None:
    document = (await server.get(f"/apis/{group}")).ok()
    assert (document["kind"], document["name"]) == ("APIGroup", group)
    assert document["apiVersion"] == "v1"


async def test_later_version_is_preferred(server: Server) -> None:
    document = (await server.get("/apis/autoscaling")).ok()
    assert [v["version"] for v in document["versions"]] == ["v2", "v1"]
    assert document["preferredVersion"]["version"] == "v2"


async def test_core_list_has_no_api_version(server: Server) -> None:
    document = (await server.get("/api/v1")).ok()
    assert (document["kind"], document["groupVersion"]) == ("APIResourceList", "v1")
    assert "apiVersion" not in document


async def test_group_list_has_an_api_version(server: Server) -> None:
    document = (await server.get("/apis/apps/v1")).ok()
    assert (document["apiVersion"], document["groupVersion"]) == ("v1", "apps/v1")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (
            "/api/v1",
            {
                "name": "configmaps",
                "singularName": "configmap",
                "namespaced": True,
                "kind": "ConfigMap",
                "verbs": ALL,
                "shortNames": ["cm"],
            },
        ),
        (
            "/api/v1",
            {
                "name": "namespaces",
                "singularName": "namespace",
                "namespaced": False,
                "kind": "Namespace",
                "verbs": [verb for verb in ALL if verb != "deletecollection"],
                "shortNames": ["ns"],
            },
        ),
        (
            "/api/v1",
            {
                "name": "namespaces/finalize",
                "singularName": "",
                "namespaced": False,
                "kind": "Namespace",
                "verbs": ["update"],
            },
        ),
        (
            "/api/v1",
            {
                "name": "pods",
                "singularName": "pod",
                "namespaced": True,
                "kind": "Pod",
                "verbs": ALL,
                "shortNames": ["po"],
                "categories": ["all"],
            },
        ),
        (
            "/api/v1",
            {
                "name": "pods/binding",
                "singularName": "",
                "namespaced": True,
                "kind": "Binding",
                "verbs": ["create"],
            },
        ),
        (
            "/apis/apps/v1",
            {
                "name": "deployments",
                "singularName": "deployment",
                "namespaced": True,
                "kind": "Deployment",
                "verbs": ALL,
                "shortNames": ["deploy"],
                "categories": ["all"],
            },
        ),
        (
            "/apis/apps/v1",
            {
                "name": "deployments/scale",
                "singularName": "",
                "namespaced": True,
                "group": "autoscaling",
                "version": "v1",
                "kind": "Scale",
                "verbs": SUB,
            },
        ),
        (
            "/apis/apps/v1",
            {
                "name": "deployments/status",
                "singularName": "",
                "namespaced": True,
                "kind": "Deployment",
                "verbs": SUB,
            },
        ),
    ],
)
async def test_resource_is_described(server: Server, path: str, expected: Any) -> None:
    assert (await _resources(server, path))[expected["name"]] == expected


async def test_resources_are_in_order(server: Server) -> None:
    document = (await server.get("/apis/apps/v1")).ok()
    listed = [item["name"] for item in document["resources"]]
    assert listed == sorted(listed)


@pytest.mark.parametrize("path", ["/api", "/apis"])
async def test_aggregated_document_has_its_type(server: Server, path: str) -> None:
    answer = await server.get(path, headers={"accept": AGGREGATED})
    document = answer.ok()
    assert document["kind"] == "APIGroupDiscoveryList"
    assert document["apiVersion"] == "apidiscovery.k8s.io/v2"
    assert document["metadata"] == {}
    assert answer.headers["content-type"] == AGGREGATED
    assert "Accept" in answer.headers["vary"]
    assert answer.headers["cache-control"] == "public"


@pytest.mark.parametrize("path", ["/api", "/apis"])
async def test_aggregated_document_is_cached_by_tag(server: Server, path: str) -> None:
    first = await server.get(path, headers={"accept": AGGREGATED})
    tag = first.headers["etag"]
    assert tag.startswith('"')
    headers = {"accept": AGGREGATED, "if-none-match": tag}
    again = await server.get(path, headers=headers)
    assert (again.status, again.body) == (304, b"")


async def test_core_group_has_no_name(server: Server) -> None:
    document = (await server.get("/api", headers={"accept": AGGREGATED})).ok()
    (item,) = document["items"]
    assert item["metadata"] == {}
    assert [v["version"] for v in item["versions"]] == ["v1"]
    assert item["versions"][0]["freshness"] == "Current"


async def test_aggregated_resource(server: Server) -> None:
    found = await _aggregated(server, "/apis")
    assert found["apps", "v1", "deployments"] == {
        "resource": "deployments",
        "responseKind": {"group": "", "version": "", "kind": "Deployment"},
        "scope": "Namespaced",
        "singularResource": "deployment",
        "verbs": ALL,
        "shortNames": ["deploy"],
        "categories": ["all"],
        "subresources": [
            {
                "subresource": "scale",
                "responseKind": {
                    "group": "autoscaling",
                    "version": "v1",
                    "kind": "Scale",
                },
                "verbs": SUB,
            },
            {
                "subresource": "status",
                "responseKind": {"group": "", "version": "", "kind": "Deployment"},
                "verbs": SUB,
            },
        ],
    }


async def test_aggregated_cluster_resource(server: Server) -> None:
    found = await _aggregated(server, "/api")
    assert found["", "v1", "namespaces"]["scope"] == "Cluster"


@pytest.mark.parametrize(
    "accept",
    [
        f"{AGGREGATED},{BETA},application/json",
        f"{BETA},{AGGREGATED},application/json",
    ],
)
async def test_version_two_is_given_where_it_is_accepted(
    server: Server, accept: str
) -> None:
    answer = await server.get("/apis", headers={"accept": accept})
    assert answer.headers["content-type"] == AGGREGATED


async def test_legacy_is_given_otherwise(server: Server) -> None:
    headers = {"accept": f"{BETA},application/json"}
    answer = await server.get("/api", headers=headers)
    assert answer.ok()["kind"] == "APIVersions"
    assert answer.headers["content-type"] == "application/json"


async def test_custom_resource_is_aggregated(server: Server) -> None:
    await install(server)
    found: Any = None
    async for _ in attempts():  # published a moment after it is established
        found = (await _aggregated(server, "/apis")).get((GROUP, "v1", "widgets"))
        if found:
            break
    assert found["responseKind"]["kind"] == "Widget"
    assert found["shortNames"] == ["wd"]
    subresources = [item["subresource"] for item in found["subresources"]]
    assert sorted(subresources) == ["scale", "status"]


@pytest.mark.parametrize("path", ["/apis", "/apis/apps/v1"])
async def test_form_that_is_not_served(server: Server, path: str) -> None:
    answer = await server.get(path, headers={"accept": BETA})
    answer.refused(406, "NotAcceptable")


async def test_aggregated_form_is_preferred(server: Server) -> None:
    headers = {"accept": f"application/json,{AGGREGATED}"}
    document = (await server.get("/apis", headers=headers)).ok()
    assert document["kind"] == "APIGroupDiscoveryList"
