"""HTTP/1.1 as fast as Python does it: requests in, blocks out."""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, cast
from urllib.parse import parse_qsl, urlsplit

from benchmarks.replay._history import History
from benchmarks.replay._streams import Source

__all__ = ["JSON", "Answer", "Connection", "Handler", "Query", "Request"]

BATCH: Final = 128 << 10  # bytes handed to the transport at once
TURNS: Final = 8  # batches in a row before other connections get theirs
JSON: Final = "application/json"
BOOKMARKS: Final = 60.0  # seconds; kube-apiserver's own
_REASONS = {200: "OK", 201: "Created", 404: "Not Found", 410: "Gone"}

Query: TypeAlias = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """A short answer."""

    body: Any
    status: int = 200
    content_type: str = JSON


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked."""

    method: str
    path: str
    query: Query
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)


Handler: TypeAlias = Callable[[Request], Answer | Source]


class Connection(asyncio.Protocol):
    """One client's connection: answers its requests in their order.

    Long answers are rendered as fast as the client reads, never further ahead than the
    transport's buffer.
    """

    def __init__(self, handler: Handler, history: History) -> None:
        self._handler = handler
        self._history = history
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._source: Source | None = None
        self._blocks: Iterator[bytes | None] | None = None
        self._timers: list[asyncio.TimerHandle] = []
        self._writable = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the transport."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=4 * BATCH)
        self._history.listeners.add(self._pump)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was under way."""
        self._history.listeners.discard(self._pump)
        self._stop()
        self._transport = None

    def pause_writing(self) -> None:
        """The client reads slower than we render."""
        self._writable = False

    def resume_writing(self) -> None:
        """Render on."""
        self._writable = True
        self._pump()

    def data_received(self, data: bytes) -> None:
        """Take bytes of requests."""
        self._received += data
        while self._blocks is None and self._transport is not None:
            request = self._next_request()
            if request is None:
                return
            self._answer(request)

    def _next_request(self) -> Request | None:
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return None
        first, *lines = self._received[:end].decode("latin-1").split("\r\n")
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines)
        }
        size = end + 4 + int(headers.get("content-length", 0))
        if len(self._received) < size:
            return None
        body = bytes(self._received[end + 4 : size])
        del self._received[:size]
        method, target, _ = first.split(" ", 2)
        url = urlsplit(target)
        query = dict(parse_qsl(url.query))
        return Request(method, url.path, query, headers, body)

    def _answer(self, request: Request) -> None:
        answer = self._handler(request)
        if isinstance(answer, Answer):
            body = answer.body
            if not isinstance(body, bytes):
                body = json.dumps(body, separators=(",", ":")).encode() + b"\n"
            length = f"Content-Length: {len(body)}"
            self._write(_head(answer.status, answer.content_type, length) + body)
            return
        self._write(_head(200, JSON, "Transfer-Encoding: chunked"))
        self._source, self._blocks = answer, answer.blocks()
        if answer.seconds is not None:
            self._timers = [
                self._loop.call_later(answer.seconds, self._expire),
                self._loop.call_later(BOOKMARKS, self._tick),
            ]
        self._pump()

    def _pump(self) -> None:
        turns = TURNS
        while self._blocks is not None and self._writable:
            if not turns:
                self._loop.call_soon(self._pump)
                return
            turns -= 1
            batch: list[bytes] = []
            size = 0
            for block in self._blocks:
                if block is None:
                    self._write(b"".join(batch))
                    return
                batch += (b"%x\r\n" % len(block), block, b"\r\n")
                size += len(block)
                if size >= BATCH:
                    break
            else:
                batch.append(b"0\r\n\r\n")
                self._stop()
            self._write(b"".join(batch))
        if self._blocks is None and self._received:
            self._loop.call_soon(self.data_received, b"")

    def _expire(self) -> None:
        """End a watch whose time is over, at the end of a chunk."""
        self._stop()
        self._write(b"0\r\n\r\n")
        self.data_received(b"")

    def _tick(self) -> None:
        block = self._source.tick() if self._source is not None else b""
        if block and self._writable:
            self._write(b"%x\r\n%b\r\n" % (len(block), block))
        self._timers.append(self._loop.call_later(BOOKMARKS, self._tick))

    def _stop(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers = []
        self._source = self._blocks = None

    def _write(self, data: bytes) -> None:
        if data and self._transport is not None:
            self._transport.write(data)


def _head(status: int, type_: str, *more: str) -> bytes:
    reason = _REASONS.get(status, "Unprocessable Entity")
    lines = (f"HTTP/1.1 {status} {reason}", f"Content-Type: {type_}", *more, "", "")
    return "\r\n".join(lines).encode()
