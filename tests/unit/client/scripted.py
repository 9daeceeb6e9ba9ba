"""A transport that answers from a script, and an observer that takes notes."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import msgspec

from homeostat._scope import Write
from homeostat._transport import HttpRequest, HttpResponse, HttpStream

Answer = HttpResponse | Exception | Callable[[HttpRequest], HttpResponse]


def answer(
    document: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """Return an answer with a JSON body."""
    return HttpResponse(
        status=status, headers=headers or {}, body=msgspec.json.encode(document)
    )


def failure(
    status: int, reason: str = "", headers: Mapping[str, str] | None = None, **more: Any
) -> HttpResponse:
    """Return an answer that holds a Status."""
    document = {"kind": "Status", "code": status, "reason": reason, **more}
    return answer(document, status, headers)


class _Stream:
    def __init__(self, status: int, parts: list[bytes | Exception]) -> None:
        self.status = status
        self.headers: Mapping[str, str] = {}
        self._parts = parts

    async def chunks(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            if isinstance(part, Exception):
                raise part
            yield part


class Scripted:
    """Answers requests in order; the last answer stays."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[HttpRequest] = []
        self.parts: list[bytes | Exception] = []
        self.stream_status = 200
        self.closed = False

    async def request(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        now = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(now, Exception):
            raise now
        return now if isinstance(now, HttpResponse) else now(request)

    def stream(self, request: HttpRequest) -> AbstractAsyncContextManager[HttpStream]:
        return self._stream(request)

    @asynccontextmanager
    async def _stream(self, request: HttpRequest) -> AsyncGenerator[HttpStream]:
        self.requests.append(request)
        yield _Stream(self.stream_status, self.parts)

    async def close(self) -> None:
        self.closed = True


class Notes:
    """An observer that writes down what it hears."""

    def __init__(self, refuse: Exception | None = None) -> None:
        self.heard: list[tuple[str, str]] = []
        self.writes: list[Write] = []
        self.bodies: list[bytes] = []
        self.errors: list[Exception] = []
        self._refuse = refuse

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.heard]

    def sending(self, write: Write) -> None:
        self.heard.append(("sending", str(write)))
        self.writes.append(write)
        if self._refuse is not None:
            raise self._refuse

    def responded(self, write: Write, body: bytes) -> None:
        self.heard.append(("responded", str(write)))
        self.bodies.append(body)

    def failed(self, write: Write, error: Exception) -> None:
        self.heard.append(("failed", str(write)))
        self.errors.append(error)

    def unknown(self, write: Write) -> None:
        self.heard.append(("unknown", str(write)))
