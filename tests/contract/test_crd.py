"""CustomResourceDefinitions: accepted, established, published, deleted."""

from typing import Any

import pytest

from tests.harness.objects import rejection
from tests.harness.server import Server, attempts
from tests.harness.widgets import CRDS, condition, crd, establish

TYPE = "CustomResourceDefinition.apiextensions.k8s.io"
SCHEMA = "spec.validation.openAPIV3Schema"


@pytest.fixture
def group(server: Server) -> str:
    """A group that nobody else uses."""
    return f"{server.namespace}.example.com"


def _object(**properties: Any) -> Any:
    return {"type": "object", "properties": properties}


async def test_definition_is_defaulted(server: Server, group: str) -> None:
    spec = (await server.post(CRDS, crd(group))).ok(201)["spec"]
    assert spec["names"] == {
        "plural": "things",
        "singular": "thing",
        "kind": "Thing",
        "listKind": "ThingList",
    }
    assert spec["conversion"] == {"strategy": "None"}


async def test_definition_is_established(server: Server, group: str) -> None:
    status = (await establish(server, crd(group)))["status"]
    found = [(c["type"], c["status"], c["reason"]) for c in status["conditions"]]
    assert found == [
        ("NamesAccepted", "True", "NoConflicts"),
        ("Established", "True", "InitialNamesAccepted"),
    ]
    messages = [c["message"] for c in status["conditions"]]
    assert messages == [
        "no conflicts found",
        "the initial names have been accepted",
    ]
    assert status["storedVersions"] == ["v1"]
    assert status["acceptedNames"]["kind"] == "Thing"


async def _discovered(server: Server, group: str) -> Any:
    """Return the resources of a group, whose discovery follows in a moment."""
    async for _ in attempts():
        answer = await server.get(f"/apis/{group}/v1")
        if answer.status != 404:
            break
    return answer.ok()


async def test_resource_is_in_legacy_discovery(server: Server, group: str) -> None:
    names = {"shortNames": ["th"], "categories": ["all"]}
    await establish(server, crd(group, names=names))
    document = await _discovered(server, group)
    (resource,) = document["resources"]
    resource.pop("storageVersionHash", None)
    verbs = sorted(resource.pop("verbs"))
    assert resource == {
        "name": "things",
        "singularName": "thing",
        "namespaced": True,
        "kind": "Thing",
        "shortNames": ["th"],
        "categories": ["all"],
    }
    assert verbs == sorted(
        [
            "delete",
            "deletecollection",
            "get",
            "list",
            "patch",
            "create",
            "update",
            "watch",
        ]
    )


async def test_group_is_in_legacy_discovery(server: Server, group: str) -> None:
    await establish(server, crd(group))
    version = {"groupVersion": f"{group}/v1", "version": "v1"}
    assert (await server.get(f"/apis/{group}")).ok() == {
        "kind": "APIGroup",
        "apiVersion": "v1",
        "name": group,
        "versions": [version],
        "preferredVersion": version,
    }


async def test_subresources_are_in_discovery(server: Server, group: str) -> None:
    scale = {"specReplicasPath": ".spec.n", "statusReplicasPath": ".status.n"}
    version = {"subresources": {"status": {}, "scale": scale}}
    await establish(server, crd(group, version=version))
    document = await _discovered(server, group)
    found = {r["name"]: r for r in document["resources"]}
    assert sorted(found) == ["things", "things/scale", "things/status"]
    assert found["things/scale"]["group"] == "autoscaling"
    assert found["things/scale"]["kind"] == "Scale"


async def test_status_counts_without_the_subresource(
    server: Server, group: str
) -> None:
    await establish(server, crd(group))
    path = server.path(f"{group}/v1", "things")
    body = {
        "apiVersion": f"{group}/v1",
        "kind": "Thing",
        "metadata": {"name": "a"},
        "status": {"n": 1},
    }
    item = (await server.post(path, body)).ok(201)
    assert item["status"] == {"n": 1}
    item = (await server.merge(f"{path}/a", {"status": {"n": 2}})).ok()
    assert item["metadata"]["generation"] == 2
    (await server.get(f"{path}/a/status")).refused(404, "NotFound")
    (await server.get(f"{path}/a/scale")).refused(404, "NotFound")


