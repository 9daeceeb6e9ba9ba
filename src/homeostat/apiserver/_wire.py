"""Between aiohttp's requests and ours; aiohttp takes long to import, so this does, too.

What is no HTTP never reaches the server: it is refused here, in Go's words.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Final, cast

from aiohttp import HttpVersion10, HttpVersion11, web
from aiohttp.http_exceptions import BadHttpMethod, LineTooLong

from homeostat._transport import HttpRequest, HttpResponse
from homeostat.apiserver._authn import certificate_user
from homeostat.apiserver._decode import MAX_BODY_BYTES
from homeostat.apiserver._in_process import WholeAnswer
from homeostat.apiserver._pod_exec import PROTOCOLS, frames
from homeostat.apiserver._processes import Finished
from homeostat.apiserver._render import status_response
from homeostat.apiserver._server import ApiServer
from homeostat.apiserver._status import (
    StatusError,
    bad_request,
    method_not_allowed,
    timed_out,
)
from homeostat.apiserver._users import User
from homeostat.errors import TransportError

__all__ = ["Listener"]

# As Go's server: a selector or a token may be long.
MAX_HEADER_BYTES: Final = 1 << 20
MAX_HEADERS: Final = 1 << 14
# As kube-apiserver configures it: how long a new connection may take to say what it
# wants, how long one may be idle, and how long the body of a request may take.
FIRST_SECONDS: Final = 32.0
IDLE_SECONDS: Final = 90.0
BODY_SECONDS: Final = 60.0

# Of the loop, in which a connection that was cut off is closed.
_ROUNDS: Final = 10

_BAD_VERSION: Final = "505 HTTP Version Not Supported: unsupported protocol version"
# A method that the parser does not know is none of ours either.
_UNKNOWN_METHOD: Final = re.compile(r"b'[A-Za-z][A-Za-z0-9-]* [/*]\S* HTTP/1\.[01]'")


class Listener(web.Server):
    """Makes a protocol for each connection to one server.

    Args:
        server: What answers.
        secure: Connections come over TLS, and clients are who they prove to be.
    """

    def __init__(self, server: ApiServer, *, secure: bool = False) -> None:
        self._transports: dict[_Connection, asyncio.BaseTransport] = {}
        gate = _Gate(server)
        super().__init__(
            gate.identified if secure else gate.handle,
            access_log=None,
            max_line_size=MAX_HEADER_BYTES,
            max_field_size=MAX_HEADER_BYTES,
            max_headers=MAX_HEADERS,
            # Bodies are taken as they come: kube-apiserver does not decompress them.
            auto_decompress=False,
            keepalive_timeout=IDLE_SECONDS,
        )

    async def abort(self) -> None:
        """Cut off the connections that are there still."""
        for transport in list(self._transports.values()):
            # Both loops have it, also for TLS; no base class of theirs does.
            cast("asyncio.Transport", transport).abort()
        for _ in range(_ROUNDS):
            if not self._transports:
                return
            await asyncio.sleep(0)

    def __call__(self) -> web.RequestHandler:
        """Return the protocol of a connection."""
        connection = _Connection(self, loop=self._loop, **self._kwargs)
        connection.others = self._transports
        return connection


class _Connection(web.RequestHandler):
    """Refuses what is no HTTP, and says nothing of it in the log."""

    __slots__ = ("_patience", "certified", "others")

    others: "dict[_Connection, asyncio.BaseTransport]"

    def connection_lost(self, exc: BaseException | None) -> None:
        """Take note that it is gone, and wait for nothing any more."""
        self.others.pop(self, None)
        self._patience.cancel()
        super().connection_lost(exc)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take note of whom the certificate of a client names, if it has shown one."""
        super().connection_made(transport)
        self.others[self] = transport
        # A later request has what is left of the time that the connection may be idle.
        loop = asyncio.get_running_loop()
        self._patience = loop.call_later(FIRST_SECONDS, self.force_close)
        # Once for all requests: digests and names cost more than reading a request.
        found = transport.get_extra_info("ssl_object")
        der = found and found.getpeercert(binary_form=True)
        self.certified: User | None = None
        if der:
            self.certified = certificate_user(found.getpeercert()["subject"], der)

    def begun(self) -> None:
        """Take note that a request has come."""
        self._patience.cancel()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:
            return super().handle_error(request, status, exc, message)
        self.logger.debug("refused a request of %s: %s", request.remote, message)
        if isinstance(exc, BadHttpMethod) and _UNKNOWN_METHOD.search(message or ""):
            response = _whole(status_response(method_not_allowed()))
        elif isinstance(exc, LineTooLong) or "Too many headers" in (message or ""):
            response = _plain(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif "Invalid HTTP version" in (message or ""):
            response = _unknown_version()
        else:
            response = _plain(HTTPStatus.BAD_REQUEST)
        response.force_close()
        return response


def _plain(status: HTTPStatus, text: str = "") -> web.Response:
    return web.Response(status=status, text=text or f"{status} {status.phrase}")


def _unknown_version() -> web.Response:
    response = _plain(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, _BAD_VERSION)
    response.force_close()
    return response


def _whole(whole: HttpResponse) -> web.Response:
    return web.Response(status=whole.status, headers=whole.headers, body=whole.body)


class _Gate:
    """Turns aiohttp's requests into ours, and our answers into aiohttp's."""

    def __init__(self, server: ApiServer) -> None:
        self._server = server

    async def identified(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request that came over TLS."""
        return await self._answer(request, secure=True)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request of the administrator's."""
        return await self._answer(request, secure=False)

    async def _answer(
        self, request: web.BaseRequest, *, secure: bool
    ) -> web.StreamResponse:
        protocol = request.protocol
        connection = protocol if isinstance(protocol, _Connection) else None
        if connection is not None:
            connection.begun()
        if request.version < HttpVersion10:
            response = _plain(HTTPStatus.BAD_REQUEST)
            response.force_close()
            return response
        if request.version > HttpVersion11:
            return _unknown_version()
        try:
            body = await _body(request)
        except StatusError as error:
            response = _whole(status_response(error))
            response.force_close()
            return response
        ours = HttpRequest(
            method=request.method,
            path=request.path,
            query=tuple(request.query.items()),
            headers=_headers(request),
            body=body,
        )
        user: User | HttpResponse | None = None
        if secure:
            certified = None if connection is None else connection.certified
            user = self._server.authenticate(ours, certified)
        if isinstance(user, HttpResponse):
            return _whole(user)
        return await self._respond(request, ours, user)

    async def _respond(
        self, request: web.BaseRequest, ours: HttpRequest, user: User | None
    ) -> web.StreamResponse:
        if _wants_socket(ours):
            return await self._socket(request, self._server.execute(ours, user))
        try:
            async with self._server.stream(ours, user) as stream:
                if isinstance(stream, WholeAnswer):
                    return _whole(stream.response)
                return await self._pipe(
                    request, stream.status, dict(stream.headers), stream.chunks()
                )
        except TransportError:
            # Injected: whoever waits for the answer sees the connection break.
            if request.transport is not None:
                request.transport.abort()
            return web.Response()

    async def _socket(
        self, request: web.BaseRequest, found: Finished | HttpResponse
    ) -> web.StreamResponse:
        """Tell over a WebSocket how a command ended, or refuse to open one."""
        if isinstance(found, HttpResponse):
            return _whole(found)
        socket = web.WebSocketResponse(protocols=PROTOCOLS)
        await socket.prepare(request)
        try:
            for frame in frames(found):
                await socket.send_bytes(frame)
            await socket.close()
        except ConnectionError:
            pass
        return socket

    async def _pipe(
        self,
        request: web.BaseRequest,
        status: int,
        headers: dict[str, str],
        chunks: AsyncIterator[bytes],
    ) -> web.StreamResponse:
        response = web.StreamResponse(status=status, headers=headers)
        await response.prepare(request)
        try:
            async for chunk in chunks:
                await response.write(chunk)
        except TransportError:
            if request.transport is not None:
                request.transport.abort()
        except ConnectionError:
            pass
        return response


def _wants_socket(request: HttpRequest) -> bool:
    upgrade = request.headers.get("upgrade", "").lower()
    return upgrade == "websocket" and request.path.endswith("/exec")


def _headers(request: web.BaseRequest) -> dict[str, str]:
    """Return headers by their names in lower case.

    Of a repeated one the first counts, but for those that name somebody else: all of
    theirs, on lines of their own.
    """
    given = request.headers
    headers = {key.lower(): value for key, value in given.items()}
    if len(headers) != len(given):
        for key in headers:
            values = given.getall(key)
            many = key.startswith("impersonate-")
            headers[key] = "\n".join(values) if many else values[0]
    return headers


async def _body(request: web.BaseRequest) -> bytes:
    """Return the body of a request.

    Raises:
        StatusError: 400 or 504, it does not come whole.
    """
    # What is there already needs no timer.
    seconds = None if request.content.is_eof() else BODY_SECONDS
    try:
        async with asyncio.timeout(seconds):
            return await _read(request)
    except TimeoutError:
        raise timed_out(
            "request did not complete within the allotted timeout"
        ) from None
    except (web.RequestPayloadError, ConnectionError) as error:
        # Whoever sends half a body is gone, or does not know how to send one.
        raise bad_request(f"the body cannot be read: {error}") from None


async def _read(request: web.BaseRequest) -> bytes:
    """Read a body, but no more than tells that it is too large."""
    if request.headers.get("expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # That was no part of the answer, which aiohttp takes for begun otherwise.
        request.writer.output_size = 0
    parts: list[bytes] = []
    size = 0
    async for part in request.content.iter_any():
        parts.append(part)
        size += len(part)
        if size > MAX_BODY_BYTES:
            break
    return b"".join(parts)
