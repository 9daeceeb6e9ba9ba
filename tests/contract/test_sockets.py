"""What only a socket shows: the embedded server over HTTP, beside the real one."""

import gzip
import json
import os
from collections.abc import AsyncIterator

import pytest

from homeostat.apiserver import ApiServer, serve
from tests.harness.http import HttpTransport
from tests.harness.kube import ControlPlane
from tests.harness.objects import config_map
from tests.harness.server import Server


@pytest.fixture
async def wire(plane: ControlPlane | None) -> AsyncIterator[Server]:
    """One API server behind a socket, and a fresh namespace in it."""
    namespace = f"sockets-{os.getpid()}-{os.urandom(4).hex()}"
    if plane is None:
        async with serve(ApiServer()) as url:
            transport = HttpTransport(url)
            yield await _fresh(Server("embedded", transport, namespace))
            await transport.close()
    else:
        context = plane.ssl_context()
        transport = HttpTransport(plane.url, token=plane.token(), context=context)
        yield await _fresh(Server("real", transport, namespace))
        await transport.close()


async def _fresh(server: Server) -> Server:
    body = {"metadata": {"name": server.namespace}}
    (await server.post("/api/v1/namespaces", body)).ok(201)
    return server


async def test_objects_are_written_and_read(wire: Server) -> None:
    item = (await wire.post(wire.core("configmaps"), config_map("a", {"x": "ü"}))).ok(
        201
    )
    assert (await wire.get(wire.core("configmaps/a"))).ok() == item


async def test_watch_starts_before_anything_happens(wire: Server) -> None:
    path = wire.core("configmaps")
    version = (await wire.get(path)).ok()["metadata"]["resourceVersion"]
    async with wire.watch(path, resourceVersion=version) as watch:
        assert watch.headers["content-type"] == "application/json"
        await wire.post(path, config_map("a"))
        assert await watch.take(1) == [("ADDED", "a")]


async def test_watch_is_ended_by_its_reader(wire: Server) -> None:
    path = wire.core("configmaps")
    for _ in range(3):
        async with wire.watch(path):
            pass
    (await wire.get(path)).ok()


async def test_head_is_not_allowed_and_has_no_body(wire: Server) -> None:
    answer = await wire.request("HEAD", wire.core("configmaps"))
    assert (answer.status, answer.body) == (405, b"")


async def test_huge_body_is_refused(wire: Server) -> None:
    body = '{"metadata":{"name":"a"},"data":{"a":"' + "x" * (4 << 20) + '"}}'
    answer = await wire.post(wire.core("configmaps"), body)
    answer.refused(413, "RequestEntityTooLarge")


async def test_selectors_are_unquoted(wire: Server) -> None:
    await wire.post(wire.core("configmaps"), config_map("a", labels={"l": "1"}))
    answer = await wire.get(wire.core("configmaps"), labelSelector="l in (1, 2)")
    assert len(answer.ok()["items"]) == 1


async def test_health_needs_no_accept(wire: Server) -> None:
    answer = await wire.get("/readyz")
    assert (answer.status, answer.text) == (200, "ok")


async def test_selector_may_be_long(wire: Server) -> None:
    names = ",".join(f"name-{n:04}" for n in range(2000))
    found = await wire.get(wire.core("configmaps"), labelSelector=f"n in ({names})")
    assert found.ok()["items"] == []


async def test_body_is_taken_as_it_comes(wire: Server) -> None:
    body = gzip.compress(json.dumps(config_map("a")).encode())
    answer = await wire.request(
        "POST",
        wire.core("configmaps"),
        body,
        headers={"content-encoding": "gzip"},
    )
    answer.refused(400, "BadRequest")
