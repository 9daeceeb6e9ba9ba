"""Messages of the built-in types: protobuf to what JSON says of the same Go struct.

The table has the number of each field, and the bits that decide what is left out:
protobuf always carries what is no pointer, zero or not, and JSON does not when the
field says ``omitempty``. A type's readers are made when its first message comes.

Source: the ``Unmarshal`` methods that gogo generates for ``k8s.io/api``.
"""

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, NamedTuple, final

from homeostat.api import JSON
from homeostat.k8s._folds import FOLDED
from homeostat.k8s._readers import (
    LOADERS,
    NUMBERS,
    Loader,
    Reader,
    double_reader,
    inlined_reader,
    list_reader,
    map_reader,
    number_list_reader,
    number_reader,
    packed_reader,
    struct_reader,
    text_reader,
    value_reader,
)
from homeostat.k8s._table import OMITEMPTY, OMITZERO, POINTER, Row, types
from homeostat.k8s._wire import WireError, long_tag, signed, skip

__all__ = ["message_reader"]

Value = dict[str, Any]


def message_reader(key: str) -> Loader:
    """Return what decodes the messages of a type of the table, or of ``FOLDED``."""
    return _loader(key)


class _Field(NamedTuple):
    """A field as far as protobuf needs it; more numbers are of messages around it."""

    wire: str
    expression: str
    numbers: tuple[int, ...]
    keep: bool = True


@final
class _Message:
    """Reads the messages of one type; its readers are made when the first one comes."""

    __slots__ = ("_fields", "_names", "_readers", "name")

    def __init__(self, name: str, fields: Callable[[], Iterable[_Field]]) -> None:
        self.name = name
        self._fields = fields
        self._readers: dict[int, Reader] = {}
        self._names: dict[int, str] = {}

    def load(self, data: bytes, pos: int, stop: int) -> Value:
        """Return a message as an object of its own."""
        out: Value = {}
        self.read(data, pos, stop, out)
        return out

    def read(self, data: bytes, pos: int, end: int, out: Value) -> None:
        """Read a message into an object, which may have fields already."""
        readers = self._readers or self._made()
        while pos < end:
            start = pos
            tag = data[pos]
            pos += 1
            if tag > 127:
                tag, pos = long_tag(data, start, end)
            reader = readers.get(tag)
            if reader is None:
                self._check(tag)
                pos = skip(data, start, end)
            else:
                pos = reader(data, pos, end, out)

    def _check(self, tag: int) -> None:
        """Refuse a tag that may not be passed over."""
        wire, number = tag & 7, signed(tag >> 3, 32)
        if wire == 4:
            raise WireError(f"proto: {self.name}: wiretype end group for non-group")
        if number <= 0:
            text = f"illegal tag {number} (wire type {tag})"
            raise WireError(f"proto: {self.name}: {text}")
        if number in self._names:
            text = f"wrong wireType = {wire} for field {self._names[number]}"
            raise WireError(f"proto: {text}")

    def _made(self) -> dict[int, Reader]:
        """Make the readers; two threads may, and each makes the same."""
        readers: dict[int, Reader] = {}
        inlined: dict[int, list[_Field]] = {}
        for field in self._fields():
            number, *inner = field.numbers
            self._names[number] = _go_name(field.wire)
            if inner:
                deeper = field._replace(numbers=tuple(inner))
                inlined.setdefault(number, []).append(deeper)
                continue
            for wire, reader in _readers(field).items():
                readers[number << 3 | wire] = reader
        for number, inside in inlined.items():
            readers[number << 3 | 2] = inlined_reader(_fixed(self.name, inside).read)
        self._readers = readers
        return readers


def _fixed(name: str, fields: Iterable[_Field]) -> _Message:
    return _Message(name, lambda: fields)


@cache
def _message(key: str) -> _Message:
    """Return what reads the messages of a type of the table."""
    return _Message(
        key.rpartition(".")[2],
        lambda: (_field(row) for row in types()[key]["f"] if row[4] != []),
    )


def _field(row: Row) -> _Field:
    wire, _, expression, bits, numbers = row[:5]
    keep = bool(bits & POINTER) or not bits & (OMITEMPTY | OMITZERO)
    path = (numbers,) if isinstance(numbers, int) else tuple(numbers)
    return _Field(wire, expression, path, keep)


def _readers(field: _Field) -> dict[int, Reader]:
    """Return the readers of a field by the wire types that it may have."""
    name, expression, _, keep = field
    if expression in NUMBERS:
        return {0: number_reader(name, NUMBERS[expression], keep=keep)}
    if expression[0] == "[" and expression[1:] in NUMBERS:
        convert = NUMBERS[expression[1:]]
        return {0: number_list_reader(name, convert), 2: packed_reader(name, convert)}
    if expression == "f64":
        return {1: double_reader(name)}
    return {2: _delimited(name, expression, keep=keep)}


def _delimited(name: str, expression: str, *, keep: bool) -> Reader:
    if expression == "str":
        return text_reader(name, keep=keep)
    if expression[0] == "[":
        return list_reader(name, _loader(expression[1:]))
    if expression[0] == "{":
        return map_reader(name, _entry(expression[1:]))
    if expression in FOLDED:
        # Nothing in it is not nothing: an empty quantity is zero.
        return value_reader(name, _folded(expression), keep=True)
    if "." in expression:
        return struct_reader(name, _message(expression).read)
    return value_reader(name, LOADERS[expression], keep=keep)


def _loader(expression: str) -> Loader:
    """Return what makes a value of a type that has a length."""
    if expression in FOLDED:
        return _folded(expression)
    if "." in expression:
        return _message(expression).load
    return LOADERS[expression]


@cache
def _folded(expression: str) -> Loader:
    fields, fold = FOLDED[expression]
    rows = [_Field(*each, (number,)) for number, each in fields.items()]
    load = _fixed(fold.__name__, rows).load

    def folded(data: bytes, pos: int, stop: int) -> JSON:
        return fold(load(data, pos, stop))

    return folded


def _entry(expression: str) -> Callable[[bytes, int, int], tuple[str, JSON]]:
    """Return what reads an entry of a map; both of its parts may be left out."""
    # Protobuf has no lists for values: a message holds the list.
    inner = "strings" if expression == "[str" else expression
    parts = [_Field("key", "str", (1,)), _Field("value", inner, (2,))]
    load, zero = _fixed("entry", parts).load, _loader(inner)

    def read(data: bytes, pos: int, stop: int) -> tuple[str, JSON]:
        entry = load(data, pos, stop)
        value = entry["value"] if "value" in entry else zero(b"", 0, 0)
        return entry.get("key", ""), value

    return read


# Go spells these in capitals where they begin a name.
_ACRONYM = re.compile(
    "(?:api|aws|ca|cel|cidr|csi|dns|fc|fs|gce|gid|gmsa|grpc|http|id|ip|iqn|iscsi|json|"
    "nfs|os|qos|rbd|ssl|tcp|tls|ttl|tty|uid|url|wwid)(?=s?(?:[A-Z]|$))"
)


def _go_name(wire: str) -> str:
    if wire == "metadata":
        return "ObjectMeta"
    found = _ACRONYM.match(wire)
    end = found.end() if found else 1
    return wire[:end].upper() + wire[end:]
