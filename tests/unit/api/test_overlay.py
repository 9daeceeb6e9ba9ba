from copy import deepcopy
from typing import Any

import pytest

from homeostat.api import Schema, overlay

CONTAINERS = Schema(
    "object",
    properties={
        "c": Schema(
            "array",
            list_type="map",
            list_map_keys=("name", "protocol"),
            items=Schema(
                "object",
                properties={
                    "name": Schema("string"),
                    "protocol": Schema("string", default="TCP"),
                },
            ),
        ),
        "m": Schema("object", additional=Schema("object")),
    },
)


@pytest.mark.parametrize(
    ("base", "before", "after", "result"),
    [
        # unknown fields survive beside a change, at every depth
        (
            {"a": 1, "u": 2, "d": {"x": 1, "u": 3}},
            {"a": 1, "d": {"x": 1}},
            {"a": 5, "d": {"x": 2}},
            {"a": 5, "u": 2, "d": {"x": 2, "u": 3}},
        ),
        # a removed field goes, with what was unknown in it
        ({"a": 1, "d": {"x": 1, "u": 3}}, {"a": 1, "d": {"x": 1}}, {"a": 1}, {"a": 1}),
        # a default that the view shows and nobody touched is not written
        ({"a": 1}, {"a": 1, "size": 1}, {"a": 2, "size": 1}, {"a": 2}),
        # the server's own spelling stays
        ({"q": "1000m", "n": None}, {"q": "1"}, {"q": "1"}, {"q": "1000m", "n": None}),
        # an added field
        ({}, {}, {"d": {"x": [1]}}, {"d": {"x": [1]}}),
        # items that are equal keep what is unknown in them, wherever they move
        (
            {"l": [{"k": 1, "u": 1}, {"k": 2, "u": 2}]},
            {"l": [{"k": 1}, {"k": 2}]},
            {"l": [{"k": 2}, {"k": 3}, {"k": 1}]},
            {"l": [{"k": 2, "u": 2}, {"k": 3}, {"k": 1, "u": 1}]},
        ),
        # a changed item without a key inherits nothing
        (
            {"l": [{"k": 1, "u": 1}]},
            {"l": [{"k": 1}]},
            {"l": [{"k": 9}]},
            {"l": [{"k": 9}]},
        ),
        # equal items are taken one by one
        (
            {"l": [{"k": 1, "u": 1}, {"k": 1, "u": 2}]},
            {"l": [{"k": 1}, {"k": 1}]},
            {"l": [{"k": 1}, {"k": 1}, {"k": 1}]},
            {"l": [{"k": 1, "u": 1}, {"k": 1, "u": 2}, {"k": 1}]},
        ),
        # items with keys keep their unknown fields through a change
        (
            {"c": [{"name": "x", "i": 1, "u": 1}, {"name": "y", "i": 2, "u": 2}]},
            {"c": [{"name": "x", "i": 1}, {"name": "y", "i": 2}]},
            {"c": [{"name": "y", "i": 3}, {"name": "z"}]},
            {"c": [{"name": "y", "i": 3, "u": 2}, {"name": "z"}]},
        ),
        # an absent key is its default
        (
            {"c": [{"name": "x", "u": 1}]},
            {"c": [{"name": "x", "protocol": "TCP"}]},
            {"c": [{"name": "x", "protocol": "TCP", "i": 1}]},
            {"c": [{"name": "x", "u": 1, "i": 1}]},
        ),
        # keys that are not unique tell nothing apart
        (
            {"c": [{"name": "x", "i": 1, "u": 1}, {"name": "x", "i": 2, "u": 2}]},
            {"c": [{"name": "x", "i": 1}, {"name": "x", "i": 2}]},
            {"c": [{"name": "x", "i": 2}]},
            {"c": [{"name": "x", "i": 2, "u": 2}]},
        ),
        # items that were lost in reading: nothing can be matched
        ({"l": [None, {"k": 1, "u": 1}]}, {"l": [{"k": 1}]}, {"l": []}, {"l": []}),
        (
            {"l": [None, {"k": 1, "u": 1}], "a": 1},
            {"l": [{"k": 1}], "a": 1},
            {"l": [{"k": 1}], "a": 2},
            {"l": [None, {"k": 1, "u": 1}], "a": 2},
        ),
    ],
)
def test_overlay(base: Any, before: Any, after: Any, result: Any) -> None:
    given = deepcopy((base, before, after))
    assert overlay(base, before, after, CONTAINERS) == result
    assert (base, before, after) == given


