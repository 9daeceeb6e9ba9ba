from datetime import UTC, datetime, timedelta
from typing import Any

from homeostat.api import GroupVersionKind
from homeostat.apiserver import ApiServer
from homeostat.client import Client

EVENT = GroupVersionKind("", "v1", "Event")
NEWER = GroupVersionKind("events.k8s.io", "v1", "Event")


class Clock:
    def __init__(self) -> None:
        self.minutes = 0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=self.minutes)


def event(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name},
        "involvedObject": {"kind": "Pod", "name": "p", "namespace": "default"},
    }


async def names(client: Client, kind: GroupVersionKind = EVENT) -> list[str]:
    return [each["metadata"]["name"] for each in await client.list(kind)]


async def test_event_goes_an_hour_after_it_was_written_last() -> None:
    clock = Clock()
    async with Client(ApiServer(clock=clock).transport()) as client:
        await client.create(event("old"))
        await client.create(event("seen-again"))
        clock.minutes = 30
        await client.patch(EVENT, "seen-again", {"count": 2})
        await client.create(event("new"))
        clock.minutes = 59
        assert await names(client) == ["new", "old", "seen-again"]
        clock.minutes = 60
        assert await names(client, NEWER) == ["new", "seen-again"]
        clock.minutes = 89
        await client.delete(EVENT, "new")
        clock.minutes = 90
        assert await names(client) == []


async def test_watch_is_told_of_an_event_that_goes() -> None:
    clock = Clock()
    async with Client(ApiServer(clock=clock).transport()) as client:
        await client.create(event("old"))
        async with client.watch(EVENT) as events:
            first = await anext(events)
            clock.minutes = 60
            await client.create(event("new"))
            told = [(each.type, each.object["metadata"]["name"]) for each in [first]]
            for _ in range(2):
                each = await anext(events)
                told.append((each.type, each.object["metadata"]["name"]))
    assert told == [("ADDED", "old"), ("ADDED", "new"), ("DELETED", "old")]
