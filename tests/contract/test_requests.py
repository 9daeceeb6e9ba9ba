"""Requests that ask for what there is not: methods, subresources, times, depths."""

import asyncio
import json
from typing import Any

import pytest

from tests.harness.objects import config_map, deployment
from tests.harness.server import Server

NOT_ALLOWED = "the server does not allow this method on the requested resource"


@pytest.mark.parametrize("method", ["BREW", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("rest", ["configmaps", "configmaps/a", "pods/a/log"])
async def test_unknown_method_is_not_allowed(
    server: Server, method: str, rest: str
) -> None:
    answer = await server.request(method, server.core(rest))
    answer.refused(405, "MethodNotAllowed", NOT_ALLOWED)


@pytest.mark.parametrize("method", ["HEAD", "BREW", "POST"])
async def test_documents_are_only_got(server: Server, method: str) -> None:
    for path in ("/version", "/api", "/api/v1", "/apis/apps/v1"):
        assert (await server.request(method, path)).status == 405


@pytest.mark.parametrize("method", ["HEAD", "BREW", "POST"])
async def test_health_is_told_in_any_way(server: Server, method: str) -> None:
    assert (await server.request(method, "/healthz")).status == 200


@pytest.mark.parametrize(
    ("method", "rest"),
    [
        ("GET", "pods/no/log"),
        ("POST", "pods/no/exec"),
        ("GET", "pods/no/attach"),
        ("GET", "pods/no/portforward"),
        ("PUT", "pods/no/proxy"),
        ("DELETE", "services/no/proxy"),
        ("PATCH", "pods/no/resize"),
        ("GET", "pods/no/ephemeralcontainers"),
    ],
)
async def test_subresource_of_nothing_names_the_object(
    server: Server, method: str, rest: str
) -> None:
    answer = await server.request(
        method,
        server.core(rest),
        "{}" if method == "PATCH" else None,
        media="application/merge-patch+json",
    )
    resource = rest.partition("/")[0]
    answer.refused(404, "NotFound", f'{resource} "no" not found')


@pytest.mark.parametrize("rest", ["pods/no/log", "pods/no/exec", "pods/no/resize"])
async def test_subresource_has_its_verbs(server: Server, rest: str) -> None:
    answer = await server.delete(server.core(rest))
    answer.refused(405, "MethodNotAllowed", NOT_ALLOWED)


BAD_TOKEN = "invalid continue token: continue key is not valid: "


@pytest.mark.parametrize("version", ["", "5", "x"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_token_is_looked_at_first(
    server: Server, method: str, version: str
) -> None:
    answer = await server.request(
        method, server.core("configmaps"), continue_="abc", resourceVersion=version
    )
    why = "invalid character 'i' looking for beginning of value"
    answer.refused(400, "BadRequest", BAD_TOKEN + why)


async def test_good_token_forbids_a_version(server: Server) -> None:
    path = server.core("configmaps")
    for name in "ab":
        await server.post(path, config_map(name))
    token = (await server.get(path, limit=1)).ok()["metadata"]["continue"]
    answer = await server.get(path, limit=1, continue_=token, resourceVersion="5")
    text = "specifying resource version is not allowed when using continue"
    answer.refused(400, "BadRequest", text)


async def test_delete_of_many_checks_the_version(server: Server) -> None:
    answer = await server.delete(server.core("configmaps"), resourceVersion="x")
    answer.refused(400, "BadRequest")
    assert answer.json["message"].startswith("invalid resource version: ")


async def test_delete_of_many_goes_page_by_page(server: Server) -> None:
    path = server.core("configmaps")
    for name in "abc":
        await server.post(path, config_map(name, labels={"l": "1"}))
    gone = (await server.delete(path, labelSelector="l=1", limit=2)).ok()
    assert [item["metadata"]["name"] for item in gone["items"]] == ["a", "b"]
    left = (await server.get(path, labelSelector="l=1")).ok()["items"]
    assert [item["metadata"]["name"] for item in left] == ["c"]


async def test_watch_of_negative_length_is_over(server: Server) -> None:
    path = server.core("configmaps")
    await server.post(path, config_map("a"))
    version = (await server.get(path)).ok()["metadata"]["resourceVersion"]
    async with asyncio.timeout(5):
        async with server.watch(
            path, timeoutSeconds=-5, resourceVersion=version
        ) as watch:
            assert await watch.rest() == []
        async with server.watch(path, timeoutSeconds=-5) as watch:
            # The real server may tell of its deadline, or may not.
            assert {kind for kind, _ in await watch.rest()} <= {"ERROR"}


def _deep(depth: int) -> str:
    return "[" * depth + "]" * depth


@pytest.mark.parametrize("depth", [100, 900])
async def test_patch_may_be_deep(server: Server, depth: int) -> None:
    path = server.core("configmaps/a")
    await server.post(server.core("configmaps"), config_map("a"))
    answer = await server.merge(path, f'{{"x":{_deep(depth)}}}')
    answer.ok()
    assert answer.warnings == ['unknown field "x"']
    patch = f'[{{"op":"add","path":"/x","value":{_deep(depth)}}}]'
    media = "application/json-patch+json"
    answer = await server.request("PATCH", path, patch, media=media)
    answer.ok()
    assert answer.warnings == ['unknown field "x"']


async def test_patch_may_not_be_deeper_than_go_reads(server: Server) -> None:
    await server.post(server.core("configmaps"), config_map("a"))
    answer = await server.merge(server.core("configmaps/a"), f'{{"x":{_deep(10_000)}}}')
    text = "error decoding patch: invalid character '[' exceeded max depth"
    answer.refused(400, "BadRequest", text)


async def test_options_of_a_delete_may_be_deep(server: Server) -> None:
    await server.post(server.core("configmaps"), config_map("a"))
    path = server.core("configmaps/a")
    (await server.request("DELETE", path, f'{{"x":{_deep(900)}}}')).ok()


@pytest.mark.parametrize("where", ["annotations", "labels"])
async def test_key_has_one_slash(server: Server, where: str) -> None:
    body = {"metadata": {"name": "a", where: {"a/b/c": "v"}}}
    answer = await server.post(server.core("configmaps"), body)
    answer.refused(422, "Invalid")
    start = f'ConfigMap "a" is invalid: metadata.{where}: Invalid value: "a/b/c": '
    assert answer.json["message"].startswith(f"{start}a valid label key must consist")


async def test_prefix_of_a_key_is_counted_in_bytes(server: Server) -> None:
    body = {"metadata": {"name": "a", "labels": {"a" * 254 + "/b": "v"}}}
    answer = await server.post(server.core("configmaps"), body)
    answer.refused(422, "Invalid")
    text = "prefix part must be no more than 253 bytes"
    assert answer.json["message"].endswith(text)


def _revision(**change: Any) -> Any:
    return {"metadata": {"name": "r"}, "revision": 1, "data": {"a": 1}, **change}


async def test_revision_keeps_its_data(server: Server) -> None:
    path = server.apps("controllerrevisions/r")
    # Without blanks: the real server compares bytes.
    body = json.dumps(_revision(), separators=(",", ":"))
    (await server.post(server.apps("controllerrevisions"), body)).ok(201)
    change = {"metadata": {"labels": {"a": "b"}}, "revision": 2}
    item = (await server.merge(path, change)).ok()
    assert (item["data"], item["revision"]) == ({"a": 1}, 2)
    invalid = 'ControllerRevision.apps "r" is invalid: '
    answer = await server.merge(path, {"data": {"b": 2}})
    text = 'data: Invalid value: {"a":1,"b":2}: field is immutable'
    answer.refused(422, "Invalid", invalid + text)
    answer = await server.merge(path, {"data": None})
    text = "data: Invalid value: null: field is immutable"
    answer.refused(422, "Invalid", invalid + text)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"data": None}, "data: Required value: data is mandatory"),
        ({"data": "x"}, "data: Required value: data must be a valid JSON object"),
        ({"data": [1]}, "data: Required value: data must be a valid JSON object"),
        (
            {"revision": -1},
            "revision: Invalid value: -1: must be greater than or equal to 0",
        ),
    ],
)
async def test_revision_has_data_and_a_number(
    server: Server, change: Any, text: str
) -> None:
    answer = await server.post(server.apps("controllerrevisions"), _revision(**change))
    invalid = 'ControllerRevision.apps "r" is invalid: '
    answer.refused(422, "Invalid", invalid + text)


async def test_scale_of_a_patch_is_that_of_the_path(server: Server) -> None:
    await server.post(server.apps("deployments"), deployment("d"))
    path = server.apps("deployments/d/scale")
    answer = await server.merge(path, {"metadata": {"namespace": "other"}})
    answer.refused(
        400,
        "BadRequest",
        "the namespace of the provided object does not match the namespace sent on the"
        " request",
    )
