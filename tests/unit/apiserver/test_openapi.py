"""OpenAPI v3: what kubectl looks for is there."""

import json
from typing import Any

import pytest

from homeostat.api import GroupVersionKind, Resource
from homeostat.apiserver._crd_serve import VERBS
from homeostat.apiserver._openapi import OpenApi
from homeostat.k8s import resources

THING = GroupVersionKind("example.com", "v1", "Thing")
THINGS = Resource(
    gvk=THING,
    plural="things",
    namespaced=True,
    subresources=frozenset({"status", "scale"}),
    verbs=VERBS,
)
SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "A thing.",
    "properties": {
        "spec": {
            "type": "object",
            "properties": {
                "size": {"type": "integer", "default": 1},
                "port": {"x-kubernetes-int-or-string": True},
                "pod": {
                    "type": "object",
                    "x-kubernetes-embedded-resource": True,
                    "x-kubernetes-preserve-unknown-fields": True,
                },
            },
        }
    },
}
OPENAPI = OpenApi([*resources(), THINGS], {THING: SCHEMA})


def _document(path: str) -> dict[str, Any]:
    found = OPENAPI.document(path)
    assert found is not None
    made: dict[str, Any] = json.loads(found)
    return made


def _references(value: Any) -> set[str]:
    if isinstance(value, dict):
        found = {v for k, v in value.items() if k == "$ref" and isinstance(v, str)}
        return found.union(*(_references(item) for item in value.values()))
    if isinstance(value, list):
        return set().union(*(_references(item) for item in value))
    return set()


def test_the_index_leads_to_every_document() -> None:
    paths = json.loads(OPENAPI.index)["paths"]
    assert {"api/v1", "apis/apps/v1", "apis/example.com/v1"} <= set(paths)
    for path, entry in paths.items():
        hashed = OPENAPI.hash_of(path)
        assert entry == {"serverRelativeURL": f"/openapi/v3/{path}?hash={hashed}"}


@pytest.mark.parametrize("path", sorted(json.loads(OPENAPI.index)["paths"]))
def test_every_reference_is_resolved(path: str) -> None:
    document = _document(path)
    prefix = "#/components/schemas/"
    named = {reference.removeprefix(prefix) for reference in _references(document)}
    assert named <= set(document["components"]["schemas"])


def test_patches_of_built_in_kinds_may_be_strategic() -> None:
    paths = _document("apis/apps/v1")["paths"]
    patch = paths["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"]
    assert patch["x-kubernetes-group-version-kind"] == {
        "group": "apps",
        "version": "v1",
        "kind": "Deployment",
    }
    assert "fieldValidation" in {p["name"] for p in patch["parameters"]}
    assert "application/strategic-merge-patch+json" in patch["requestBody"]["content"]


def test_patches_of_custom_kinds_are_not_strategic() -> None:
    paths = _document("apis/example.com/v1")["paths"]
    item = "/apis/example.com/v1/namespaces/{namespace}/things/{name}"
    assert sorted(paths[item]["patch"]["requestBody"]["content"]) == [
        "application/apply-patch+yaml",
        "application/json-patch+json",
        "application/merge-patch+json",
    ]
    scale = paths[f"{item}/scale"]["put"]
    assert scale["x-kubernetes-group-version-kind"]["kind"] == "Thing"
    content = scale["requestBody"]["content"]["application/json"]
    assert content["schema"]["$ref"].endswith("autoscaling.v1.Scale")
    assert f"{item}/status" in paths


def test_schemas_carry_lists_keys_and_patch_keys() -> None:
    schemas = _document("apis/apps/v1")["components"]["schemas"]
    ports = schemas["io.k8s.api.core.v1.Container"]["properties"]["ports"]
    assert ports["x-kubernetes-patch-merge-key"] == "containerPort"
    assert ports["x-kubernetes-list-map-keys"] == ["containerPort", "protocol"]
    deployment = schemas["io.k8s.api.apps.v1.Deployment"]
    assert deployment["x-kubernetes-group-version-kind"] == [
        {"group": "apps", "kind": "Deployment", "version": "v1"}
    ]


def test_a_custom_schema_is_completed_for_clients() -> None:
    thing = _document("apis/example.com/v1")["components"]["schemas"][
        "com.example.v1.Thing"
    ]
    assert thing["description"] == "A thing."
    assert list(thing["properties"]) == ["apiVersion", "kind", "metadata", "spec"]
    spec = thing["properties"]["spec"]["properties"]
    assert spec["port"]["anyOf"] == [{"type": "integer"}, {"type": "string"}]
    assert set(spec["pod"]["properties"]) == {"apiVersion", "kind", "metadata"}
    assert "anyOf" not in SCHEMA["properties"]["spec"]["properties"]["port"]


def test_hashes_follow_what_is_served() -> None:
    changed = {**SCHEMA, "description": "Another thing."}
    other = OpenApi([*resources(), THINGS], {THING: changed})
    path = "apis/example.com/v1"
    assert other.hash_of(path) != OPENAPI.hash_of(path)
    assert other.hash_of("apis/apps/v1") == OPENAPI.hash_of("apis/apps/v1")


def test_a_custom_kind_without_a_schema_may_hold_anything() -> None:
    made = OpenApi([THINGS]).document("apis/example.com/v1")
    assert made is not None
    thing = json.loads(made)["components"]["schemas"]["com.example.v1.Thing"]
    assert thing["x-kubernetes-preserve-unknown-fields"] is True
    assert thing["x-kubernetes-group-version-kind"][0]["kind"] == "Thing"


def test_what_is_not_served_has_no_document() -> None:
    assert OPENAPI.document("apis/nothing.io/v1") is None
    assert OPENAPI.hash_of("apis/nothing.io/v1") is None
