"""Strategic merge patches: what a difference says, a patch does."""

import copy
import json
from collections.abc import Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.api import Schema
from homeostat.schema import strategic_merge

TEXT = Schema("string")
SCHEMA = Schema("object")
SCHEMA.properties = {
    "a": TEXT,
    "map": Schema("object", additional=TEXT),
    "set": Schema("array", items=TEXT, patch_strategy="merge"),
    "list": Schema("array", items=TEXT),
    "items": Schema(
        "array", items=SCHEMA, patch_strategy="merge", patch_merge_key="name"
    ),
    "name": TEXT,
}
NAMES = st.sampled_from("uvwxyz")
TEXTS = st.lists(NAMES, max_size=4, unique=True)


def _objects(items: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    def named(found: dict[str, Any]) -> list[Any]:
        return [{**item, "name": name} for name, item in found.items()]

    fields: Mapping[str, st.SearchStrategy[Any]] = {
        "a": NAMES,
        "map": st.dictionaries(NAMES, NAMES, max_size=3),
        "set": TEXTS,
        "list": TEXTS,
        "items": st.dictionaries(NAMES, items, max_size=4).map(named),
    }
    return st.fixed_dictionaries({}, optional=fields)


OBJECTS = _objects(_objects(st.just({})))


def difference(old: Any, new: Any) -> dict[str, Any]:
    """Return the patch that turns one object into another, as kubectl makes it."""
    patch: dict[str, Any] = {name: None for name in old if name not in new}
    for name, value in new.items():
        before = old.get(name)
        if name in {"set", "items"} and before:
            patch |= _list_difference(name, before, value)
        elif isinstance(value, dict) and before is not None:
            patch[name] = difference(before, value)
        elif value != before:
            patch[name] = value
    return patch


def _list_difference(name: str, old: list[Any], new: list[Any]) -> dict[str, Any]:
    if name == "set":
        return {
            "$setElementOrder/set": new,
            "$deleteFromPrimitiveList/set": [item for item in old if item not in new],
            "set": [item for item in new if item not in old],
        }
    before = {item["name"]: item for item in old}
    after = {item["name"] for item in new}
    changed = [
        {**difference(before.get(item["name"], {}), item), "name": item["name"]}
        for item in new
    ]
    gone = [{"name": each, "$patch": "delete"} for each in before if each not in after]
    order = [{"name": item["name"]} for item in new]
    return {"$setElementOrder/items": order, "items": [*changed, *gone]}


def merged(document: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """Merge a copy of a patch."""
    return strategic_merge(document, copy.deepcopy(patch), SCHEMA)


@settings(deadline=None)
@given(OBJECTS, OBJECTS)
def test_difference_turns_the_old_into_the_new(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    before = json.dumps(old)
    assert merged(old, difference(old, new)) == new
    assert json.dumps(old) == before


@settings(deadline=None)
@given(OBJECTS, OBJECTS)
def test_merge_is_idempotent(old: dict[str, Any], patch: dict[str, Any]) -> None:
    once = merged(old, patch)
    assert merged(once, patch) == once


@settings(deadline=None)
@given(OBJECTS)
def test_nothing_changes_nothing(value: dict[str, Any]) -> None:
    assert merged(value, {}) == value
    assert merged(value, value) == value