async def test_kind_that_is_taken_is_not_accepted(server: Server, group: str) -> None:
    await establish(server, crd(group))
    other = crd(group, plural="others")
    (await server.post(CRDS, other)).ok(201)
    name = other["metadata"]["name"]
    item = await condition(server, name, "Established", "False")
    found = {c["type"]: c for c in item["status"]["conditions"]}
    assert found["NamesAccepted"]["status"] == "False"
    assert found["NamesAccepted"]["reason"] == "ListKindConflict"
    assert found["NamesAccepted"]["message"] == '"ThingList" is already in use'
    assert found["Established"]["reason"] == "NotAccepted"
    assert found["Established"]["message"] == "not all names are accepted"


async def test_deleted_definition_is_cleaned_up(server: Server, group: str) -> None:
    item = await establish(server, crd(group))
    path = f"{CRDS}/{item['metadata']['name']}"
    marked = (await server.delete(path)).ok()
    assert marked["metadata"]["finalizers"] == [
        "customresourcecleanup.apiextensions.k8s.io"
    ]
    last = marked["status"]["conditions"][-1]
    assert (last["type"], last["status"]) == ("Terminating", "True")
    assert last["reason"] == "InstanceDeletionPending"


async def test_deletion_takes_the_resources_along(server: Server, group: str) -> None:
    item = await establish(server, crd(group))
    name = item["metadata"]["name"]
    path = server.path(f"{group}/v1", "things")
    body = {
        "apiVersion": f"{group}/v1",
        "kind": "Thing",
        "metadata": {"name": "a"},
    }
    (await server.post(path, body)).ok(201)
    version = (await server.get(CRDS)).ok()["metadata"]["resourceVersion"]
    selector = f"metadata.name={name}"
    query: Any = {"resourceVersion": version, "fieldSelector": selector}
    async with server.watch(CRDS, **query) as watch:
        (await server.delete(f"{CRDS}/{name}")).ok()
        await watch.until("DELETED")
    (await server.get(f"{CRDS}/{name}")).refused(404, "NotFound")


async def test_nothing_new_while_a_definition_goes(server: Server, group: str) -> None:
    item = await establish(server, crd(group))
    path = server.path(f"{group}/v1", "things")
    body = {
        "apiVersion": f"{group}/v1",
        "kind": "Thing",
        "metadata": {"name": "a", "finalizers": ["example.com/hold"]},
    }
    (await server.post(path, body)).ok(201)
    (await server.delete(f"{CRDS}/{item['metadata']['name']}")).ok()
    # A real server's handler learns of the deletion by a watch of its own.
    async for _ in attempts():
        other = {**body, "metadata": {"name": "b"}}
        answer = await server.post(path, other, dryRun="All")
        if answer.status != 201:
            break
    answer.refused(
        403,
        "Forbidden",
        f'things.{group} "b" is forbidden: create not allowed while custom resource'
        " definition is terminating",
    )


