from typing import Any

import pytest

from homeostat.schema import (
    FieldSet,
    field_element,
    index_element,
    key_element,
    path_text,
    value_element,
)

F = field_element


def test_parents_are_not_added_with_their_children() -> None:
    fields = FieldSet([("f:a", "f:b")])
    assert fields.has(("f:a", "f:b"))
    assert not fields.has(("f:a",))
    assert not fields.has(())
    assert len(fields) == 1


def test_the_empty_path_is_nobodys() -> None:
    assert FieldSet([()]).empty


def test_difference_is_by_path_and_without_by_branch() -> None:
    fields = FieldSet([("f:a",), ("f:a", "f:b"), ("f:c",)])
    parent = FieldSet([("f:a",)])
    assert list(fields.difference(parent)) == [("f:c",), ("f:a", "f:b")]
    assert list(fields.without(parent)) == [("f:c",)]


def test_leaves_have_nothing_below() -> None:
    fields = FieldSet([("f:a",), ("f:a", "f:b"), ("f:c",)])
    assert list(fields.leaves()) == [("f:c",), ("f:a", "f:b")]


def test_fields_v1_lists_fields_keys_values_and_positions_in_order() -> None:
    fields = FieldSet(
        [
            ("f:l", value_element("b")),
            ("f:l", value_element(20)),
            ("f:l", value_element(3)),
            ("f:l", value_element(2.5)),
            ("f:l", value_element(True)),
            ("f:l", index_element(10)),
            ("f:l", index_element(9)),
            ("f:l", key_element({"name": "b"})),
            ("f:l", key_element({"port": 9})),
            ("f:l", key_element({"port": 10, "protocol": "TCP"})),
            ("f:l", key_element({"port": 10})),
            ("f:l", "f:z"),
            ("f:l",),
        ]
    )
    assert list(fields.to_fields_v1()["f:l"]) == [
        ".",
        "f:z",
        'k:{"name":"b"}',
        'k:{"port":9}',
        'k:{"port":10}',
        'k:{"port":10,"protocol":"TCP"}',
        "v:2.5",
        "v:3",
        "v:20",
        'v:"b"',
        "v:true",
        "i:9",
        "i:10",
    ]


def test_keys_are_canonical_however_they_were_written() -> None:
    read = FieldSet.from_fields_v1({'k:{ "b":1, "a":"x" }': {}})
    assert read.to_fields_v1() == {'k:{"a":"x","b":1}': {}}


def test_elements_of_unknown_kinds_are_dropped() -> None:
    assert FieldSet.from_fields_v1({"q:x": {}, "f:a": {}}).to_fields_v1() == {"f:a": {}}


@pytest.mark.parametrize("key", ["f", "x", "noColon", "k:[1]", "k:{", "i:x"])
def test_what_is_no_element_is_refused(key: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the texts are of three libraries
        FieldSet.from_fields_v1({key: {}})


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((F("spec"), F("replicas")), ".spec.replicas"),
        ((F("l"), key_element({"b": 1, "a": "x"})), '.l[a="x",b=1]'),
        ((F("l"), value_element("x")), '.l[="x"]'),
        ((F("l"), value_element(1.5)), ".l[=1.5]"),
        ((F("l"), index_element(3)), ".l[3]"),
    ],
)
def test_path_reads_as_in_a_conflict(path: Any, text: str) -> None:
    assert path_text(path) == text


def test_operations_leave_their_operands_alone() -> None:
    one = FieldSet([("f:a", "f:b"), ("f:c",)])
    two = FieldSet([("f:a", "f:d"), ("f:c",)])
    before = (one.to_fields_v1(), two.to_fields_v1())
    one.union(two)
    one.difference(two)
    one.intersection(two)
    one.without(two)
    assert (one.to_fields_v1(), two.to_fields_v1()) == before
