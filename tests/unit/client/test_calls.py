import asyncio
import logging

import pytest

from homeostat._scope import Epoch, WriteScope
from homeostat._transport import HttpRequest, HttpResponse
from homeostat.api import GroupVersionKind
from homeostat.client import Client, ClusterConfig
from homeostat.errors import (
    AlreadyExistsError,
    ApiError,
    FencedError,
    NotFoundError,
    OutcomeUnknownError,
    TooManyRequestsError,
    TransportError,
)
from homeostat.testing import run_virtual
from tests.unit.client.scripted import Answer, Notes, Scripted, answer, failure

CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")
OBJECT = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
BUSY = failure(429, "TooManyRequests", {"retry-after": "5"})
LOST = TransportError("reset by peer", sent=True)
REFUSED = TransportError("refused", sent=False)


class Writing:
    """A client on a script, with notes of what its writes became."""

    def __init__(self, *answers: Answer) -> None:
        self.transport = Scripted(*answers)
        self.client = Client(self.transport)
        self.notes = Notes()
        self.client.observers.append(self.notes)

    async def create(self) -> None:
        await self.client.create(OBJECT)

    @property
    def tries(self) -> int:
        return len(self.transport.requests)


def test_success_is_reported_with_the_answer() -> None:
    it = Writing(answer(OBJECT, 201))
    run_virtual(it.create())
    assert it.notes.heard == [
        ("sending", "create v1 configmaps default/a"),
        ("responded", "create v1 configmaps default/a"),
    ]
    assert b"ConfigMap" in it.notes.bodies[0]


def test_refusal_of_the_server_is_a_failure() -> None:
    it = Writing(failure(409, "AlreadyExists", message="taken"))
    with pytest.raises(
        AlreadyExistsError, match="create v1 configmaps default/a: taken"
    ):
        run_virtual(it.create())
    assert it.notes.kinds == ["sending", "failed"]


def test_lost_answer_of_a_write_is_unknown_and_not_tried_again() -> None:
    it = Writing(LOST)
    with pytest.raises(OutcomeUnknownError, match="read before retrying") as caught:
        run_virtual(it.create())
    assert caught.value.sent
    assert it.notes.kinds == ["sending", "unknown"]
    assert it.tries == 1


def test_write_that_was_not_sent_is_tried_again() -> None:
    it = Writing(REFUSED, REFUSED, answer(OBJECT, 201))
    run_virtual(it.create())
    assert it.notes.kinds == ["sending", "responded"]
    assert it.tries == 3


def test_write_that_can_never_be_sent_fails() -> None:
    it = Writing(REFUSED)
    with pytest.raises(TransportError, match="refused") as caught:
        run_virtual(it.create())
    assert not isinstance(caught.value, OutcomeUnknownError)
    assert not caught.value.sent
    assert it.notes.kinds == ["sending", "failed"]
    assert it.tries == 11


def test_read_is_tried_again_after_a_reset() -> None:
    it = Writing(LOST, answer({"major": "1"}))
    assert run_virtual(it.client.version()) == {"major": "1"}


def test_dry_run_is_tried_again_and_never_unknown() -> None:
    it = Writing(LOST)
    with pytest.raises(TransportError) as caught:
        run_virtual(it.client.create(OBJECT, dry_run=True))
    assert not isinstance(caught.value, OutcomeUnknownError)
    assert it.notes.kinds == ["sending", "failed"]
    assert it.tries == 11


@pytest.mark.parametrize("status", [502, 504])
def test_proxy_that_loses_the_answer_leaves_the_outcome_unknown(status: int) -> None:
    it = Writing(HttpResponse(status=status, body=b"<html>bad gateway</html>"))
    with pytest.raises(OutcomeUnknownError):
        run_virtual(it.create())
    assert it.notes.kinds == ["sending", "unknown"]


@pytest.mark.parametrize("body", [b"", b"<html>ok</html>", b'{"kind":', b"[]"])
def test_success_that_is_no_object_leaves_the_outcome_unknown(body: bytes) -> None:
    it = Writing(HttpResponse(status=200, body=body))
    with pytest.raises(OutcomeUnknownError, match="no JSON object"):
        run_virtual(it.create())
    assert it.notes.kinds == ["sending", "unknown"]


