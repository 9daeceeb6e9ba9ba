"""A relay for TCP between clients and a server, which can fall silent."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit

__all__ = ["Relay"]


class Relay:
    """Passes bytes both ways, TLS and all, until it is told to keep them.

    An asynchronous context manager on the loop of its user.

    Args:
        url: Where the server is.

    Attributes:
        url: Where clients find it instead.
        opened: How many connections it has taken.
    """

    def __init__(self, url: str) -> None:
        self._to = urlsplit(url)
        self._calls: set[_Call] = set()
        self._stack = AsyncExitStack()
        self.url = ""
        self.opened = 0

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(self._call, "127.0.0.1", 0)
        self._stack.push_async_callback(self._close, server)
        port = server.sockets[0].getsockname()[1]
        self.url = urlunsplit(self._to._replace(netloc=f"127.0.0.1:{port}"))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    def silence(self) -> int:
        """Keep every byte of the connections that are open, from now on.

        They stay open, and so does their end when one side leaves. Later ones pass.

        Returns:
            How many they are.
        """
        silenced = [call for call in self._calls if call.silence()]
        return len(silenced)

    def _call(self) -> "_Side":
        self.opened += 1
        call = _Call(str(self._to.hostname), self._to.port or 443, self._calls.discard)
        self._calls.add(call)
        return call.near

    async def _close(self, server: asyncio.Server) -> None:
        server.close()
        for call in list(self._calls):
            call.abort()
        while self._calls:  # noqa: ASYNC110  # gone within the loop's next rounds
            await asyncio.sleep(0)


class _Call:
    """A client's connection and the one to the server that belongs to it."""

    def __init__(self, host: str, port: int, gone: Callable[["_Call"], object]) -> None:
        self._host, self._port = host, port
        self._gone = gone
        self._dialling: asyncio.Task[None] | None = None
        self._silent = False
        self.near = _Side(self)
        self.far = _Side(self)

    def arrived(self, side: "_Side") -> None:
        if side is self.near:
            side.transport.pause_reading()
            self._dialling = asyncio.create_task(self._dial(), name="relay")

    async def _dial(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: self.far, self._host, self._port)
        except OSError:
            self.near.transport.abort()
            return
        if not self.near.open:
            self.far.transport.close()
        elif not self._silent:
            self.near.transport.resume_reading()

    def silence(self) -> bool:
        already, self._silent = self._silent, True
        for side in (self.near, self.far):
            if side.open:
                side.transport.pause_reading()
        return not already

    def other(self, side: "_Side") -> "_Side":
        return self.far if side is self.near else self.near

    def ended(self, side: "_Side") -> None:
        other = self.other(side)
        if other.open:
            if not self._silent:
                other.transport.close()
        elif self._dialling is None or self._dialling.done():
            self._gone(self)

    def abort(self) -> None:
        if self._dialling is not None:
            self._dialling.cancel()
        for side in (self.near, self.far):
            if side.open:
                side.transport.abort()
        if not self.near.open and not self.far.open:
            self._gone(self)


class _Side(asyncio.Protocol):
    """One of the two connections of a call."""

    transport: asyncio.Transport

    def __init__(self, call: _Call) -> None:
        self._call = call
        self.open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.open = True
        self._call.arrived(self)

    def data_received(self, data: bytes) -> None:
        other = self._call.other(self)
        if other.open:
            other.transport.write(data)

    def connection_lost(self, _error: Exception | None) -> None:
        self.open = False
        self._call.ended(self)
