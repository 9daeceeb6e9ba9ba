"""WATCH: what is told, in which order, and how a watch ends."""

from typing import Any

import pytest

from tests.harness.objects import config_map, finalized, pod
from tests.harness.server import Server


@pytest.fixture
async def path(server: Server) -> str:
    """A path with the ConfigMaps a and b."""
    for name in "ab":
        (await server.post(server.core("configmaps"), config_map(name))).ok(201)
    return server.core("configmaps")


async def _version(server: Server, path: str) -> str:
    version: str = (await server.get(path)).ok()["metadata"]["resourceVersion"]
    return version


@pytest.mark.parametrize("query", [{}, {"resourceVersion": 0}])
async def test_watch_without_version_starts_with_what_is(
    server: Server, path: str, query: Any
) -> None:
    async with server.watch(path, **query) as watch:
        assert await watch.take(2) == [("ADDED", "a"), ("ADDED", "b")]


async def test_watch_is_json_in_lines(server: Server, path: str) -> None:
    async with server.watch(path) as watch:
        assert watch.status == 200
        assert watch.headers["content-type"] == "application/json"
        await watch.take(2)


async def test_watched_object_is_the_object(server: Server, path: str) -> None:
    item = (await server.get(server.core("configmaps/a"))).ok()
    async with server.watch(path) as watch:
        assert await watch.next() == ("ADDED", item)


async def test_watch_from_a_version_tells_what_came_after(
    server: Server, path: str
) -> None:
    item = (await server.get(server.core("configmaps/a"))).ok()
    version = item["metadata"]["resourceVersion"]
    async with server.watch(path, resourceVersion=version) as watch:
        assert await watch.take(1) == [("ADDED", "b")]


async def test_watch_tells_create_update_delete(server: Server, path: str) -> None:
    version = await _version(server, path)
    async with server.watch(path, resourceVersion=version) as watch:
        await server.post(path, config_map("c"))
        await server.merge(server.core("configmaps/c"), {"data": {"x": "1"}})
        await server.delete(server.core("configmaps/c"))
        events = [await watch.next() for _ in range(3)]
    assert [kind for kind, _ in events] == ["ADDED", "MODIFIED", "DELETED"]
    versions = [int(item["metadata"]["resourceVersion"]) for _, item in events]
    assert versions == sorted(set(versions))
    assert events[2][1]["data"] == {"x": "1"}


async def test_versions_of_events_are_those_of_the_objects(
    server: Server, path: str
) -> None:
    version = await _version(server, path)
    async with server.watch(path, resourceVersion=version) as watch:
        written = await server.merge(server.core("configmaps/a"), {"data": {"x": "1"}})
        assert await watch.next() == ("MODIFIED", written.ok())


async def test_deletion_has_a_version_of_its_own(server: Server, path: str) -> None:
    version = await _version(server, path)
    before = (await server.get(server.core("configmaps/a"))).ok()
    async with server.watch(path, resourceVersion=version) as watch:
        await server.delete(server.core("configmaps/a"))
        kind, item = await watch.next()
    assert kind == "DELETED"
    deleted = int(item["metadata"].pop("resourceVersion"))
    assert deleted > int(before["metadata"].pop("resourceVersion"))
    assert item == before


async def test_finalizers_are_told(server: Server, path: str) -> None:
    version = await _version(server, path)
    async with server.watch(path, resourceVersion=version) as watch:
        await server.post(path, finalized("f"))
        marked = (await server.delete(server.core("configmaps/f"))).ok()
        patch = {"metadata": {"finalizers": None}}
        await server.merge(server.core("configmaps/f"), patch)
        kinds = [await watch.next() for _ in range(3)]
    assert [kind for kind, _ in kinds] == ["ADDED", "MODIFIED", "DELETED"]
    assert kinds[1][1] == marked


