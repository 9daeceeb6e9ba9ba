"""One face for the embedded and the real API server."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from homeostat._transport import HttpRequest, HttpResponse, HttpStream, Transport

__all__ = ["STRATEGIC", "Answer", "Server", "Watch", "attempts"]

APPLY = "application/apply-patch+yaml"
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"

# For what must come, on a busy machine: a namespace has taken the real controllers 10.
_WAIT_SECONDS = 30.0
_PAUSE_SECONDS = 0.05


async def attempts() -> AsyncIterator[None]:
    """Iterate until the caller has what it wants; fail when that takes too long."""
    for _ in range(round(_WAIT_SECONDS / _PAUSE_SECONDS)):
        yield
        await asyncio.sleep(_PAUSE_SECONDS)
    raise AssertionError(f"not within {_WAIT_SECONDS} seconds")


class Answer:
    """What a server answered."""

    def __init__(self, response: HttpResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.body

    def __repr__(self) -> str:
        return f"{self.status} {self.body[:2000].decode(errors='replace')}"

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    @property
    def warnings(self) -> list[str]:
        """The texts of the Warning headers."""
        value = self.headers.get("warning", "")
        parts = value.split("299 - ")[1:]
        return [json.loads(part.rstrip(", ")) for part in parts]

    def ok(self, status: int = 200) -> Any:
        """Assert success and return the decoded body."""
        assert self.status == status, self
        return self.json

    def refused(self, code: int, reason: str, message: str | None = None) -> Any:
        """Assert a Status failure and return its details, {} when it has none."""
        assert self.status == code, self
        document = self.json
        assert (document["kind"], document["apiVersion"]) == ("Status", "v1"), self
        assert document["status"] == "Failure", self
        assert (document["code"], document.get("reason", "")) == (code, reason), self
        if message is not None:
            found = document["message"]
            assert found == message, f"{found!r}, expected {message!r}"
        return document.get("details", {})


class Watch:
    """An open watch: events one by one, in order."""

    def __init__(self, stream: HttpStream) -> None:
        self.status = stream.status
        self.headers = stream.headers
        self._lines = self._split(stream)

    @staticmethod
    async def _split(stream: HttpStream) -> AsyncIterator[bytes]:
        rest = b""
        async for chunk in stream.chunks():
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                yield line
        if rest:
            yield rest

    async def next(self) -> tuple[str, Any]:
        """Return the next event as (type, object); fail when none comes."""
        async with asyncio.timeout(_WAIT_SECONDS):
            async for line in self._lines:
                event = json.loads(line)
                return event["type"], event["object"]
        raise AssertionError("the watch ended")

    async def until(self, kind: str) -> Any:
        """Skip events until one of a type comes, and return its object."""
        while True:
            found, item = await self.next()
            if found == kind:
                return item

    async def take(self, count: int) -> list[tuple[str, str]]:
        """Return the next events as (type, name)."""
        events = [await self.next() for _ in range(count)]
        return [(kind, item["metadata"].get("name", "")) for kind, item in events]

    async def rest(self) -> list[tuple[str, Any]]:
        """Read until the server ends the stream."""
        events: list[tuple[str, Any]] = []
        async with asyncio.timeout(_WAIT_SECONDS):
            async for line in self._lines:
                event = json.loads(line)
                events.append((event["type"], event["object"]))
        return events


@dataclass(frozen=True, slots=True)
class Server:
    """One API server and a namespace that nobody else uses.

    Query parameters are keywords; a trailing underscore is dropped, as in
    ``continue_``.
    """

    kind: str
    transport: Transport
    namespace: str

    def core(self, rest: str) -> str:
        """Return the path of something of core/v1 in the namespace."""
        return f"/api/v1/namespaces/{self.namespace}/{rest}"

    def path(self, group_version: str, rest: str) -> str:
        """Return the path of something of a named group in the namespace."""
        return f"/apis/{group_version}/namespaces/{self.namespace}/{rest}"

    def apps(self, rest: str) -> str:
        """Return the path of something of apps/v1 in the namespace."""
        return self.path("apps/v1", rest)

    def plain(self, text: str) -> str:
        """Return a text with the namespace's name replaced by NS."""
        return text.replace(self.namespace, "NS")

    async def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        media: str | None = "application/json",
        headers: Mapping[str, str] | None = None,
        **query: object,
    ) -> Answer:
        """Send one request; the body is JSON unless it is text or bytes."""
        sent = {"content-type": media} if body is not None and media else {}
        request = HttpRequest(
            method=method,
            path=path,
            query=_pairs(query),
            headers={"user-agent": "contract/1", **sent, **(headers or {})},
            body=_encode(body),
        )
        async with asyncio.timeout(_WAIT_SECONDS * 3):
            return Answer(await self.transport.request(request))

    async def get(self, path: str, **query: Any) -> Answer:
        """GET."""
        return await self.request("GET", path, **query)

    async def post(self, path: str, body: object, **query: Any) -> Answer:
        """POST."""
        return await self.request("POST", path, body, **query)

    async def put(self, path: str, body: object, **query: Any) -> Answer:
        """PUT."""
        return await self.request("PUT", path, body, **query)

    async def delete(self, path: str, body: object = None, **query: Any) -> Answer:
        """DELETE."""
        return await self.request("DELETE", path, body, **query)

    async def merge(self, path: str, body: object, **query: Any) -> Answer:
        """PATCH with a JSON merge patch."""
        return await self.request("PATCH", path, body, media=MERGE_PATCH, **query)

    async def json_patch(self, path: str, body: object, **query: Any) -> Answer:
        """PATCH with a JSON patch."""
        return await self.request("PATCH", path, body, media=JSON_PATCH, **query)

    async def apply(
        self, path: str, body: object, manager: str = "applier", **query: Any
    ) -> Answer:
        """PATCH with a server-side apply configuration."""
        query = {"fieldManager": manager, **query}
        return await self.request("PATCH", path, body, media=APPLY, **query)

    @asynccontextmanager
    async def watch(
        self, path: str, *, headers: Any = None, **query: Any
    ) -> AsyncGenerator[Watch]:
        """Open a watch."""
        request = HttpRequest(
            method="GET",
            path=path,
            query=(("watch", "true"), *_pairs(query)),
            headers={"user-agent": "contract/1", **(headers or {})},
        )
        async for _ in attempts():
            async with self.transport.stream(request) as stream:
                # The cache of a kind that was defined a moment ago is being filled.
                if stream.status != 429:
                    yield Watch(stream)
                    return

    async def try_watch(self, path: str, **query: object) -> Answer:
        """Ask for a watch that ends by itself, and return all of the answer."""
        request = HttpRequest(
            method="GET",
            path=path,
            query=(("watch", "true"), ("timeoutSeconds", "1"), *_pairs(query)),
        )
        async with (
            asyncio.timeout(_WAIT_SECONDS),
            self.transport.stream(request) as stream,
        ):
            body = b"".join([chunk async for chunk in stream.chunks()])
            return Answer(
                HttpResponse(status=stream.status, headers=stream.headers, body=body)
            )


def _pairs(query: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    pairs = []
    for name, value in query.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        pairs.append((name.rstrip("_"), text))
    return tuple(pairs)


def _encode(body: object) -> bytes:
    if body is None:
        return b""
    if isinstance(body, bytes):
        return body
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()
