"""Answers without a socket: to a call of this process, and as streams of one chunk."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, final

from homeostat._transport import HttpRequest, HttpResponse, HttpStream
from homeostat.apiserver._users import User
from homeostat.errors import TransportError

__all__ = ["InProcess", "WholeAnswer"]


class _Answers(Protocol):
    async def handle(
        self, request: HttpRequest, user: User | None = None
    ) -> HttpResponse: ...

    def stream(
        self, request: HttpRequest, user: User | None = None
    ) -> AbstractAsyncContextManager[HttpStream]: ...


@dataclass(frozen=True, slots=True)
class WholeAnswer:
    """An answer that is there already, as a stream."""

    response: HttpResponse

    @property
    def status(self) -> int:
        return self.response.status

    @property
    def headers(self) -> Mapping[str, str]:
        return self.response.headers

    async def chunks(self) -> AsyncIterator[bytes]:
        if self.response.body:
            yield self.response.body


@final
class InProcess:
    """A transport without a socket."""

    __slots__ = ("_closed", "_server", "_user")

    def __init__(self, server: _Answers, user: User | None) -> None:
        self._server = server
        self._user = user
        self._closed = False

    async def request(self, request: HttpRequest) -> HttpResponse:
        # A call that never waits would starve its siblings, and no socket is like that.
        await asyncio.sleep(0)
        self._check()
        return await self._server.handle(request, self._user)

    def stream(self, request: HttpRequest) -> AbstractAsyncContextManager[HttpStream]:
        self._check()
        return self._server.stream(request, self._user)

    async def close(self) -> None:
        self._closed = True

    def _check(self) -> None:
        if self._closed:
            raise TransportError("the transport is closed", sent=False)
