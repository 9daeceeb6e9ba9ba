"""WatchList: a watch that starts with the list, and says where it ends."""

from typing import Any

import pytest

from tests.harness.objects import config_map
from tests.harness.server import Server

WATCH_LIST: dict[str, Any] = {
    "sendInitialEvents": True,
    "resourceVersionMatch": "NotOlderThan",
    "allowWatchBookmarks": True,
}
END = {"k8s.io/initial-events-end": "true"}


@pytest.fixture
async def path(server: Server) -> str:
    """A path with the ConfigMaps a and b, of which b has the label l."""
    for name, labels in [("a", {}), ("b", {"l": "1"})]:
        body = config_map(name, labels=labels)
        (await server.post(server.core("configmaps"), body)).ok(201)
    return server.core("configmaps")


async def test_list_is_followed_by_a_bookmark(server: Server, path: str) -> None:
    async with server.watch(path, **WATCH_LIST) as watch:
        assert await watch.take(2) == [("ADDED", "a"), ("ADDED", "b")]
        kind, item = await watch.next()
    assert kind == "BOOKMARK"
    version = item["metadata"].pop("resourceVersion")
    assert item == {
        "kind": "ConfigMap",
        "apiVersion": "v1",
        "metadata": {"annotations": END},
    }
    assert int(version) > 1


async def test_bookmark_covers_the_list(server: Server, path: str) -> None:
    listed = (await server.get(path)).ok()
    newest = max(int(i["metadata"]["resourceVersion"]) for i in listed["items"])
    async with server.watch(path, **WATCH_LIST) as watch:
        item = await watch.until("BOOKMARK")
    assert int(item["metadata"]["resourceVersion"]) >= newest


async def test_watch_goes_on_after_the_bookmark(server: Server, path: str) -> None:
    async with server.watch(path, **WATCH_LIST) as watch:
        await watch.until("BOOKMARK")
        await server.post(path, config_map("c"))
        assert await watch.take(1) == [("ADDED", "c")]


async def test_version_may_be_given(server: Server, path: str) -> None:
    version = (await server.get(path)).ok()["metadata"]["resourceVersion"]
    async with server.watch(path, resourceVersion=version, **WATCH_LIST) as watch:
        assert await watch.take(2) == [("ADDED", "a"), ("ADDED", "b")]
        assert (await watch.next())[0] == "BOOKMARK"


@pytest.mark.parametrize("version", ["0", "1"])
async def test_old_version_may_give_an_old_list(
    server: Server, path: str, version: str
) -> None:
    # A cache that lags behind may say that its list ends, and bring the rest later.
    async with server.watch(path, resourceVersion=version, **WATCH_LIST) as watch:
        events = await watch.take(3)
    assert [event for event in events if event[0] == "ADDED"] == [
        ("ADDED", "a"),
        ("ADDED", "b"),
    ]
    assert ("BOOKMARK", "") in events


async def test_selection_has_its_bookmark(server: Server, path: str) -> None:
    async with server.watch(path, labelSelector="l", **WATCH_LIST) as watch:
        assert await watch.take(1) == [("ADDED", "b")]
        assert (await watch.next())[0] == "BOOKMARK"


async def test_empty_selection_has_its_bookmark(server: Server, path: str) -> None:
    async with server.watch(path, labelSelector="no", **WATCH_LIST) as watch:
        kind, item = await watch.next()
    assert (kind, item["metadata"]["annotations"]) == ("BOOKMARK", END)


async def test_no_bookmark_unless_allowed(server: Server, path: str) -> None:
    query = {**WATCH_LIST, "allowWatchBookmarks": False}
    async with server.watch(path, **query) as watch:
        await watch.take(2)
        await server.post(path, config_map("c"))
        assert await watch.take(1) == [("ADDED", "c")]


async def test_no_initial_events_from_now(server: Server, path: str) -> None:
    query = {
        "sendInitialEvents": False,
        "resourceVersionMatch": "NotOlderThan",
        "resourceVersion": 0,
    }
    async with server.watch(path, **query) as watch:
        await server.post(path, config_map("c"))
        assert await watch.take(1) == [("ADDED", "c")]


async def test_future_version_is_an_error_event(server: Server, path: str) -> None:
    future = int((await server.get(path)).ok()["metadata"]["resourceVersion"]) + 100_000
    async with server.watch(path, resourceVersion=future, **WATCH_LIST) as watch:
        assert watch.status == 200
        events = await watch.rest()
    assert len(events) == 1
    kind, status = events[0]
    assert (kind, status["code"], status["reason"]) == ("ERROR", 504, "Timeout")
    assert status["message"].startswith(
        f"Timeout: Too large resource version: {future}, current:"
    )
    assert status["details"]["retryAfterSeconds"] == 1
