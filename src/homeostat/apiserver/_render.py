"""Stored bytes to answers, without decoding them where that can be helped."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import msgspec

from homeostat._transport import HttpResponse
from homeostat.apiserver._arrange import ordered_metadata
from homeostat.apiserver._encode import encode_map, encode_struct, stamped
from homeostat.apiserver._negotiate import METADATA, METADATA_LIST, TABLE, Form
from homeostat.apiserver._print_columns import Printer
from homeostat.apiserver._print_text import Ages
from homeostat.apiserver._registry import Served
from homeostat.apiserver._status import StatusError, json_bytes
from homeostat.apiserver._store import Entry, Event
from homeostat.apiserver._tables import printer_of, row_of, scale_printer, table_body
from homeostat.apiserver._warnings import warning_header

__all__ = [
    "JSON_HEADERS",
    "bookmark",
    "error_line",
    "event_line",
    "list_body",
    "object_bytes",
    "respond",
    "scale_bytes",
    "status_response",
]

JSON_HEADERS: Mapping[str, str] = {
    "content-type": "application/json",
    "cache-control": "no-cache, private",
}
INITIAL_END = "k8s.io/initial-events-end"


class _Envelope(msgspec.Struct):
    metadata: msgspec.Raw


_decode_envelope = msgspec.json.Decoder(_Envelope).decode


def object_bytes(served: Served, data: bytes, form: Form) -> bytes:
    """Return a stored object in the version and the form of the request."""
    if form.kind == TABLE:
        return _table(served, [data], _version_of(data), form)
    if form.kind:
        return _metadata_bytes(data, form.version, ordered=not served.custom)
    return _own_bytes(served, data)


def _own_bytes(served: Served, data: bytes) -> bytes:
    if served.from_storage is not None:
        value = served.from_storage(msgspec.json.decode(data))
        return served.table.encode(value)
    return data


def _metadata_bytes(data: bytes, version: str, *, ordered: bool = True) -> bytes:
    metadata = bytes(_decode_envelope(data).metadata)
    if not ordered:
        # A custom object: stored as a map, told as a struct.
        metadata = encode_struct(ordered_metadata(msgspec.json.decode(metadata)))
    head = f'{{"kind":"{METADATA}","apiVersion":"meta.k8s.io/{version}","metadata":'
    return head.encode() + metadata + b"}"


def _version_of(data: bytes) -> dict[str, Any]:
    metadata: dict[str, Any] = msgspec.json.decode(_decode_envelope(data).metadata)
    version = metadata.get("resourceVersion")
    return {"resourceVersion": version} if version else {}


def _table(
    served: Served,
    found: Iterable[bytes],
    metadata: dict[str, Any],
    form: Form,
    *,
    defined: bool = True,
) -> bytes:
    printer = printer_of(served)
    ages = Ages(form.clock.now())
    rows = [_row(served, data, form, printer, ages) for data in found]
    return table_body(printer, rows, metadata, form.version, defined=defined)


def _row(
    served: Served, data: bytes, form: Form, printer: Printer, ages: Ages
) -> bytes:
    value = msgspec.json.decode(data)
    if served.custom:
        # Columns are those of a version, and so are the fields that they name.
        value = served.view(value)
    match form.include:
        case "None":
            shown = b"null"
        case "Object":
            shown = _own_bytes(served, data)
        case _:
            shown = _metadata_bytes(data, form.version, ordered=not served.custom)
    return row_of(printer, value, ages, shown)


def scale_bytes(served: Served, scale: dict[str, Any], form: Form) -> bytes:
    """Return the scale of an object in the form of the request."""
    data = msgspec.json.encode(scale)
    if not form.kind:
        return data
    shown = _metadata_bytes(data, form.version)
    if form.kind != TABLE:
        return shown
    if form.include != "Metadata":
        shown = b"null" if form.include == "None" else data
    printer = scale_printer(served)
    row = row_of(printer, scale, Ages(form.clock.now()), shown)
    return table_body(printer, [row], _version_of(data), form.version)


def _item_bytes(served: Served, data: bytes, form: Form) -> bytes:
    rendered = object_bytes(served, data, form)
    # Typed Go servers leave kind and apiVersion out of the items of a list.
    head = served.envelope if served.from_storage is None else served.head
    if not form.kind and not served.custom and rendered.startswith(head):
        return b"{" + rendered[len(head) :]
    return rendered


def list_body(
    served: Served, entries: Iterable[Entry], metadata: dict[str, Any], form: Form
) -> bytes:
    """Return the body of a list."""
    kind, version = served.resource.list_kind, served.gvk.api_version
    if form.kind == TABLE:
        found = (entry.data for entry in entries)
        return _table(served, found, metadata, form) + b"\n"
    if form.kind:
        kind, version = METADATA_LIST, f"meta.k8s.io/{form.version}"
    items = b",".join(_item_bytes(served, entry.data, form) for entry in entries)
    if served.custom and not form.kind:
        tail = encode_map({"kind": kind, "metadata": {"continue": "", **metadata}})
        head = encode_map({"apiVersion": version})
        return head[:-1] + b',"items":[' + items + b"]," + tail[1:] + b"\n"
    head = msgspec.json.encode(
        {"kind": kind, "apiVersion": version, "metadata": metadata}
    )
    return head[:-1] + b',"items":[' + items + b"]}\n"


def event_line(
    event: Event,
    kind: str,
    entry: Entry,
    served: Served,
    form: Form,
    *,
    defined: bool = False,
) -> bytes:
    """Return one line of a watch; lines of the same form are made once.

    Args:
        event: What happened.
        kind: What it is for the watcher.
        entry: The state that is told.
        served: The resource.
        form: The form of the objects.
        defined: Whether a table defines its columns.
    """
    # A table tells ages, and so each watcher has its own.
    shared = None if form.kind == TABLE else event.renditions
    key = (kind, served.gvk.version, served.gvk.group, form.kind, form.version)
    line = None if shared is None else shared.get(key)
    if line is None:
        data = entry.data
        if entry.revision != event.revision:
            # An object that left the selection: its old state, at the new revision.
            data = stamped(data, event.revision)
        line = object_line(kind, data, served, form, defined=defined)
        if shared is not None:
            shared[key] = line
    return line


def object_line(
    kind: str, data: bytes, served: Served, form: Form, *, defined: bool = False
) -> bytes:
    """Return one line of a watch."""
    if form.kind == TABLE:
        body = _table(served, [data], _version_of(data), form, defined=defined)
    else:
        body = object_bytes(served, data, form)
    return b'{"type":"' + kind.encode() + b'","object":' + body + b"}\n"


def bookmark(
    revision: int,
    served: Served,
    form: Form,
    *,
    initial: bool,
    defined: bool = False,
) -> bytes:
    """Return a bookmark line; ``initial`` marks the end of the initial events."""
    kind, version = served.kind, served.gvk.api_version
    metadata: dict[str, Any] = {"resourceVersion": str(revision)}
    if initial:
        metadata["annotations"] = {INITIAL_END: "true"}
    if form.kind == TABLE:
        # Its object is empty but for the metadata, and so is its row.
        empty = encode_map({"metadata": metadata})
        plain = replace(form, include="Metadata") if initial else form
        return object_line("BOOKMARK", empty, served, plain, defined=defined)
    if form.kind:
        kind, version = METADATA, f"meta.k8s.io/{form.version}"
    value = {"kind": kind, "apiVersion": version, "metadata": metadata}
    if served.custom and not form.kind:
        return b'{"type":"BOOKMARK","object":' + encode_map(value) + b"}\n"
    return json_bytes({"type": "BOOKMARK", "object": value})


def error_line(error: StatusError) -> bytes:
    """Return the ERROR line that ends a watch."""
    return json_bytes({"type": "ERROR", "object": error.document()})


def respond(
    body: bytes, *, status: int = 200, warnings: Iterable[str] = ()
) -> HttpResponse:
    """Return a JSON answer with its Warning headers."""
    texts = dict.fromkeys(warnings)
    headers = JSON_HEADERS
    if texts:
        headers = {**JSON_HEADERS, "warning": warning_header(texts)}
    return HttpResponse(status=status, headers=headers, body=body)


def status_response(error: StatusError, warnings: Iterable[str] = ()) -> HttpResponse:
    """Return the answer that an error makes."""
    answer = respond(json_bytes(error.document()), status=error.code, warnings=warnings)
    if not error.headers:
        return answer
    headers = {**answer.headers, **error.headers}
    return HttpResponse(status=answer.status, headers=headers, body=answer.body)
