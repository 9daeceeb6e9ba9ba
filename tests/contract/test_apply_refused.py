"""Server-side apply: configurations that are refused."""

from typing import Any

import pytest

from tests.harness.objects import (
    config_map,
    containers,
    rejection,
)
from tests.harness.server import APPLY, Server


@pytest.fixture
def path(server: Server) -> str:
    """The path of a ConfigMap that is not there yet."""
    return server.core("configmaps/a")


@pytest.mark.parametrize("query", [{"fieldManager": ""}, {}])
async def test_manager_is_required(server: Server, path: str, query: Any) -> None:
    answer = await server.request("PATCH", path, config_map("a"), media=APPLY, **query)
    details = answer.refused(
        422,
        "Invalid",
        'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is'
        " required for apply patch",
    )
    assert rejection(details) == [("FieldValueRequired", "fieldManager")]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            config_map("a", managedFields=[{}]),
            "metadata.managedFields must be nil",
        ),
        (config_map("a", managedFields=[]), "metadata.managedFields must be nil"),
        (
            {**config_map("a"), "apiVersion": "v2"},
            "invalid object type: /v2, Kind=ConfigMap",
        ),
        (
            {**config_map("a"), "kind": "Secret"},
            "invalid object type: /v1, Kind=Secret",
        ),
        ({"metadata": {"name": "a"}}, "invalid object type: /, Kind="),
        (
            {"kind": "ConfigMap", "metadata": {"name": "a"}},
            "invalid object type: /, Kind=ConfigMap",
        ),
        (
            config_map("b"),
            "the name of the object (b) does not match the name on the URL (a)",
        ),
        (
            {"apiVersion": "v1", "kind": "ConfigMap"},
            (
                "the name of the object (a based on URL) was undeterminable: name must"
                " be"
                " provided"
            ),
        ),
        (
            config_map("a", namespace="other"),
            (
                "the namespace of the provided object does not match the namespace"
                " sent on"
                " the request"
            ),
        ),
        ("", "invalid object type: /, Kind="),
        (
            "[]",
            (
                "error decoding YAML: error unmarshaling JSON: while decoding JSON:"
                " json:"
                " cannot unmarshal array into Go value of type map[string]interface {}"
            ),
        ),
    ],
)
async def test_bad_configuration_is_a_bad_request(
    server: Server, path: str, body: Any, message: str
) -> None:
    (await server.apply(path, body)).refused(400, "BadRequest", message)


async def test_broken_yaml_is_a_bad_request(server: Server, path: str) -> None:
    answer = await server.apply(path, "{")
    answer.refused(400, "BadRequest")
    assert answer.json["message"].startswith(
        "error decoding YAML: error converting YAML to JSON: yaml:"
    )


async def test_configuration_may_be_yaml(server: Server, path: str) -> None:
    body = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  x: "1"\n'
    assert (await server.apply(path, body)).ok(201)["data"] == {"x": "1"}


@pytest.mark.parametrize(
    ("data", "end"),
    [
        ({"x": 1}, ".data.x: expected string, got &value.valueUnstructured{Value:1}"),
        ("x", ".data: expected map, got &{x}"),
        ([None], ".data: expected map, got &{[<nil>]}"),
    ],
)
async def test_wrong_types_are_refused(
    server: Server, path: str, data: Any, end: str
) -> None:
    body = {**config_map("a"), "data": data}
    (await server.apply(path, body)).refused(
        500,
        "",
        f"failed to create typed patch object (/a; /v1, Kind=ConfigMap): {end}",
    )


async def test_all_wrong_types_are_told(server: Server) -> None:
    body = containers(
        {"name": "c", "ports": [{"containerPort": 1}, {"containerPort": 1}]},
        {"name": "c", "image": 2},
        {"image": None, "command": "x"},
    )
    (await server.apply(server.apps("deployments/d"), body)).refused(
        500,
        "",
        "failed to create typed patch object (/d; apps/v1, Kind=Deployment): errors:\n"
        '  .spec.template.spec.containers[name="c"].ports: duplicate entries for key '
        '[containerPort=1,protocol="TCP"]\n'
        '  .spec.template.spec.containers: duplicate entries for key [name="c"]\n'
        '  .spec.template.spec.containers[name="c"].image: expected string, got '
        "&value.valueUnstructured{Value:2}\n"
        '  .spec.template.spec.containers[name=""].command: expected list, got &{x}',
    )


async def test_item_that_cannot_be_told_apart_ends_its_list(server: Server) -> None:
    finalizers = ["a", "a", 1, None, "b", "b"]
    body = config_map("a", finalizers=finalizers)
    (await server.apply(server.core("configmaps/a"), body)).refused(
        500,
        "",
        "failed to create typed patch object (/a; /v1, Kind=ConfigMap): errors:\n"
        '  .metadata.finalizers: duplicate entries for key [="a"]\n'
        "  .metadata.finalizers[=1]: expected string, got "
        "&value.valueUnstructured{Value:1}\n"
        "  .metadata.finalizers: element 3: associative list without keys has an "
        "element that's an explicit null",
    )


@pytest.mark.parametrize("undeclared", [{"foo": 1}, {"foo": 1, "bar": 1}])
async def test_one_undeclared_field_of_a_map_is_told(
    server: Server, undeclared: Any
) -> None:
    body = containers({"name": "c", **undeclared}, {"name": "d", "image": 2})
    answer = await server.apply(server.apps("deployments/d"), body)
    answer.refused(500, "")
    _, first, second = answer.json["message"].split("\n  ")
    assert first in [
        f'.spec.template.spec.containers[name="c"].{name}: field not declared in schema'
        for name in undeclared
    ]
    assert second.startswith('.spec.template.spec.containers[name="d"].image: expected')


async def test_uid_of_nothing_is_a_conflict(server: Server, path: str) -> None:
    (await server.apply(path, config_map("a", uid="x"))).refused(
        409,
        "Conflict",
        'Operation cannot be fulfilled on configmaps "a": uid mismatch: the provided'
        " object specified uid x, and no existing object was found",
    )


async def test_stale_version_is_a_conflict(server: Server, path: str) -> None:
    await server.apply(path, config_map("a", {"x": "1"}), "m")
    body = config_map("a", {"x": "2"}, resourceVersion="1")
    answer = await server.apply(path, body, "m")
    answer.refused(409, "Conflict")
    assert "the object has been modified" in answer.json["message"]


async def test_version_of_nothing_is_ignored(server: Server, path: str) -> None:
    (await server.apply(path, config_map("a", resourceVersion="1"))).ok(201)


async def test_apply_in_a_missing_namespace_is_not_found(server: Server) -> None:
    path = "/api/v1/namespaces/nope/configmaps/a"
    answer = await server.apply(path, config_map("a"))
    answer.refused(404, "NotFound", 'namespaces "nope" not found')


async def test_applied_name_must_be_good(server: Server) -> None:
    answer = await server.apply(server.core("configmaps/A_b"), config_map("A_b"))
    answer.refused(422, "Invalid")