async def test_deletion_tells_what_was_stored_before(server: Server, path: str) -> None:
    item = server.core("configmaps/f")
    await server.post(path, finalized("f"))
    marked = (await server.delete(item)).ok()
    version = marked["metadata"].pop("resourceVersion")
    async with server.watch(path, resourceVersion=version) as watch:
        # What the write that lets go of it changes besides is never stored.
        patch = {"metadata": {"finalizers": None, "labels": {"l": "1"}}}
        last = (await server.merge(item, patch, fieldManager="u")).ok()
        kind, told = await watch.next()
    assert last["metadata"]["labels"] == {"l": "1"}
    assert kind == "DELETED"
    del told["metadata"]["resourceVersion"]
    assert told == marked


async def test_end_of_a_pod_is_announced(server: Server) -> None:
    path = server.core("pods")
    version = await _version(server, path)
    async with server.watch(path, resourceVersion=version) as watch:
        await server.post(path, pod("p"))
        await server.delete(server.core("pods/p"), gracePeriodSeconds=0)
        events = [await watch.next() for _ in range(3)]
    assert [kind for kind, _ in events] == ["ADDED", "MODIFIED", "DELETED"]
    _, (_, marked), (_, gone) = events
    assert marked["metadata"]["deletionGracePeriodSeconds"] == 0
    assert marked["metadata"]["generation"] == 2
    del marked["metadata"]["resourceVersion"], gone["metadata"]["resourceVersion"]
    assert gone == marked


async def test_selector_sees_an_object_come_and_go(server: Server, path: str) -> None:
    version = await _version(server, path)
    item = server.core("configmaps/a")
    async with server.watch(path, resourceVersion=version, labelSelector="l") as watch:
        await server.merge(item, {"metadata": {"labels": {"l": "1"}}})
        await server.merge(item, {"data": {"x": "2"}})
        gone = await server.merge(
            item, {"metadata": {"labels": None}, "data": {"x": "3"}}
        )
        await server.merge(item, {"data": {"x": "4"}})
        await server.post(path, config_map("z", labels={"l": "1"}))
        events = [await watch.next() for _ in range(4)]
    assert [kind for kind, _ in events] == ["ADDED", "MODIFIED", "DELETED", "ADDED"]
    left = events[2][1]
    assert left["data"] == {"x": "2"}
    version = gone.ok()["metadata"]["resourceVersion"]
    assert left["metadata"]["resourceVersion"] == version


async def test_field_selector_sees_a_pod_arrive(server: Server) -> None:
    path = server.core("pods")
    version = await _version(server, path)
    selector = "spec.nodeName=n1"
    query = {"resourceVersion": version, "fieldSelector": selector}
    async with server.watch(path, **query) as watch:
        await server.post(path, pod("p"))
        target = {"metadata": {"name": "p"}, "target": {"name": "n1"}}
        (await server.post(server.core("pods/p/binding"), target)).ok(201)
        await server.delete(server.core("pods/p"), gracePeriodSeconds=0)
        assert await watch.take(1) == [("ADDED", "p")]
        assert (await watch.until("DELETED"))["metadata"]["name"] == "p"


async def test_one_name_can_be_watched(server: Server, path: str) -> None:
    async with server.watch(path, fieldSelector="metadata.name=b") as watch:
        assert await watch.take(1) == [("ADDED", "b")]
        await server.merge(server.core("configmaps/a"), {"data": {"x": "1"}})
        await server.merge(server.core("configmaps/b"), {"data": {"x": "1"}})
        assert await watch.take(1) == [("MODIFIED", "b")]


async def test_watch_parameter_on_one_object_is_ignored(
    server: Server, path: str
) -> None:
    assert path
    answer = await server.get(server.core("configmaps/a"), watch="true")
    assert answer.ok()["kind"] == "ConfigMap"


async def test_watch_across_namespaces(server: Server, path: str) -> None:
    version = await _version(server, path)
    async with server.watch("/api/v1/configmaps", resourceVersion=version) as watch:
        await server.post(path, config_map("c"))
        while True:
            kind, item = await watch.next()
            if item["metadata"]["namespace"] == server.namespace:
                break
    assert (kind, item["metadata"]["name"]) == ("ADDED", "c")


