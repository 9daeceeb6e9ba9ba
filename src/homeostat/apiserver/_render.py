"""Stored bytes to answers, without decoding them where that can be helped."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from homeostat._transport import HttpResponse
from homeostat.apiserver._arrange import ordered_metadata
from homeostat.apiserver._encode import encode_map, encode_struct
from homeostat.apiserver._negotiate import Form
from homeostat.apiserver._registry import Served
from homeostat.apiserver._status import StatusError, json_bytes
from homeostat.apiserver._store import Entry, Event

__all__ = [
    "JSON_HEADERS",
    "bookmark",
    "error_line",
    "event_line",
    "list_body",
    "object_bytes",
    "respond",
    "status_response",
]

JSON_HEADERS: Mapping[str, str] = {
    "content-type": "application/json",
    "cache-control": "no-cache, private",
}
_METADATA_HEAD = (
    b'{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":'
)
INITIAL_END = "k8s.io/initial-events-end"


class _Envelope(msgspec.Struct):
    metadata: msgspec.Raw


_decode_envelope = msgspec.json.Decoder(_Envelope).decode


def object_bytes(served: Served, data: bytes, form: Form) -> bytes:
    """Return a stored object in the version and the form of the request."""
    if form is Form.METADATA:
        metadata = bytes(_decode_envelope(data).metadata)
        if served.custom:
            # Stored as a map, told as a struct.
            metadata = encode_struct(ordered_metadata(msgspec.json.decode(metadata)))
        return _METADATA_HEAD + metadata + b"}"
    if served.from_storage is not None:
        value = served.from_storage(msgspec.json.decode(data))
        return served.table.encode(value)
    return data


def _item_bytes(served: Served, data: bytes, form: Form) -> bytes:
    rendered = object_bytes(served, data, form)
    # Typed Go servers leave kind and apiVersion out of the items of a list.
    head = served.envelope
    if form is Form.OBJECT and not served.custom and rendered.startswith(head):
        return b"{" + rendered[len(head) :]
    return rendered


def list_body(
    served: Served, entries: Iterable[Entry], metadata: dict[str, Any], form: Form
) -> bytes:
    """Return the body of a list."""
    kind, version = served.resource.list_kind, served.gvk.api_version
    if form is Form.METADATA:
        kind, version = "PartialObjectMetadataList", "meta.k8s.io/v1"
    items = b",".join(_item_bytes(served, entry.data, form) for entry in entries)
    if served.custom and form is Form.OBJECT:
        tail = encode_map({"kind": kind, "metadata": {"continue": "", **metadata}})
        head = encode_map({"apiVersion": version})
        return head[:-1] + b',"items":[' + items + b"]," + tail[1:] + b"\n"
    head = msgspec.json.encode(
        {"kind": kind, "apiVersion": version, "metadata": metadata}
    )
    return head[:-1] + b',"items":[' + items + b"]}\n"


def event_line(
    event: Event, kind: str, entry: Entry, served: Served, form: Form
) -> bytes:
    """Return one line of a watch; lines of the same form are made once."""
    key = (kind, served.gvk.version, served.gvk.group, form)
    shared = event.renditions
    line = None if shared is None else shared.get(key)
    if line is None:
        data = entry.data
        if entry.revision != event.revision:
            # An object that left the selection: its old state, at the new revision.
            value = entry.value
            value["metadata"]["resourceVersion"] = str(event.revision)
            data = served.table.encode(value)
        line = object_line(kind, data, served, form)
        if shared is not None:
            shared[key] = line
    return line


def object_line(kind: str, data: bytes, served: Served, form: Form) -> bytes:
    """Return one line of a watch."""
    body = object_bytes(served, data, form)
    return b'{"type":"' + kind.encode() + b'","object":' + body + b"}\n"


def bookmark(revision: int, served: Served, form: Form, *, initial: bool) -> bytes:
    """Return a bookmark line; ``initial`` marks the end of the initial events."""
    kind, version = served.kind, served.gvk.api_version
    if form is Form.METADATA:
        kind, version = "PartialObjectMetadata", "meta.k8s.io/v1"
    metadata: dict[str, Any] = {"resourceVersion": str(revision)}
    if initial:
        metadata["annotations"] = {INITIAL_END: "true"}
    value = {"kind": kind, "apiVersion": version, "metadata": metadata}
    if served.custom and form is Form.OBJECT:
        return b'{"type":"BOOKMARK","object":' + encode_map(value) + b"}\n"
    return json_bytes({"type": "BOOKMARK", "object": value})


def error_line(error: StatusError) -> bytes:
    """Return the ERROR line that ends a watch."""
    return json_bytes({"type": "ERROR", "object": error.document()})


def respond(
    body: bytes, *, status: int = 200, warnings: Iterable[str] = ()
) -> HttpResponse:
    """Return a JSON answer with its Warning headers."""
    texts = list(dict.fromkeys(warnings))
    headers = JSON_HEADERS
    if texts:
        joined = ", ".join(f"299 - {_quoted(text)}" for text in texts)
        headers = {**JSON_HEADERS, "warning": joined}
    return HttpResponse(status=status, headers=headers, body=body)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else "?" for c in escaped) + '"'


def status_response(error: StatusError, warnings: Iterable[str] = ()) -> HttpResponse:
    """Return the answer that an error makes."""
    answer = respond(json_bytes(error.document()), status=error.code, warnings=warnings)
    if not error.headers:
        return answer
    headers = {**answer.headers, **error.headers}
    return HttpResponse(status=answer.status, headers=headers, body=answer.body)
