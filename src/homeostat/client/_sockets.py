"""aiohttp behind two calls. Importing this costs 200 ms, which a thread pays."""

import asyncio
import os
import re
import socket
import ssl
from collections.abc import AsyncGenerator, Awaitable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Self
from urllib.parse import quote, urlencode
from weakref import WeakSet

import aiohttp
from multidict import CIMultiDictProxy
from yarl import URL

from homeostat._transport import HttpRequest, HttpResponse
from homeostat.client._retry import PermanentTransportError
from homeostat.errors import TransportError

__all__ = ["SocketStream", "Sockets"]

CONNECT_TIMEOUT = 30.0  # seconds, as client-go's dialer
MAX_CONNECTIONS = 100  # of requests; watches have no limit
READ_BUFFER_BYTES = 1 << 18  # per watch; TCP holds back what does not fit
MAX_HEADER_BYTES = 1 << 16  # a server's warnings alone may have 4,096 characters
HANG_UP_ROUNDS = 50  # of the loop, each without waiting; five are enough for TLS

_GUESSED = ("Content-Type",)
_PLAIN = re.compile(r"[A-Za-z0-9/:.-]+").fullmatch  # what quoting leaves as it is

# Which option each system has for the time before the first probe.
_KEEPALIVE = (
    ("TCP_KEEPIDLE", 30),
    ("TCP_KEEPALIVE", 30),
    ("TCP_KEEPINTVL", 15),
    ("TCP_KEEPCNT", 3),
    # Keepalive is silent while bytes wait for their acknowledgement: a write to a dead
    # peer would hang for a quarter of an hour. Milliseconds, as long as the probes.
    ("TCP_USER_TIMEOUT", 75_000),
)


_Address = tuple[
    int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[Any, ...]
]


def _make_socket(address: _Address) -> socket.socket:
    family, kind, protocol, _, _ = address
    made = socket.socket(family, kind, protocol)
    made.settimeout(0)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE:
        if name == "TCP_KEEPALIVE" and hasattr(socket, "TCP_KEEPIDLE"):
            continue
        option = getattr(socket, name, None)
        if option is not None:
            made.setsockopt(socket.IPPROTO_TCP, option, value)
    return made


class _LostError(aiohttp.ClientError):
    """A connection that was lost after the request may have been sent."""


class _Request(aiohttp.ClientRequest):
    """A request without headers of aiohttp's own: of ours, none lacks a User-Agent.

    Without Accept-Encoding the server does not compress: CPU is dearer than the network
    next to a cluster. To have none here is cheaper than to let each request skip some.
    """

    DEFAULT_HEADERS = {}  # noqa: RUF012  # nobody adds to it


class _Response(aiohttp.ClientResponse):
    """An answer that keeps aiohttp from sending a request again on its own.

    It does so when a connection that was used before is lost, though the server may
    have done the first one: whether to try again is decided in one place, not here.
    """

    async def start(self, connection: aiohttp.connector.Connection) -> Self:
        """Read the headers."""
        try:
            await super().start(connection)
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
            raise _LostError(_text(error)) from error
        return self


def _session(
    lines: "_Lines", headers: Mapping[str, str], *, limit: int
) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        headers=headers,
        connector=aiohttp.TCPConnector(limit=limit, socket_factory=lines.make),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT),
        cookie_jar=aiohttp.DummyCookieJar(),
        request_class=_Request,
        response_class=_Response,
        read_bufsize=READ_BUFFER_BYTES,
        max_line_size=MAX_HEADER_BYTES,
        max_field_size=MAX_HEADER_BYTES,
    )


class _Lines:
    """Every socket that was made and is not closed, whoever holds it.

    aiohttp forgets a connection whose request was cancelled, while asyncio goes on
    with it: it says goodbye over TLS and waits for the other side's, for 30 s at most;
    one that was cancelled before its first byte even shakes hands, for nobody.
    """

    __slots__ = ("_closed", "_open")

    def __init__(self) -> None:
        self._open: WeakSet[socket.socket] = WeakSet()
        self._closed = False

    def make(self, address: _Address) -> socket.socket:
        """Return a socket, to be connected by aiohttp."""
        if self._closed:
            raise OSError("the client is closed")
        made = _make_socket(address)
        self._open.add(made)
        return made

    async def hang_up(self) -> None:
        """End every connection and wait until asyncio has let go of it.

        The other side is not waited for: each is cut off, which asyncio then notices.
        """
        self._closed = True
        left = [line for line in self._open if line.fileno() >= 0]
        for line in left:  # once: later, the number may be another's
            with suppress(OSError):  # not connected, or not any more
                line.shutdown(socket.SHUT_RDWR)
        for _ in range(HANG_UP_ROUNDS):
            if all(line.fileno() < 0 for line in left):
                return
            await asyncio.sleep(0)


class SocketStream:
    """An answer whose body arrives over time."""

    __slots__ = ("__weakref__", "_response", "headers", "status")

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.status = response.status
        self.headers: Mapping[str, str] = _Headers(response.headers)

    async def chunks(self) -> AsyncGenerator[bytes]:
        """Iterate over the body as it arrives."""
        try:
            async for chunk in self._response.content.iter_any():
                yield chunk
        except (aiohttp.ClientError, OSError) as error:
            raise TransportError(f"the connection broke: {_text(error)}") from error

    def close(self) -> None:
        """Cut the connection when the body was not read to its end.

        Whoever waits for more of it gets a TransportError.
        """
        _cut(self._response)