async def test_two_watches_see_the_same(server: Server, path: str) -> None:
    version = await _version(server, path)
    async with (
        server.watch(path, resourceVersion=version) as first,
        server.watch(path, resourceVersion=version) as second,
    ):
        await server.post(path, config_map("c"))
        assert await first.next() == await second.next()


async def test_server_ends_a_watch_in_time(server: Server, path: str) -> None:
    async with server.watch(path, timeoutSeconds=1) as watch:
        events = await watch.rest()
    assert [kind for kind, _ in events] == ["ADDED", "ADDED"]


@pytest.mark.parametrize("flag", ["1", "true", "", "x"])
async def test_flag_of_a_watch(server: Server, path: str, flag: str) -> None:
    async with server.watch(path, watch=flag) as watch:
        assert await watch.take(1) == [("ADDED", "a")]


async def test_false_flag_is_a_list(server: Server, path: str) -> None:
    assert (await server.get(path, watch="false")).ok()["kind"] == "ConfigMapList"


@pytest.mark.parametrize("version", ["x", "-1"])
async def test_watch_version_must_be_a_number(
    server: Server, path: str, version: str
) -> None:
    answer = await server.try_watch(path, resourceVersion=version)
    answer.refused(
        500,
        "",
        f'resourceVersion: Invalid value: "{version}": strconv.ParseUint: parsing'
        f' "{version}": invalid syntax',
    )


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        (
            {"resourceVersionMatch": "NotOlderThan", "resourceVersion": 1},
            (
                "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for"
                " watch unless sendInitialEvents is provided"
            ),
        ),
        (
            {"sendInitialEvents": True},
            (
                "resourceVersionMatch: Forbidden: sendInitialEvents requires setting"
                " resourceVersionMatch to NotOlderThan"
            ),
        ),
        (
            {
                "sendInitialEvents": True,
                "resourceVersionMatch": "Exact",
                "resourceVersion": 1,
            },
            (
                "[resourceVersionMatch: Forbidden: sendInitialEvents requires setting"
                " resourceVersionMatch to NotOlderThan, resourceVersionMatch:"
                " Unsupported"
                ' value: "Exact": supported values: "NotOlderThan"]'
            ),
        ),
    ],
)
async def test_watch_options_that_do_not_go_together(
    server: Server, path: str, query: Any, detail: str
) -> None:
    answer = await server.try_watch(path, **query)
    answer.refused(422, "Invalid", f'ListOptions.meta.k8s.io "" is invalid: {detail}')


async def test_watch_of_a_missing_namespace_waits(server: Server) -> None:
    path = "/api/v1/namespaces/nope/configmaps"
    async with server.watch(path, timeoutSeconds=1) as watch:
        assert await watch.rest() == []


async def test_watch_of_an_unknown_resource_is_refused(server: Server) -> None:
    answer = await server.try_watch(server.core("nopes"))
    answer.refused(404, "NotFound")


async def test_bookmark_comes_before_the_end(server: Server, path: str) -> None:
    version = await _version(server, path)
    query = {"resourceVersion": version, "allowWatchBookmarks": True}
    async with server.watch(path, timeoutSeconds=5, **query) as watch:
        await server.post(path, config_map("c"))
        item = await watch.until("BOOKMARK")
    assert (item["kind"], item["apiVersion"]) == ("ConfigMap", "v1")
    assert list(item["metadata"]) == ["resourceVersion"]
    assert int(item["metadata"]["resourceVersion"]) >= int(version)


async def test_no_bookmark_unless_asked_for(server: Server, path: str) -> None:
    version = await _version(server, path)
    query = {"resourceVersion": version, "timeoutSeconds": 3}
    async with server.watch(path, **query) as watch:
        assert await watch.rest() == []


async def test_watch_ahead_of_the_present_waits(server: Server, path: str) -> None:
    version = int(await _version(server, path)) + 100_000
    async with server.watch(path, resourceVersion=version, timeoutSeconds=1) as watch:
        await server.post(path, config_map("c"))
        assert await watch.rest() == []
