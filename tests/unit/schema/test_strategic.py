"""Strategic merge patch: lists with merge keys, and directives."""

# ruff: noqa: E501 - one case a line reads as the table that it is

import copy
from typing import Any

import pytest

from homeostat.api import Schema
from homeostat.schema import PatchError, show_value, strategic_merge

TEXT, NUMBER = Schema("string"), Schema("integer")
TEXTS = Schema("array", items=TEXT)
MERGED_TEXTS = Schema("array", items=TEXT, patch_strategy="merge")


def keyed(key: str, strategy: str = "merge", **fields: Schema) -> Schema:
    """Return a list of structs that are merged by a key."""
    item = Schema("object", properties={key: TEXT, **fields})
    return Schema("array", items=item, patch_strategy=strategy, patch_merge_key=key)


STRATEGY = {"type": TEXT, "rolling": Schema("object", properties={"max": NUMBER})}
SCHEMA = Schema(
    "object",
    properties={
        "n": NUMBER,
        "labels": Schema("object", additional=TEXT),
        "strategy": Schema("object", properties=STRATEGY, patch_strategy="retainKeys"),
        "selector": Schema(
            "object",
            properties={"match": Schema("object", additional=TEXT)},
            patch_strategy="replace",
        ),
        "cs": keyed("name", image=TEXT, args=TEXTS, env=keyed("name", value=TEXT)),
        "volumes": keyed("name", "merge,retainKeys", a=TEXT, b=TEXT),
        "ports": Schema(
            "array",
            items=Schema("object", properties={"port": NUMBER, "proto": TEXT}),
            patch_strategy="merge",
            patch_merge_key="port",
        ),
        "finalizers": MERGED_TEXTS,
        "loose": Schema("array", items=Schema("object", properties={"a": TEXT})),
        "bag": Schema(
            "array", items=Schema("object", properties={}), patch_strategy="merge"
        ),
        "free": Schema("object", preserve_unknown=True),
        "deep": Schema("array", items=TEXTS, patch_strategy="merge"),
    },
)
SCHEMA.cache["type"] = "example.Widget"


def cs(*names: str) -> list[Any]:
    """Return items that have nothing but a name."""
    return [{"name": name} for name in names]


def merge(document: Any, patch: Any) -> Any:
    """Merge, and check that the document stays as it is."""
    before = copy.deepcopy(document)
    merged = strategic_merge(document, copy.deepcopy(patch), SCHEMA)
    assert document == before
    return merged


