"""Bookmarks that come every minute, on virtual time: nobody waits that long."""

import asyncio
import json
from typing import Any

import pytest

from homeostat._transport import HttpRequest
from homeostat.apiserver import ApiServer
from homeostat.testing import VirtualTimeLoop

PATH = "/api/v1/namespaces/default/configmaps"


def _run(main: Any) -> None:
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(main)


async def _create(server: ApiServer, name: str, path: str = PATH) -> None:
    body = json.dumps({"metadata": {"name": name}}).encode()
    answer = await server.handle(HttpRequest(method="POST", path=path, body=body))
    assert answer.status == 201


def _watch(server: ApiServer, **more: str) -> HttpRequest:
    query = {"watch": "1", "resourceVersion": str(server.revision), **more}
    return HttpRequest(method="GET", path=PATH, query=tuple(query.items()))


async def _events(server: ApiServer, request: HttpRequest, seconds: float) -> Any:
    """Return what a watch told within some time: when, of what type, which version."""
    clock = asyncio.get_running_loop().time
    start, events = clock(), []
    async with server.stream(request) as stream:
        try:
            async with asyncio.timeout(seconds):
                async for chunk in stream.chunks():
                    for line in chunk.splitlines():
                        event = json.loads(line)
                        version = event["object"]["metadata"]["resourceVersion"]
                        events.append((clock() - start, event["type"], int(version)))
        except TimeoutError:
            pass
    return events


def test_quiet_watch_is_marked_every_minute() -> None:
    async def main() -> None:
        server = ApiServer()
        request = _watch(server, allowWatchBookmarks="true")
        version = server.revision
        assert await _events(server, request, 200.0) == [
            (pytest.approx(60.0), "BOOKMARK", version),
            (pytest.approx(120.0), "BOOKMARK", version),
            (pytest.approx(180.0), "BOOKMARK", version),
        ]

    _run(main())


def test_bookmark_tells_how_far_other_kinds_have_come() -> None:
    async def main() -> None:
        server = ApiServer()
        request = _watch(server, allowWatchBookmarks="true")
        async with asyncio.TaskGroup() as tasks:
            told = tasks.create_task(_events(server, request, 70.0))
            await asyncio.sleep(30.0)
            await _create(server, "s", PATH.replace("configmaps", "secrets"))
        assert [event[1:] for event in told.result()] == [("BOOKMARK", server.revision)]

    _run(main())


def test_nothing_is_marked_unless_asked_for() -> None:
    async def main() -> None:
        server = ApiServer()
        assert await _events(server, _watch(server), 200.0) == []

    _run(main())
