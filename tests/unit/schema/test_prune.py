from typing import Any

import pytest

from homeostat.api import Schema
from homeostat.schema import drop_nulls, prune, unknown_fields

TEXT = Schema("string")
INNER = Schema("object", properties={"a": TEXT})
SCHEMA = Schema(
    "object",
    properties={
        "spec": Schema(
            "object",
            properties={
                "inner": INNER,
                "list": Schema("array", items=INNER),
                "map": Schema("object", additional=INNER),
                "keep": Schema(
                    "object", preserve_unknown=True, properties={"inner": INNER}
                ),
                "keeps": Schema("array", preserve_unknown=True, items=INNER),
                "resource": Schema(
                    "object",
                    embedded_resource=True,
                    properties={"spec": Schema("object")},
                ),
                "nullable": Schema("string", nullable=True),
                "defaulted": Schema("string", default="x"),
                "texts": Schema("array", items=TEXT),
            },
        )
    },
)


@pytest.mark.parametrize(
    ("spec", "kept", "dropped"),
    [
        ({"inner": {"a": "1", "b": 2}}, {"inner": {"a": "1"}}, ["spec.inner.b"]),
        ({"nope": {"deep": 1}}, {}, ["spec.nope"]),
        (
            {"list": [{"a": "1"}, {"b": 1}]},
            {"list": [{"a": "1"}, {}]},
            ["spec.list[1].b"],
        ),
        ({"map": {"k": {"z": 1}}}, {"map": {"k": {}}}, ["spec.map.k.z"]),
        (
            {"keep": {"x": {"y": 1}, "inner": {"z": 1}}},
            {"keep": {"x": {"y": 1}, "inner": {}}},
            ["spec.keep.inner.z"],
        ),
        ({"keeps": [{"z": 1}]}, {"keeps": [{"z": 1}]}, []),
        (
            {"resource": {"apiVersion": "v1", "kind": "P", "z": 1, "spec": {"q": 1}}},
            {"resource": {"apiVersion": "v1", "kind": "P", "spec": {}}},
            ["spec.resource.spec.q", "spec.resource.z"],
        ),
        (
            {"resource": {"metadata": {"name": "n", "bad": 1}}},
            {"resource": {"metadata": {"name": "n"}}},
            ["spec.resource.metadata.bad"],
        ),
        ({"texts": [{"a": 1}]}, {"texts": [{}]}, ["spec.texts[0].a"]),
        ({"inner": "text"}, {"inner": "text"}, []),
    ],
)
def test_prune_drops_what_is_not_specified(spec: Any, kept: Any, dropped: Any) -> None:
    value = {"apiVersion": "v1", "kind": "O", "metadata": {"name": "o"}, "spec": spec}
    assert unknown_fields(value, SCHEMA) == dropped
    assert prune(value, SCHEMA) == dropped
    assert value["spec"] == kept
    assert prune(value, SCHEMA) == []


def test_metadata_keeps_what_object_meta_has() -> None:
    reference = {"apiVersion": "v1", "kind": "P", "name": "p", "uid": "1", "odd": 1}
    metadata = {
        "name": "o",
        "labels": {"any": "thing"},
        "ownerReferences": [reference],
        "odd": {},
    }
    value = {"metadata": metadata, "odd": 1}
    assert prune(value, SCHEMA) == [
        "metadata.odd",
        "metadata.ownerReferences[0].odd",
        "odd",
    ]
    assert set(metadata) == {"name", "labels", "ownerReferences"}


def test_nulls_go_unless_nullable_or_defaulted() -> None:
    spec = {
        "inner": None,
        "nullable": None,
        "defaulted": None,
        "texts": [None],
        "list": [{"a": None}],
        "unknown": None,
    }
    drop_nulls({"spec": spec}, SCHEMA)
    assert spec == {
        "nullable": None,
        "defaulted": None,
        "texts": [None],
        "list": [{}],
        "unknown": None,
    }
