"""Server-side apply: ownership, conflicts, force, pruning."""

from typing import Any

import pytest

from tests.harness.objects import (
    config_map,
    deployment,
    managed,
    owner,
    rejection,
)
from tests.harness.server import Server


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
    assert list(managed(item)) == ["contract"]


async def test_object_without_fields_has_no_managers(server: Server) -> None:
    item = (await server.post(server.core("configmaps"), config_map("a"))).ok(201)
    assert "managedFields" not in item["metadata"]


async def test_field_that_is_not_applied_again_goes(server: Server, path: str) -> None:
    await server.apply(path, config_map("a", {"x": "1", "y": "2"}), "m")
    item = (await server.apply(path, config_map("a", {"x": "1"}), "m")).ok()
    assert item["data"] == {"x": "1"}
    assert managed(item) == {"m": _data("x")}


async def test_field_of_another_manager_stays(server: Server, path: str) -> None:
    await server.apply(path, config_map("a", {"x": "1"}), "m")
    item = (await server.apply(path, config_map("a", {"y": "2"}), "n")).ok()
    assert item["data"] == {"x": "1", "y": "2"}
    assert managed(item) == {"m": _data("x"), "n": _data("y")}


async def test_same_value_is_owned_by_both(server: Server, path: str) -> None:
    await server.apply(path, config_map("a", {"x": "1"}), "m")
    item = (await server.apply(path, config_map("a", {"x": "1"}), "n")).ok()
    assert managed(item) == {"m": _data("x"), "n": _data("x")}


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
    assert managed(item) == {"n": _data("x")}


async def test_own_field_needs_no_force(server: Server, path: str) -> None:
    await server.apply(path, config_map("a", {"x": "1"}), "m")
    item = (await server.apply(path, config_map("a", {"x": "2"}), "m")).ok()
    assert item["data"] == {"x": "2"}


async def test_update_takes_the_field(server: Server, path: str) -> None:
    await server.apply(path, config_map("a", {"x": "1", "y": "1"}), "m")
    answer = await server.merge(path, {"data": {"x": "2"}}, fieldManager="u")
    assert managed(answer.ok()) == {"m": _data("y"), "u": _data("x")}


async def test_update_that_removes_a_field_owns_nothing(
    server: Server, path: str
) -> None:
    await server.apply(path, config_map("a", {"x": "1", "y": "1"}), "m")
    answer = await server.merge(path, {"data": {"x": None}}, fieldManager="u")
    assert managed(answer.ok()) == {"m": _data("y")}


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
    assert managed(item)["m"] == {
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
    assert managed(item) == {"m": _data("x")}
    item = (await server.apply(path, config_map("a"), "m")).ok()
    assert "managedFields" not in item["metadata"]


# Nulls: they are owned, and do not take away what others have.


async def test_null_is_owned(server: Server, path: str) -> None:
    item = (await server.apply(path, config_map("a", {"x": None}), "m")).ok(201)
    assert item["data"] == {"x": ""}
    assert managed(item) == {"m": _data("x")}


async def test_null_of_a_map_is_owned_as_a_whole(server: Server, path: str) -> None:
    body = {**config_map("a", labels=None), "data": None}
    item = (await server.apply(path, body, "m")).ok(201)
    assert "data" not in item
    assert managed(item) == {"m": {"f:data": {}, "f:metadata": {"f:labels": {}}}}


async def test_null_of_a_map_leaves_what_others_own(server: Server, path: str) -> None:
    await server.apply(path, config_map("a", {"x": "1"}), "m")
    body = {**config_map("a"), "data": None}
    item = (await server.apply(path, body, "n")).ok()
    assert item["data"] == {"x": "1"}
    assert managed(item) == {"m": _data("x"), "n": {"f:data": {}}}


async def test_null_of_a_list_is_owned(server: Server) -> None:
    body = {**deployment("d"), "metadata": {"name": "d", "finalizers": None}}
    spec = body["spec"]["template"]["spec"]
    spec["volumes"] = None
    spec["containers"][0].update(args=None, command=[None], ports=None)
    item = (await server.apply(server.apps("deployments/d"), body, "m")).ok(201)
    owned = managed(item)["m"]
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
    owned = managed(item)["m"]["f:spec"]
    assert owned["f:replicas"] == owned["f:strategy"] == {}
    answer = await server.apply(path, deployment("d", replicas=3), "n")
    details = answer.refused(409, "Conflict")
    assert rejection(details) == [("FieldManagerConflict", ".spec.replicas")]


# The record itself.


async def test_managed_fields_can_be_cleared(server: Server, path: str) -> None:
    await server.apply(path, config_map("a", {"x": "1"}), "m")
    patch: Any = {"metadata": {"managedFields": [{}]}}
    assert managed((await server.merge(path, patch)).ok()) == {}


async def test_updates_of_a_cleared_record_are_not_recorded(
    server: Server, path: str
) -> None:
    await server.apply(path, config_map("a", {"x": "1"}), "m")
    await server.merge(path, {"metadata": {"managedFields": [{}]}})
    item = (await server.merge(path, {"data": {"y": "2"}})).ok()
    assert managed(item) == {}


async def test_first_apply_finds_what_was_before(server: Server, path: str) -> None:
    await server.apply(path, config_map("a", {"x": "1"}), "m")
    await server.merge(path, {"metadata": {"managedFields": [{}]}})
    item = (await server.apply(path, config_map("a", {"y": "2"}), "m")).ok()
    assert managed(item) == {
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
    owned = managed(item)["before-first-apply"]
    assert owned == {"f:metadata": {**marks, **held}}
    # Clients do not send them: nobody owns them then, and still they stay.
    item = (await server.put(path, {**body, "data": {"x": "1"}})).ok()
    assert managed(item)["before-first-apply"] == {"f:metadata": held}
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
