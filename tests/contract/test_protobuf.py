"""Bodies in protobuf, which generated clients in Go send."""

import base64
import json
from typing import Any

import pytest

from homeostat.api import GroupVersionKind
from homeostat.k8s import resources
from tests.harness.objects import config_map, deployment, pod
from tests.harness.protobuf import MEDIA, body, field, number
from tests.harness.server import Answer, Server
from tests.harness.widgets import install, widget
from tools.k8s import messages

_GIVEN = [
    case
    for line in messages.read().splitlines()
    if (case := json.loads(line))
    if case["name"] == "given"
]


def _named(name: str) -> bytes:
    return field(1, field(1, name))


async def _post(server: Server, path: str, data: bytes, **query: Any) -> Answer:
    return await server.post(path, data, media=MEDIA, **query)


def _still(value: Any) -> Any:
    """Return an object without what differs from one create to the next."""
    for name in ("uid", "creationTimestamp"):
        value["metadata"].pop(name, None)
    for entry in value["metadata"].get("managedFields", ()):
        entry.pop("time")
    return value


def _told(answer: Answer) -> tuple[int, Any, Any]:
    """Return an answer, without the uid that objects may hold in other places."""
    uid = answer.json["metadata"].get("uid", "-")
    value = json.loads(answer.text.replace(uid, "UID"))
    return answer.status, _still(value), answer.warnings


async def test_an_object_is_what_its_json_is(server: Server) -> None:
    known = {resource.gvk: resource for resource in resources()}
    for case in _GIVEN:
        resource = known[GroupVersionKind(*case["kind"])]
        path = resource.path("default" if resource.namespaced else "")
        data = base64.b64decode(case["protobuf"])
        by_json = await server.post(path, case["json"], dryRun="All")
        by_protobuf = await _post(server, path, data, dryRun="All")
        assert _told(by_protobuf) == _told(by_json), case["kind"]
        assert by_json.status == 201, by_json


SECRET = 'Secret in version "v1" cannot be handled as a ConfigMap: '
CM = 'ConfigMap in version "v1" cannot be handled as a ConfigMap: '
UNREAD = "the object provided is unrecognized (must be of type ConfigMap): "


_NO_MESSAGES = [
    (b"", UNREAD + "empty data (<empty>)"),
    (b"k8s\0", UNREAD + "empty body (6b387300)"),
    (
        b"{}",
        UNREAD + "provided data does not appear to be a protobuf message, expected "
        "prefix [107 56 115 0] ({})",
    ),
    (
        b"k8s\0\x08\x01",
        UNREAD + "proto: wrong wireType = 0 for field TypeMeta (6b3873000801)",
    ),
    (
        body("v1", "Secret", _named("a")),
        SECRET + "converting (v1.Secret) to (core.ConfigMap): unknown conversion",
    ),
    (
        body("v2", "ConfigMap", _named("a")),
        CM.replace("v1", "v2") + 'no kind "ConfigMap" is registered for version "v2" '
        'in scheme "pkg/runtime/scheme.go:111"',
    ),
    (body("v1", "ConfigMap", b"\x0a\x05ab"), CM + "unexpected EOF"),
    (body("v1", "ConfigMap", b"\x0a"), CM + "unexpected EOF"),
    (
        body("v1", "ConfigMap", number(1, 1)),
        CM + "proto: wrong wireType = 0 for field ObjectMeta",
    ),
    (
        body("v1", "ConfigMap", b"\x00\x01"),
        CM + "proto: ConfigMap: illegal tag 0 (wire type 0)",
    ),
    (
        body("v1", "ConfigMap", b"\x0c"),
        CM + "proto: ConfigMap: wiretype end group for non-group",
    ),
    (
        body("v1", "ConfigMap", b"\x0a" + b"\xff" * 10 + b"\x01"),
        CM + "proto: integer overflow",
    ),
    (
        body("v1", "ConfigMap", b"\x0a" + b"\xff" * 9 + b"\x01"),
        CM + "proto: negative length found during unmarshaling",
    ),
    (body("v1", "ConfigMap", b"\xfb\x01"), CM + "unexpected EOF"),
    (body("v1", "ConfigMap", b"\xfe\x01"), CM + "proto: illegal wireType 6"),
]


async def test_what_is_no_message(server: Server) -> None:
    for data, message in _NO_MESSAGES:
        answer = await _post(server, server.core("configmaps"), data)
        answer.refused(400, "BadRequest", message)


async def test_unknown_fields_are_passed_over_even_when_strict(server: Server) -> None:
    unknown = number(31, 5) + field(31, "hi") + b"\xfb\x01\x08\x01\xfc\x01"
    data = body("v1", "ConfigMap", _named("a"), unknown)
    path = server.core("configmaps")
    answer = await _post(server, path, data, fieldValidation="Strict")
    assert answer.ok(201)["metadata"]["name"] == "a"
    assert answer.warnings == []


async def test_the_path_says_the_kind_when_the_body_does_not(server: Server) -> None:
    for name, version, kind in (("a", "", ""), ("b", "v1", ""), ("c", "x/y/z", "")):
        data = body(version, kind, _named(name))
        item = (await _post(server, server.core("configmaps"), data)).ok(201)
        assert (item["apiVersion"], item["kind"]) == ("v1", "ConfigMap")


