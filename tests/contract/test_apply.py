"""Server-side apply: ownership, conflicts, force, pruning."""

from typing import Any

import pytest

from tests.harness.objects import config_map, deployment, owner, rejection
from tests.harness.server import APPLY, Server


def _managed(item: Any) -> dict[str, Any]:
    return {
        entry["manager"]: entry["fieldsV1"]
        for entry in item["metadata"].get("managedFields", ())
    }


def _data(*names: str) -> Any:
    return {"f:data": {f"f:{name}": {} for name in names}} if names else {}


@pytest.fixture
def path(server: Server) -> str:
    """The path of a ConfigMap that is not there yet."""
    return server.core("configmaps/a")


async def test_apply_creates(server: Server, path: str) -> None:
    item = (await server.apply(path, config_map("a", {"x": "1"}), "m")).ok(201)
    assert item["data"] == {"x": "1"}
    assert (await server.get(path)).ok() == item


async def test_apply_records_its_manager(server: Server, path: str) -> None:
    item = (await server.apply(path, config_map("a", {"x": "1"}), "m")).ok(201)
    (entry,) = item["metadata"]["managedFields"]
    assert entry.pop("time").endswith("Z")
    assert entry == {
        "manager": "m",
        "operation": "Apply",
        "apiVersion": "v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": _data("x"),
    }


async def test_create_records_its_manager(server: Server) -> None:
    answer = await server.post(
        server.core("configmaps"), config_map("a", {"x": "1"}), fieldManager="m"
    )
    (entry,) = answer.ok(201)["metadata"]["managedFields"]
    assert (entry["manager"], entry["operation"]) == ("m", "Update")
    assert entry["fieldsV1"] == {"f:data": {".": {}, "f:x": {}}}


async def test_manager_is_the_user_agent_by_default(server: Server) -> None:
    path = server.core("configmaps")
    item = (await server.post(path, config_map("a", {"x": "1"}))).ok(201)
    assert list(_managed(item)) == ["contract"]


async def test_object_without_fields_has_no_managers(server: Server) -> None:
    item = (await server.post(server.core("configmaps"), config_map("a"))).ok(201)
    assert "managedFields" not in item["metadata"]


async def test_field_that_is_not_applied_again_goes(server: Server, path: str) -> None:
    await server.apply(path, config_map("a", {"x": "1", "y": "2"}), "m")
    item = (await server.apply(path, config_map("a", {"x": "1"}), "m")).ok()
    assert item["data"] == {"x": "1"}
    assert _managed(item) == {"m": _data("x")}


async def test_field_of_another_manager_stays(server: Server, path: str) -> None:
    await server.apply(path, config_map("a", {"x": "1"}), "m")
    item = (await server.apply(path, config_map("a", {"y": "2"}), "n")).ok()
    assert item["data"] == {"x": "1", "y": "2"}
    assert _managed(item) == {"m": _data("x"), "n": _data("y")}


async def test_same_value_is_owned_by_both(server: Server, path: str) -> None:
    await server.apply(path, config_map("a", {"x": "1"}), "m")
    item = (await server.apply(path, config_map("a", {"x": "1"}), "n")).ok()
    assert _managed(item) == {"m": _data("x"), "n": _data("x")}


async def test_shared_field_goes_with_its_last_owner(server: Server, path: str) -> None:
    await server.apply(path, config_map("a", {"x": "1"}), "m")
    await server.apply(path, config_map("a", {"x": "1"}), "n")
    item = (await server.apply(path, config_map("a"), "m")).ok()
    assert item["data"] == {"x": "1"}
    item = (await server.apply(path, config_map("a"), "n")).ok()
    assert "data" not in item


async def test_other_value_is_a_conflict(server: Server, path: str) -> None:
    await server.apply(path, config_map("a", {"x": "1"}), "m")
    answer = await server.apply(path, config_map("a", {"x": "2"}), "n")
    details = answer.refused(
        409, "Conflict", 'Apply failed with 1 conflict: conflict with "m": .data.x'
    )
    assert details == {
        "causes": [
            {
                "reason": "FieldManagerConflict",
                "message": 'conflict with "m"',
                "field": ".data.x",
            }
        ]
    }


async def test_conflict_with_an_update_names_the_version(
    server: Server, path: str
) -> None:
    body = config_map("a", {"x": "1", "y": "1"})
    await server.post(server.core("configmaps"), body, fieldManager="u")
    answer = await server.apply(path, config_map("a", {"x": "2", "y": "2"}), "n")
    message = answer.json["message"]
    details = answer.refused(409, "Conflict")
    assert message.startswith(
        'Apply failed with 2 conflicts: conflicts with "u" using v1'
    )
    assert message.endswith(":\n- .data.x\n- .data.y")
    assert rejection(details) == [
        ("FieldManagerConflict", ".data.x"),
        ("FieldManagerConflict", ".data.y"),
    ]


