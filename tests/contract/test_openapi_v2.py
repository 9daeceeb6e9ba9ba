"""OpenAPI v2: one document of everything, in JSON or in protobuf, for old clients."""

import asyncio
import gzip
import json
from typing import Any

import pytest

from homeostat.apiserver import ApiServer
from homeostat.apiserver._openapi_protobuf import encode_openapi
from tests.harness.http import HttpTransport
from tests.harness.kube import ControlPlane
from tests.harness.server import Server, attempts
from tests.harness.widgets import crd, establish

PATH = "/openapi/v2"
GROUP = "described.example.com"
NAME = "com.example.described.v1.Thing"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
JSON = "application/json"
PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
GIVEN = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
TEXT = {"type": "string"}
TEXTS = ["on", "no: 'it'", "a #b", "-x", "- x", "1", "true", "", "~", "a b", "é"]
# What version 2 knows, and what it does not and has to leave out.
SCHEMA: Any = {
    "type": "object",
    "description": "A thing.",
    "required": ["spec"],
    "properties": {
        "spec": {
            "type": "object",
            "required": ["nothing", "size"],
            "properties": {
                "anything": {"x-kubernetes-preserve-unknown-fields": True},
                "bag": {
                    "type": "object",
                    "x-kubernetes-preserve-unknown-fields": True,
                    "properties": {"a": TEXT},
                },
                "choice": {
                    "type": "object",
                    "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
                    "allOf": [{"properties": {"a": {"minLength": 1}}}],
                    "not": {"required": ["c"]},
                    "properties": {"a": TEXT, "b": TEXT, "c": TEXT},
                },
                "free": {"type": "object", "additionalProperties": True},
                "labels": {
                    "type": "object",
                    "additionalProperties": {"type": "string", "nullable": True},
                    "required": ["a"],
                    "maxProperties": 2,
                },
                "mode": {"type": "string", "enum": TEXTS, "default": "on"},
                "nested": {"type": "object", "example": {"a": [{"b": [{}]}], "c": []}},
                "nothing": {
                    "type": "object",
                    "nullable": True,
                    "properties": {"x": TEXT},
                },
                "nulls": {"type": "array", "nullable": True, "items": TEXT},
                "pod": {
                    "type": "object",
                    "x-kubernetes-embedded-resource": True,
                    "properties": {"spec": {"type": "object"}},
                },
                "pods": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "x-kubernetes-embedded-resource": True,
                        "x-kubernetes-preserve-unknown-fields": True,
                    },
                },
                "port": {"x-kubernetes-int-or-string": True, "pattern": "^a"},
                "ports": {
                    "type": "array",
                    "minItems": 0,
                    "items": {
                        "type": "object",
                        "required": ["name"],
                        "properties": {"name": TEXT},
                    },
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["name"],
                },
                "size": {
                    "type": "integer",
                    "minimum": -1,
                    "maximum": 10,
                    "exclusiveMaximum": True,
                    "multipleOf": 0.5,
                },
            },
        }
    },
}


def _definition() -> Any:
    version = {
        "subresources": {
            "status": {},
            "scale": {
                "specReplicasPath": ".spec.size",
                "statusReplicasPath": ".status.replicas",
            },
        },
        "selectableFields": [{"jsonPath": ".spec.mode"}],
    }
    made = crd(GROUP, schema=SCHEMA, version=version)
    free = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    later = {"name": "v2", "served": True, "storage": False}
    made["spec"]["versions"].append({**later, "schema": {"openAPIV3Schema": free}})
    return made


async def _described(server: Server) -> Any:
    """Define Things, and return the document that names them, when it is there."""
    await establish(server, _definition())
    async for _ in attempts():
        document = (await server.get(PATH, headers={"accept": JSON})).ok()
        if NAME in document["definitions"]:
            return document
    return None


def _comparable(document: Any, foreign: set[str]) -> Any:
    """Return it without descriptions, shared parameters and the groups of others."""
    shared = document.pop("parameters")
    for item in document["paths"].values():
        for holder in (item, *item.values()):
            if isinstance(holder, dict) and "parameters" in holder:
                holder["parameters"] = [
                    shared[each["$ref"].removeprefix("#/parameters/")]
                    if "$ref" in each
                    else each
                    for each in holder["parameters"]
                ]
    document["paths"] = {
        path: item
        for path, item in document["paths"].items()
        if path.split("/")[2] not in foreign
    }
    document["definitions"] = {
        name: item
        for name, item in document["definitions"].items()
        if not foreign & {k["group"] for k in item.get(KINDS, ())}
    }
    return _undescribed(document)


