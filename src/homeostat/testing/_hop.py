"""Requests from a test's own event loop to the server, which has another."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from concurrent.futures import Future
from contextlib import asynccontextmanager
from typing import final

from homeostat._loop_thread import LoopThread
from homeostat._transport import HttpRequest, HttpResponse, HttpStream, Transport
from homeostat.errors import TransportError

__all__ = ["Hop"]


class _HopStream:
    """A stream whose chunks come over from another loop."""

    def __init__(self, status: int, headers: Mapping[str, str]) -> None:
        self.status = status
        self.headers = headers
        # Unbounded: the server's own watch buffer is bounded, and a test reads.
        self.queue: asyncio.Queue[bytes | BaseException | None] = asyncio.Queue()

    async def chunks(self) -> AsyncIterator[bytes]:
        while (chunk := await self.queue.get()) is not None:
            if isinstance(chunk, BaseException):
                raise chunk
            yield chunk


@final
class Hop:
    """Carries the requests of one loop to a transport that belongs to another."""

    def __init__(self, target: Transport, thread: LoopThread) -> None:
        self._target = target
        self._thread = thread

    async def request(self, request: HttpRequest) -> HttpResponse:
        asked = self._thread.submit(self._target.request(request))
        try:
            return await asyncio.wrap_future(asked)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            raise _stopped() from None

    @asynccontextmanager
    async def stream(self, request: HttpRequest) -> AsyncGenerator[HttpStream]:
        loop = asyncio.get_running_loop()
        opened: asyncio.Future[_HopStream] = loop.create_future()

        def begin(status: int, headers: Mapping[str, str]) -> None:
            if not opened.done():
                opened.set_result(_HopStream(status, headers))

        def hand_over(chunk: bytes | BaseException | None) -> None:
            if opened.cancelled():  # nobody waits any more
                return
            if opened.done():
                opened.result().queue.put_nowait(chunk)
            elif isinstance(chunk, BaseException):
                opened.set_exception(chunk)

        async def pump() -> None:
            async with self._target.stream(request) as source:
                loop.call_soon_threadsafe(begin, source.status, source.headers)
                async for chunk in source.chunks():
                    loop.call_soon_threadsafe(hand_over, chunk)

        def end(pumping: Future[None]) -> None:
            last = _stopped() if pumping.cancelled() else pumping.exception()
            loop.call_soon_threadsafe(hand_over, last)

        pumping = self._thread.submit(pump())
        pumping.add_done_callback(end)
        try:
            yield await opened
        finally:
            pumping.cancel()

    async def close(self) -> None:
        """Leave the target open: it belongs to the cluster."""


def _stopped() -> TransportError:
    return TransportError("the cluster has stopped")