async def test_conflict_changes_nothing(server: Server, path: str) -> None:
    item = (await server.apply(path, config_map("a", {"x": "1"}), "m")).ok(201)
    await server.apply(path, config_map("a", {"x": "2"}), "n")
    assert (await server.get(path)).ok() == item


async def test_force_takes_the_field(server: Server, path: str) -> None:
    await server.apply(path, config_map("a", {"x": "1"}), "m")
    item = (await server.apply(path, config_map("a", {"x": "2"}), "n", force=True)).ok()
    assert item["data"] == {"x": "2"}
    assert _managed(item) == {"n": _data("x")}


async def test_own_field_needs_no_force(server: Server, path: str) -> None:
    await server.apply(path, config_map("a", {"x": "1"}), "m")
    item = (await server.apply(path, config_map("a", {"x": "2"}), "m")).ok()
    assert item["data"] == {"x": "2"}


async def test_update_takes_the_field(server: Server, path: str) -> None:
    await server.apply(path, config_map("a", {"x": "1", "y": "1"}), "m")
    answer = await server.merge(path, {"data": {"x": "2"}}, fieldManager="u")
    assert _managed(answer.ok()) == {"m": _data("y"), "u": _data("x")}


async def test_update_that_removes_a_field_owns_nothing(
    server: Server, path: str
) -> None:
    await server.apply(path, config_map("a", {"x": "1", "y": "1"}), "m")
    answer = await server.merge(path, {"data": {"x": None}}, fieldManager="u")
    assert _managed(answer.ok()) == {"m": _data("y")}


async def test_same_name_applies_and_updates_apart(server: Server, path: str) -> None:
    await server.apply(path, config_map("a", {"x": "1"}), "m")
    answer = await server.merge(path, {"data": {"y": "2"}}, fieldManager="m")
    entries = answer.ok()["metadata"]["managedFields"]
    assert [(e["manager"], e["operation"]) for e in entries] == [
        ("m", "Apply"),
        ("m", "Update"),
    ]


async def test_metadata_is_owned(server: Server, path: str) -> None:
    body = config_map(
        "a",
        labels={"l": "1"},
        annotations={"n": "1"},
        finalizers=["example.com/x"],
        ownerReferences=[owner()],
    )
    item = (await server.apply(path, body, "m")).ok(201)
    assert _managed(item)["m"] == {
        "f:metadata": {
            "f:annotations": {"f:n": {}},
            "f:finalizers": {'v:"example.com/x"': {}},
            "f:labels": {"f:l": {}},
            "f:ownerReferences": {'k:{"uid":"u"}': {}},
        }
    }


async def test_finalizers_of_two_managers_add_up(server: Server, path: str) -> None:
    await server.apply(path, config_map("a", finalizers=["example.com/x"]), "m")
    body = config_map("a", finalizers=["example.com/y"])
    item = (await server.apply(path, body, "n")).ok()
    assert item["metadata"]["finalizers"] == ["example.com/x", "example.com/y"]


async def test_applying_names_alone_owns_nothing(server: Server, path: str) -> None:
    item = (await server.apply(path, config_map("a"), "m")).ok(201)
    assert "managedFields" not in item["metadata"]
    item = (await server.apply(path, config_map("a", {"x": "1"}), "m")).ok()
    assert _managed(item) == {"m": _data("x")}
    item = (await server.apply(path, config_map("a"), "m")).ok()
    assert "managedFields" not in item["metadata"]


# Nulls: they are owned, and do not take away what others have.


async def test_null_is_owned(server: Server, path: str) -> None:
    item = (await server.apply(path, config_map("a", {"x": None}), "m")).ok(201)
    assert item["data"] == {"x": ""}
    assert _managed(item) == {"m": _data("x")}


async def test_null_of_a_map_is_owned_as_a_whole(server: Server, path: str) -> None:
    body = {**config_map("a", labels=None), "data": None}
    item = (await server.apply(path, body, "m")).ok(201)
    assert "data" not in item
    assert _managed(item) == {"m": {"f:data": {}, "f:metadata": {"f:labels": {}}}}


async def test_null_of_a_map_leaves_what_others_own(server: Server, path: str) -> None:
    await server.apply(path, config_map("a", {"x": "1"}), "m")
    body = {**config_map("a"), "data": None}
    item = (await server.apply(path, body, "n")).ok()
    assert item["data"] == {"x": "1"}
    assert _managed(item) == {"m": _data("x"), "n": {"f:data": {}}}


