"""Pruning, defaulting and applying: doing it twice is doing it once."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.schema import (
    FieldSet,
    apply_defaults,
    apply_managed,
    field_set_of,
    parse_schema,
    prune,
    unknown_fields,
    update_managed,
    validate,
)

TEXT = {"type": "string"}
ITEM = {
    "type": "object",
    "properties": {
        "name": TEXT,
        "protocol": {"type": "string", "default": "TCP"},
        "value": {"type": "integer", "nullable": True},
    },
}
SCHEMA = parse_schema(
    {
        "type": "object",
        "properties": {
            "zero": {"type": "integer"},
            "text": {"type": "string", "default": "x"},
            "struct": {"type": "object", "properties": {"a": TEXT, "b": TEXT}},
            "atomic": {"type": "array", "items": TEXT},
            "set": {"type": "array", "x-kubernetes-list-type": "set", "items": TEXT},
            "list": {
                "type": "array",
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name", "protocol"],
                "items": ITEM,
            },
            "map": {"type": "object", "additionalProperties": TEXT},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        },
    }
)
SHORT = st.sampled_from(["a", "b", "c"])
LOOSE = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | SHORT,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "a", "text", "list", "free", "zz"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)
LOOSE_OBJECTS = st.dictionaries(
    st.sampled_from(["text", "struct", "list", "map", "free", "set", "zz"]), LOOSE
)
ITEMS = st.lists(
    st.fixed_dictionaries(
        {"name": SHORT},
        optional={"protocol": st.just("UDP"), "value": st.integers(0, 3)},
    ),
    max_size=3,
    unique_by=lambda item: (item["name"], item.get("protocol", "TCP")),
)
CONFIGS = st.fixed_dictionaries(
    {},
    optional={
        "text": SHORT,
        "struct": st.dictionaries(st.sampled_from(["a", "b"]), SHORT),
        "atomic": st.lists(SHORT, max_size=2),
        "set": st.lists(SHORT, max_size=3, unique=True),
        "list": ITEMS,
        "map": st.dictionaries(SHORT, SHORT, max_size=2),
        "free": st.dictionaries(SHORT, LOOSE, max_size=2),
    },
)


@settings(deadline=None)
@given(LOOSE_OBJECTS)
def test_prune_is_idempotent_and_says_what_it_does(value: dict[str, Any]) -> None:
    announced = unknown_fields(value, SCHEMA)
    assert prune(value, SCHEMA) == announced
    once = json.dumps(value)
    assert prune(value, SCHEMA) == []
    assert json.dumps(value) == once


@settings(deadline=None)
@given(LOOSE_OBJECTS)
def test_default_is_idempotent(value: dict[str, Any]) -> None:
    apply_defaults(value, SCHEMA)
    once = json.dumps(value)
    apply_defaults(value, SCHEMA)
    assert json.dumps(value) == once


@settings(deadline=None)
@given(LOOSE_OBJECTS)
def test_what_did_not_change_is_never_wrong(value: dict[str, Any]) -> None:
    before = json.dumps(value)
    errors = validate(value, SCHEMA)
    assert json.dumps(value) == before
    tolerated = validate(value, SCHEMA, old=json.loads(before))
    assert tolerated == []
    assert all(error.detail or error.kind for error in errors)


def named(config: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "O", "metadata": {"name": "o"}, **config}


def facts(manager: str, second: int = 0) -> dict[str, Any]:
    now = f"2024-01-01T00:00:{second:02d}Z"
    return {"schema": SCHEMA, "manager": manager, "api_version": "v1", "now": now}


def applied(
    live: dict[str, Any] | None, config: dict[str, Any], manager: str, second: int
) -> dict[str, Any]:
    merged, entries = apply_managed(
        live, named(config), force=True, **facts(manager, second)
    )
    apply_defaults(merged, SCHEMA)
    merged["metadata"]["managedFields"] = entries
    return merged


def solid(value: Any) -> Any:
    """Return a value without its empty maps and lists.

    Where an applier empties what it filled before, the server removes it, or leaves a
    null, and the next apply puts the empty one there: so it is upstream.
    """
    if isinstance(value, dict):
        inner = {key: solid(item) for key, item in value.items()}
        return {key: item for key, item in inner.items() if item not in ({}, [])}
    return value


@settings(deadline=None)
@given(CONFIGS, CONFIGS, CONFIGS)
def test_apply_is_idempotent_whatever_was_there(
    first: dict[str, Any], second: dict[str, Any], third: dict[str, Any]
) -> None:
    # An object that nobody owns anything of would get its before-first-apply.
    third = {**solid(third), "text": "mine"}
    live = applied(None, first, "one", 1)
    live = applied(live, second, "two", 2)
    once = applied(live, third, "one", 3)
    before = json.dumps(once)
    assert json.dumps(applied(once, third, "one", 4)) == before
    assert json.dumps(once) == before


@settings(deadline=None)
@given(CONFIGS, CONFIGS)
def test_a_forced_apply_owns_what_it_says(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    live = applied(applied(None, first, "one", 1), second, "two", 2)
    owned = {
        entry["manager"]: FieldSet.from_fields_v1(entry["fieldsV1"])
        for entry in live["metadata"]["managedFields"]
    }
    assert owned.get("two", FieldSet()) == field_set_of(second, SCHEMA)
    if "text" in second:
        assert live["text"] == second["text"]
    assert all(item in live["set"] for item in second.get("set", ()))


@settings(deadline=None)
@given(CONFIGS, CONFIGS)
def test_the_last_applier_to_leave_takes_everything_along(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    live: dict[str, Any] | None = None
    # Nobody owns an empty list; and somebody has to own something for an object to
    # be tracked.
    first = {key: value for key, value in first.items() if value != []}
    second = {key: value for key, value in second.items() if value != []}
    writes = [("one", first), ("two", second), ("one", {}), ("two", {})]
    for who, config in [("keeper", {"zero": 0}), *writes]:
        merged, entries = apply_managed(live, named(config), force=True, **facts(who))
        live = {**merged, "metadata": {"name": "o", "managedFields": entries}}
    assert live is not None
    assert [entry["manager"] for entry in live["metadata"]["managedFields"]] == [
        "keeper"
    ]
    assert set(live) == {"apiVersion", "kind", "metadata", "zero"}


@settings(deadline=None)
@given(CONFIGS, CONFIGS)
def test_an_update_owns_only_what_is_there(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    entries = update_managed(None, named(first), **facts("one"))
    live = named(first)
    live["metadata"] = {"name": "o", "managedFields": entries}
    after = update_managed(live, named(second), **facts("two", 1))
    if not entries:
        assert after == []
        return
    present = field_set_of(named(second), SCHEMA)
    for entry in after:
        owned = FieldSet.from_fields_v1(entry["fieldsV1"])
        leaves = {path for path in owned.leaves() if path[-1].startswith("v:")}
        assert all(present.has(path) for path in leaves)
