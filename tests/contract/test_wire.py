"""Requests as bytes that clients of the library would not send, on both servers.

What Go's server takes and what it refuses is known to proxies and to other people's
clients; what stands between two requests must not be read as a third.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import TypeAlias
from urllib.parse import urlsplit

import pytest

from homeostat.apiserver import ApiServer, serve
from tests.harness.kube import ControlPlane

Told: TypeAlias = tuple[str, bytes]
Talk: TypeAlias = Callable[[bytes], Awaitable[Told]]
_SECONDS = 10.0
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")

HOST = b"Host: x\r\nTOKEN\r\n"
CLOSE = b"Connection: close\r\n"
MAPS = b"/api/v1/namespaces/default/configmaps?dryRun=All"
BODY = b'{"metadata":{"name":"wire"}}'
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)


@pytest.fixture
async def talk(plane: ControlPlane | None) -> AsyncIterator[Talk]:
    """Send bytes; returns the statuses of all answers, and the last one's body."""
    token = b"" if plane is None else plane.token().encode()
    context = None if plane is None else plane.ssl_context()

    async with serve(ApiServer()) as own:
        address = urlsplit(own if plane is None else plane.url)

        async def send(sent: bytes) -> Told:
            reader, writer = await asyncio.open_connection(
                address.hostname, address.port, ssl=context
            )
            try:
                async with asyncio.timeout(_SECONDS):
                    authorization = b"Authorization: Bearer " + token
                    writer.write(sent.replace(b"TOKEN", authorization))
                    received = await reader.read()
            finally:
                writer.transport.abort()
            codes = " ".join(code.decode() for code in _STATUS.findall(received))
            return codes, received.rpartition(b"\r\n\r\n")[2]

        yield send


def get(path: bytes = b"/version", extra: bytes = CLOSE, host: bytes = HOST) -> bytes:
    return b"GET " + path + b" HTTP/1.1\r\n" + host + extra + b"\r\n"


def post(extra: bytes, body: bytes, version: bytes = b"1.1") -> bytes:
    line = b"POST " + MAPS + b" HTTP/" + version + b"\r\n"
    return line + HOST + CLOSE + extra + b"\r\n" + body


async def check(talk: Talk, cases: Mapping[bytes, str | tuple[str, bytes]]) -> None:
    """Check statuses, and a part of the last body where one is given."""
    wrong = {}
    for sent, expected in cases.items():
        codes, text = expected if isinstance(expected, tuple) else (expected, b"")
        found = await talk(sent)
        if found[0] != codes or text not in found[1]:
            wrong[sent[:200]] = (expected, found)
    assert wrong == {}


async def test_heads(talk: Talk) -> None:
    plain = b"400 Bad Request"
    missing = b"400 Bad Request: missing required Host header"
    malformed = b"400 Bad Request: malformed Host header"
    name = b"400 Bad Request: invalid header name"
    await check(
        talk,
        {
            get().replace(b"\r\n", b"\n"): "200",
            get(extra=b"X: a\r\n b\r\n" + CLOSE): "200",
            get(extra=b"X: \xe4\tb\r\n" + CLOSE): "200",
            get(extra=b"Connection: foo, Close\r\n"): "200",
            get().replace(b"HTTP/1.1", b"HTTP/1.2"): "200",
            get().replace(b"HTTP/1.1", b"HTTP/1.0").replace(b"Host: x\r\n", b""): "200",
            get(host=b"TOKEN\r\nHost:\r\n"): "200",
            get(extra=b"".join(b"X-%d: y\r\n" % n for n in range(20_000)) + CLOSE): (
                "200"
            ),
            get(host=b"TOKEN\r\n"): ("400", missing),
            get(host=b"TOKEN\r\nHost: a b\r\n"): ("400", malformed),
            get(extra=b"X : a\r\n" + CLOSE): ("400", name),
            get(extra=b": a\r\n" + CLOSE): ("400", plain),
            get(extra=b"X(: a\r\n" + CLOSE): ("400", plain),
            get(extra=b"X: a\rb\r\n" + CLOSE): ("400", plain),
            get(host=b" X: a\r\n" + HOST): ("400", plain),
            get(path=b" /version"): ("400", plain),
            b"\r\n" + get(): ("400", plain),
            get().replace(b"HTTP/1.1", b"http/1.1"): ("400", plain),
            get().replace(b"HTTP/1.1", b"HTTP/1.10"): ("400", plain),
            get(extra=b"Expect: much\r\n" + CLOSE): ("417", b""),
            get().replace(b"GET", b"G!#$%&'*+-.^_`|~9", 1): "405",
        },
    )


