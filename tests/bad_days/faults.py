"""A transport on which things go wrong, by rules that say what and when.

``Faults`` wraps any transport. A ``Rule`` names requests by verb and path and says what
becomes of them; rules are looked at in order, and the first one that still counts wins.
Open watches are ended from outside, with ``end_watches``.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal, TypeAlias

from homeostat._transport import HttpRequest, HttpResponse, HttpStream, Transport
from homeostat.apiserver._in_process import WholeAnswer
from homeostat.errors import TransportError

__all__ = [
    "ENDINGS",
    "Apart",
    "Delay",
    "Ending",
    "Faults",
    "Fire",
    "Lose",
    "Refuse",
    "Rule",
]

WRITES = frozenset({"create", "update", "patch", "apply", "delete"})

Ending: TypeAlias = Literal["clean", "broken", "torn", "cut", "error", "gone", "silent"]
"""How a watch ends: closed between lines; reset; closed, or reset, within a line; by an
ERROR event; by one of code 410; or not at all, but nothing comes any more."""

ENDINGS: tuple[Ending, ...] = (
    "clean",
    "broken",
    "torn",
    "cut",
    "error",
    "gone",
    "silent",
)


@dataclass(frozen=True, slots=True)
class Refuse:
    """The server answers with a Status and does nothing.

    An empty ``reason`` stands for what no API server says: a proxy's page.
    """

    code: int
    reason: str
    message: str = "injected"
    retry_after: int | None = None

    def answer(self) -> HttpResponse:
        headers = {"content-type": "application/json"}
        if self.retry_after is not None:
            headers["retry-after"] = str(self.retry_after)
        if not self.reason:
            return HttpResponse(status=self.code, body=b"<html>bad gateway</html>")
        return HttpResponse(
            status=self.code,
            headers=headers,
            body=status(self.code, self.reason, self.message),
        )


@dataclass(frozen=True, slots=True)
class Lose:
    """No answer comes back.

    ``committed``: the server did what was asked for. ``sent``: the client cannot know
    whether any of it arrived.
    """

    committed: bool
    sent: bool = True


@dataclass(frozen=True, slots=True)
class Delay:
    """The request is done, its answer takes its time."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Fire:
    """Call, or await, something before the server does what it is asked, or after."""

    before: Callable[[HttpRequest], object] | None = None
    after: Callable[[HttpRequest], object] | None = None


Effect: TypeAlias = Refuse | Lose | Delay | Fire


@dataclass(slots=True, kw_only=True)
class Rule:
    """What becomes of which requests.

    ``verb``: as ``create``, ``status`` patches being ``patch``; ``write`` for all that
    change something, "" for every request. ``path``: a shell pattern. ``skip``: so many
    of those that match pass first. ``times``: so many are hit, None for all.
    """

    effect: Effect
    verb: str = ""
    path: str = "*"
    skip: int = 0
    times: int | None = 1
    hits: int = 0

    def takes(self, verb: str, request: HttpRequest) -> bool:
        wanted = self.verb in {"", verb} or (self.verb == "write" and verb in WRITES)
        if not wanted or not fnmatchcase(request.path, self.path):
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.times is not None and self.hits >= self.times:
            return False
        self.hits += 1
        return True


def status(code: int, reason: str, message: str) -> bytes:
    document = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "code": code,
        "reason": reason,
        "message": message,
        "metadata": {},
    }
    return json.dumps(document).encode()


def verb_of(request: HttpRequest) -> str:
    match request.method:
        case "POST":
            return "create"
        case "PUT":
            return "update"
        case "DELETE":
            return "delete"
        case "PATCH":
            media = request.headers.get("content-type", "")
            return "apply" if "apply" in media else "patch"
        case _ if ("watch", "true") in request.query:
            return "watch"
        case _:
            return "get"


