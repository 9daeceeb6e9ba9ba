"""The server that counts Pods, and the line on which things go wrong."""

import asyncio
import json
from bisect import bisect_right
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from random import Random

from homeostat._transport import HttpRequest, HttpResponse, HttpStream, Transport
from homeostat.errors import TransportError

__all__ = ["Counting", "Line"]

RPC = (0.002, 0.040)  # seconds, there and back
LAG = (0.010, 0.250)  # seconds that an event takes to reach a watch
UNDONE = 0.2  # share of the lost writes that the server never saw

_EXPIRED = (
    b'{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},'
    b'"status":"Failure","message":"too old resource version","reason":"Expired",'
    b'"code":410}}\n'
)


class Counting:
    """Stands before the server and counts the Pods that there are, at each write.

    ``most`` is the highest number so far, and ``changed`` when the last one came or
    went. ``revisions`` says up to which version the server was, and when.
    """

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.live: set[str] = set()
        self.most = 0
        self.changed = 0.0
        self.revisions: list[tuple[float, str]] = []

    async def request(self, request: HttpRequest) -> HttpResponse:
        answer = await self._inner.request(request)
        if request.method == "GET" or answer.status >= 300:
            return answer
        now = asyncio.get_running_loop().time()
        metadata = json.loads(answer.body).get("metadata") or {}
        if version := metadata.get("resourceVersion"):
            self.revisions.append((now, version))
        if "/pods" in request.path:
            if request.method == "POST":
                self.live.add(metadata["name"])
            elif request.method == "DELETE":
                self.live.discard(request.path.rpartition("/")[2])
            self.most = max(self.most, len(self.live))
            self.changed = now
        return answer

    def version_at(self, time: float) -> str:
        """Return the version that the server had at a time; the first that is known."""
        place = bisect_right(self.revisions, time, key=lambda each: each[0])
        return self.revisions[max(0, place - 1)][1]

    def stream(self, request: HttpRequest) -> AbstractAsyncContextManager[HttpStream]:
        return self._inner.stream(request)

    async def close(self) -> None:
        await self._inner.close()


class Line:
    """What one process has of the server: late, and not always all.

    Once ``dead`` is set, nothing passes any more, in either direction.

    Args:
        server: Where it leads.
        random: Decides.
        lost: Share of writes without an answer.
        past: Seconds by which a list of any version is of the past.
        crash: The number of the write at which the process ends, and whether the
            server has done it by then.
    """

    def __init__(
        self,
        server: Counting,
        random: Random,
        *,
        lost: float = 0.0,
        past: float = 0.0,
        crash: tuple[int, bool] | None = None,
    ) -> None:
        self._server = server
        self._random = random
        self._lost = lost
        self._past = past
        self._crash = crash
        self.dead = asyncio.Event()
        self._streams: set[_Late] = set()
        self.writes = 0

    async def request(self, request: HttpRequest) -> HttpResponse:
        is_write = request.method != "GET"
        self.writes += is_write
        number = self.writes
        delay, chance, undone = (
            self._random.uniform(*RPC),
            self._random.random(),
            self._random.random() < UNDONE,
        )
        lost = is_write and chance < self._lost
        await self._pass(delay / 2)
        await self._check(number, done=False, is_write=is_write)
        if lost and undone:
            raise TransportError("the line broke", sent=True)
        answer = await self._server.request(self._aged(request))
        await self._check(number, done=True, is_write=is_write)
        await self._pass(delay / 2)
        if lost:
            raise TransportError("the line broke", sent=True)
        return answer

    async def _check(self, number: int, *, done: bool, is_write: bool) -> None:
        if is_write and (number, done) == self._crash:
            self.dead.set()
        await self._pass(0)

    async def _pass(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if self.dead.is_set():
            await asyncio.Event().wait()

    def _aged(self, request: HttpRequest) -> HttpRequest:
        """Have a list of any version answered as a server does that lags behind."""
        if not self._past or ("resourceVersion", "0") not in request.query:
            return request
        now = asyncio.get_running_loop().time()
        version = self._server.version_at(now - self._past)
        query = [pair for pair in request.query if pair[0] != "resourceVersion"]
        query += [("resourceVersion", version), ("resourceVersionMatch", "Exact")]
        return HttpRequest(
            method="GET", path=request.path, query=tuple(query), headers=request.headers
        )

    def expire(self) -> None:
        """End every watch with 410; what has not arrived is lost."""
        for stream in self._streams:
            stream.end()

    def stream(self, request: HttpRequest) -> AbstractAsyncContextManager[HttpStream]:
        return self._stream(request)

    @asynccontextmanager
    async def _stream(self, request: HttpRequest) -> AsyncGenerator[HttpStream]:
        await self._pass(self._random.uniform(*RPC))
        async with self._server.stream(request) as inner:
            late = _Late(inner.status, inner.headers, self._random)
            self._streams.add(late)
            pump = asyncio.create_task(late.pump(inner))
            try:
                yield late
            finally:
                self._streams.discard(late)
                pump.cancel()
                await asyncio.wait([pump])

    async def close(self) -> None:
        """Leave the server to others."""


@dataclass(slots=True, eq=False)
class _Late:
    """A watch whose events take their time, and stay in order."""

    status: int
    headers: Mapping[str, str]
    random: Random
    _items: asyncio.Queue[tuple[float, bytes | None]] = field(
        default_factory=asyncio.Queue
    )
    _due: float = 0.0
    _ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def pump(self, inner: HttpStream) -> None:
        async for chunk in inner.chunks():
            for line in chunk.splitlines(keepends=True):
                self._put(line)
        self._put(None)

    def _put(self, line: bytes | None) -> None:
        now = asyncio.get_running_loop().time()
        self._due = max(self._due, now + self.random.uniform(*LAG))
        self._items.put_nowait((self._due, line))

    def end(self) -> None:
        self._ended.set()

    async def chunks(self) -> AsyncIterator[bytes]:
        ended = asyncio.create_task(self._ended.wait())
        try:
            while True:
                get = asyncio.create_task(self._next())
                await asyncio.wait([get, ended], return_when="FIRST_COMPLETED")
                if ended.done():
                    get.cancel()
                    await asyncio.wait([get])
                    yield _EXPIRED
                    return
                if (line := get.result()) is None:
                    return
                yield line
        finally:
            ended.cancel()

    async def _next(self) -> bytes | None:
        due, line = await self._items.get()
        await asyncio.sleep(due - asyncio.get_running_loop().time())
        return line
