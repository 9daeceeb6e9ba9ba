"""How long a client may take to say what it wants."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from homeostat.apiserver import ApiServer, serve
from homeostat.apiserver import _connection as wire

SHORT = 0.05
HEAD = b"POST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async with serve(ApiServer()) as url:
        yield url


async def _told(url: str, sent: bytes, end: bytes = b"") -> bytes:
    """Send bytes, and return what comes back up to an end, or to the last."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        writer.write(sent)
        async with asyncio.timeout(10):
            return await (reader.readuntil(end) if end else reader.read())
    finally:
        writer.transport.abort()


@pytest.mark.parametrize("sent", [b"", HEAD], ids=["nothing", "half a head"])
async def test_connection_that_says_nothing_is_closed(
    url: str, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "FIRST_SECONDS", SHORT)
    assert await _told(url, sent) == b""


async def test_body_that_does_not_come_is_waited_for_in_vain(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "BODY_SECONDS", SHORT)
    sent = HEAD + b"Content-Length: 100\r\n\r\n{"
    answer = await _told(url, sent, b'"code":504}')
    assert answer.startswith(b"HTTP/1.1 504 ")
    assert b"request did not complete within the allotted timeout" in answer


async def test_request_that_has_come_is_not_hurried(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "FIRST_SECONDS", SHORT)
    watch = b"GET /api/v1/namespaces?watch=1&timeoutSeconds=1 HTTP/1.1\r\nHost: x\r\n"
    answer = await _told(url, watch + b"Connection: close\r\n\r\n")
    assert b'"type":"ADDED"' in answer
    assert answer.endswith(b"0\r\n\r\n")