class Faults:
    """Carries requests to ``inner``, but for what the rules say.

    ``log`` holds every request that came this far, as ``create /api/v1/...``.
    ``down`` refuses connections, as a server that is not there. ``dead`` is the end of
    this client's process: nothing that it sends arrives, and nothing comes back.
    """

    def __init__(self, inner: Transport, *rules: Rule) -> None:
        self._inner = inner
        self.rules = list(rules)
        self.log: list[str] = []
        self.down = False
        self._dead = asyncio.Event()
        self._streams: dict[_Stream, str] = {}

    def add(self, effect: Effect, verb: str = "", path: str = "*", **how: int) -> Rule:
        """Add a rule for the next request that matches."""
        rule = Rule(effect=effect, verb=verb, path=path, **how)
        self.rules.append(rule)
        return rule

    def always(self, effect: Effect, verb: str = "", path: str = "*") -> Rule:
        """Add a rule for every request that matches, until the rules are cleared."""
        rule = Rule(effect=effect, verb=verb, path=path, times=None)
        self.rules.append(rule)
        return rule

    def connect(self, inner: Transport) -> None:
        """Lead to another server from now on."""
        self._inner = inner

    def die(self) -> None:
        """Let nothing through any more, in either direction."""
        self._dead.set()

    @property
    def dead(self) -> bool:
        return self._dead.is_set()

    @property
    def watching(self) -> list[str]:
        """The paths of the watches that are open."""
        return sorted(self._streams.values())

    def writes(self, *, events: bool = False) -> list[str]:
        """Return the writes that came this far, Events left out unless asked for."""
        return [
            line
            for line in self.log
            if line.split()[0] in WRITES and (events or "/events" not in line)
        ]

    def end_watches(self, ending: Ending, path: str = "*") -> int:
        """End the open watches of a path; returns how many there were."""
        chosen = [s for s, at in self._streams.items() if fnmatchcase(at, path)]
        for stream in chosen:
            stream.end(ending)
        return len(chosen)

    async def request(self, request: HttpRequest) -> HttpResponse:
        if self._dead.is_set():
            await _for_ever()
        verb = verb_of(request)
        self.log.append(f"{verb} {request.path}")
        effect = self._effect(verb, request)
        match effect:
            case Refuse():
                await asyncio.sleep(0)
                return effect.answer()
            case Lose(committed=False):
                raise TransportError("injected: connection reset", sent=effect.sent)
            case Fire(before=Callable() as call):
                await _call(call, request)
        if self._dead.is_set():
            await _for_ever()
        answer = await self._inner.request(request)
        match effect:
            case Lose():
                raise TransportError("injected: connection reset", sent=True)
            case Delay():
                await asyncio.sleep(effect.seconds)
            case Fire(after=Callable() as call):
                await _call(call, request)
        if self._dead.is_set():
            await _for_ever()
        return answer

    def _effect(self, verb: str, request: HttpRequest) -> Effect | None:
        if self.down:
            return Lose(committed=False, sent=False)
        hit = next((rule for rule in self.rules if rule.takes(verb, request)), None)
        return hit.effect if hit is not None else None

    def stream(self, request: HttpRequest) -> AbstractAsyncContextManager[HttpStream]:
        return self._stream(request)

    @asynccontextmanager
    async def _stream(self, request: HttpRequest) -> AsyncGenerator[HttpStream]:
        if self._dead.is_set():
            await _for_ever()
        verb = verb_of(request)
        self.log.append(f"{verb} {request.path}")
        effect = self._effect(verb, request)
        match effect:
            case Refuse():
                yield WholeAnswer(effect.answer())
                return
            case Lose():
                raise TransportError("injected: connection reset", sent=effect.sent)
            case Delay():
                await asyncio.sleep(effect.seconds)
        async with self._inner.stream(request) as inner:
            stream = _Stream(inner.status, inner.headers)
            self._streams[stream] = request.path
            # No group: it would wrap what the reader of the stream raises.
            pump = asyncio.create_task(stream.pump(inner))
            try:
                yield stream
            finally:
                del self._streams[stream]
                pump.cancel()
                await asyncio.wait([pump])

    async def close(self) -> None:
        await self._inner.close()


@dataclass(frozen=True, slots=True)
class Apart:
    """Carries requests one way and watches another."""

    requests: Transport
    watches: Transport

    async def request(self, request: HttpRequest) -> HttpResponse:
        return await self.requests.request(request)

    def stream(self, request: HttpRequest) -> AbstractAsyncContextManager[HttpStream]:
        return self.watches.stream(request)

    async def close(self) -> None:
        await self.requests.close()
        await self.watches.close()


_Item: TypeAlias = bytes | TransportError | None


@dataclass(slots=True, eq=False)
class _Stream:
    """A watch that can be ended from outside."""

    status: int
    headers: Mapping[str, str]
    _items: asyncio.Queue[_Item] = field(default_factory=asyncio.Queue)
    _ended: bool = False

    async def pump(self, inner: HttpStream) -> None:
        try:
            async for chunk in inner.chunks():
                self._put(chunk)
            self._put(None)
        except TransportError as error:
            self._put(error)

    def _put(self, item: _Item) -> None:
        if not self._ended:
            self._items.put_nowait(item)

    def end(self, ending: Ending) -> None:
        reset = TransportError("injected: connection reset")
        begun = b'{"type":"MODIFIED","object":{"kind":"ConfigMap","apiVer'
        # What was sent before the end arrives, as on a socket.
        match ending:
            case "clean":
                items: tuple[_Item, ...] = (None,)
            case "broken":
                items = (reset,)
            case "torn":
                items = (begun, None)
            case "cut":
                items = (begun, reset)
            case "error":
                items = (_error_line(500, "InternalError"), None)
            case "gone":
                items = (_error_line(410, "Expired"), None)
            case "silent":
                items = ()
        for item in items:
            self._put(item)
        self._ended = True

    async def chunks(self) -> AsyncIterator[bytes]:
        while (item := await self._items.get()) is not None:
            if isinstance(item, TransportError):
                raise item
            yield item


def _error_line(code: int, reason: str) -> bytes:
    text = status(code, reason, "injected: too old resource version: 1 (2)")
    return b'{"type":"ERROR","object":' + text + b"}\n"


async def _call(call: Callable[[HttpRequest], object], request: HttpRequest) -> None:
    answer = call(request)
    if asyncio.iscoroutine(answer):
        await answer


async def _for_ever() -> None:
    await asyncio.Event().wait()
