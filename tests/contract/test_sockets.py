"""What only a socket shows: the embedded server over HTTP, beside the real one."""

import asyncio
import gzip
import json
import logging
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeAlias
from urllib.parse import urlsplit

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


Talk: TypeAlias = Callable[[bytes], Awaitable[tuple[int, bytes]]]
_TALK_SECONDS = 10.0


async def _converse(url: str, context: ssl.SSLContext | None, sent: bytes) -> bytes:
    """Send bytes and return all that comes back; whoever sends waits for the end."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(
        address.hostname, address.port, ssl=context
    )
    try:
        async with asyncio.timeout(_TALK_SECONDS):
            writer.write(sent)
            return await reader.read()
    finally:
        writer.transport.abort()


@pytest.fixture
async def talk(plane: ControlPlane | None) -> AsyncIterator[Talk]:
    """Send a request as bytes, TOKEN replaced; returns the status and the body."""
    token = b"" if plane is None else plane.token().encode()
    context = None if plane is None else plane.ssl_context()

    async with serve(ApiServer()) as own:
        url = own if plane is None else plane.url

        async def send(request: bytes) -> tuple[int, bytes]:
            authorization = b"Authorization: Bearer " + token
            request = request.replace(b"TOKEN", authorization)
            received = await _converse(url, context, request)
            head, _, body = received.partition(b"\r\n\r\n")
            return int(head.split(b" ")[1]), body

        yield send


HEAD = b"Host: x\r\nTOKEN\r\nConnection: close\r\n"


async def test_unknown_method_on_the_wire(talk: Talk) -> None:
    path = b"/api/v1/namespaces"
    status, body = await talk(b"BREW " + path + b" HTTP/1.1\r\n" + HEAD + b"\r\n")
    assert (status, json.loads(body)["reason"]) == (405, "MethodNotAllowed")


@pytest.mark.parametrize(
    "request_",
    [
        b"GE(T /api HTTP/1.1\r\n" + HEAD + b"\r\n",
        b"GET /api\r\n" + HEAD + b"\r\n",
        b"GET api HTTP/1.1\r\n" + HEAD + b"\r\n",
        b"GET /api v1 HTTP/1.1\r\n" + HEAD + b"\r\n",
        b"GET /api/\0 HTTP/1.1\r\n" + HEAD + b"\r\n",
        b"GET /api HTTP/1.1\r\nHost: a\r\nHost: b\r\n" + HEAD + b"\r\n",
        b"GET /api HTTP/1.1\r\n" + HEAD + b"foo\r\n\r\n",
        b"GET /api HTTP/1.1\r\n" + HEAD + b"foo: b\x01r\r\n\r\n",
        b"POST /api HTTP/1.1\r\n" + HEAD + b"Content-Length: -1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_refused_quietly(
    talk: Talk, caplog: pytest.LogCaptureFixture, request_: bytes
) -> None:
    assert await talk(request_) == (400, b"400 Bad Request")
    assert [r for r in caplog.records if r.levelno > logging.INFO] == []


@pytest.mark.parametrize("version", [b"HTTP/2.0", b"HTTP/9.9"])
async def test_unknown_version_is_refused(talk: Talk, version: bytes) -> None:
    status, body = await talk(b"GET /api " + version + b"\r\n" + HEAD + b"\r\n")
    text = b"505 HTTP Version Not Supported: unsupported protocol version"
    assert (status, body) == (505, text)


LONG = b"a" * 1_100_000


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /api?labelSelector=" + LONG + b" HTTP/1.1\r\n" + HEAD + b"\r\n",
        b"GET /api HTTP/1.1\r\n" + HEAD + b"x-a: " + LONG + b"\r\n\r\n",
    ],
    ids=["line", "header"],
)
async def test_too_long_a_head_is_refused(talk: Talk, request_: bytes) -> None:
    status, body = await talk(request_)
    assert (status, body) == (431, b"431 Request Header Fields Too Large")


async def test_many_headers_are_taken(talk: Talk) -> None:
    many = b"".join(b"x-%d: 1\r\n" % n for n in range(3000))
    status, _ = await talk(b"GET /version HTTP/1.1\r\n" + HEAD + many + b"\r\n")
    assert status == 200


async def test_body_is_asked_for_when_it_waits(talk: Talk) -> None:
    waiting = b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}"
    path = b"/api/v1/namespaces"
    sent = b"POST " + path + b" HTTP/1.1\r\n" + HEAD + waiting
    status, rest = await talk(sent)
    assert status == 100
    assert rest.startswith(b"HTTP/1.1 422 ")


async def test_half_a_body_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    async with serve(ApiServer()) as url:
        address = urlsplit(url)
        _, writer = await asyncio.open_connection(address.hostname, address.port)
        start = b"POST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\n"
        writer.write(start + b"Content-Length: 100\r\n\r\n{}")
        await writer.drain()
        await asyncio.sleep(0.02)
        writer.transport.abort()
        await asyncio.sleep(0.02)
    assert [r for r in caplog.records if r.levelno > logging.INFO] == []
