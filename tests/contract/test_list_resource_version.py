"""resourceVersion and resourceVersionMatch of reads."""

from typing import Any

import pytest

from tests.harness.objects import config_map, names
from tests.harness.server import Server


@pytest.fixture
async def past(server: Server) -> int:
    """The version at which there were a and b; c came after it."""
    path = server.core("configmaps")
    for name in "ab":
        (await server.post(path, config_map(name))).ok(201)
    version = int((await server.get(path)).ok()["metadata"]["resourceVersion"])
    (await server.post(path, config_map("c"))).ok(201)
    return version


async def _list(server: Server, **query: Any) -> Any:
    return await server.get(server.core("configmaps"), **query)


async def test_list_version_is_that_of_the_last_write(server: Server) -> None:
    path = server.core("configmaps")
    item = (await server.post(path, config_map("a"))).ok(201)
    listed = (await server.get(path)).ok()["metadata"]["resourceVersion"]
    assert int(listed) >= int(item["metadata"]["resourceVersion"])


async def test_list_without_version_gives_the_present(
    server: Server, past: int
) -> None:
    document = (await _list(server)).ok()
    assert names(document) == ["a", "b", "c"]
    assert int(document["metadata"]["resourceVersion"]) > past


@pytest.mark.parametrize("match", [{}, {"resourceVersionMatch": "NotOlderThan"}])
async def test_list_is_not_older_than_the_version(
    server: Server, past: int, match: Any
) -> None:
    # A server may answer from a cache that lags behind, but not behind the version.
    document = (await _list(server, resourceVersion=past, **match)).ok()
    assert names(document)[:2] == ["a", "b"]
    assert int(document["metadata"]["resourceVersion"]) >= past


@pytest.mark.parametrize("match", [{}, {"resourceVersionMatch": "NotOlderThan"}])
async def test_list_at_version_0_is_a_list(
    server: Server, past: int, match: Any
) -> None:
    assert past
    document = (await _list(server, resourceVersion=0, **match)).ok()
    assert document["metadata"]["resourceVersion"] != "0"


async def test_exact_gives_the_past(server: Server, past: int) -> None:
    answer = await _list(server, resourceVersion=past, resourceVersionMatch="Exact")
    document = answer.ok()
    assert names(document) == ["a", "b"]
    assert document["metadata"]["resourceVersion"] == str(past)


async def test_limit_with_a_version_gives_the_past(server: Server, past: int) -> None:
    document = (await _list(server, resourceVersion=past, limit=1)).ok()
    assert names(document) == ["a"]
    assert document["metadata"]["remainingItemCount"] == 1
    assert document["metadata"]["resourceVersion"] == str(past)


async def test_past_shows_what_was_deleted(server: Server, past: int) -> None:
    await server.delete(server.core("configmaps/a"))
    answer = await _list(server, resourceVersion=past, resourceVersionMatch="Exact")
    assert names(answer.ok()) == ["a", "b"]


def _invalid(detail: str) -> str:
    return f'ListOptions.meta.k8s.io "" is invalid: {detail}'


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        (
            {"resourceVersion": 0, "resourceVersionMatch": "Exact"},
            (
                'resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is'
                " forbidden"
                ' for resourceVersion "0"'
            ),
        ),
        (
            {"resourceVersionMatch": "Exact"},
            (
                "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden"
                " unless"
                " resourceVersion is provided"
            ),
        ),
        (
            {"resourceVersion": 1, "resourceVersionMatch": "Foo"},
            (
                'resourceVersionMatch: Unsupported value: "Foo": supported values:'
                ' "Exact",'
                ' "NotOlderThan", ""'
            ),
        ),
        (
            {"sendInitialEvents": True},
            "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list",
        ),
    ],
)
async def test_options_that_do_not_go_together(
    server: Server, query: Any, detail: str
) -> None:
    details = (await _list(server, **query)).refused(422, "Invalid", _invalid(detail))
    assert (details["group"], details["kind"]) == ("meta.k8s.io", "ListOptions")


@pytest.mark.parametrize("version", ["x", "-1"])
async def test_version_of_a_list_must_be_a_number(server: Server, version: str) -> None:
    (await _list(server, resourceVersion=version)).refused(
        400,
        "BadRequest",
        "invalid resource version: resourceVersion: Invalid value:"
        f' "{version}": strconv.ParseUint: parsing "{version}": invalid syntax',
    )


async def test_version_of_a_read_must_be_a_number(server: Server, past: int) -> None:
    assert past
    answer = await server.get(server.core("configmaps/a"), resourceVersion="x")
    answer.refused(
        500,
        "",
        'resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x": invalid'
        " syntax",
    )


@pytest.mark.parametrize("version", [0, 1])
async def test_read_at_an_old_version_is_the_present(
    server: Server, past: int, version: int
) -> None:
    assert past
    await server.merge(server.core("configmaps/a"), {"data": {"x": "1"}})
    answer = await server.get(server.core("configmaps/a"), resourceVersion=version)
    if version:
        assert answer.ok()["data"] == {"x": "1"}
    else:
        answer.ok()


@pytest.mark.parametrize("what", ["list", "exact", "get"])
async def test_future_version_times_out(server: Server, past: int, what: str) -> None:
    future = past + 100_000
    query: dict[str, Any] = {"resourceVersion": future}
    if what == "exact":
        query["resourceVersionMatch"] = "Exact"
    path = server.core("configmaps/a" if what == "get" else "configmaps")
    answer = await server.get(path, **query)
    details = answer.refused(504, "Timeout")
    message = answer.json["message"]
    assert message.startswith(
        f"Timeout: Too large resource version: {future}, current:"
    )
    assert details == {
        "causes": [
            {
                "reason": "ResourceVersionTooLarge",
                "message": "Too large resource version",
            }
        ],
        "retryAfterSeconds": 1,
    }


async def test_delete_at_a_version_is_of_the_past(server: Server) -> None:
    path = server.core("configmaps")
    x = (await server.post(path, config_map("x"))).ok(201)
    (await server.post(path, config_map("y"))).ok(201)
    # Exactly then, as of a page; and only what has been so since.
    version = x["metadata"]["resourceVersion"]
    deleted = (await server.delete(path, resourceVersion=version)).ok()
    assert names(deleted) == ["x"]
    assert names((await server.get(path)).ok()) == ["y"]


@pytest.mark.parametrize("name", ["limit", "timeoutSeconds"])
async def test_number_must_not_be_empty(server: Server, name: str) -> None:
    answer = await server.get(server.core("configmaps"), **{name: ""})
    message = 'strconv.ParseInt: parsing "": invalid syntax'
    answer.refused(400, "BadRequest", message)