async def test_null_of_a_list_is_owned(server: Server) -> None:
    body = {**deployment("d"), "metadata": {"name": "d", "finalizers": None}}
    spec = body["spec"]["template"]["spec"]
    spec["volumes"] = None
    spec["containers"][0].update(args=None, command=[None], ports=None)
    item = (await server.apply(server.apps("deployments/d"), body, "m")).ok(201)
    owned = _managed(item)["m"]
    assert owned["f:metadata"] == {"f:finalizers": {}}
    assert owned["f:spec"]["f:template"]["f:spec"] == {
        "f:containers": {
            'k:{"name":"c"}': {
                ".": {},
                "f:args": {},
                "f:command": {},
                "f:image": {},
                "f:name": {},
                "f:ports": {},
            }
        },
        "f:volumes": {},
    }
    found = item["spec"]["template"]["spec"]
    assert "volumes" not in found
    assert found["containers"][0]["command"] == [""]
    assert "ports" not in found["containers"][0]


async def test_null_of_a_defaulted_field_is_defaulted_and_owned(server: Server) -> None:
    path = server.apps("deployments/d")
    body = deployment("d", replicas=None, strategy=None)
    item = (await server.apply(path, body, "m")).ok(201)
    assert item["spec"]["replicas"] == 1
    assert item["spec"]["strategy"]["type"] == "RollingUpdate"
    owned = _managed(item)["m"]["f:spec"]
    assert owned["f:replicas"] == owned["f:strategy"] == {}
    answer = await server.apply(path, deployment("d", replicas=3), "n")
    details = answer.refused(409, "Conflict")
    assert rejection(details) == [("FieldManagerConflict", ".spec.replicas")]


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
    body = _containers(
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
    body = _containers({"name": "c", **undeclared}, {"name": "d", "image": 2})
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


# Lists with keys.


def _containers(*containers: Any) -> Any:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d"},
        "spec": {"template": {"spec": {"containers": list(containers)}}},
    }


@pytest.fixture
async def d(server: Server) -> str:
    """The path of a Deployment that m applied."""
    path = server.apps("deployments/d")
    (await server.apply(path, deployment("d", replicas=2), "m")).ok(201)
    return path


def _names(item: Any) -> list[str]:
    found = item["spec"]["template"]["spec"]["containers"]
    return [container["name"] for container in found]


async def test_defaults_are_owned_by_nobody(server: Server, d: str) -> None:
    item = (await server.get(d)).ok()
    assert _managed(item)["m"] == {
        "f:spec": {
            "f:replicas": {},
            "f:selector": {},
            "f:template": {
                "f:metadata": {"f:labels": {"f:app": {}}},
                "f:spec": {
                    "f:containers": {
                        'k:{"name":"c"}': {".": {}, "f:image": {}, "f:name": {}}
                    }
                },
            },
        }
    }


async def test_created_defaults_are_owned_by_the_creator(server: Server) -> None:
    answer = await server.post(server.apps("deployments"), deployment("d"))
    spec = _managed(answer.ok(201))["contract"]["f:spec"]
    assert spec["f:replicas"] == {}
    assert spec["f:strategy"] == {
        "f:rollingUpdate": {".": {}, "f:maxSurge": {}, "f:maxUnavailable": {}},
        "f:type": {},
    }


async def test_item_of_another_manager_is_added(server: Server, d: str) -> None:
    body = _containers({"name": "side", "image": "s"})
    item = (await server.apply(d, body, "n")).ok()
    assert _names(item) == ["c", "side"]


async def test_item_goes_with_its_owner(server: Server, d: str) -> None:
    await server.apply(d, _containers({"name": "side", "image": "s"}), "n")
    item = (await server.apply(d, _containers(), "n")).ok()
    assert _names(item) == ["c"]


async def test_field_inside_an_item_is_owned(server: Server, d: str) -> None:
    body = _containers({"name": "c", "ports": [{"containerPort": 80}]})
    item = (await server.apply(d, body, "n")).ok()
    container = item["spec"]["template"]["spec"]["containers"][0]
    assert container["ports"] == [{"containerPort": 80, "protocol": "TCP"}]
    assert _managed(item)["n"] == {
        "f:spec": {
            "f:template": {
                "f:spec": {
                    "f:containers": {
                        'k:{"name":"c"}': {
                            ".": {},
                            "f:name": {},
                            "f:ports": {
                                'k:{"containerPort":80,"protocol":"TCP"}': {
                                    ".": {},
                                    "f:containerPort": {},
                                }
                            },
                        }
                    }
                }
            }
        }
    }


