"""Carry requests to the real API server without the client under test."""

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from io import BytesIO
from typing import Any
from urllib.parse import quote, urlencode
from weakref import WeakSet

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from homeostat._transport import HttpRequest, HttpResponse
from homeostat.errors import TransportError

__all__ = ["HttpTransport"]


def _url(base: str, request: HttpRequest) -> URL:
    query = f"?{urlencode(request.query)}" if request.query else ""
    return URL(f"{base}{quote(request.path)}{query}", encoded=True)


def _headers(response: aiohttp.ClientResponse) -> Mapping[str, str]:
    names = {name.lower() for name in response.headers}
    return {name: ", ".join(response.headers.getall(name)) for name in names}


class _Stream:
    """An answer whose body is read as it comes."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.status = response.status
        self.headers = _headers(response)
        self._response = response

    async def chunks(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._response.content.iter_any():
                yield chunk
        except (aiohttp.ClientError, OSError) as error:
            raise TransportError(str(error)) from error


class HttpTransport:
    """A Transport over sockets: the simplest one that can be right.

    Create it inside a running event loop, and close it there.
    """

    def __init__(
        self, url: str, *, token: str = "", context: ssl.SSLContext | None = None
    ) -> None:
        self._base = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._sockets: WeakSet[socket.socket] = WeakSet()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, ssl=context or True, socket_factory=self._make_socket
            ),
            timeout=aiohttp.ClientTimeout(total=None, connect=10),
            # A request without a media type must leave without one.
            skip_auto_headers=("Content-Type", "Accept"),
        )

    async def request(self, request: HttpRequest) -> HttpResponse:
        """Send one request and return the whole answer."""
        async with self.stream(request) as stream:
            body = b"".join([chunk async for chunk in stream.chunks()])
            return HttpResponse(status=stream.status, headers=stream.headers, body=body)

    @asynccontextmanager
    async def stream(self, request: HttpRequest) -> AsyncGenerator[_Stream]:
        """Open a stream; leaving the block closes it."""
        headers = CIMultiDict(self._headers)
        for name, value in request.headers.items():
            # Lines of their own are headers of their own.
            for each in value.split("\n"):
                headers.add(name, each)
        try:
            response = await self._session.request(
                request.method,
                _url(self._base, request),
                headers=headers,
                # Bytes over a mebibyte make aiohttp warn; a file of them does not.
                data=BytesIO(request.body) if request.body else None,
                allow_redirects=False,
            )
        except (aiohttp.ClientError, OSError) as error:
            raise TransportError(str(error)) from error
        try:
            yield _Stream(response)
        finally:
            # Abort: a TLS connection that is closed politely outlives its test.
            if response.connection is not None and response.connection.transport:
                response.connection.transport.abort()
            response.close()

    async def close(self) -> None:
        """Close every connection."""
        connector = self._session.connector
        if isinstance(connector, aiohttp.TCPConnector):
            # A polite end of TLS outlives the loop of a test, and is found by another.
            await connector.close(abort_ssl=True)
        await self._session.close()
        # So does what was cancelled, which the connector knows no more.
        left = [each for each in self._sockets if each.fileno() >= 0]
        for each in left:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for _ in range(50):  # what was cut off is let go in the loop's next rounds
            if all(each.fileno() < 0 for each in left):
                return
            await asyncio.sleep(0)

    def _make_socket(self, address: Any) -> socket.socket:
        made = socket.socket(*address[:3])
        made.setblocking(False)
        self._sockets.add(made)
        return made
