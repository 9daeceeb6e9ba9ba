"""A reader that falls behind loses its stream, not the server its memory."""

import json
from typing import Any

import pytest

from homeostat._transport import HttpRequest
from homeostat.apiserver import ApiServer, _watch

PATH = "/api/v1/namespaces/default/configmaps"


async def _create(server: ApiServer, name: str, size: int) -> None:
    body = {"metadata": {"name": name}, "data": {"a": "x" * size}}
    request = HttpRequest(method="POST", path=PATH, body=json.dumps(body).encode())
    assert (await server.handle(request)).status == 201


async def _rest(stream: Any) -> list[str]:
    text = b"".join([chunk async for chunk in stream.chunks()])
    events = [json.loads(line) for line in text.splitlines()]
    return [event["object"]["metadata"]["name"] for event in events]


def _watch_from(server: ApiServer) -> HttpRequest:
    query = (("watch", "1"), ("resourceVersion", str(server.revision)))
    return HttpRequest(method="GET", path=PATH, query=query)


@pytest.mark.parametrize(
    ("limit", "most", "size"), [("QUEUE_EVENTS", 2, 1), ("QUEUE_BYTES", 10_000, 6_000)]
)
async def test_reader_that_is_behind_gets_what_is_queued_and_the_end(
    monkeypatch: pytest.MonkeyPatch, limit: str, most: int, size: int
) -> None:
    monkeypatch.setattr(_watch, limit, most)
    server = ApiServer()
    async with server.stream(_watch_from(server)) as stream:
        for name in "abc":
            await _create(server, name, size)
        assert await _rest(stream) == ["a", "b"]


async def test_reader_that_keeps_up_is_not_cut_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_watch, "QUEUE_BYTES", 10_000)
    server = ApiServer()
    async with server.stream(_watch_from(server)) as stream:
        chunks = aiter(stream.chunks())
        for name in "abcde":
            await _create(server, name, 6_000)
            assert f'"{name}"'.encode() in await anext(chunks)