KINDS = "x-kubernetes-group-version-kind"


def _undescribed(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _undescribed(item)
            for name, item in value.items()
            if name != "description" or not isinstance(item, str)
        }
    return [_undescribed(v) for v in value] if isinstance(value, list) else value


def _differences(ours: Any, theirs: Any, path: str = "") -> list[str]:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return [
            line
            for name in sorted({*ours, *theirs})
            for line in _differences(ours.get(name), theirs.get(name), f"{path} {name}")
        ]
    return [] if ours == theirs else [f"{path}: {ours}, and really {theirs}"]


def _connected(plane: ControlPlane) -> HttpTransport:
    return HttpTransport(plane.url, token=plane.token(), context=plane.ssl_context())


@pytest.mark.kube
def test_both_describe_the_same(control_plane: ControlPlane) -> None:
    async def run() -> list[str]:
        found = []
        for transport in (ApiServer().transport(), _connected(control_plane)):
            server = Server("", transport, "")
            document = await _described(server)
            items = (await server.get(CRDS)).ok()["items"]
            foreign = {each["spec"]["group"] for each in items} - {GROUP}
            found.append(_comparable(document, foreign))
            (await server.delete(f"{CRDS}/things.{GROUP}")).ok()
            await transport.close()
        return _differences(*found)

    assert asyncio.run(run()) == []


async def test_protobuf_says_what_json_says(server: Server) -> None:
    document = await _described(server)
    answer = await server.get(PATH, headers={"accept": PROTOBUF})
    assert answer.headers["content-type"] == GIVEN
    # The real document is held against our encoder, byte by byte.
    assert answer.body == encode_openapi(document)
    (await server.delete(f"{CRDS}/things.{GROUP}")).ok()


ACCEPTED = {
    "": JSON,
    "application/*": JSON,
    "application/json;q=0": JSON,
    GIVEN: GIVEN,
    f"{PROTOBUF}, {JSON}": GIVEN,
    f"{JSON}, {PROTOBUF}": JSON,
    f"{JSON};q=0.1, {PROTOBUF}": GIVEN,
    f"*/*, {PROTOBUF}": GIVEN,
    "text/plain": None,
    "application/yaml": None,
    "json": None,
}


async def test_form_that_is_accepted(server: Server) -> None:
    found = {}
    for accept in ACCEPTED:
        answer = await server.get(PATH, headers={"accept": accept})
        given = answer.headers.get("content-type")
        found[accept] = given
        assert answer.status == (200 if given else 406)
        assert bool(answer.body) is bool(given)
    assert found == ACCEPTED


async def test_who_has_the_document_does_not_get_it(server: Server) -> None:
    first = await server.get(PATH, headers={"accept": JSON})
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "no-cache, private"
    for known in (tag, f'"x", {tag}', f"W/{tag}", "*"):
        headers = {"accept": PROTOBUF, "if-none-match": known}
        answer = await server.get(PATH, headers=headers)
        assert (answer.status, answer.body) == (304, b"")
        assert answer.headers["etag"] == tag
        assert "content-type" not in answer.headers
    headers = {"accept": JSON, "if-none-match": tag.strip('"')}
    assert (await server.get(PATH, headers=headers)).status == 200


async def test_new_kinds_have_a_new_tag(server: Server) -> None:
    first = await server.get(PATH, headers={"accept": JSON})
    await _described(server)
    headers = {"accept": JSON, "if-none-match": first.headers["etag"]}
    assert (await server.get(PATH, headers=headers)).status == 200
    (await server.delete(f"{CRDS}/things.{GROUP}")).ok()


async def test_document_is_compressed(server: Server) -> None:
    headers = {"accept": JSON, "accept-encoding": "gzip"}
    answer = await server.get(PATH, headers=headers)
    assert answer.headers["content-encoding"] == "gzip"
    body = answer.body
    # The real one's client has unpacked it already.
    plain = body if body.startswith(b"{") else gzip.decompress(body)
    assert json.loads(plain)["swagger"] == "2.0"


async def test_any_method_reads(server: Server) -> None:
    for method in ("POST", "DELETE", "OPTIONS"):
        answer = await server.request(method, PATH, headers={"accept": JSON})
        assert answer.ok()["info"]["title"] == "Kubernetes"


async def test_nothing_else_is_there(server: Server) -> None:
    for path in (f"{PATH}/", f"{PATH}/x", "/openapi"):
        answer = await server.get(path)
        assert (answer.status, answer.text) == (404, "404 page not found\n")