MERGES: list[tuple[Any, Any, Any]] = [
    ({"n": 1}, {}, {"n": 1}),
    ({"n": 1}, {"n": 2}, {"n": 2}),
    ({"n": 1}, {"n": None}, {}),
    ({}, {"n": None}, {}),
    ({"n": 1}, {"n": "x"}, {"n": "x"}),
    ({"labels": {"a": "1"}}, {"labels": {"b": "2", "a": None}}, {"labels": {"b": "2"}}),
    ({"labels": {"a": "1"}}, {"labels": None}, {}),
    ({"labels": {"a": "1"}}, {"labels": "x"}, {"labels": "x"}),
    # Nulls of what is not there are dropped, but not those inside of lists.
    ({}, {"labels": {"a": None, "b": "2"}}, {"labels": {"b": "2"}}),
    ({}, {"loose": [{"a": None}, None]}, {"loose": [{}, None]}),
    # $patch in an object.
    ({"labels": {"a": "1"}}, {"labels": {"$patch": "replace", "b": "2"}}, {"labels": {"b": "2"}}),
    ({"labels": {"a": "1"}}, {"labels": {"$patch": "delete"}}, {"labels": {}}),
    ({}, {"labels": {"$patch": "replace", "b": "2"}}, {}),
    ({"n": 1}, {"$patch": "replace", "labels": {}}, {"labels": {}}),
    ({"n": 1}, {"labels": {"x": {"$patch": "delete"}, "a": "1"}}, {"n": 1, "labels": {"a": "1"}}),
    # The strategy of a field.
    (
        {"selector": {"match": {"a": "1"}}},
        {"selector": {"match": {"b": "2"}}},
        {"selector": {"match": {"b": "2"}}},
    ),
    (
        {"strategy": {"type": "R", "rolling": {"max": 1}}},
        {"strategy": {"$retainKeys": ["type"], "type": "C"}},
        {"strategy": {"type": "C"}},
    ),
    (
        {"strategy": {"type": "R", "rolling": {"max": 1}}},
        {"strategy": {"$retainKeys": ["type", "rolling"], "rolling": {"max": 2}}},
        {"strategy": {"type": "R", "rolling": {"max": 2}}},
    ),
    (
        {"volumes": [{"name": "v", "a": "1"}, {"name": "w", "a": "2"}]},
        {"volumes": [{"name": "v", "$retainKeys": ["name", "b"], "b": "3"}]},
        {"volumes": [{"name": "v", "b": "3"}, {"name": "w", "a": "2"}]},
    ),
    # Lists without a strategy are replaced.
    ({"loose": [{"a": "1"}]}, {"loose": [{"a": "2"}]}, {"loose": [{"a": "2"}]}),
    ({"loose": [{"a": "1"}]}, {"loose": []}, {"loose": []}),
    # Lists with a merge key.
    ({"cs": cs("a", "b")}, {"cs": [{"name": "b", "image": "i"}]}, {"cs": [{"name": "a"}, {"name": "b", "image": "i"}]}),
    ({"cs": cs("a", "b")}, {"cs": cs("c")}, {"cs": cs("c", "a", "b")}),
    ({"cs": cs("a", "b")}, {"cs": [*cs("c"), *cs("a")]}, {"cs": cs("c", "a", "b")}),
    ({"cs": cs("a", "b")}, {"cs": []}, {"cs": cs("a", "b")}),
    ({"cs": cs("a", "b")}, {"cs": [{"name": "a", "$patch": "delete"}]}, {"cs": cs("b")}),
    ({"cs": cs("a", "b")}, {"cs": [{"name": "z", "$patch": "delete"}]}, {"cs": cs("a", "b")}),
    ({"cs": cs("a", "b")}, {"cs": [*cs("c"), {"$patch": "replace"}]}, {"cs": cs("c")}),
    ({}, {"cs": [*cs("c"), {"name": "x", "$patch": "delete"}]}, {"cs": cs("c")}),
    (
        {"cs": [{"name": "a", "env": [{"name": "A", "value": "1"}], "args": ["x"]}]},
        {"cs": [{"name": "a", "env": [{"name": "B", "value": "2"}], "args": ["y"]}]},
        {"cs": [{"name": "a", "env": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}], "args": ["y"]}]},
    ),
    # The key alone decides, whatever else says which item it is.
    ({"ports": [{"port": 53, "proto": "UDP"}]}, {"ports": [{"port": 53, "proto": "TCP"}]}, {"ports": [{"port": 53, "proto": "TCP"}]}),
    ({"ports": [{"port": 1}]}, {"ports": [{"port": 1.5}]}, {"ports": [{"port": 1.5}, {"port": 1}]}),
    # Lists of values.
    ({"finalizers": ["a", "b"]}, {"finalizers": ["c", "a"]}, {"finalizers": ["c", "a", "b"]}),
    ({"finalizers": ["a", "b"]}, {"$deleteFromPrimitiveList/finalizers": ["a", "z"]}, {"finalizers": ["b"]}),
    (
        {"finalizers": ["a", "b"]},
        {"$deleteFromPrimitiveList/finalizers": ["a"], "$setElementOrder/finalizers": ["c", "b"], "finalizers": ["c"]},
        {"finalizers": ["c", "b"]},
    ),
    ({}, {"$deleteFromPrimitiveList/finalizers": ["a"]}, {}),
    # $setElementOrder.
    ({"cs": cs("a", "b", "c")}, {"$setElementOrder/cs": cs("c", "a")}, {"cs": cs("b", "c", "a")}),
    (
        {"cs": cs("a", "b", "c")},
        {"$setElementOrder/cs": cs("n", "c", "b"), "cs": [{"name": "n", "image": "i"}, {"name": "a", "$patch": "delete"}]},
        {"cs": [{"name": "n", "image": "i"}, *cs("c", "b")]},
    ),
    # What others added meanwhile stays where it was among what the patch knows.
    ({"cs": cs("a", "x", "b")}, {"$setElementOrder/cs": cs("a", "b", "c"), "cs": cs("c")}, {"cs": cs("a", "x", "b", "c")}),
    ({"cs": cs("x", "a", "y", "b", "z")}, {"$setElementOrder/cs": cs("b", "a")}, {"cs": cs("x", "y", "b", "a", "z")}),
    ({}, {"$setElementOrder/cs": cs("b", "a"), "cs": cs("b", "a")}, {"cs": cs("b", "a")}),
    ({}, {"$setElementOrder/cs": cs("b", "a")}, {}),
    ({"cs": cs("a")}, {"$setElementOrder/cs": [], "cs": cs("n", "m")}, {"cs": cs("a", "m", "n")}),
    # What is added stands where something went.
    ({"cs": cs("a", "b", "c")}, {"$setElementOrder/cs": cs("n"), "cs": [{"name": "a", "$patch": "delete"}, {"name": "n", "image": "i"}]}, {"cs": [*cs("b", "c"), {"name": "n", "image": "i"}]}),
    ({"free": {"a": "1"}}, {"free": {"a": "2", "b": {"c": None}}}, {"free": {"a": "2", "b": {}}}),
]  # fmt: skip