def test_without_a_schema_items_are_matched_by_equality() -> None:
    base = {"c": [{"name": "x", "i": 1, "u": 1}]}
    before = {"c": [{"name": "x", "i": 1}]}
    after = {"c": [{"name": "x", "i": 2}]}
    assert overlay(base, before, after) == after


def test_added_keyed_items_do_not_take_each_others_place() -> None:
    after = {"c": [{"name": "x", "i": 1}, {"name": "x", "i": 2}]}
    base = {"c": [{"name": "x", "u": 1}]}
    merged = overlay(base, {"c": [{"name": "x"}]}, after, CONTAINERS)
    assert merged["c"] == after["c"]


def test_the_result_shares_nothing_with_the_arguments() -> None:
    base: Any = {"l": [{"k": 1}], "u": {"x": 1}}
    result = overlay(base, {"l": [{"k": 1}]}, {"l": [{"k": 1}]})
    result["l"][0]["k"] = 2
    result["u"]["x"] = 2
    assert base == {"l": [{"k": 1}], "u": {"x": 1}}


OWNERS: Any = [
    {"uid": "u1", "name": "a", "controller": True, "unknown": 1},
    {"uid": "u2", "name": "b", "unknown": 2},
]


@pytest.mark.parametrize(
    "schema",
    [
        None,
        Schema("object", properties={"spec": Schema("object")}),
        Schema("object", properties={"metadata": Schema("object")}),
        Schema("object", properties={"metadata": Schema(preserve_unknown=True)}),
    ],
)
def test_owner_references_are_matched_by_uid_whatever_the_schema_says(
    schema: Schema | None,
) -> None:
    base = {"metadata": {"ownerReferences": OWNERS, "unknown": 3}, "spec": {"a": 1}}
    seen = [{k: v for k, v in one.items() if k != "unknown"} for one in OWNERS]
    after = [{"uid": "u3", "name": "c"}, {"uid": "u1", "name": "a"}, seen[1]]
    merged = overlay(
        base,
        {"metadata": {"ownerReferences": seen}},
        {"metadata": {"ownerReferences": after}},
        schema,
    )
    assert merged == {
        "metadata": {
            "ownerReferences": [
                {"uid": "u3", "name": "c"},
                {"uid": "u1", "name": "a", "unknown": 1},
                {"uid": "u2", "name": "b", "unknown": 2},
            ],
            "unknown": 3,
        },
        "spec": {"a": 1},
    }


def test_managed_fields_are_matched_by_manager_operation_and_subresource() -> None:
    entries: Any = [
        {"manager": "m", "operation": "Update", "time": "1", "unknown": 1},
        {"manager": "m", "operation": "Update", "subresource": "status", "unknown": 2},
    ]
    seen = [{k: v for k, v in one.items() if k != "unknown"} for one in entries]
    after = [seen[1], {**seen[0], "time": "2"}]
    merged = overlay(
        {"metadata": {"managedFields": entries}},
        {"metadata": {"managedFields": seen}},
        {"metadata": {"managedFields": after}},
    )
    assert merged["metadata"]["managedFields"] == [
        entries[1],
        {**entries[0], "time": "2"},
    ]


def test_finalizers_are_a_set_of_texts() -> None:
    merged = overlay(
        {"metadata": {"finalizers": ["a", "b"]}},
        {"metadata": {"finalizers": ["a", "b"]}},
        {"metadata": {"finalizers": ["b", "c"]}},
    )
    assert merged == {"metadata": {"finalizers": ["b", "c"]}}


def test_metadata_that_was_removed_stays_away() -> None:
    base = {"metadata": {"labels": {"a": "b"}}, "spec": 1}
    assert overlay(base, base, {"spec": 1}) == {"spec": 1}
    assert overlay({"spec": 1}, {"spec": 1}, base) == base
    assert overlay(base, {"spec": 1}, {"spec": 2}) == {**base, "spec": 2}
