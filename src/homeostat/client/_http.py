"""The transport over sockets: addresses, credentials and TLS around aiohttp."""

import asyncio
import logging
import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, final

from homeostat._clock import Clock
from homeostat._tasks import Threads
from homeostat._transport import HttpRequest, HttpResponse, HttpStream
from homeostat.client._auth import Credential, credential_source
from homeostat.client._config import ClusterConfig
from homeostat.client._retry import PermanentTransportError
from homeostat.client._tls import files_of, make_context, stamp
from homeostat.errors import ConfigError

if TYPE_CHECKING:
    from homeostat.client._sockets import Sockets, SocketStream

__all__ = ["HttpTransport"]

logger = logging.getLogger(__name__)

# client-go looks at its certificate files every five minutes.
CERTIFICATE_CHECK = timedelta(minutes=5)


@final
class HttpTransport:
    """Carries requests to one API server over HTTP/1.1.

    Connections of watches are apart from those of requests: there may be any number,
    and they never time out. Renewed token and certificate files are picked up. A 401 to
    credentials that can be renewed is tried once more with new ones.

    Cancellation: the connection of a request under way is closed.

    Args:
        config: The server, and how to reach it.
        clock: Wall time, for tokens and certificates that expire.
        headers: What a request has that does not say otherwise. They are prepared
            once: a request whose headers are this very mapping costs less.
    """

    def __init__(
        self,
        config: ClusterConfig,
        *,
        clock: Clock,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._config = config
        self._common = headers
        self._clock = clock
        self._secure = config.server.startswith("https://")
        self._threads = Threads(1, name="homeostat-client")
        self._source = credential_source(config, clock=clock, threads=self._threads)
        self._sockets: Sockets | None = None
        self._closed = False
        self._context: ssl.SSLContext | None = None
        self._context_of: tuple[object, ...] = ()
        self._check_at: datetime | None = None

    async def request(self, request: HttpRequest) -> HttpResponse:
        """Send one request and return the whole answer."""
        try:
            credential = await self._credential()
            response = await self._send(request, credential)
            if response.status == 401:
                renewed = await self._renewed(credential)
                if renewed is not None:
                    response = await self._send(request, renewed)
        except (asyncio.CancelledError, RuntimeError) as error:
            self._raise_if_closed(error)
            raise
        return response

    def stream(self, request: HttpRequest) -> AbstractAsyncContextManager[HttpStream]:
        """Open a stream; leaving the block closes it."""
        return self._stream(request)

    async def close(self) -> None:
        """Close every connection; requests under way fail."""
        self._closed = True
        self._threads.close()
        if self._sockets is not None:
            await self._sockets.close()

    @asynccontextmanager
    async def _stream(self, request: HttpRequest) -> AsyncGenerator[HttpStream]:
        try:
            stream = await self._follow(request)
        except (asyncio.CancelledError, RuntimeError) as error:
            self._raise_if_closed(error)
            raise
        try:
            yield stream
        finally:
            stream.close()

    async def _follow(self, request: HttpRequest) -> "SocketStream":
        credential = await self._credential()
        stream = await self._open(request, credential)
        if stream.status != 401:
            return stream
        try:
            renewed = await self._renewed(credential)
        except BaseException:
            stream.close()
            raise
        if renewed is None:
            return stream
        stream.close()
        return await self._open(request, renewed)

    def _raise_if_closed(self, error: BaseException) -> None:
        """Turn into an error of ours what closing does beneath a request.

        A thread's answer and a turn in the pool are futures: closing cancels them,
        which is not the cancellation of the task that waits for them. What is closed
        already raises a RuntimeError.
        """
        if not self._closed:
            return
        task = asyncio.current_task()
        cancelled = isinstance(error, asyncio.CancelledError)
        if not (cancelled and task and task.cancelling()):
            raise PermanentTransportError("the client was closed", sent=True) from error

    async def _send(self, request: HttpRequest, credential: Credential) -> HttpResponse:
        context = await self._tls(credential) if self._secure else None
        headers = self._headers(request, credential)
        return await self._connections().send(request, headers, context)

    async def _open(
        self, request: HttpRequest, credential: Credential
    ) -> "SocketStream":
        context = await self._tls(credential) if self._secure else None
        headers = self._headers(request, credential)
        return await self._connections().open(request, headers, context)

    async def _credential(self) -> Credential:
        self._refuse_if_closed()  # a closed transport asks nobody for credentials
        if self._sockets is None:
            await self._load()
        try:
            return await self._source.current()
        except ConfigError as error:
            # A plugin or a file may fail for a while: whoever watches tries again.
            raise PermanentTransportError(
                f"no credentials: {error}", sent=False
            ) from error

    async def _renewed(self, refused: Credential) -> Credential | None:
        try:
            await self._source.rejected(refused)
            credential = await self._source.current()
        except ConfigError as error:
            logger.error("the server refused the credentials, no others: %s", error)
            return None
        return credential if credential != refused else None

    def _headers(
        self, request: HttpRequest, credential: Credential
    ) -> Mapping[str, str]:
        """Return those that a request has beside the ones that all have."""
        own: Mapping[str, str] = {}
        if request.headers is not self._common:
            own = request.headers
        configured, authorization = self._config.headers, credential.authorization
        if not configured and not authorization:
            return own
        headers = {**own, **configured}
        if authorization:
            headers["authorization"] = authorization
        return headers

    async def _load(self) -> None:
        # In a thread, for the loop has others to serve meanwhile.
        sockets = await self._threads.run(_load_sockets)
        self._refuse_if_closed()
        if self._sockets is None:  # else another request was faster
            config = self._config
            self._sockets = sockets(
                config.server, server_name=config.tls_server_name, headers=self._common
            )

    def _connections(self) -> "Sockets":
        self._refuse_if_closed()
        assert self._sockets is not None  # whoever has a credential has loaded it
        return self._sockets

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise PermanentTransportError("the client is closed", sent=False)

    async def _tls(self, credential: Credential) -> ssl.SSLContext:
        """Return the context, made anew when a certificate has changed.

        Connections that are open stay so; new ones use the new context.
        """
        now = self._clock.now()
        identity = (credential.certificate, credential.key)
        checked = self._check_at is not None and now < self._check_at
        if self._context is not None and checked and self._context_of[:2] == identity:
            return self._context
        made_of = (*identity, await self._threads.run(stamp, files_of(self._config)))
        self._check_at = now + CERTIFICATE_CHECK
        if self._context is not None and made_of == self._context_of:
            return self._context
        try:
            context = await self._threads.run(make_context, self._config, *identity)
        except ConfigError as error:
            if self._context is None or self._context_of[:2] != identity:
                raise PermanentTransportError(str(error), sent=False) from error
            # Half-written files are whole at the next look.
            logger.warning("keeping the last certificates: %s", error)
            return self._context
        self._context, self._context_of = context, made_of
        return context


def _load_sockets() -> "type[Sockets]":
    from homeostat.client._sockets import Sockets  # noqa: PLC0415

    return Sockets
