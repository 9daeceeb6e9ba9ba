"""PATCH with application/json-patch+json."""

from typing import Any

import pytest

from tests.harness.objects import config_map, rejection
from tests.harness.server import Server

REJECTED = "the server rejected our request due to an error in our request"


@pytest.fixture
async def a(server: Server) -> str:
    """The path of a ConfigMap with the data x=1, y=2."""
    body = config_map("a", {"x": "1", "y": "2"})
    (await server.post(server.core("configmaps"), body)).ok(201)
    return server.core("configmaps/a")


def _op(op: str, path: str, **more: Any) -> dict[str, Any]:
    return {"op": op, "path": path, **more}


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        ([], {"x": "1", "y": "2"}),
        ([_op("add", "/data/z", value="3")], {"x": "1", "y": "2", "z": "3"}),
        ([_op("add", "/data/x", value="3")], {"x": "3", "y": "2"}),
        ([_op("add", "/data/z", value=None)], {"x": "1", "y": "2", "z": ""}),
        ([_op("replace", "/data/x", value="3")], {"x": "3", "y": "2"}),
        ([_op("replace", "/data/z", value="3")], {"x": "1", "y": "2", "z": "3"}),
        ([_op("remove", "/data/x")], {"y": "2"}),
        (
            [_op("copy", "/data/z", **{"from": "/data/x"})],
            {"x": "1", "y": "2", "z": "1"},
        ),
        ([_op("move", "/data/z", **{"from": "/data/x"})], {"y": "2", "z": "1"}),
        (
            [_op("test", "/data/x", value="1"), _op("remove", "/data/y")],
            {"x": "1"},
        ),
        ([_op("add", "/data", value={"n": "1"})], {"n": "1"}),
    ],
)
async def test_operations(
    server: Server, a: str, operations: Any, expected: Any
) -> None:
    assert (await server.json_patch(a, operations)).ok()["data"] == expected


async def test_null_is_a_patch_of_nothing(server: Server, a: str) -> None:
    assert (await server.json_patch(a, "null")).ok()["data"] == {"x": "1", "y": "2"}


async def test_names_are_escaped(server: Server, a: str) -> None:
    operations = [
        _op("add", "/metadata/annotations", value={"a/b": "1"}),
        _op("replace", "/metadata/annotations/a~1b", value="2"),
    ]
    item = (await server.json_patch(a, operations)).ok()
    assert item["metadata"]["annotations"] == {"a/b": "2"}


async def test_lists_have_places(server: Server, a: str) -> None:
    operations = [
        _op("add", "/metadata/finalizers", value=["example.com/b"]),
        _op("add", "/metadata/finalizers/-", value="example.com/c"),
        _op("add", "/metadata/finalizers/0", value="example.com/a"),
        _op("remove", "/metadata/finalizers/1"),
    ]
    item = (await server.json_patch(a, operations)).ok()
    assert item["metadata"]["finalizers"] == ["example.com/a", "example.com/c"]


@pytest.mark.parametrize(
    "operations",
    [
        [_op("test", "/data/x", value="9")],
        [_op("test", "/data/no", value="9")],
        [_op("remove", "/data/no")],
        [_op("add", "/no/z", value="1")],
        [_op("foo", "/data/x")],
        [{"op": "add"}],
        [_op("remove", "/metadata/finalizers/7")],
    ],
)
async def test_operation_that_fails(server: Server, a: str, operations: Any) -> None:
    answer = await server.json_patch(a, operations)
    assert answer.refused(422, "Invalid", REJECTED) == {}


async def test_failed_patch_changes_nothing(server: Server, a: str) -> None:
    operations = [_op("remove", "/data/x"), _op("test", "/data/y", value="9")]
    (await server.json_patch(a, operations)).refused(422, "Invalid")
    assert (await server.get(a)).ok()["data"] == {"x": "1", "y": "2"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {"op": "add"},
            (
                "error decoding patch: json: cannot unmarshal object into Go value of"
                " type"
                " []handlers.jsonPatchOp"
            ),
        ),
        ("[{", "error decoding patch: unexpected end of JSON input"),
        ("", "error decoding patch: unexpected end of JSON input"),
        (
            ["x"],
            (
                "error decoding patch: json: cannot unmarshal string into Go value of"
                " type"
                " handlers.jsonPatchOp"
            ),
        ),
        (
            [_op("replace", "/metadata/name", value="b")],
            "the name of the object (b) does not match the name on the URL (a)",
        ),
        (
            [_op("replace", "", value={})],
            (
                "the name of the object (a based on URL) was undeterminable: name must"
                " be"
                " provided"
            ),
        ),
    ],
)
async def test_bad_patch_is_a_bad_request(
    server: Server, a: str, body: Any, message: str
) -> None:
    (await server.json_patch(a, body)).refused(400, "BadRequest", message)


@pytest.mark.parametrize(
    "operation",
    [_op("add", "/data/x", value=1), _op("replace", "/kind", value="Secret")],
)
async def test_result_must_decode(server: Server, a: str, operation: Any) -> None:
    answer = await server.json_patch(a, [operation])
    details = answer.refused(422, "Invalid")
    assert rejection(details) == [("FieldValueInvalid", "patch")]
    assert answer.json["message"].startswith(' "" is invalid: patch: Invalid value: ')


async def test_first_fault_by_name_is_told(server: Server, a: str) -> None:
    operations = [
        _op("add", "/metadata/labels", value="x"),
        _op("add", "/data/x", value=1),
    ]
    details = (await server.json_patch(a, operations)).refused(422, "Invalid")
    (cause,) = details["causes"]
    assert cause["message"].endswith("Go struct field ConfigMap.data of type string")


async def test_too_many_operations(server: Server, a: str) -> None:
    operations = [_op("test", "/data/x", value="1")] * 10_001
    (await server.json_patch(a, operations)).refused(
        413,
        "RequestEntityTooLarge",
        "Request entity too large: The allowed maximum operations in a JSON patch is"
        " 10000, got 10001",
    )


async def test_version_can_be_tested(server: Server, a: str) -> None:
    version = (await server.get(a)).ok()["metadata"]["resourceVersion"]
    operations = [
        _op("test", "/metadata/resourceVersion", value=version),
        _op("remove", "/data/x"),
    ]
    assert (await server.json_patch(a, operations)).ok()["data"] == {"y": "2"}
    (await server.json_patch(a, operations)).refused(422, "Invalid")
