import json
from pathlib import Path
from typing import Any

import pytest

from homeostat.schema import PatchError, json_patch

GOLDENS = json.loads((Path(__file__).parent / "goldens/json_patch.json").read_text())
REASONS = {400: "BadRequest", 413: "RequestEntityTooLarge", 422: "Invalid"}


def decoded(text: str) -> Any:
    if text == "long":
        return [{"op": "test", "path": "/data/a", "value": "1"}] * 10_001
    return json.loads(text)


@pytest.mark.parametrize(
    "case", [c for c in GOLDENS if c["code"] != 200 and c["patch"] != "nonsense"]
)
def test_patch_is_refused_as_the_server_refuses_it(case: dict[str, Any]) -> None:
    with pytest.raises(PatchError) as caught:
        json_patch({"data": {"a": "1"}}, decoded(case["patch"]))
    assert caught.value.message == case["message"]
    assert caught.value.reason == REASONS[case["code"]]


@pytest.mark.parametrize(
    ("document", "patch", "result"),
    [
        ({"a": 1}, [], {"a": 1}),
        ({"a": 1}, None, {"a": 1}),
        ({"a": 1}, [{"op": "add", "path": "/b", "value": 2}], {"a": 1, "b": 2}),
        ({"a": [1, 3]}, [{"op": "add", "path": "/a/1", "value": 2}], {"a": [1, 2, 3]}),
        ({"a": [1]}, [{"op": "add", "path": "/a/-", "value": 2}], {"a": [1, 2]}),
        ({"a": [1, 2]}, [{"op": "remove", "path": "/a/-1"}], {"a": [1]}),
        ({"a": 1}, [{"op": "replace", "path": "/b", "value": 2}], {"a": 1, "b": 2}),
        ({"a": 1}, [{"op": "replace", "path": "", "value": {"c": 3}}], {"c": 3}),
        ({"a": 1}, [{"op": "move", "from": "/a", "path": "/b"}], {"b": 1}),
        (
            {"a": [1]},
            [{"op": "copy", "from": "/a", "path": "/b"}],
            {"a": [1], "b": [1]},
        ),
        ({"a/b~c": 1}, [{"op": "remove", "path": "/a~1b~0c"}], {}),
        ({"a": None}, [{"op": "test", "path": "/a", "value": None}], {"a": None}),
        ({"a": 1}, [{"op": "test", "path": "/zz", "value": None}], {"a": 1}),
    ],
)
def test_operation_gives(document: Any, patch: Any, result: Any) -> None:
    before = json.dumps(document)
    assert json_patch(document, patch) == result
    assert json.dumps(document) == before


@pytest.mark.parametrize(
    ("operation", "detail"),
    [
        (
            {"op": "test", "path": "/a", "value": 2},
            "testing value /a failed: test failed",
        ),
        (
            {"op": "test", "path": "/a", "value": True},
            "testing value /a failed: test failed",
        ),
        (
            {"op": "remove", "path": "/b"},
            (
                "error in remove for path: '/b': Unable to remove nonexistent key: b: "
                "missing value"
            ),
        ),
        (
            {"op": "add", "path": "/x/y", "value": 1},
            'add operation does not apply: doc is missing path: "/x/y": missing value',
        ),
        (
            {"op": "add", "path": "/l/9", "value": 1},
            (
                "error in add for path: '/l/9': Unable to access invalid index: 9: "
                "invalid index referenced"
            ),
        ),
        ({"op": "zap", "path": "/a"}, "Unexpected kind: zap"),
        ({}, "Unexpected kind: unknown"),
    ],
)
def test_failed_operation_says_why(operation: Any, detail: str) -> None:
    with pytest.raises(PatchError) as caught:
        json_patch({"a": 1, "l": []}, [operation])
    assert str(caught.value) == detail
    assert caught.value.reason == "Invalid"


def test_copies_of_copies_are_refused_before_they_fill_the_memory() -> None:
    doubling = [{"op": "copy", "from": "/a", "path": "/a/-"}] * 40
    with pytest.raises(PatchError, match="exceeding the limit"):
        json_patch({"a": ["x" * 1000]}, doubling)


@pytest.mark.parametrize(
    "operations",
    [
        [{"op": "copy", "from": "/a", "path": "/a/a"}] * 1_100,
        [{"op": "add", "path": "/a" * depth, "value": {}} for depth in range(1, 1_100)],
    ],
    ids=["copy", "add"],
)
def test_documents_cannot_be_nested_without_end(operations: Any) -> None:
    with pytest.raises(PatchError, match=r"max depth|missing path"):
        json_patch({"a": {}}, operations)
