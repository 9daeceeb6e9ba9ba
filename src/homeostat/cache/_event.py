"""Lines of a watch to what they say."""

from typing import Final, Literal, NamedTuple, TypeAlias, cast

import msgspec

from homeostat.api import GroupVersionKind
from homeostat.cache._record import Head, Record, make_record, read_head
from homeostat.cache._shelf import Shelf
from homeostat.errors import ApiError, TransportError, status_error

__all__ = ["Bookmark", "EventType", "ParsedEvent", "parse_event", "read_event"]

EventType: TypeAlias = Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"]

INITIAL_EVENTS_END: Final = "k8s.io/initial-events-end"
_CHANGES = frozenset({"ADDED", "MODIFIED", "DELETED"})


class Bookmark(NamedTuple):
    """A promise of the server: every event up to here was sent.

    Attributes:
        resource_version: Up to where.
        initial_events_end: The state that a streaming list began with is complete.
    """

    resource_version: str
    initial_events_end: bool = False


Value: TypeAlias = Record | Bookmark | ApiError | None


class ParsedEvent(NamedTuple):
    """One event of a watch.

    Attributes:
        type: What happened; a word of its own when the server invents one.
        value: The object, a bookmark, or the error that an ERROR event carries; None
            for a type that is not known.
    """

    type: str
    value: Value


class _Change(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    type: str
    object: Head


class _Envelope(msgspec.Struct, gc=False):
    type: str
    object: msgspec.Raw


class _BookmarkMeta(msgspec.Struct, rename="camel", gc=False):
    resource_version: str = ""
    annotations: dict[str, str] | None = None


class _BookmarkHead(msgspec.Struct, gc=False):
    metadata: _BookmarkMeta = msgspec.field(default_factory=_BookmarkMeta)


_read_change = msgspec.json.Decoder(_Change).decode
_read_envelope = msgspec.json.Decoder(_Envelope).decode
_read_bookmark = msgspec.json.Decoder(_BookmarkHead).decode
_parse = msgspec.json.Decoder().decode

# How API servers begin an event, byte by byte: its object is then what follows.
_BEGINNINGS: Final = {
    change: f'{{"type":"{change}","object":'.encode() for change in _CHANGES
}


def parse_event(line: bytes, *, gvk: GroupVersionKind | None = None) -> ParsedEvent:
    """Read one line of a watch; the object's body is skipped, not decoded.

    Args:
        line: One event as JSON.
        gvk: The watched kind, for objects whose bytes name another or none.

    Raises:
        TransportError: The line is no event: it was cut, or is not the API's.
        InvalidObjectError: An event whose object has no metadata that can be read.
    """
    envelope = _envelope(line)
    if envelope.type in _CHANGES:
        # Raw is a view of the line: bytes() copies it to its own size.
        record = Record.read(bytes(envelope.object), gvk=gvk)
        return ParsedEvent(envelope.type, record)
    return ParsedEvent(envelope.type, _other(envelope))


def read_event(line: bytes, shelf: Shelf) -> tuple[str, Value]:
    """Read one line of a watch, its object as a record of this shelf.

    In one pass over the line where it is written as API servers write it.

    Returns:
        What a ParsedEvent has, of which a sync would throw one away for each object.

    Raises:
        TransportError: As ``parse_event``.
        InvalidObjectError: As ``parse_event``.
    """
    try:
        change = _read_change(line)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _read_slowly(line, shelf)
    beginning = _BEGINNINGS.get(change.type)
    if beginning is None or not (line.startswith(beginning) and line.endswith(b"}}")):
        return _read_slowly(line, shelf)
    data = memoryview(line)[len(beginning) : -1]
    return change.type, make_record(change.object, data, shelf)


def _read_slowly(line: bytes, shelf: Shelf) -> tuple[str, Value]:
    envelope = _envelope(line)
    if envelope.type not in _CHANGES:
        return envelope.type, _other(envelope)
    data = bytes(envelope.object)
    return envelope.type, make_record(read_head(data, shelf.gvk), data, shelf)


def _envelope(line: bytes) -> _Envelope:
    try:
        return _read_envelope(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise TransportError(f"the watch sent what is no event: {error}") from error


def _other(envelope: _Envelope) -> Bookmark | ApiError | None:
    try:
        return _sense(envelope)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise TransportError(
            f"the watch sent a {envelope.type} event without a sense: {error}"
        ) from error


def _sense(envelope: _Envelope) -> Bookmark | ApiError | None:
    if envelope.type == "BOOKMARK":
        meta = _read_bookmark(envelope.object).metadata
        ends = (meta.annotations or {}).get(INITIAL_EVENTS_END) == "true"
        return Bookmark(meta.resource_version, ends)
    if envelope.type == "ERROR":
        status = _parse(envelope.object)
        return status_error(
            cast("dict[str, object]", status) if isinstance(status, dict) else {}
        )
    return None
