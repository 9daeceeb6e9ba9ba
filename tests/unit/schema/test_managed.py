from typing import Any

import pytest

from homeostat.api import Schema
from homeostat.schema import (
    FieldConflictError,
    SchemaMismatchError,
    apply_managed,
    same_but_times,
    update_managed,
)

SCHEMA = Schema(
    "object",
    properties={
        "spec": Schema("object", properties={"a": Schema("string")}),
        "status": Schema("object", properties={"b": Schema("string")}),
    },
)
FACTS: dict[str, Any] = {"schema": SCHEMA, "api_version": "v1"}


def entry(manager: str, fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "manager": manager,
        "operation": "Update",
        "apiVersion": "v1",
        "time": "2024-01-01T00:00:00Z",
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
        **more,
    }


def thing(*entries: Any, **fields: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": "o", "uid": "1"}
    if entries:
        metadata["managedFields"] = list(entries)
    return {"apiVersion": "v1", "kind": "O", "metadata": metadata, **fields}


A: dict[str, Any] = {"f:spec": {"f:a": {}}}


def test_object_that_is_written_as_it_is_keeps_its_entries() -> None:
    live = thing(entry("one", A), spec={"a": "1"})
    new = thing(spec={"a": "1"})
    got = update_managed(live, new, manager="two", now="2025-01-01T00:00:00Z", **FACTS)
    assert got == live["metadata"]["managedFields"]
    got[0]["manager"] = "changed"
    assert live["metadata"]["managedFields"][0]["manager"] == "one"


@pytest.mark.parametrize("clear", [[], [{}]])
def test_cleared_fields_stay_untracked(clear: list[Any]) -> None:
    live = thing(entry("one", A), spec={"a": "1"})
    new = thing(spec={"a": "2"})
    new["metadata"]["managedFields"] = clear
    assert update_managed(live, new, manager="two", now="", **FACTS) == []


def test_a_subresource_cannot_set_managed_fields() -> None:
    live = thing(entry("one", A), spec={"a": "1"})
    new = thing(spec={"a": "1"}, status={"b": "2"})
    new["metadata"]["managedFields"] = [{}]
    got = update_managed(
        live,
        new,
        manager="two",
        subresource="status",
        now="2025-01-01T00:00:00Z",
        **FACTS,
    )
    assert [(e["manager"], e.get("subresource")) for e in got] == [
        ("one", None),
        ("two", "status"),
    ]


def test_a_writer_may_rewrite_managed_fields() -> None:
    live = thing(entry("one", A), spec={"a": "1"})
    new = thing(entry("heir", A), spec={"a": "1"})
    got = update_managed(live, new, manager="two", now="", **FACTS)
    assert [e["manager"] for e in got] == ["heir"]


@pytest.mark.parametrize(
    "broken",
    [
        "text",
        ["text"],
        [entry("x", A, operation="Merge")],
        [entry("x", A, apiVersion="")],
        [entry("x", A, fieldsType="")],
        [entry("x", {"bad": {}})],
        [entry("x", {"f:a": [1]})],
        [entry("x", [1])],  # type: ignore[arg-type]  # what a client may send
    ],
)
def test_broken_managed_fields_fall_back_to_the_stored_ones(broken: Any) -> None:
    live = thing(entry("one", A), spec={"a": "1"})
    new = thing(spec={"a": "1"})
    new["metadata"]["managedFields"] = broken
    got = update_managed(live, new, manager="two", now="", **FACTS)
    assert [e["manager"] for e in got] == ["one"]


def test_nameless_writer_is_unknown() -> None:
    got = update_managed(None, thing(spec={"a": "1"}), manager="", now="t", **FACTS)
    assert got[0]["manager"] == "unknown"


def test_object_that_does_not_fit_loses_its_owners() -> None:
    schema = Schema(
        "object",
        properties={"l": Schema("array", list_type="set", items=Schema("string"))},
    )
    new = thing(l=[{"no": "scalar"}])
    got = update_managed(
        None, new, schema=schema, api_version="v1", manager="one", now=""
    )
    assert got == []


def test_kubectl_takes_over_what_its_client_side_apply_wrote() -> None:
    applied = '{"apiVersion":"v1","kind":"O","spec":{"a":"1"}}'
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": applied}
    live = thing(entry("kubectl-client-side-apply", A), spec={"a": "1"})
    live["metadata"]["annotations"] = annotations
    config = {
        "apiVersion": "v1",
        "kind": "O",
        "metadata": {"name": "o"},
        "spec": {"a": "2"},
    }
    merged, entries = apply_managed(
        live, config, manager="kubectl", force=False, now="", **FACTS
    )
    assert merged["spec"] == {"a": "2"}
    assert [e["manager"] for e in entries] == ["kubectl"]
    kept = merged["metadata"]["annotations"][next(iter(annotations))]
    assert kept.endswith('"spec":{"a":"2"}}\n')
    with pytest.raises(FieldConflictError):
        apply_managed(live, config, manager="other", force=False, now="", **FACTS)


def test_only_times_apart_is_the_same() -> None:
    live = thing(entry("one", A), spec={"a": "1"})
    later = thing(entry("one", A, time="2025-01-01T00:00:00Z"), spec={"a": "1"})
    other = thing(entry("two", A), spec={"a": "1"})
    assert same_but_times(live, later)
    assert not same_but_times(live, other)
    assert not same_but_times(live, thing(entry("one", A), spec={"a": "2"}))


def _misfit(live: Any, config: Any) -> SchemaMismatchError:
    with pytest.raises(SchemaMismatchError) as caught:
        apply_managed(live, config, manager="m", force=False, now="", **FACTS)
    return caught.value


def test_misfits_stand_below_one_another_undeclared_fields_last() -> None:
    error = _misfit(None, thing(spec={"z": 1, "y": 1, "a": True}, status=[]))
    assert error.whose == "patch"
    assert str(error) == (
        "errors:\n"
        "  .spec.a: expected string, got &value.valueUnstructured{Value:true}\n"
        "  .spec.z: field not declared in schema\n"
        "  .status: expected map, got &{[]}"
    )


def test_untracked_object_that_does_not_fit_is_new_to_ownership() -> None:
    error = _misfit(thing(spec={"z": 1}), thing(spec={"a": "1"}))
    assert error.whose == "new"


def test_objects_that_do_not_fit_lose_their_entries_when_that_is_checked() -> None:
    fits: dict[str, object] = {"a": "1"}
    other: dict[str, object] = {"a": []}
    for before, after in ((fits, other), (other, fits), (other, other)):
        live, new = thing(entry("one", A), spec=before), thing(spec=after)
        for check in (True, False):
            got = update_managed(live, new, manager="m", now="", check=check, **FACTS)
            assert bool(got) != check


def test_live_object_that_does_not_fit_is_named_as_such() -> None:
    error = _misfit(thing(entry("one", A), spec={"z": 1}), thing(spec={"a": "1"}))
    assert (error.whose, str(error)) == (
        "live",
        ".spec.z: field not declared in schema",
    )