class Sockets:
    """Connections to one server: a pool for requests, and one per watch.

    Args:
        server: Its address, which may end in a path.
        server_name: What its certificate calls it, "" for the name in the address.
        headers: What a request has that does not say otherwise.
    """

    __slots__ = (
        "_lines",
        "_prefix",
        "_reading",
        "_requests",
        "_server",
        "_server_name",
        "_streams",
        "_watches",
    )

    def __init__(
        self, server: str, *, server_name: str, headers: Mapping[str, str]
    ) -> None:
        self._server = URL(server.rstrip("/"), encoded=True)
        self._prefix = self._server.raw_path.rstrip("/")
        self._server_name = server_name or None
        self._lines = _Lines()
        self._reading: set[aiohttp.ClientResponse] = set()
        self._streams: WeakSet[SocketStream] = WeakSet()
        self._requests = _session(self._lines, headers, limit=MAX_CONNECTIONS)
        self._watches = _session(self._lines, headers, limit=0)

    async def send(
        self,
        request: HttpRequest,
        headers: Mapping[str, str],
        context: ssl.SSLContext | None,
    ) -> HttpResponse:
        """Send a request, with these headers beside, and return its whole answer."""
        try:
            response = await self._ask(self._requests, request, headers, context)
        except (aiohttp.ClientError, OSError) as error:
            raise _failure(error, self._server) from error
        content = response.content
        try:
            # A short answer comes as one with its headers: its connection is back.
            if response.connection is None and content.is_eof():
                body = content.read_nowait(-1)
            else:
                body = await self._read(response)
        except (aiohttp.ClientError, OSError) as error:
            raise TransportError(f"the answer broke off: {_text(error)}") from error
        return HttpResponse(
            status=response.status, headers=_Headers(response.headers), body=body
        )

    async def open(
        self,
        request: HttpRequest,
        headers: Mapping[str, str],
        context: ssl.SSLContext | None,
    ) -> SocketStream:
        """Send a request and return its answer at the end of its headers."""
        try:
            response = await self._ask(self._watches, request, headers, context)
        except (aiohttp.ClientError, OSError) as error:
            raise _failure(error, self._server) from error
        stream = SocketStream(response)
        self._streams.add(stream)
        return stream

    def _ask(
        self,
        session: aiohttp.ClientSession,
        request: HttpRequest,
        headers: Mapping[str, str],
        context: ssl.SSLContext | None,
    ) -> Awaitable[aiohttp.ClientResponse]:
        return session.request(
            request.method,
            self._url(request),
            headers=headers,
            data=request.body or None,
            # What a body is, whoever made it says: aiohttp would guess.
            skip_auto_headers=None if request.method == "GET" else _GUESSED,
            ssl=context if context is not None else True,
            server_hostname=self._server_name,
            allow_redirects=False,
        )

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        self._reading.add(response)
        try:
            return await response.read()
        finally:
            self._reading.discard(response)
            _cut(response)

    def _url(self, request: HttpRequest) -> URL:
        path = request.path
        if not _PLAIN(path):
            path = quote(path, safe="/:@!$&'()*+,;=~")
        if self._prefix:
            path = self._prefix + path
        # Made of parts that are known, as to parse a whole URL takes twice as long.
        url = self._server.with_path(path, encoded=True)
        if not request.query:
            return url
        return URL(f"{url}?{urlencode(request.query, quote_via=quote)}", encoded=True)

    async def close(self) -> None:
        """Close every connection: the loop may end right after this."""
        for stream in list(self._streams):
            stream.close()  # the connector would let their readers wait for ever
        for response in list(self._reading):
            _cut(response)
        for session in (self._requests, self._watches):
            connector = session.connector
            if isinstance(connector, aiohttp.TCPConnector):
                # A TLS connection that is closed politely waits for the other side,
                # longer than its loop may live.
                await connector.close(abort_ssl=True)
            await session.close()
        await self._lines.hang_up()


def _failure(error: Exception, address: URL) -> TransportError:
    server, text = address.origin(), _text(error)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return PermanentTransportError(
            f"the certificate of {server} is not trusted: {text}; check "
            "certificate-authority and tls-server-name",
            sent=False,
        )
    if isinstance(error, aiohttp.ClientSSLError):
        return PermanentTransportError(
            f"the TLS handshake with {server} failed: {text}", sent=False
        )
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return TransportError(f"the name of {server} is unknown: {text}", sent=False)
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return TransportError(
            f"no connection to {server} within {CONNECT_TIMEOUT:.0f} s", sent=False
        )
    if isinstance(error, aiohttp.ClientConnectorError):
        return TransportError(f"cannot connect to {server}: {text}", sent=False)
    # Whatever else goes wrong may go wrong after the first byte.
    return TransportError(f"the connection to {server} broke: {text}", sent=True)


def _text(error: Exception) -> str:
    # aiohttp's own texts print contexts and tuples around what the system said.
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        error = error.certificate_error
    elif isinstance(error, aiohttp.ClientConnectorError):
        error = error.os_error
    if isinstance(error, ssl.SSLError | socket.gaierror):
        return error.strerror or str(error)
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)  # asyncio's own texts name the call alone
    return str(error) or type(error).__name__


def _cut(response: aiohttp.ClientResponse) -> None:
    connection = response.connection
    if connection is None:
        return  # read to its end, and given back
    if connection.transport is not None:
        # A goodbye over TLS waits for an answer behind what nobody reads any more.
        connection.transport.abort()
    response.close()


class _Headers(Mapping[str, str]):
    """Headers of an answer, names in lower case; few of them are ever looked at."""

    __slots__ = ("_received",)

    def __init__(self, received: CIMultiDictProxy[str]) -> None:
        self._received = received

    def __contains__(self, name: object) -> bool:
        return name in self._received

    def __getitem__(self, name: str) -> str:
        return ", ".join(self._received.getall(name))

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name.lower() for name in self._received))

    def __len__(self) -> int:
        return sum(1 for _ in self)
