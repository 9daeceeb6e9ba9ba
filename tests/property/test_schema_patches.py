"""Patches: what a difference says, a patch does."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.schema import diff_merge_patch, json_patch, merge_patch

SCALARS = st.one_of(st.booleans(), st.integers(), st.text(max_size=4))
KEYS = st.sampled_from(["a", "b", "c", "a/b", "~"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)
    ),
    max_leaves=12,
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=4)


@settings(deadline=None)
@given(OBJECTS, OBJECTS)
def test_difference_turns_the_old_into_the_new(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    before = json.dumps([old, new])
    patch = diff_merge_patch(old, new)
    assert json.dumps(merge_patch(old, patch), sort_keys=True) == json.dumps(
        new, sort_keys=True
    )
    assert json.dumps([old, new]) == before


@settings(deadline=None)
@given(OBJECTS)
def test_equal_objects_have_no_difference(value: dict[str, Any]) -> None:
    assert diff_merge_patch(value, value) == {}


@settings(deadline=None)
@given(OBJECTS, OBJECTS)
def test_merge_patch_is_idempotent(
    value: dict[str, Any], patch: dict[str, Any]
) -> None:
    once = merge_patch(value, patch)
    assert merge_patch(once, patch) == once


@settings(deadline=None)
@given(OBJECTS, KEYS, VALUES)
def test_what_is_added_is_there_and_can_be_removed(
    value: dict[str, Any], key: str, item: Any
) -> None:
    pointer = f"/{key.replace('~', '~0').replace('/', '~1')}"
    test = {"op": "test", "path": pointer, "value": item}
    added = json_patch(value, [{"op": "add", "path": pointer, "value": item}, test])
    assert added[key] == item
    removed = json_patch(added, [{"op": "remove", "path": pointer}])
    assert removed == {name: each for name, each in value.items() if name != key}