@pytest.mark.parametrize(
    ("schema", "reason", "field", "text"),
    [
        (
            {"properties": {"spec": {"type": "object"}}},
            "FieldValueRequired",
            ".type",
            "Required value: must not be empty at the root",
        ),
        (
            _object(spec={"properties": {"a": {"type": "string"}}}),
            "FieldValueRequired",
            ".properties[spec].type",
            "Required value: must not be empty for specified object fields",
        ),
        (
            _object(
                a={
                    "type": "object",
                    "properties": {"x": {"type": "string"}},
                    "additionalProperties": {"type": "string"},
                }
            ),
            "FieldValueForbidden",
            ".properties[a].additionalProperties",
            "Forbidden: additionalProperties and properties are mutual exclusive",
        ),
        (
            _object(a={"type": "string", "$ref": "x"}),
            "FieldValueForbidden",
            ".properties[a].$ref",
            "Forbidden: $ref is not supported",
        ),
        (
            _object(
                a={"type": "array", "uniqueItems": True, "items": {"type": "string"}}
            ),
            "FieldValueForbidden",
            ".properties[a].uniqueItems",
            (
                "Forbidden: uniqueItems cannot be set to true since the runtime"
                " complexity"
                " becomes quadratic"
            ),
        ),
        (
            _object(a={"type": "array"}),
            "FieldValueRequired",
            ".properties[a].items",
            "Required value: must be specified",
        ),
        (
            _object(a={"type": "integer", "default": "x"}),
            "FieldValueTypeInvalid",
            ".properties[a].default",
            'Invalid value: "string":  in body must be of type integer: "string"',
        ),
        (
            _object(
                a={
                    "type": "object",
                    "properties": {"q": {"type": "string"}},
                    "default": {"z": 1},
                }
            ),
            "FieldValueInvalid",
            ".properties[a].default",
            'Invalid value: {"z":1}: must not have unknown fields',
        ),
        (
            _object(
                a={
                    "type": "array",
                    "x-kubernetes-list-type": "map",
                    "items": {"type": "object"},
                }
            ),
            "FieldValueRequired",
            ".properties[a].x-kubernetes-list-map-keys",
            "Required value: must not be empty if x-kubernetes-list-type is map",
        ),
        (
            _object(
                a={
                    "type": "array",
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["k"],
                    "items": _object(k={"type": "string"}),
                }
            ),
            "FieldValueRequired",
            ".properties[a].items.properties[k].default",
            (
                "Required value: this property is in x-kubernetes-list-map-keys, so it"
                " must"
                " have a default or be a required property"
            ),
        ),
        (
            _object(a={"type": "foo"}),
            "FieldValueNotSupported",
            ".properties[a].type",
            (
                'Unsupported value: "foo": supported values: "array", "boolean",'
                ' "integer", "number", "object", "string"'
            ),
        ),
        (
            _object(metadata=_object(labels={"type": "object"})),
            "FieldValueForbidden",
            ".properties[metadata]",
            (
                "Forbidden: must not specify anything other than name and"
                " generateName, but"
                " metadata is implicitly specified"
            ),
        ),
        (
            _object(a={"type": "integer", "anyOf": [{"type": "string"}]}),
            "FieldValueForbidden",
            ".properties[a].anyOf[0].type",
            "Forbidden: must be empty to be structural",
        ),
    ],
)
async def test_schema_must_be_structural(
    server: Server, group: str, schema: Any, reason: str, field: str, text: str
) -> None:
    answer = await server.post(CRDS, crd(group, schema=schema))
    details = answer.refused(
        422, "Invalid", f'{TYPE} "things.{group}" is invalid: {SCHEMA}{field}: {text}'
    )
    assert rejection(details) == [(reason, f"{SCHEMA}{field}")]


@pytest.mark.parametrize(
    ("spec", "field", "text"),
    [
        (
            {"scope": "Foo"},
            "spec.scope",
            'Unsupported value: "Foo": supported values: "Cluster", "Namespaced"',
        ),
        (
            {"preserveUnknownFields": True},
            "spec.preserveUnknownFields",
            (
                "Invalid value: true: cannot set to true, set"
                " x-kubernetes-preserve-unknown-fields to true in"
                " spec.versions[*].schema"
                " instead"
            ),
        ),
        (
            {"versions": [{"name": "v1", "served": True, "storage": True}]},
            "spec.versions[0].schema.openAPIV3Schema",
            "Required value",
        ),
    ],
)
async def test_spec_must_be_good(
    server: Server, group: str, spec: Any, field: str, text: str
) -> None:
    body = crd(group)
    body["spec"].update(spec)
    answer = await server.post(CRDS, body)
    answer.refused(
        422, "Invalid", f'{TYPE} "things.{group}" is invalid: {field}: {text}'
    )


async def test_scale_path_must_be_simple(server: Server, group: str) -> None:
    scale = {"specReplicasPath": "spec.x", "statusReplicasPath": ".status.x"}
    body = crd(group, version={"subresources": {"scale": scale}})
    (await server.post(CRDS, body)).refused(
        422,
        "Invalid",
        f'{TYPE} "things.{group}" is invalid: spec.subresources.scale.specReplicasPath:'
        ' Invalid value: "spec.x": must be a simple json path starting with .',
    )


async def test_column_type_must_be_known(server: Server, group: str) -> None:
    column = {"name": "x", "type": "foo", "jsonPath": ".a"}
    body = crd(group, version={"additionalPrinterColumns": [column]})
    (await server.post(CRDS, body)).refused(
        422,
        "Invalid",
        f'{TYPE} "things.{group}" is invalid: spec.additionalPrinterColumns[0].type:'
        ' Invalid value: "foo": must be one of boolean,date,integer,number,string',
    )


