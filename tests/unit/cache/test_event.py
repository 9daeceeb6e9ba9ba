import pytest

from homeostat.cache import Bookmark, Record, parse_event
from homeostat.errors import (
    ApiError,
    ExpiredError,
    InvalidObjectError,
    TransportError,
)
from tests.unit.cache.support import POD, bookmark, line, pod, status


@pytest.mark.parametrize("event_type", ["ADDED", "MODIFIED", "DELETED"])
def test_changes_carry_records_of_their_own_bytes(event_type: str) -> None:
    raw = line(event_type, pod("web", 5))
    event = parse_event(raw, gvk=POD)
    assert event.type == event_type
    assert isinstance(event.value, Record)
    assert event.value.data in raw
    assert type(event.value.data) is bytes


def test_bookmarks() -> None:
    assert parse_event(bookmark(7)).value == Bookmark("7")
    assert parse_event(bookmark(8, end=True)).value == Bookmark(
        "8", initial_events_end=True
    )


def test_error_events_become_errors_by_reason() -> None:
    event = parse_event(line("ERROR", status(410, "Expired")))
    assert isinstance(event.value, ExpiredError)
    event = parse_event(b'{"type":"ERROR","object":"what"}')
    assert isinstance(event.value, ApiError)


def test_unknown_types_say_nothing() -> None:
    assert parse_event(b'{"type":"NEWS","object":{}}') == ("NEWS", None)


@pytest.mark.parametrize(
    "raw", [b'{"type":"ADDED","object":{"met', b"[]", b"\xff", b'{"object":{}}']
)
def test_what_is_no_event_is_a_broken_stream(raw: bytes) -> None:
    with pytest.raises(TransportError):
        parse_event(raw)


def test_object_without_metadata_is_invalid_and_breaks_no_stream() -> None:
    with pytest.raises(InvalidObjectError):
        parse_event(b'{"type":"ADDED","object":{"spec":{}}}')
