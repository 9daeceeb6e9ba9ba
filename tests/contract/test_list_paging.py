"""limit and continue: pages of one consistent list."""

import base64
import json
from typing import Any

import pytest

from tests.harness.objects import config_map, names
from tests.harness.server import Server


@pytest.fixture
async def path(server: Server) -> str:
    """A path with five ConfigMaps, made in another order than that of their names."""
    for name in "edcba":
        labels = {"odd": "yes"} if name in "ace" else {}
        body = config_map(name, labels=labels)
        (await server.post(server.core("configmaps"), body)).ok(201)
    return server.core("configmaps")


def _token(**fields: Any) -> str:
    text = json.dumps(fields, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


async def test_list_is_in_the_order_of_names(server: Server, path: str) -> None:
    assert names((await server.get(path)).ok()) == list("abcde")


async def test_list_has_a_kind_and_a_version(server: Server, path: str) -> None:
    document = (await server.get(path)).ok()
    assert (document["kind"], document["apiVersion"]) == ("ConfigMapList", "v1")
    assert list(document["metadata"]) == ["resourceVersion"]


async def test_items_of_built_in_kinds_have_no_kind(server: Server, path: str) -> None:
    document = (await server.get(path)).ok()
    assert all("kind" not in item for item in document["items"])
    assert all("apiVersion" not in item for item in document["items"])


async def test_empty_list_has_an_empty_list(server: Server) -> None:
    assert (await server.get(server.core("secrets"))).ok()["items"] == []


async def test_list_of_a_missing_namespace_is_empty(server: Server) -> None:
    document = (await server.get("/api/v1/namespaces/nope/configmaps")).ok()
    assert document["items"] == []


async def test_list_across_namespaces_is_in_order(server: Server, path: str) -> None:
    assert path
    document = (await server.get("/api/v1/configmaps")).ok()
    keys = [
        (item["metadata"]["namespace"], item["metadata"]["name"])
        for item in document["items"]
    ]
    assert keys == sorted(keys)
    assert [name for ns, name in keys if ns == server.namespace] == list("abcde")


async def test_first_page(server: Server, path: str) -> None:
    document = (await server.get(path, limit=2)).ok()
    assert names(document) == ["a", "b"]
    assert document["metadata"]["remainingItemCount"] == 3
    assert document["metadata"]["continue"]


async def test_pages_make_up_the_list(server: Server, path: str) -> None:
    found, token = [], ""
    while True:
        query = {"continue_": token} if token else {}
        document = (await server.get(path, limit=2, **query)).ok()
        found.append(names(document))
        token = document["metadata"].get("continue", "")
        if not token:
            break
    assert found == [["a", "b"], ["c", "d"], ["e"]]
    assert "remainingItemCount" not in document["metadata"]


async def test_pages_share_one_version(server: Server, path: str) -> None:
    first = (await server.get(path, limit=2)).ok()["metadata"]
    await server.post(path, config_map("bb"))
    second = (await server.get(path, limit=2, continue_=first["continue"])).ok()
    assert names(second) == ["c", "d"]
    assert second["metadata"]["resourceVersion"] == first["resourceVersion"]


async def test_later_page_shows_what_was_deleted(server: Server, path: str) -> None:
    first = (await server.get(path, limit=2)).ok()["metadata"]
    await server.delete(server.core("configmaps/c"))
    second = (await server.get(path, limit=2, continue_=first["continue"])).ok()
    assert names(second) == ["c", "d"]


async def test_later_page_shows_the_old_state(server: Server, path: str) -> None:
    first = (await server.get(path, limit=2)).ok()["metadata"]
    await server.merge(server.core("configmaps/c"), {"data": {"x": "1"}})
    second = (await server.get(path, limit=1, continue_=first["continue"])).ok()
    assert "data" not in second["items"][0]


async def test_continue_without_limit_gives_the_rest(server: Server, path: str) -> None:
    token = (await server.get(path, limit=2)).ok()["metadata"]["continue"]
    assert names((await server.get(path, continue_=token)).ok()) == ["c", "d", "e"]


@pytest.mark.parametrize("limit", [5, 6, 500])
async def test_limit_that_holds_all_has_no_more(
    server: Server, path: str, limit: int
) -> None:
    document = (await server.get(path, limit=limit)).ok()
    assert names(document) == list("abcde")
    assert "continue" not in document["metadata"]


@pytest.mark.parametrize("limit", [0, -1])
async def test_limit_of_nothing_is_no_limit(
    server: Server, path: str, limit: int
) -> None:
    assert names((await server.get(path, limit=limit)).ok()) == list("abcde")


@pytest.mark.parametrize(
    "selector",
    [{"labelSelector": "odd"}, {"fieldSelector": "metadata.name!=b"}],
)
async def test_page_of_a_selection_does_not_count(
    server: Server, path: str, selector: Any
) -> None:
    document = (await server.get(path, limit=2, **selector)).ok()
    assert names(document) == ["a", "c"]
    assert document["metadata"]["continue"]
    assert "remainingItemCount" not in document["metadata"]


async def test_pages_of_a_selection(server: Server, path: str) -> None:
    first = (await server.get(path, limit=2, labelSelector="odd")).ok()
    token = first["metadata"]["continue"]
    second = await server.get(path, limit=2, labelSelector="odd", continue_=token)
    assert names(second.ok()) == ["e"]
    assert "continue" not in second.json["metadata"]


async def test_token_tells_version_and_place(server: Server, path: str) -> None:
    metadata = (await server.get(path, limit=2)).ok()["metadata"]
    token = json.loads(base64.urlsafe_b64decode(metadata["continue"] + "==="))
    version = int(metadata["resourceVersion"])
    assert token == {"v": "meta.k8s.io/v1", "rv": version, "start": "/b\0"}


async def test_token_of_minus_one_is_the_present(server: Server, path: str) -> None:
    await server.post(path, config_map("bb"))
    token = _token(v="meta.k8s.io/v1", rv=-1, start="b\0")
    document = (await server.get(path, continue_=token)).ok()
    assert names(document) == ["bb", "c", "d", "e"]


INVALID = "invalid continue token: continue key is not valid: "


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ("!!!", "illegal base64 data at input byte 0"),
        (
            _token(v="meta.k8s.io/v1", rv=0, start="b\0"),
            "incorrect encoded start resourceVersion (version meta.k8s.io/v1)",
        ),
        (
            _token(v="v2", rv=5, start="b\0"),
            "server does not recognize this encoded version v2",
        ),
        (
            _token(v="meta.k8s.io/v1", rv=5),
            "encoded start key empty (version meta.k8s.io/v1)",
        ),
        (_token(v="meta.k8s.io/v1", rv=5, start="../x"), "../x"),
    ],
)
async def test_bad_token_is_a_bad_request(
    server: Server, path: str, token: str, message: str
) -> None:
    answer = await server.get(path, continue_=token)
    answer.refused(400, "BadRequest", INVALID + message)


async def test_token_that_is_no_json_is_a_bad_request(
    server: Server, path: str
) -> None:
    (await server.get(path, continue_="xx")).refused(400, "BadRequest")


async def test_token_goes_without_a_resource_version(server: Server, path: str) -> None:
    token = (await server.get(path, limit=2)).ok()["metadata"]["continue"]
    answer = await server.get(path, continue_=token, resourceVersion="5")
    answer.refused(
        400,
        "BadRequest",
        "specifying resource version is not allowed when using continue",
    )


async def test_token_goes_with_resource_version_0(server: Server, path: str) -> None:
    token = (await server.get(path, limit=2)).ok()["metadata"]["continue"]
    answer = await server.get(path, continue_=token, resourceVersion="0")
    assert names(answer.ok()) == ["c", "d", "e"]


async def test_token_goes_without_a_match(server: Server, path: str) -> None:
    token = (await server.get(path, limit=2)).ok()["metadata"]["continue"]
    answer = await server.get(
        path, continue_=token, resourceVersion="5", resourceVersionMatch="Exact"
    )
    answer.refused(422, "Invalid")
    assert (
        "resourceVersionMatch is forbidden when continue is provided"
        in answer.json["message"]
    )
