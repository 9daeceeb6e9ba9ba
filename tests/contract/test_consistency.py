"""What holds whatever happens at the same time."""

import asyncio
from typing import Any

from tests.harness.objects import config_map, finalized, names
from tests.harness.server import Server

WATCH_LIST: dict[str, Any] = {
    "sendInitialEvents": True,
    "resourceVersionMatch": "NotOlderThan",
    "allowWatchBookmarks": True,
}


def _version(item: Any) -> int:
    return int(item["metadata"]["resourceVersion"])


async def _churn(server: Server) -> None:
    """Create, change, hold and delete a few objects, some at the same time."""
    path = server.core("configmaps")
    await asyncio.gather(
        *(server.post(path, config_map(f"c{n}", {"n": "0"})) for n in range(6))
    )
    await server.post(path, finalized("held"))
    await asyncio.gather(
        server.merge(server.core("configmaps/c0"), {"data": {"n": "1"}}),
        server.merge(server.core("configmaps/c1"), {"data": {"n": "1"}}),
        server.delete(server.core("configmaps/c2")),
        server.delete(server.core("configmaps/held")),
    )
    await server.merge(server.core("configmaps/c0"), {"data": {"n": "2"}})
    await server.delete(server.core("configmaps/c3"))
    await server.post(path, config_map("last"))


async def _replay(server: Server, version: Any, last: str) -> dict[str, Any]:
    """Return the objects that a watch from a version leads to."""
    state: dict[str, Any] = {}
    seen = int(version)
    path = server.core("configmaps")
    async with server.watch(path, resourceVersion=version) as watch:
        while last not in state:
            kind, item = await watch.next()
            assert _version(item) > seen, "versions of a watch rise"
            seen = _version(item)
            name = item["metadata"]["name"]
            assert (kind == "ADDED") == (name not in state)
            if kind == "DELETED":
                del state[name]
            else:
                state[name] = item
    return state


async def test_watch_from_a_list_leads_to_the_next_list(server: Server) -> None:
    path = server.core("configmaps")
    version = (await server.get(path)).ok()["metadata"]["resourceVersion"]
    await _churn(server)
    state = await _replay(server, version, "last")
    listed = (await server.get(path)).ok()
    expected = {item["metadata"]["name"]: _version(item) for item in listed["items"]}
    assert {name: _version(item) for name, item in state.items()} == expected


async def test_watch_list_is_the_list(server: Server) -> None:
    await _churn(server)
    path = server.core("configmaps")
    listed = (await server.get(path)).ok()
    found = []
    version = listed["metadata"]["resourceVersion"]
    async with server.watch(path, resourceVersion=version, **WATCH_LIST) as watch:
        while (event := await watch.next())[0] == "ADDED":
            found.append(event[1])
    assert event[0] == "BOOKMARK"
    keys = [(i["metadata"]["name"], _version(i)) for i in found]
    assert keys == [(i["metadata"]["name"], _version(i)) for i in listed["items"]]


async def test_pages_are_the_list(server: Server) -> None:
    await _churn(server)
    path = server.core("configmaps")
    whole = names((await server.get(path)).ok())
    for limit in (1, 2, 3):
        found: list[str] = []
        query: dict[str, Any] = {}
        while True:
            page = (await server.get(path, limit=limit, **query)).ok()
            found += names(page)
            if "continue" not in page["metadata"]:
                break
            query = {"continue_": page["metadata"]["continue"]}
        assert found == whole


async def test_one_of_two_creates_wins(server: Server) -> None:
    path = server.core("configmaps")
    answers = await asyncio.gather(
        *(server.post(path, config_map("a", {"n": str(n)})) for n in range(5))
    )
    assert sorted(answer.status for answer in answers) == [201, 409, 409, 409, 409]
    winner = next(answer for answer in answers if answer.status == 201)
    assert (await server.get(server.core("configmaps/a"))).ok() == winner.json


async def test_no_increment_is_lost(server: Server) -> None:
    path = server.core("configmaps/a")
    await server.post(server.core("configmaps"), config_map("a", {"n": "0"}))

    async def increment() -> None:
        while True:
            item = (await server.get(path)).ok()
            item["data"]["n"] = str(int(item["data"]["n"]) + 1)
            answer = await server.put(path, item)
            if answer.status == 200:
                return
            answer.refused(409, "Conflict")

    await asyncio.gather(*(increment() for _ in range(6)))
    assert (await server.get(path)).ok()["data"] == {"n": "6"}


async def test_every_manager_keeps_its_field(server: Server) -> None:
    path = server.core("configmaps/a")
    (await server.apply(path, config_map("a", {"m0": "0"}), "m0")).ok(201)
    answers = await asyncio.gather(
        *(
            server.apply(path, config_map("a", {f"m{n}": str(n)}), f"m{n}")
            for n in range(1, 6)
        )
    )
    assert [answer.status for answer in answers] == [200] * 5
    item = (await server.get(path)).ok()
    assert item["data"] == {f"m{n}": str(n) for n in range(6)}
    managers = {e["manager"] for e in item["metadata"]["managedFields"]}
    assert managers == {f"m{n}" for n in range(6)}


async def test_two_deletes_leave_nothing(server: Server) -> None:
    await server.post(server.core("configmaps"), config_map("a"))
    path = server.core("configmaps/a")
    answers = await asyncio.gather(*(server.delete(path) for _ in range(4)))
    assert sorted(answer.status for answer in answers)[-1] == 404
    assert {answer.status for answer in answers} <= {200, 404, 409}
    assert (await server.get(path)).status == 404


async def test_dry_run_foretells_the_write(server: Server) -> None:
    path = server.core("configmaps/a")
    await server.apply(path, config_map("a", {"x": "1", "y": "1"}), "m")
    body = config_map("a", {"x": "2"})
    foretold = (await server.apply(path, body, "m", dryRun="All")).ok()
    written = (await server.apply(path, body, "m")).ok()
    for item in (foretold, written):
        item["metadata"].pop("resourceVersion")
        for entry in item["metadata"]["managedFields"]:
            entry.pop("time")
    assert foretold == written


async def test_versions_are_shared_by_all_kinds(server: Server) -> None:
    first = (await server.post(server.core("configmaps"), config_map("a"))).ok(201)
    secret = {"metadata": {"name": "a"}}
    second = (await server.post(server.core("secrets"), secret)).ok(201)
    third = (await server.post(server.core("configmaps"), config_map("b"))).ok(201)
    assert _version(first) < _version(second) < _version(third)


async def test_what_was_acknowledged_is_in_what_is_asked_for_after_that(
    server: Server,
) -> None:
    path = server.core("configmaps")
    for n in range(10):
        made = (await server.post(path, config_map(f"c{n}"))).ok(201)
        listed = (await server.get(path)).ok()
        assert f"c{n}" in [item["metadata"]["name"] for item in listed["items"]]
        assert int(listed["metadata"]["resourceVersion"]) >= _version(made)
        made = (await server.post(path, config_map(f"d{n}"))).ok(201)
        async with server.watch(path, **WATCH_LIST) as watch:
            found = [
                (await watch.next())[1]["metadata"]["name"] for _ in range(2 * n + 2)
            ]
            assert f"d{n}" in found
            end = await watch.until("BOOKMARK")
        assert _version(end) >= _version(made)