async def test_one_version_must_be_stored(server: Server, group: str) -> None:
    answer = await server.post(CRDS, crd(group, version={"storage": False}))
    answer.refused(422, "Invalid")
    assert "must have exactly one version marked as storage version" in str(answer.json)


@pytest.mark.parametrize(("versions", "shown"), [([], "[]"), (None, "null")])
async def test_every_fault_of_a_definition_is_told(
    server: Server, group: str, versions: Any, shown: str
) -> None:
    answer = await server.post(CRDS, crd(group, scope="Nope", versions=versions))
    answer.refused(
        422,
        "Invalid",
        f'{TYPE} "things.{group}" is invalid: [spec.scope: Unsupported value: "Nope":'
        f' supported values: "Cluster", "Namespaced", spec.versions: Invalid value:'
        f" {shown}: must have exactly one version marked as storage version,"
        " status.storedVersions: Invalid value: null: must have at least one stored"
        " version]",
    )


async def test_name_must_be_plural_and_group(server: Server, group: str) -> None:
    body = crd(group)
    body["metadata"]["name"] = "foo"
    (await server.post(CRDS, body)).refused(
        422,
        "Invalid",
        f'{TYPE} "foo" is invalid: metadata.name: Invalid value: "foo": must be'
        ' spec.names.plural+"."+spec.group',
    )


async def test_protected_group_needs_approval(server: Server) -> None:
    group = f"{server.namespace}.k8s.io"
    (await server.post(CRDS, crd(group))).refused(
        422,
        "Invalid",
        f'{TYPE} "things.{group}" is invalid:'
        " metadata.annotations[api-approved.kubernetes.io]: Required value: protected"
        ' groups must have approval annotation "api-approved.kubernetes.io", see'
        " https://github.com/kubernetes/enhancements/pull/1111",
    )


async def test_approved_group_is_accepted(server: Server) -> None:
    body = crd(f"{server.namespace}.k8s.io")
    body["metadata"]["annotations"] = {
        "api-approved.kubernetes.io": "unapproved, experimental-only"
    }
    (await server.post(CRDS, body)).ok(201)


async def test_strict_refuses_unknown_fields(server: Server, group: str) -> None:
    body = {**crd(group), "foo": 1}
    answer = await server.post(CRDS, body, fieldValidation="Strict")
    answer.refused(400, "BadRequest")
    assert 'unknown field "foo"' in answer.json["message"]


async def test_cluster_scope_has_no_namespace(server: Server, group: str) -> None:
    await establish(server, crd(group, scope="Cluster"))
    body = {"apiVersion": f"{group}/v1", "kind": "Thing", "metadata": {"name": "a"}}
    item = (await server.post(f"/apis/{group}/v1/things", body)).ok(201)
    assert "namespace" not in item["metadata"]
    answer = await server.get(server.path(f"{group}/v1", "things/a"))
    assert answer.status == 404


@pytest.mark.parametrize("additional", [3, "x", []])
async def test_additional_properties_are_a_schema_or_a_truth_value(
    server: Server, group: str, additional: Any
) -> None:
    inner = {"type": "object", "additionalProperties": additional}
    body = crd(group, schema={"type": "object", "properties": {"a": inner}})
    (await server.post(CRDS, body)).refused(
        400,
        "BadRequest",
        'CustomResourceDefinition in version "v1" cannot be handled as a'
        " CustomResourceDefinition: boolean or JSON schema expected",
    )


@pytest.mark.parametrize("items", [3, "x", True])
async def test_items_that_are_no_schema_are_none(
    server: Server, group: str, items: Any
) -> None:
    inner = {"type": "array", "items": items}
    body = crd(group, schema={"type": "object", "properties": {"a": inner}})
    path = "spec.validation.openAPIV3Schema.properties[a].items"
    (await server.post(CRDS, body)).refused(
        422,
        "Invalid",
        f'{TYPE} "things.{group}" is invalid: {path}: Required value: must be'
        " specified",
    )


async def test_schema_inside_a_schema_has_its_types(server: Server, group: str) -> None:
    inner = {"type": "array", "items": {"type": 3}}
    body = crd(group, schema={"type": "object", "properties": {"a": inner}})
    answer = await server.post(CRDS, body)
    answer.refused(400, "BadRequest")
    end = "openAPIV3Schema.properties.items.type of type string"
    assert answer.json["message"].endswith(end)
