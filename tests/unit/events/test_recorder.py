import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from homeostat._random import Random
from homeostat._tasks import Group
from homeostat._transport import HttpRequest, HttpResponse, HttpStream
from homeostat.api import GroupVersionKind
from homeostat.apiserver import ApiServer
from homeostat.client import Client
from homeostat.errors import TransportError
from homeostat.events import EventRecorder
from homeostat.testing import LoopClock, run_virtual

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "namespace": "default", "uid": "u", "labels": {}},
}
NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1", "uid": "un"}}
CORE = GroupVersionKind("", "v1", "Event")
EVENTS = GroupVersionKind("events.k8s.io", "v1", "Event")


class Failing:
    """Fails so many requests before it lets them through, and takes notes."""

    def __init__(self, failures: int = 0, answer: HttpResponse | None = None) -> None:
        self.inner = ApiServer().transport()
        self.failures = failures
        self.answer = answer
        self.methods: list[str] = []

    async def request(self, request: HttpRequest) -> HttpResponse:
        if request.method != "GET":
            self.methods.append(request.method)
            if self.failures:
                self.failures -= 1
                raise TransportError("away", sent=False)
            if self.answer is not None:
                return self.answer
        return await self.inner.request(request)

    def stream(self, request: HttpRequest) -> AbstractAsyncContextManager[HttpStream]:
        return self.inner.stream(request)

    async def close(self) -> None:
        await self.inner.close()


def record(
    transport: Any,
    use: Callable[[EventRecorder, Client], Awaitable[None]],
    **options: Any,
) -> EventRecorder:
    """Run a recorder on virtual time while ``use`` does."""
    made: list[EventRecorder] = []

    async def main() -> None:
        client = Client(transport, random=Random(1))
        recorder = EventRecorder(
            client,
            component="podset-controller",
            clock=LoopClock(asyncio.get_running_loop()),
            random=Random(1),
            **options,
        )
        made.append(recorder)
        async with Group() as group:
            task = group.start(recorder.run(), name="events")
            await use(recorder, client)
            await recorder.drained()
            task.cancel()

    run_virtual(main())
    return made[0]


def test_both_apis_read_what_is_written() -> None:
    async def use(recorder: EventRecorder, client: Client) -> None:
        for _ in range(3):
            recorder.event(POD, "Normal", "Scaled", "scaled to 3", related=NODE)
            await asyncio.sleep(10)
        [core] = await client.list(CORE, namespace="default")
        assert core["involvedObject"]["name"] == "web"
        assert core["involvedObject"]["uid"] == "u"
        assert core["count"] == 3
        assert core["source"] == {"component": "podset-controller"}
        assert core["firstTimestamp"] == "2026-01-01T00:00:00Z"
        assert core["lastTimestamp"] == "2026-01-01T00:00:20Z"
        assert core["reportingComponent"] == "podset-controller"
        [event] = await client.list(EVENTS, namespace="default")
        assert event["regarding"]["name"] == "web"
        assert event["related"]["name"] == "n1"
        assert event["note"] == "scaled to 3"
        assert event["eventTime"] == "2026-01-01T00:00:00.000000Z"
        assert event["series"] == {
            "count": 3,
            "lastObservedTime": "2026-01-01T00:00:20.000000Z",
        }
        assert event["reportingController"] == "podset-controller"

    record(ApiServer().transport(), use)


def test_cluster_scoped_objects_have_their_events_in_default() -> None:
    async def use(recorder: EventRecorder, client: Client) -> None:
        recorder.event(NODE, "Warning", "Rebooted", "again")
        await recorder.drained()
        [core] = await client.list(CORE, namespace="default")
        assert "namespace" not in core["involvedObject"]

    record(ApiServer().transport(), use)