async def test_targets(talk: Talk) -> None:
    default = b"/api/v1/namespaces/default"
    await check(
        talk,
        {
            get(b"http://other:1/version?x"): "200",
            get(b"http://other/version", host=b"TOKEN\r\n"): "400",
            get(b"http://other"): ("404", b"404 page not found"),
            get(b"other:thing"): ("404", b"404 page not found"),
            get(b"*"): ("404", b"404 page not found"),
            get(b"version"): ("400", b"400 Bad Request"),
            get(b"/version%zz"): ("400", b"400 Bad Request"),
            get(b"/version%2"): ("400", b"400 Bad Request"),
            get(b"/version#frag"): "404",
            get(b"//version"): "404",
            get(b"/api%2fv1/namespaces/def%61ult"): "200",
            get(b"/api/v1/namespaces/\xc3\xa4"): ("404", 'namespaces \\"ä\\"'.encode()),
            get(b"/api/v1/namespaces/\xff"): "404",
            get(default + b"?pretty=%zz"): "200",
            get(b"/api/v1/namespaces?limit=%zz"): "200",
            get(b"/api/v1/namespaces?limit=x;a=b"): "200",
            get(b"/api/v1/namespaces?limit=1#"): "400",
        },
    )


async def test_bodies(talk: Talk) -> None:
    unsupported = b"Unsupported transfer encoding"
    other = b"Content-Length: 5\r\n"
    await check(
        talk,
        {
            post(LENGTH, BODY): "201",
            post(LENGTH + LENGTH, BODY): "201",
            post(LENGTH.replace(b": ", b": 00"), BODY): "201",
            post(LENGTH + other, BODY): ("400", b"400 Bad Request"),
            post(b"Content-Length: +2\r\n", b"{}"): ("400", b"400 Bad Request"),
            post(b"Content-Length:\r\n", b""): ("400", b"400 Bad Request"),
            post(CHUNKED, CHUNKS): "201",
            post(CHUNKED + other, CHUNKS): "201",
            post(CHUNKED + b"Content-Length: x\r\n", CHUNKS): "400",
            post(CHUNKED + CHUNKED, CHUNKS): ("501", unsupported),
            post(b"Transfer-Encoding: gzip, chunked\r\n", CHUNKS): ("501", unsupported),
            post(b"Transfer-Encoding: identity\r\n", b""): ("501", unsupported),
            post(CHUNKED + LENGTH, BODY, b"1.0"): "201",
            post(CHUNKED, CHUNKS.replace(b"\r\n", b";a=b \t\r\n", 1)): "201",
            post(CHUNKED, CHUNKS.replace(b"\r\n", b" ;a=b\r\n", 1)): (
                "500",
                b"invalid byte in chunk length",
            ),
            post(CHUNKED, CHUNKS.replace(b"\r\n", b"\n", 1)): (
                "500",
                b"chunked line ends with bare LF",
            ),
            post(CHUNKED, b"0x" + CHUNKS): ("500", b"invalid byte in chunk length"),
            post(CHUNKED, b"\r\n"): ("500", b"empty hex number for chunk length"),
            post(CHUNKED, b"0" * 16 + CHUNKS): ("500", b"chunk length too large"),
            post(CHUNKED, b"1\r\nxx\r\n"): ("500", b"malformed chunked encoding"),
            post(CHUNKED, CHUNKS[:-2] + b"a\r\n\r\n"): ("500", b'missing colon: \\"a'),
        },
    )


async def test_what_follows(talk: Talk) -> None:
    keep = get(extra=b"")
    made = post(LENGTH, BODY).replace(CLOSE, b"")
    large = b"Content-Length: 4194304\r\n"
    await check(
        talk,
        {
            keep + keep + get(): "200 200 200",
            keep + b"garbage\r\n\r\n": ("200 400", b"400 Bad Request"),
            get() + b"garbage\r\n\r\n": "200",
            get() + keep: "200",
            keep + b"\r\n" + get(): "200 400",
            made + b"\r\n" + get(): "201 200",
            get(extra=b"Content-Length: 5\r\n") + b"hello" + get(): "200 200",
            get(extra=CHUNKED) + b"1\r\nx\r\n0\r\n\r\n" + get(): "200 200",
            keep.replace(b"GET", b"HEAD") + get(): "405 200",
            post(large, b"x" * 4_194_304).replace(CLOSE, b"") + get(): "413",
            post(LENGTH + b"Expect: 100-Continue\r\n", BODY): "100 201",
            post(LENGTH + b"Expect: 100-continue\r\n", BODY, b"1.0"): "201",
            get(extra=b"Expect: 100-continue\r\n" + CLOSE): "200",
            get(b"/api/v1/namespaces?watch=1&timeoutSeconds=1", b"") + get(): "200 200",
        },
    )
