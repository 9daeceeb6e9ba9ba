"""A transport whose lists and watches follow a script, on virtual time."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from homeostat._transport import HttpRequest, HttpResponse, HttpStream
from tests.unit.cache.support import status

# What a stream does: send bytes, break, or be silent for so many seconds.
Part = bytes | Exception | float


class _Stream:
    def __init__(self, code: int, parts: list[Part]) -> None:
        self.status = code
        self.headers: Mapping[str, str] = {}
        self._parts = parts

    async def chunks(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            if isinstance(part, Exception):
                raise part
            if isinstance(part, float):
                await asyncio.sleep(part)
            else:
                yield part


class Script:
    """Answers each list and each watch with the next one of its kind.

    A watch without a script stays open, silent. Nobody has the right to ask which
    server it is, unless ``identities`` says more.

    Attributes:
        identities: Answers to the question which server it is.
        identified: When that was asked.
        asked: Query of each request, and the time at which it came.
    """

    def __init__(self) -> None:
        self.lists: list[HttpResponse | Exception] = []
        self.identities: list[HttpResponse | Exception | float] = []
        self.gets: list[HttpResponse | Exception] = []
        self.watches: list[list[Part] | HttpResponse | Exception] = []
        self.identified: list[float] = []
        self.asked: list[tuple[float, dict[str, str]]] = []

    @property
    def queries(self) -> list[dict[str, str]]:
        return [query for _, query in self.asked]

    async def request(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/api/v1/namespaces/kube-system":
            return await self._identify()
        self._note(request)
        named = request.path.rsplit("/", 1)[1] not in {"pods", "secrets"}
        answers = self.gets if named else self.lists
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def _identify(self) -> HttpResponse:
        self.identified.append(asyncio.get_running_loop().time())
        while self.identities:
            answer = self.identities.pop(0)
            if isinstance(answer, float):
                await asyncio.sleep(answer)
            elif isinstance(answer, Exception):
                raise answer
            else:
                return answer
        return refusal(403, "Forbidden")

    def stream(self, request: HttpRequest) -> AbstractAsyncContextManager[HttpStream]:
        return self._stream(request)

    @asynccontextmanager
    async def _stream(self, request: HttpRequest) -> AsyncGenerator[HttpStream]:
        self._note(request)
        silent: list[Part] = [1e9]
        script = self.watches.pop(0) if self.watches else silent
        if isinstance(script, Exception):
            raise script
        if isinstance(script, HttpResponse):
            yield _Stream(script.status, [script.body])
        else:
            yield _Stream(200, script)

    async def close(self) -> None:
        pass

    def _note(self, request: HttpRequest) -> None:
        now = asyncio.get_running_loop().time()
        self.asked.append((now, dict(request.query)))


def page(
    version: int | str, *items: dict[str, Any], continue_: str = ""
) -> HttpResponse:
    """Return a page of a list of Pods."""
    metadata = {"resourceVersion": str(version), "continue": continue_}
    document = {"kind": "PodList", "apiVersion": "v1", "metadata": metadata}
    return HttpResponse(
        status=200, body=json.dumps({**document, "items": list(items)}).encode()
    )


def cluster(uid: str) -> HttpResponse:
    """Return the namespace that names a server's history."""
    metadata = {"name": "kube-system", "uid": uid, "resourceVersion": "1"}
    document = {"kind": "Namespace", "apiVersion": "v1", "metadata": metadata}
    return HttpResponse(status=200, body=json.dumps(document).encode())


def refusal(code: int, reason: str, message: str = "", **more: Any) -> HttpResponse:
    """Return an answer that is a Status."""
    body = json.dumps(status(code, reason, message, **more)).encode()
    return HttpResponse(status=code, body=body)