async def test_bytes_that_are_no_text_are_replaced(server: Server) -> None:
    entry = field(2, field(1, "k"), field(2, b"x\xe2\x28\xa1\xed\xa0\x80"))
    data = body("v1", "ConfigMap", _named("a"), entry)
    item = (await _post(server, server.core("configmaps"), data)).ok(201)
    assert item["data"] == {"k": "x\ufffd(" + "\ufffd" * 4}


async def test_quantity_that_is_none(server: Server) -> None:
    storage = field(2, field(1, "storage"), field(2, field(1, "x1Gi")))
    spec = field(2, field(1, "ReadWriteOnce"), field(2, storage))
    data = body("v1", "PersistentVolumeClaim", _named("a"), spec)
    answer = await _post(server, server.core("persistentvolumeclaims"), data)
    answer.refused(
        400,
        "BadRequest",
        'PersistentVolumeClaim in version "v1" cannot be handled as a '
        "PersistentVolumeClaim: quantities must match the regular expression "
        "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    )


async def test_update_and_scale(server: Server) -> None:
    (await server.post(server.core("configmaps"), config_map("a"))).ok(201)
    entry = field(2, field(1, "k"), field(2, "v"))
    data = body("v1", "ConfigMap", _named("a"), entry)
    # Parameters of a media type change nothing.
    media = f"{MEDIA}; charset=utf-8"
    item = (await server.put(server.core("configmaps/a"), data, media=media)).ok()
    assert item["data"] == {"k": "v"}
    (await server.post(server.apps("deployments"), deployment("d", replicas=3))).ok(201)
    # Zero is what it is, though protobuf always carries it.
    data = body("autoscaling/v1", "Scale", _named("d"), field(2, number(1, 0)))
    path = server.apps("deployments/d/scale")
    assert (await server.put(path, data, media=MEDIA)).ok()["spec"] == {}


async def test_subresources_of_a_pod(server: Server) -> None:
    (await server.post(server.core("pods"), pod("p"))).ok(201)
    target = field(2, field(1, "Node"), field(3, "n"))
    data = body("v1", "Binding", _named("p"), target)
    (await _post(server, server.core("pods/p/binding"), data)).ok(201)
    data = body("policy/v1", "Eviction", _named("p"), field(2, number(1, 0)))
    (await _post(server, server.core("pods/p/eviction"), data)).ok(201)


async def test_review(server: Server) -> None:
    attributes = field(1, field(1, "default"), field(2, "get"), field(5, "pods"))
    data = body(
        "authorization.k8s.io/v1", "SelfSubjectAccessReview", field(2, attributes)
    )
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    answer = (await _post(server, path, data)).ok(201)
    assert answer["status"]["allowed"] is True


@pytest.mark.parametrize("group_version", ["v1", "apps/v1", "meta.k8s.io/v1", ""])
async def test_options_of_a_delete(server: Server, group_version: str) -> None:
    (await server.post(server.core("configmaps"), config_map("a"))).ok(201)
    path = server.core("configmaps/a")
    kind = "DeleteOptions" if group_version else ""
    wrong = body(group_version, kind, field(2, field(1, "other")))
    (await server.delete(path, wrong, media=MEDIA)).refused(409, "Conflict")
    right = body(group_version, kind, field(4, "Background"))
    (await server.delete(path, right, media=MEDIA)).ok()


async def test_of_custom_resources_only_scale_and_options_are_read(
    server: Server,
) -> None:
    path = await install(server)
    (await server.post(path, widget("w", size=1))).ok(201)
    if server.kind == "embedded":
        # The real server's handler panics, and the connection is closed.
        data = body("example.com/v1", "Widget", _named("a"))
        answer = await server.post(path, data, media=MEDIA)
        answer.refused(
            415,
            "UnsupportedMediaType",
            "the body of the request was in an unknown format - accepted media types"
            " include: application/json, application/yaml",
        )
    data = body("autoscaling/v1", "Scale", _named("w"), field(2, number(1, 3)))
    answer = await server.put(f"{path}/w/scale", data, media=MEDIA)
    assert answer.ok()["spec"] == {"replicas": 3}
    wrong = body("v1", "DeleteOptions", field(2, field(1, "other")))
    answer = await server.delete(f"{path}/w", wrong, media=MEDIA)
    answer.refused(409, "Conflict")


@pytest.mark.parametrize("accept", [f"{MEDIA}, */*", f"{MEDIA},application/json"])
async def test_json_is_understood_by_all_that_prefer_protobuf(
    server: Server, accept: str
) -> None:
    path, headers = server.core("configmaps"), {"accept": accept}
    if server.kind == "real":
        # It prefers protobuf, too; the embedded server answers in JSON.
        answer = await server.get(path, headers=headers)
        assert answer.headers["content-type"] == MEDIA
        return
    listed = (await server.get(path, headers=headers)).ok()
    version = listed["metadata"]["resourceVersion"]
    async with server.watch(path, headers=headers, resourceVersion=version) as watch:
        assert watch.headers["content-type"] == "application/json"
        (await server.post(path, config_map("a"), headers=headers)).ok(201)
        assert await watch.take(1) == [("ADDED", "a")]