@pytest.mark.parametrize(("document", "patch", "result"), MERGES)
def test_patch_gives(document: Any, patch: Any, result: Any) -> None:
    assert merge(document, patch) == result


NO_KEY = "map: {} does not contain declared merge key: name"
ORDER_FORMAT = "invalid patch format of setElementOrder list"
NOT_STRUCT = "merging an object in json but data type is not struct, instead is: map"


REFUSALS: list[tuple[Any, str, str]] = [
    ({"$patch": "x"}, "", "unknown patch type: x in map: map[$patch:x]"),
    ({"$patch": 5}, "", "unknown patch type: %!s(int64=5) in map: map[$patch:5]"),
    ({"cs": [{"$patch": "x"}]}, "", "unknown patch type: x in map: map[$patch:x]"),
    ({"cs": [{"$patch": "merge"}]}, "", "merging lists cannot yet be specified in the patch"),
    ({"cs": [{"$patch": "delete"}]}, "", NO_KEY.format("map[$patch:delete]")),
    ({"cs": [{"image": "i"}]}, "", NO_KEY.format("map[image:i]")),
    ({"cs": [{"name": "a"}, "b"]}, "", "list element types are not identical: [[map[name:a]] [map[name:a] b]]"),
    ({"deep": [["b"]]}, "", "unexpected slice of slice"),
    ({"finalizers": [["b"]]}, "", "list element types are not identical: [[a] [[b]]]"),
    ({"bag": [{}]}, "", "cannot merge lists without merge key for struct"),
    ({"strategy": {"$retainKeys": "x"}}, "BadRequest", "invalid patch format of retainKeys"),
    ({"strategy": {"$retainKeys": [], "type": "x"}}, "BadRequest", "invalid patch format of retainKeys"),
    ({"$deleteFromPrimitiveListX/a": []}, "BadRequest", "invalid patch format of primitive list"),
    ({"$setElementOrderX/cs": []}, "BadRequest", ORDER_FORMAT),
    ({"$setElementOrder": []}, "BadRequest", ORDER_FORMAT),
    ({"$setElementOrder/cs": "x"}, "", "expected a []interface {}, but received a string"),
    ({"$setElementOrder/cs": None}, "", "expected a []interface {}, but received a %!s(<nil>)"),
    ({"$setElementOrder/cs": ["a"]}, "", "value for key 0 is not a map"),
    ({"$setElementOrder/cs": [{}]}, "", NO_KEY.format("map[]")),
    (
        {"$setElementOrder/cs": cs("a", "b"), "cs": cs("b", "a")},
        "",
        "The order in patch list:\n[map[name:b] map[name:a]]\n doesn't match $setElementOrder list:\n[map[name:a] map[name:b]]\n",
    ),
    ({"$setElementOrder/loose": [], "loose": []}, "", "no elements in any of the given slices"),
    ({"$setElementOrder/labels": []}, "", "expected a []interface {}, but received a map[string]interface {}"),
    ({"$setElementOrder/no": []}, "", 'unable to find api field in struct Widget for the json field "no"'),
    ({"labels": {"$setElementOrder/x": []}}, "", NOT_STRUCT),
]  # fmt: skip


@pytest.mark.parametrize(("patch", "reason", "message"), REFUSALS)
def test_bad_patch_is_refused(patch: Any, reason: str, message: str) -> None:
    document: dict[str, Any] = {
        "cs": cs("a"), "bag": [{}], "finalizers": ["a"], "labels": {}, "strategy": {},
        "deep": [["a"]],
    }  # fmt: skip
    with pytest.raises(PatchError) as caught:
        merge(document, patch)
    assert (caught.value.reason, str(caught.value)) == (reason, message)


def test_lists_of_lists_are_refused() -> None:
    with pytest.raises(PatchError) as caught:
        merge({"finalizers": []}, {"finalizers": [[]]})
    assert caught.value.reason == "Invalid"


def test_patch_is_left_without_what_was_carried_out() -> None:
    patch = {"$setElementOrder/cs": cs("a"), "cs": cs("a"), "labels": {"x": None}}
    strategic_merge({}, patch, SCHEMA)
    assert patch == {"labels": {}}


def test_values_are_shown_as_go_shows_them() -> None:
    value = {"b": [1, None, "x"], "a": {"t": True, "f": 1e21, "h": 0.5}}
    assert show_value(value) == "map[a:map[f:1e+21 h:0.5 t:true] b:[1 <nil> x]]"
