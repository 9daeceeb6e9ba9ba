"""Watches: their events, and how they end."""

from typing import Any

import msgspec
import pytest

from homeostat.client import Bookmark, Client, WatchEvent
from homeostat.errors import ExpiredError, TransportError
from tests.unit.client.scripted import (
    DEPLOYMENT,
    WEB,
    Scripted,
    Thing,
    answer,
    gather,
    sent,
)


async def watch(transport: Scripted, found: list[Any]) -> None:
    async with Client(transport).watch(DEPLOYMENT) as events:
        await gather(events, found)


def line(event: str, /, **obj: Any) -> bytes:
    return msgspec.json.encode({"type": event, "object": obj}) + b"\n"


async def test_watch_gives_events_and_bookmarks() -> None:
    transport = Scripted(answer({}))
    marked = {
        "resourceVersion": "9",
        "annotations": {"k8s.io/initial-events-end": "true"},
    }
    transport.parts = [
        line("ADDED", **WEB) + line("BOOKMARK", metadata=marked),
        line("BOOKMARK", metadata={"resourceVersion": "12"}),
    ]
    client = Client(transport)
    async with client.watch(
        DEPLOYMENT, resource_version="5", bookmarks=True, initial_events=True
    ) as events:
        found = [event async for event in events]
    assert found == [
        WatchEvent("ADDED", WEB),
        Bookmark("9", initial_events_end=True),
        Bookmark("12"),
    ]
    assert sent(transport)[2] == {
        "watch": "true",
        "resourceVersion": "5",
        "allowWatchBookmarks": "true",
        "sendInitialEvents": "true",
        "resourceVersionMatch": "NotOlderThan",
        "timeoutSeconds": "290",
    }


async def test_error_event_is_raised() -> None:
    transport = Scripted(answer({}))
    transport.parts = [line("ERROR", kind="Status", code=410, reason="Expired")]
    with pytest.raises(ExpiredError, match="watch apps/v1 deployments default"):
        await watch(transport, [])


async def test_watch_that_the_server_refuses_is_an_error() -> None:
    transport = Scripted(answer({}))
    transport.stream_status = 410
    transport.parts = [msgspec.json.encode({"kind": "Status", "reason": "Expired"})]
    with pytest.raises(ExpiredError):
        async with Client(transport).watch(DEPLOYMENT):
            pass


@pytest.mark.parametrize(
    ("last", "match"),
    [
        (b'{"type":"ADD', "middle of an event"),
        (b"garbage\n", "no watch event"),
        (TransportError("reset"), "reset"),
    ],
)
async def test_broken_watch_is_a_transport_error(
    last: bytes | Exception, match: str
) -> None:
    transport = Scripted(answer({}))
    transport.parts = [line("ADDED", **WEB), last]
    found: list[object] = []
    with pytest.raises(TransportError, match=match):
        await watch(transport, found)
    assert len(found) == 1


async def test_raw_watch_gives_undecoded_lines() -> None:
    transport = Scripted(answer({}))
    transport.parts = [b'{"type": "ADDED",', b' "object":{}}\n{"type":"ERROR"}\n']
    client = Client(transport)
    async with client.watch_raw(Thing.__resource__, metadata_only=True) as lines:
        found = [line async for arrived in lines for line in arrived]
    assert found == [b'{"type": "ADDED", "object":{}}', b'{"type":"ERROR"}']
    assert "PartialObjectMetadata;" in transport.requests[0].headers["accept"]


async def test_error_inside_the_watchers_block_stays_what_it_is() -> None:
    transport = Scripted(answer({}))
    error = TransportError("of another call")
    with pytest.raises(TransportError) as caught:
        async with Client(transport).watch(DEPLOYMENT):
            raise error
    assert caught.value is error
