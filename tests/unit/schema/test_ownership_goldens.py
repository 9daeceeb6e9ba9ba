"""managedFields against what the real kube-apiserver 1.36 recorded, byte for byte."""

import json
from pathlib import Path
from typing import Any

import pytest

from homeostat.api import GroupVersionKind, Schema
from homeostat.k8s import schema_of
from homeostat.schema import (
    FieldConflictError,
    FieldSet,
    SchemaMismatchError,
    apply_defaults,
    apply_managed,
    parse_schema,
    update_managed,
    validate,
)

GOLDENS = json.loads((Path(__file__).parent / "goldens/ownership.json").read_text())
BUILT_IN = {
    "configmap": GroupVersionKind("", "v1", "ConfigMap"),
    "deployment": GroupVersionKind("apps", "v1", "Deployment"),
    "service": GroupVersionKind("", "v1", "Service"),
}
# Allocated after the field manager has run, so nobody owns it.
BEYOND_THE_FIELD_MANAGER = {("service", 2)}
# Refused by the validation of built-in types, which is the API server's.
BEYOND_SCHEMAS = {("service", 0), ("service", 6)}


def schema_for(kind: str) -> Schema:
    if kind == "rich":
        return parse_schema(GOLDENS["schema"])
    found = schema_of(BUILT_IN[kind])
    assert found is not None
    return found


def reset_for(kind: str, sub: str) -> FieldSet | None:
    if kind == "configmap":
        return None
    if not sub:
        return FieldSet([("f:status",)])
    return FieldSet([("f:spec",), ("f:metadata",)])


def managed_of(value: dict[str, Any] | None) -> list[dict[str, Any]]:
    metadata: dict[str, Any] = (value or {}).get("metadata", {})
    entries: list[dict[str, Any]] = metadata.get("managedFields", [])
    return entries


def timeless(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: e[key] for key in e if key != "time"} for e in entries]


def before_update(step: dict[str, Any], live: Any, after: Any) -> dict[str, Any]:
    """Give the new object the managedFields that the request would have brought."""
    new: dict[str, Any] = json.loads(json.dumps(after))
    sent = step.get("body", {}).get("metadata", {}).get("managedFields")
    brought = sent or (managed_of(live) if step["op"] != "put" else None)
    new["metadata"].pop("managedFields", None)
    if brought:
        new["metadata"]["managedFields"] = brought
    return new


def walk(*codes: int) -> list[Any]:
    """Return the steps that the server answered with one of these codes."""
    found: list[Any] = []
    for sequence in GOLDENS["sequences"]:
        name, live = sequence["name"], None
        for index, step in enumerate(sequence["steps"]):
            after = step.get("after", live)
            skipped = (name, index) in BEYOND_THE_FIELD_MANAGER | BEYOND_SCHEMAS
            if step["code"] in codes and not skipped:
                label = f"{name}-{index}-{step['op']}-{step['manager']}"
                found.append(pytest.param(sequence["kind"], step, live, id=label))
            live = after
    return found


def attempt(kind: str, step: dict[str, Any], live: dict[str, Any] | None) -> Any:
    """Make the write; return the object, its entries and those of the server."""
    after = step.get("after", live)
    entries = managed_of(after)
    facts: dict[str, Any] = {
        "schema": schema_for(kind),
        "manager": step["manager"],
        "api_version": (after or step["body"])["apiVersion"],
        "subresource": step.get("sub", ""),
        "now": max((entry.get("time", "") for entry in entries), default=""),
        "reset": reset_for(kind, step.get("sub", "")),
    }
    inputs = json.dumps([live, step.get("body"), after])
    if step["op"] == "apply":
        merged, got = apply_managed(
            live, step["body"], force=step.get("force", False), **facts
        )
    else:
        merged = before_update(step, live, after)
        got = update_managed(live, merged, **facts)
    assert json.dumps([live, step.get("body"), after]) == inputs
    return merged, got, entries


@pytest.mark.parametrize(("kind", "step", "live"), walk(200, 201))
def test_write_leaves_the_owners_that_the_server_recorded(
    kind: str, step: dict[str, Any], live: dict[str, Any] | None
) -> None:
    merged, got, entries = attempt(kind, step, live)
    # Objects of custom resources go through a map: their keys are sorted.
    sort = kind == "rich"
    want = json.dumps(timeless(entries), sort_keys=sort)
    assert json.dumps(timeless(got), sort_keys=sort) == want
    assert [e.get("time") for e in got] == [e.get("time") for e in entries]
    if kind == "rich" and not step.get("sub"):
        apply_defaults(merged, schema_for(kind))
        assert merged.get("spec") == (step.get("after") or live or {})["spec"]


@pytest.mark.parametrize(("kind", "step", "live"), walk(409))
def test_conflict_reads_as_the_server_words_it(
    kind: str, step: dict[str, Any], live: dict[str, Any] | None
) -> None:
    with pytest.raises(FieldConflictError) as caught:
        attempt(kind, step, live)
    assert str(caught.value) == step["status"]["message"]
    assert caught.value.causes() == step["status"]["causes"]


@pytest.mark.parametrize(("kind", "step", "live"), walk(500))
def test_misfit_reads_as_the_server_words_it(
    kind: str, step: dict[str, Any], live: dict[str, Any] | None
) -> None:
    with pytest.raises(SchemaMismatchError) as caught:
        attempt(kind, step, live)
    assert step["status"]["message"].endswith(f"): {caught.value}")


@pytest.mark.parametrize(("kind", "step", "live"), walk(422))
def test_merged_object_is_invalid_as_on_the_server(
    kind: str, step: dict[str, Any], live: dict[str, Any] | None
) -> None:
    merged, _, _ = attempt(kind, step, live)
    apply_defaults(merged, schema_for(kind))
    causes = [error.cause() for error in validate(merged, schema_for(kind))]
    assert causes == step["status"]["causes"]
