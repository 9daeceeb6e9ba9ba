"""Versions and tokens from before the history that a server keeps."""

from typing import Any

from tests.harness.server import Server
from tests.harness.widgets import crd, establish, install, widget


async def _old_watch(server: Server, path: str, **query: Any) -> Any:
    async with server.watch(path, resourceVersion=1, **query) as watch:
        assert watch.status == 200
        return await watch.rest()


async def test_watch_from_before_the_history_has_expired(server: Server) -> None:
    # The real server keeps no history of a kind from before its definition.
    group = f"{server.namespace}.example.com"
    await establish(server, crd(group))
    path = server.path(f"{group}/v1", "things")
    events = await _old_watch(server, path)
    assert len(events) == 1
    kind, status = events[0]
    assert kind == "ERROR"
    message = status.pop("message")
    assert message.startswith("too old resource version: 1 (")
    assert status == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "reason": "Expired",
        "code": 410,
    }


async def test_expired_watch_starts_again_from_a_list(server: Server) -> None:
    path = await install(server)
    await server.post(path, widget(size=1))
    version = (await server.get(path)).ok()["metadata"]["resourceVersion"]
    async with server.watch(path, resourceVersion=version) as watch:
        await server.post(path, widget("v", size=1))
        assert await watch.take(1) == [("ADDED", "v")]
