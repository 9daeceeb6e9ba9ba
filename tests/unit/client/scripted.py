"""A transport that answers from a script, and what tests send and ask over it."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import msgspec

from homeostat._scope import Write
from homeostat._transport import HttpRequest, HttpResponse, HttpStream
from homeostat.api import GroupVersionKind, Object, Resource

Answer = HttpResponse | Exception | Callable[[HttpRequest], HttpResponse]

DEPLOYMENT = GroupVersionKind("apps", "v1", "Deployment")
WEB: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "shop", "resourceVersion": "7"},
    "spec": {"replicas": 2},
}


class Thing(Object):
    """A typed kind of the tests."""

    size: int = 0


Thing.__resource__ = Resource(
    gvk=GroupVersionKind("ex.io", "v1", "Thing"), plural="things", namespaced=True
)


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


def page(*items: object, continue_: str = "") -> HttpResponse:
    """Return an answer that holds a page of a list."""
    metadata = {"resourceVersion": "9", "continue": continue_}
    return answer({"kind": "List", "metadata": metadata, "items": list(items)})


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


def sent(transport: Scripted, at: int = -1) -> tuple[str, str, dict[str, str], Any]:
    """Return a request that was sent: method, path, query and the body's value."""
    request = transport.requests[at]
    body = msgspec.json.decode(request.body) if request.body else None
    return request.method, request.path, dict(request.query), body


async def gather(source: AsyncIterator[Any], found: list[Any]) -> None:
    """Add what comes to ``found``, also when an error ends it."""
    async for item in source:
        found.append(item)  # noqa: PERF401
