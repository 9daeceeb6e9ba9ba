"""PATCH with application/merge-patch+json."""

from typing import Any

import pytest

from tests.harness.objects import config_map, deployment, rejection
from tests.harness.server import Server


@pytest.fixture
async def a(server: Server) -> str:
    """The path of a ConfigMap with the data x=1, y=2."""
    body = config_map("a", {"x": "1", "y": "2"})
    (await server.post(server.core("configmaps"), body)).ok(201)
    return server.core("configmaps/a")


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ({}, {"x": "1", "y": "2"}),
        ({"data": {"z": "3"}}, {"x": "1", "y": "2", "z": "3"}),
        ({"data": {"x": "3"}}, {"x": "3", "y": "2"}),
        ({"data": {"x": None}}, {"y": "2"}),
        ({"data": {"no": None}}, {"x": "1", "y": "2"}),
        ({"data": None}, None),
    ],
)
async def test_merge(server: Server, a: str, patch: Any, expected: Any) -> None:
    assert (await server.merge(a, patch)).ok().get("data") == expected


async def test_lists_are_replaced(server: Server) -> None:
    await server.post(server.apps("deployments"), deployment("d"))
    containers = [{"name": "other", "image": "o:1"}]
    patch = {"spec": {"template": {"spec": {"containers": containers}}}}
    item = (await server.merge(server.apps("deployments/d"), patch)).ok()
    found = item["spec"]["template"]["spec"]["containers"]
    assert [container["name"] for container in found] == ["other"]


async def test_result_is_defaulted(server: Server) -> None:
    await server.post(server.apps("deployments"), deployment("d", replicas=3))
    patch = {"spec": {"replicas": None}}
    item = (await server.merge(server.apps("deployments/d"), patch)).ok()
    assert item["spec"]["replicas"] == 1


async def test_result_is_validated(server: Server) -> None:
    await server.post(server.apps("deployments"), deployment("d"))
    patch = {"spec": {"replicas": -1}}
    answer = await server.merge(server.apps("deployments/d"), patch)
    answer.refused(
        422,
        "Invalid",
        'Deployment.apps "d" is invalid: spec.replicas: Invalid value: -1: must be'
        " greater than or equal to 0",
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "[]",
            (
                "error decoding patch: json: cannot unmarshal array into Go value of"
                " type"
                " map[string]interface {}"
            ),
        ),
        (
            '"x"',
            (
                "error decoding patch: json: cannot unmarshal string into Go value of"
                " type"
                " map[string]interface {}"
            ),
        ),
        ("null", "Invalid JSON Patch"),
        ("{", "error decoding patch: unexpected end of JSON input"),
        ("", "error decoding patch: unexpected end of JSON input"),
        (
            {"metadata": {"name": "b"}},
            "the name of the object (b) does not match the name on the URL (a)",
        ),
        (
            {"metadata": {"namespace": "b"}},
            (
                "the namespace of the provided object does not match the namespace"
                " sent on"
                " the request"
            ),
        ),
    ],
)
async def test_bad_patch_is_a_bad_request(
    server: Server, a: str, body: Any, message: str
) -> None:
    (await server.merge(a, body)).refused(400, "BadRequest", message)


@pytest.mark.parametrize(
    "patch",
    [{"data": {"z": 1}}, {"data": "x"}, {"kind": "Secret"}, {"apiVersion": "v2"}],
)
async def test_result_must_decode(server: Server, a: str, patch: Any) -> None:
    answer = await server.merge(a, patch)
    details = answer.refused(422, "Invalid")
    assert rejection(details) == [("FieldValueInvalid", "patch")]
    assert answer.json["message"].startswith(' "" is invalid: patch: Invalid value: ')


async def test_media_type_may_have_a_charset(server: Server, a: str) -> None:
    media = "application/merge-patch+json; charset=utf-8"
    answer = await server.request("PATCH", a, {"data": {"z": "3"}}, media=media)
    assert answer.ok()["data"]["z"] == "3"