def test_timeout_status_is_raised_as_such_and_observers_doubt() -> None:
    it = Writing(failure(504, "Timeout", message="too slow"))
    with pytest.raises(ApiError, match="too slow") as caught:
        run_virtual(it.create())
    assert caught.value.reason == "Timeout"
    assert it.notes.kinds == ["sending", "unknown"]


def test_doubt_of_an_earlier_try_outlasts_a_later_refusal() -> None:
    slow = failure(504, "Timeout", {"retry-after": "1"})
    it = Writing(slow, failure(409, "AlreadyExists"))
    with pytest.raises(AlreadyExistsError):
        run_virtual(it.create())
    assert it.notes.kinds == ["sending", "unknown"]


def test_429_is_waited_for_and_tried_again() -> None:
    async def main() -> float:
        started = asyncio.get_running_loop().time()
        await it.create()
        return asyncio.get_running_loop().time() - started

    it = Writing(BUSY, answer(OBJECT, 201))
    assert 5.0 <= run_virtual(main()) <= 5.6
    assert it.notes.kinds == ["sending", "responded"]


def test_429_pauses_every_request_of_the_client() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as group:
            group.create_task(it.create())
            await asyncio.sleep(1)
            await it.client.version()
            return loop.time()

    it = Writing(BUSY, answer(OBJECT))
    assert run_virtual(main()) >= 5.0


def test_429_without_end_is_raised_with_its_delay() -> None:
    it = Writing(BUSY)
    with pytest.raises(TooManyRequestsError) as caught:
        run_virtual(it.create())
    assert caught.value.retry_after == 5.0
    assert it.notes.kinds == ["sending", "failed"]


def test_cancellation_after_send_is_unknown() -> None:
    class Silent(Scripted):
        async def request(self, request: HttpRequest) -> HttpResponse:
            await asyncio.sleep(1e6)
            raise AssertionError

    async def main() -> None:
        client = Client(Silent())
        client.observers.append(notes)
        async with asyncio.timeout(1):
            await client.create(OBJECT)

    notes = Notes()
    with pytest.raises(TimeoutError):
        run_virtual(main())
    assert notes.kinds == ["sending", "unknown"]


def test_cancellation_between_tries_is_a_failure() -> None:
    async def main() -> None:
        async with asyncio.timeout(1):
            await it.create()

    it = Writing(BUSY)
    with pytest.raises(TimeoutError):
        run_virtual(main())
    assert it.notes.kinds == ["sending", "failed"]
    error = it.notes.errors[0]
    assert isinstance(error, TransportError)
    assert not error.sent


def test_scope_observers_hear_after_the_clients() -> None:
    async def main() -> None:
        with WriteScope(observers=(in_scope,)).active():
            await it.create()

    it = Writing(answer(OBJECT, 201))
    in_scope = Notes()
    run_virtual(main())
    assert in_scope.kinds == it.notes.kinds == ["sending", "responded"]


def test_observer_that_refuses_stops_the_write() -> None:
    async def main() -> None:
        with WriteScope(observers=(Notes(refuse=ValueError("no")),)).active():
            await it.create()

    it = Writing(answer(OBJECT, 201))
    with pytest.raises(ValueError, match="no"):
        run_virtual(main())
    assert it.tries == 0
    assert it.notes.kinds == ["sending", "failed"]


def test_closed_epoch_refuses_writes_and_allows_reads() -> None:
    async def main() -> None:
        epoch = Epoch(3)
        epoch.close()
        with WriteScope(controller="web", epoch=epoch).active():
            await it.client.version()
            await it.create()

    it = Writing(answer({}))
    with pytest.raises(FencedError, match="not sent: term 3 of web is over"):
        run_virtual(main())
    assert it.tries == 1
    assert it.notes.heard == []


