"""What the API server asks of Events, and what the newer API lets change."""

from typing import Any

import pytest

from tests.harness.server import Server

FIXED = "field is immutable"


@pytest.fixture
def old(server: Server) -> str:
    """The path of events in core/v1."""
    return server.core("events")


@pytest.fixture
def new(server: Server) -> str:
    """The path of events in events.k8s.io/v1."""
    return server.path("events.k8s.io/v1", "events")


def _event(server: Server, **change: Any) -> Any:
    return {
        "metadata": {"name": "e"},
        "regarding": {"kind": "Pod", "namespace": server.namespace, "name": "a"},
        "reason": "R",
        "note": "n",
        "type": "Normal",
        "action": "A",
        "reportingController": "example.com/c",
        "reportingInstance": "i",
        "eventTime": "2026-01-01T00:00:00.000000Z",
        **change,
    }


CHANGES = [
    ({"note": "m"}, f'message: Invalid value: "m": {FIXED}'),
    ({"reason": "S"}, f'reason: Invalid value: "S": {FIXED}'),
    ({"type": "Warning"}, f'type: Invalid value: "Warning": {FIXED}'),
    ({"action": "B"}, f'action: Invalid value: "B": {FIXED}'),
    ({"deprecatedCount": 3}, f"count: Invalid value: 3: {FIXED}"),
    (
        {"reportingInstance": ""},
        (
            f'[reportingInstance: Required value, reportingInstance: Invalid value: "":'
            f" {FIXED}]"
        ),
    ),
    (
        {"reportingController": "d"},
        f'reportingController: Invalid value: "d": {FIXED}',
    ),
    (
        {"deprecatedSource": {"component": "x"}},
        f'source: Invalid value: {{"Component":"x","Host":""}}: {FIXED}',
    ),
    (
        {"related": {"kind": "Pod"}},
        (
            'related: Invalid value: {"Kind":"Pod","Namespace":"","Name":"","UID":"",'
            f'"APIVersion":"","ResourceVersion":"","FieldPath":""}}: {FIXED}'
        ),
    ),
    ({"eventTime": None}, f"eventTime: Invalid value: null: {FIXED}"),
    (
        {"note": "y", "reason": "q", "type": "Foo"},
        (
            f'[reason: Invalid value: "q": {FIXED}, message: Invalid value: "y":'
            f' {FIXED}, type: Invalid value: "Foo": {FIXED}]'
        ),
    ),
    (
        {"series": {"count": 1}},
        (
            '[series.count: Invalid value: "": should be at least 2,'
            " series.lastObservedTime: Required value]"
        ),
    ),
]


@pytest.mark.parametrize(("change", "message"), CHANGES)
@pytest.mark.parametrize("verb", ["put", "merge"])
async def test_new_api_lets_little_change(
    server: Server, new: str, verb: str, change: Any, message: str
) -> None:
    (await server.post(new, _event(server))).ok(201)
    send = server.put if verb == "put" else server.merge
    body = _event(server, **change) if verb == "put" else change
    answer = await send(f"{new}/e", body)
    answer.refused(422, "Invalid", f'Event "e" is invalid: {message}')


async def test_both_causes_of_a_changed_reason_are_told(
    server: Server, new: str
) -> None:
    await server.post(new, _event(server))
    answer = await server.merge(f"{new}/e", {"reason": "S"})
    causes = answer.refused(422, "Invalid")["causes"]
    assert [cause["field"] for cause in causes] == ["reason", "reason"]


async def test_new_api_lets_labels_and_series_change(server: Server, new: str) -> None:
    await server.post(new, _event(server))
    seen = {"count": 2, "lastObservedTime": "2026-01-01T00:00:01.000000Z"}
    change = {"metadata": {"labels": {"a": "b"}}, "series": seen}
    event = (await server.merge(f"{new}/e", change)).ok()
    assert (event["series"], event["metadata"]["labels"]) == (seen, {"a": "b"})


async def test_core_api_lets_everything_change(
    server: Server, old: str, new: str
) -> None:
    await server.post(new, _event(server))
    change = {"message": "m", "reason": "S", "type": "Warning", "count": 7}
    event = (await server.merge(f"{old}/e", change)).ok()
    assert {key: event[key] for key in change} == change


FIRST = [
    ({"deprecatedCount": 3}, 'count: Invalid value: "": needs to be unset'),
    (
        {"deprecatedSource": {"host": "h"}},
        'source: Invalid value: "": needs to be unset',
    ),
    (
        {"deprecatedFirstTimestamp": "2026-01-01T00:00:00Z"},
        'firstTimestamp: Invalid value: "": needs to be unset',
    ),
    ({"note": "x" * 1025}, 'message: Invalid value: "": can have at most 1024'),
    ({"action": "x" * 129}, 'action: Invalid value: "": can have at most 128'),
    ({"reason": ""}, "reason: Required value"),
    (
        {"reportingController": "a b"},
        'reportingController: Invalid value: "a b": name part must consist of',
    ),
    ({"series": {}}, '[series.count: Invalid value: "": should be at least 2'),
]


@pytest.mark.parametrize(("change", "start"), FIRST)
async def test_new_event_is_complete_and_has_nothing_deprecated(
    server: Server, new: str, change: Any, start: str
) -> None:
    answer = await server.post(new, _event(server, **change))
    answer.refused(422, "Invalid")
    assert answer.json["message"].startswith(f'Event "e" is invalid: {start}')


async def test_core_event_with_a_time_is_complete(
    server: Server, old: str, new: str
) -> None:
    about = {"namespace": server.namespace, "name": "a"}
    body = {"metadata": {"name": "c"}, "involvedObject": about}
    (await server.post(old, body)).ok(201)
    change = {"eventTime": "2026-01-01T00:00:00.000000Z"}
    for path, named in ((old, "reportingComponent"), (new, "reportingController")):
        answer = await server.merge(f"{path}/c", change)
        answer.refused(422, "Invalid")
        start = f'Event "c" is invalid: [{named}: Required value, '
        assert answer.json["message"].startswith(start)