def test_event_that_the_server_forgot_is_made_anew_with_its_count() -> None:
    async def use(recorder: EventRecorder, client: Client) -> None:
        recorder.event(POD, "Normal", "Scaled", "to 3")
        await recorder.drained()
        [core] = await client.list(CORE, namespace="default")
        await client.delete(CORE, core["metadata"]["name"], namespace="default")
        recorder.event(POD, "Normal", "Scaled", "to 3")
        await recorder.drained()
        [core] = await client.list(CORE, namespace="default")
        assert core["count"] == 2

    record(ApiServer().transport(), use)


def test_server_that_is_away_is_tried_again() -> None:
    transport = Failing(failures=3)

    async def use(recorder: EventRecorder, client: Client) -> None:
        recorder.event(POD, "Normal", "Scaled", "to 3")
        await recorder.drained()
        assert len(await client.list(CORE, namespace="default")) == 1

    record(transport, use)


def test_event_is_given_up_after_twelve_tries(
    caplog: pytest.LogCaptureFixture,
) -> None:
    transport = Failing(failures=10**6)

    async def use(recorder: EventRecorder, _client: Client) -> None:
        recorder.event(POD, "Normal", "Scaled", "to 3")
        await recorder.drained()
        at = asyncio.get_running_loop().time()
        assert at >= 100

    with caplog.at_level(logging.ERROR):
        record(transport, use)
    assert "given up after 12 tries" in caplog.text


@pytest.mark.parametrize(("code", "reason"), [(422, "Invalid"), (403, "Forbidden")])
def test_event_that_the_server_refuses_is_not_tried_again(
    code: int, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    body = json.dumps({"kind": "Status", "code": code, "reason": reason}).encode()
    transport = Failing(answer=HttpResponse(status=code, body=body))

    async def use(recorder: EventRecorder, _client: Client) -> None:
        recorder.event(POD, "Normal", "Scaled", "to 3")

    record(transport, use)
    assert transport.methods == ["POST"]
    assert "was refused" in caplog.text


def test_event_in_a_namespace_that_ends_is_nobodys_trouble(
    caplog: pytest.LogCaptureFixture,
) -> None:
    causes = [{"reason": "NamespaceTerminating"}]
    status = {"kind": "Status", "code": 403, "details": {"causes": causes}}
    body = json.dumps({**status, "reason": "Forbidden"}).encode()
    transport = Failing(answer=HttpResponse(status=403, body=body))

    async def use(recorder: EventRecorder, _client: Client) -> None:
        recorder.event(POD, "Normal", "Scaled", "to 3")

    record(transport, use)
    assert transport.methods == ["POST"]
    assert not [r for r in caplog.records if r.levelno > logging.DEBUG]


def test_full_queue_drops_and_counts_and_never_waits() -> None:
    async def use(recorder: EventRecorder, client: Client) -> None:
        for number in range(9):
            recorder.event(POD, "Normal", "Scaled", f"to {number}")
        assert recorder.dropped == 5
        await recorder.drained()
        assert len(await client.list(CORE, namespace="default")) == 4

    record(ApiServer().transport(), use, queue_size=4)


@pytest.mark.parametrize(
    ("obj", "reason"),
    [
        ({"metadata": {"name": "x"}}, "A"),
        ({"apiVersion": "v1", "kind": "Pod", "metadata": {}}, "A"),
        (POD, ""),
    ],
)
def test_event_about_nothing_is_a_mistake(obj: dict[str, Any], reason: str) -> None:
    recorder = EventRecorder(Client(Failing()), component="c")
    with pytest.raises(ValueError, match=r"needs|has no"):
        recorder.event(obj, "Normal", reason, "m")


def test_long_texts_are_cut_to_what_the_server_takes() -> None:
    async def use(recorder: EventRecorder, client: Client) -> None:
        recorder.event(POD, "Normal", "R" * 200, "m" * 2000)
        await recorder.drained()
        [core] = await client.list(CORE, namespace="default")
        assert len(core["message"]) == 1024
        assert len(core["reason"]) == 128

    record(ApiServer().transport(), use)