def test_every_try_of_a_write_waits_for_its_permit() -> None:
    asked: list[float] = []

    async def permit() -> None:
        asked.append(asyncio.get_running_loop().time())
        await asyncio.sleep(2)

    async def main() -> float:
        with WriteScope(permit=permit).active():
            await it.client.version()
            await it.create()
        return asyncio.get_running_loop().time()

    retry = failure(503, "", {"retry-after": "5"})
    it = Writing(answer({}), retry, answer(OBJECT, 201))
    assert run_virtual(main()) == 9.0
    assert asked == [0.0, 7.0]


def test_write_that_is_not_permitted_is_not_sent() -> None:
    async def permit() -> None:
        raise TransportError("nobody can tell", sent=False)

    async def main() -> None:
        with WriteScope(permit=permit).active():
            await it.create()

    it = Writing()
    with pytest.raises(TransportError, match="nobody can tell") as refused:
        run_virtual(main())
    assert not refused.value.sent
    assert it.tries == 0
    assert it.notes.kinds == ["sending", "failed"]


def test_epoch_that_closes_while_a_permit_is_awaited_refuses_the_write() -> None:
    epoch = Epoch()

    async def permit() -> None:
        epoch.close("it is of the past")

    async def main() -> None:
        with WriteScope(epoch=epoch, permit=permit).active():
            await it.create()

    it = Writing()
    with pytest.raises(FencedError, match="it is of the past"):
        run_virtual(main())
    assert it.tries == 0


def test_epoch_that_closes_while_waiting_stops_the_retry() -> None:
    async def main() -> None:
        epoch = Epoch()
        asyncio.get_running_loop().call_later(1, epoch.close)
        with WriteScope(epoch=epoch).active():
            await it.create()

    it = Writing(BUSY)
    with pytest.raises(FencedError, match="is over"):
        run_virtual(main())
    assert it.tries == 1
    assert it.notes.kinds == ["sending", "failed"]


def test_epoch_that_closes_after_a_doubtful_answer_leaves_the_outcome_unknown() -> None:
    async def main() -> None:
        epoch = Epoch()
        asyncio.get_running_loop().call_later(1, epoch.close)
        with WriteScope(epoch=epoch).active():
            await it.create()

    it = Writing(failure(503, "", {"retry-after": "5"}))
    with pytest.raises(OutcomeUnknownError, match="is over"):
        run_virtual(main())
    assert it.tries == 1
    assert it.notes.kinds == ["sending", "unknown"]


def test_warnings_are_logged_once_per_text(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        await it.client.version()
        await it.client.version()

    header = '299 - "old \\"v1\\" is deprecated", 299 - "unknown field \\\\"'
    it = Writing(answer({}, headers={"warning": header}))
    with caplog.at_level(logging.WARNING):
        run_virtual(main())
    assert [record.args for record in caplog.records] == [
        ('old "v1" is deprecated',),
        ("unknown field \\",),
    ]


def test_bodies_stay_out_of_logs_and_errors(caplog: pytest.LogCaptureFixture) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}
    it = Writing(REFUSED)
    with caplog.at_level(logging.DEBUG), pytest.raises(TransportError) as caught:
        run_virtual(it.client.create({**secret, "data": {"k": "hunter2"}}))
    assert "hunter2" not in caplog.text + str(caught.value) + repr(it.notes.writes[0])


def test_answer_that_is_no_status_keeps_its_code() -> None:
    it = Writing(HttpResponse(status=503, body=b"<html>down</html>"))
    with pytest.raises(ApiError, match="the server answered 503") as caught:
        run_virtual(it.client.version())
    assert caught.value.code == 503


def test_unknown_path_names_what_is_not_served() -> None:
    page = HttpResponse(
        status=404,
        headers={"content-type": "text/plain; charset=utf-8"},
        body=b"404 page not found\n",
    )
    it = Writing(page)
    with pytest.raises(NotFoundError, match="v1 configmaps is not served here"):
        run_virtual(it.client.get(CONFIG_MAP, "a"))


async def test_closed_client_says_so_at_once() -> None:
    """Trying again for ten seconds would mend nothing."""
    client = Client(ClusterConfig(server="http://127.0.0.1:1"))
    await client.close()
    async with asyncio.timeout(5):
        with pytest.raises(TransportError, match="the client is closed"):
            await client.version()