async def test_item_with_two_owners_stays(server: Server, d: str) -> None:
    body = _containers({"name": "c", "ports": [{"containerPort": 80}]})
    await server.apply(d, body, "n")
    item = (await server.apply(d, _containers(), "n")).ok()
    assert _names(item) == ["c"]
    assert "ports" not in item["spec"]["template"]["spec"]["containers"][0]
    assert list(_managed(item)) == ["m"]


async def test_conflict_inside_an_item_names_the_key(server: Server, d: str) -> None:
    answer = await server.apply(d, _containers({"name": "c", "image": "z"}), "n")
    details = answer.refused(409, "Conflict")
    assert rejection(details) == [
        (
            "FieldManagerConflict",
            '.spec.template.spec.containers[name="c"].image',
        )
    ]


async def test_two_items_of_one_key_are_refused(server: Server, d: str) -> None:
    answer = await server.apply(d, _containers({"name": "c"}, {"name": "c"}), "n")
    answer.refused(500, "")
    assert answer.json["message"].endswith(
        '.spec.template.spec.containers: duplicate entries for key [name="c"]'
    )


async def test_status_in_the_main_resource_is_not_owned(server: Server) -> None:
    body = {**deployment("d"), "status": {"replicas": 3}}
    item = (await server.apply(server.apps("deployments/d"), body, "m")).ok(201)
    assert item["status"] == {}
    assert "f:status" not in _managed(item)["m"]


async def test_atomic_map_is_owned_as_a_whole(server: Server) -> None:
    body = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "s"},
        "spec": {"ports": [{"port": 80}], "selector": {"a": "b"}},
    }
    path = server.core("services/s")
    item = (await server.apply(path, body, "m")).ok(201)
    assert _managed(item)["m"] == {
        "f:spec": {
            "f:ports": {'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:port": {}}},
            "f:selector": {},
        }
    }
    body["spec"] = {"selector": {"c": "d"}}
    details = (await server.apply(path, body, "n")).refused(409, "Conflict")
    assert rejection(details) == [("FieldManagerConflict", ".spec.selector")]


# The record itself.


async def test_managed_fields_can_be_cleared(server: Server, path: str) -> None:
    await server.apply(path, config_map("a", {"x": "1"}), "m")
    patch: Any = {"metadata": {"managedFields": [{}]}}
    assert _managed((await server.merge(path, patch)).ok()) == {}


async def test_updates_of_a_cleared_record_are_not_recorded(
    server: Server, path: str
) -> None:
    await server.apply(path, config_map("a", {"x": "1"}), "m")
    await server.merge(path, {"metadata": {"managedFields": [{}]}})
    item = (await server.merge(path, {"data": {"y": "2"}})).ok()
    assert _managed(item) == {}


async def test_first_apply_finds_what_was_before(server: Server, path: str) -> None:
    await server.apply(path, config_map("a", {"x": "1"}), "m")
    await server.merge(path, {"metadata": {"managedFields": [{}]}})
    item = (await server.apply(path, config_map("a", {"y": "2"}), "m")).ok()
    assert _managed(item) == {
        "m": _data("y"),
        "before-first-apply": {"f:data": {".": {}, "f:x": {}}},
    }


async def test_update_leaves_out_what_a_delete_has_set(
    server: Server, path: str
) -> None:
    body = config_map("a", finalizers=["example.com/x"])
    await server.post(server.core("configmaps"), body)
    await server.merge(path, {"metadata": {"managedFields": [{}]}})
    await server.delete(path)
    item = (await server.apply(path, config_map("a", {"x": "1"}), "m")).ok()
    marks: Any = {"f:deletionGracePeriodSeconds": {}, "f:deletionTimestamp": {}}
    held: Any = {"f:finalizers": {".": {}, 'v:"example.com/x"': {}}}
    owned = _managed(item)["before-first-apply"]
    assert owned == {"f:metadata": {**marks, **held}}
    # Clients do not send them: nobody owns them then, and still they stay.
    item = (await server.put(path, {**body, "data": {"x": "1"}})).ok()
    assert _managed(item)["before-first-apply"] == {"f:metadata": held}
    assert item["metadata"]["deletionGracePeriodSeconds"] == 0
    assert item["metadata"]["deletionTimestamp"]


async def test_entries_of_apply_come_first(server: Server, path: str) -> None:
    await server.post(server.core("configmaps"), config_map("a", {"x": "1"}))
    item = (await server.apply(path, config_map("a", {"y": "2"}), "m")).ok()
    entries = item["metadata"]["managedFields"]
    assert [entry["operation"] for entry in entries] == ["Apply", "Update"]


async def test_keys_of_a_second_document_are_not_the_same_again(
    server: Server,
) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"
    body = f"---\n{text}---\n{text}"
    path = server.core("configmaps/a")
    (await server.apply(path, body, fieldValidation="Strict")).ok(201)
