"""Readers of single fields: each takes one field's bytes and puts its value in place.

A reader gets the bytes, the position behind the field's tag, the end of the message
and the object that is being made; it returns the position behind the field.
"""

import base64
import codecs
import struct
from collections.abc import Callable
from typing import Any, TypeAlias

from homeostat.api import JSON
from homeostat.k8s._wire import WireError, signed, span, varint

__all__ = [
    "LOADERS",
    "NUMBERS",
    "Loader",
    "Reader",
    "double_reader",
    "inlined_reader",
    "list_reader",
    "map_reader",
    "number_list_reader",
    "number_reader",
    "packed_reader",
    "struct_reader",
    "text_reader",
    "value_reader",
]

Value = dict[str, Any]
Reader: TypeAlias = Callable[[bytes, int, int, Value], int]
Loader: TypeAlias = Callable[[bytes, int, int], JSON]
"""Makes a value of the bytes between two positions."""

_GO_REPLACE = "homeostat-go-replace"


def _replace_byte(error: UnicodeError) -> tuple[str, int]:
    """Replace one byte at a time, as Go does where it writes a string as JSON."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\N{REPLACEMENT CHARACTER}", error.start + 1


codecs.register_error(_GO_REPLACE, _replace_byte)


def _text(data: bytes, pos: int, stop: int) -> str:
    return str(data[pos:stop], "utf-8", _GO_REPLACE)


def _base64(data: bytes, pos: int, stop: int) -> str:
    return base64.b64encode(data[pos:stop]).decode()


def _octets(data: bytes, pos: int, stop: int) -> bytes:
    return data[pos:stop]


LOADERS: dict[str, Loader] = {"str": _text, "bytes": _base64, "octets": _octets}
"""The table's word for a scalar that has a length -> what reads it."""

NUMBERS: dict[str, Callable[[int], int]] = {
    "i32": lambda value: signed(value, 32),
    "i64": lambda value: signed(value, 64),
    "bool": bool,
}
"""The table's word for a number -> what Go makes of the unsigned one on the wire."""


def text_reader(name: str, *, keep: bool) -> Reader:
    """Read a string; an empty one stays when ``keep`` says so.

    Most fields are strings: this is ``value_reader`` without its calls.
    """

    def read(data: bytes, pos: int, end: int, out: Value) -> int:
        if pos < end and data[pos] < 128:
            stop = pos + 1 + data[pos]
            pos += 1
            if stop > end:
                raise WireError("unexpected EOF")
        else:
            pos, stop = span(data, pos, end)
        if stop > pos or keep:
            out[name] = str(data[pos:stop], "utf-8", _GO_REPLACE)
        else:
            out.pop(name, None)
        return stop

    return read


def number_reader(name: str, convert: Callable[[int], int], *, keep: bool) -> Reader:
    """Read an integer or a boolean; a zero stays when ``keep`` says so."""

    def read(data: bytes, pos: int, end: int, out: Value) -> int:
        if pos < end and data[pos] < 128:
            value = data[pos]
            pos += 1
        else:
            value, pos = varint(data, pos, end)
        if value or keep:
            out[name] = convert(value)
        else:
            out.pop(name, None)
        return pos

    return read


def double_reader(name: str) -> Reader:
    """Read a float; a whole one has no fraction, as in Go's JSON."""

    def read(data: bytes, pos: int, end: int, out: Value) -> int:
        stop = pos + 8
        if stop > end:
            raise WireError("unexpected EOF")
        value: float = struct.unpack_from("<d", data, pos)[0]
        if value - value != 0:
            raise WireError(f"json: unsupported value: {value}")
        whole = value.is_integer() and abs(value) < 1e21
        out[name] = int(value) if whole else value
        return stop

    return read


def value_reader(name: str, load: Loader, *, keep: bool) -> Reader:
    """Read what has a length; what is nothing in JSON is left out."""

    def read(data: bytes, pos: int, end: int, out: Value) -> int:
        pos, stop = span(data, pos, end)
        value = load(data, pos, stop)
        if value is None or (pos == stop and not keep):
            out.pop(name, None)
        else:
            out[name] = value
        return stop

    return read


Filler: TypeAlias = Callable[[bytes, int, int, Value], None]
"""Reads the message between two positions into an object."""


def struct_reader(name: str, fill: Filler) -> Reader:
    """Read a message; one that comes twice is merged, as Go does it."""

    def read(data: bytes, pos: int, end: int, out: Value) -> int:
        pos, stop = span(data, pos, end)
        inner: Value | None = out.get(name)
        if inner is None:
            out[name] = inner = {}
        fill(data, pos, stop, inner)
        return stop

    return read


def inlined_reader(fill: Filler) -> Reader:
    """Read a message whose fields JSON has among those of the one around it."""

    def read(data: bytes, pos: int, end: int, out: Value) -> int:
        pos, stop = span(data, pos, end)
        fill(data, pos, stop, out)
        return stop

    return read


def list_reader(name: str, load: Loader) -> Reader:
    """Read one more item of a list."""

    def read(data: bytes, pos: int, end: int, out: Value) -> int:
        pos, stop = span(data, pos, end)
        item = load(data, pos, stop)
        if name in out:
            out[name].append(item)
        else:
            out[name] = [item]
        return stop

    return read


def number_list_reader(name: str, convert: Callable[[int], int]) -> Reader:
    """Read one more number of a list."""

    def read(data: bytes, pos: int, end: int, out: Value) -> int:
        value, pos = varint(data, pos, end)
        out.setdefault(name, []).append(convert(value))
        return pos

    return read


def packed_reader(name: str, convert: Callable[[int], int]) -> Reader:
    """Read several more numbers of a list, which may be packed."""

    def read(data: bytes, pos: int, end: int, out: Value) -> int:
        pos, stop = span(data, pos, end)
        items: list[int] = out.setdefault(name, []) if pos < stop else []
        while pos < stop:
            value, pos = varint(data, pos, stop)
            items.append(convert(value))
        return stop

    return read


def map_reader(
    name: str, load: Callable[[bytes, int, int], tuple[str, JSON]]
) -> Reader:
    """Read one more entry of a map."""

    def read(data: bytes, pos: int, end: int, out: Value) -> int:
        pos, stop = span(data, pos, end)
        key, value = load(data, pos, stop)
        if name in out:
            out[name][key] = value
        else:
            out[name] = {key: value}
        return stop

    return read
