"""OpenAPI v2 in protobuf: what client-go's discovery asks for by ``OpenAPISchema``.

It is the message ``openapi.v2.Document`` of gnostic, in which each map is a list of
names with values, each choice between two forms a message of its own, and each
extension the text of its value as YAML. Fields are written in the order of their
numbers, and what is zero is left out, as Go's library does.

Source: google/gnostic-models ``openapiv2/OpenAPIv2.proto`` and ``OpenAPIv2.go``.
"""

import re
import struct
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Final, cast

import msgspec

from homeostat.api import JSON

__all__ = ["encode_openapi"]

Writer = Callable[[JSON], bytes]
"""Makes the contents of a field: its tag and its length are not part of them."""
Fields = Mapping[str, tuple[int, Writer]]
"""By the name in JSON: the field's number and what writes it."""

# What Go's YAML library would read as something other than a text, and so quotes.
_OTHER_TYPE: Final = re.compile(
    r"|~|<<|[nN]ull|NULL|[tT]rue|TRUE|[fF]alse|FALSE"
    r"|[-+]?[\d.][\d_.:xobXOBa-fA-FtTzZ+\- ]*|[-+]?\.(?i:inf|nan)"
)
# What means something at the beginning, in the middle or at the end of a plain scalar.
_QUOTED: Final = re.compile(
    r"[ #,\[\]{}&*!|>'\"%@`]|[-?:](?: |$)|---|\.\.\.|.*(?:: | #|[: ]$)"
)


def encode_openapi(document: Mapping[str, JSON]) -> bytes:
    """Return the document in protobuf.

    Args:
        document: OpenAPI v2, decoded from its JSON.
    """
    return _write_document(document)


# Protobuf.


def _varint(value: int) -> bytes:
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    made.append(value)
    return bytes(made)


_LENGTHS: Final = tuple(_varint(length) for length in range(1024))


def _field(number: int, data: bytes) -> bytes:
    size = len(data)
    length = _LENGTHS[size] if size < len(_LENGTHS) else _varint(size)
    return _LENGTHS[number << 3 | 2] + length + data


def _text(number: int, value: str) -> bytes:
    return _field(number, value.encode()) if value else b""


def _message(fields: Fields, extensions: int) -> Writer:
    """Return what writes a message.

    Args:
        fields: What it knows; anything else is left out.
        extensions: The number of the field of whatever begins with ``x-``.
    """

    def write(value: Mapping[str, JSON]) -> bytes:
        found: list[tuple[int, bytes]] = []
        for name, item in value.items():
            known = fields.get(name)
            if known is not None:
                number, writer = known
                found.append((number, writer(item)))
            elif name.startswith("x-"):
                found.append((extensions, _extension(extensions, name, item)))
        if len(found) > 1:
            found.sort(key=_number)
        return b"".join([data for _, data in found])

    return write


def _number(found: tuple[int, bytes]) -> int:
    return found[0]


def _one(number: int, writer: Writer) -> tuple[int, Writer]:
    """Return a field that holds a message."""
    return number, lambda value: _field(number, writer(value))


def _each(number: int, writer: Writer) -> tuple[int, Writer]:
    """Return a field that is repeated, once for each item of a list."""
    return number, lambda value: b"".join(_field(number, writer(v)) for v in value)


def _texts(number: int) -> tuple[int, Writer]:
    return number, lambda value: b"".join(_field(number, v.encode()) for v in value)


def _string(number: int) -> tuple[int, Writer]:
    return number, lambda value: _text(number, value)


def _bool(number: int) -> tuple[int, Writer]:
    set_ = _varint(number << 3) + b"\x01"
    return number, lambda value: set_ if value else b""


def _int(number: int) -> tuple[int, Writer]:
    tag = _varint(number << 3)
    # Below zero it is ten bytes long: the two's complement of 64 bits.
    return number, lambda value: tag + _varint(value % 2**64) if value else b""


def _double(number: int) -> tuple[int, Writer]:
    tag = _varint(number << 3 | 1)
    return number, lambda value: tag + struct.pack("<d", value) if value else b""


def _named(number: int, writer: Writer) -> Writer:
    """Return what writes a map: pairs, whose list is the field of a number."""

    def write(value: Mapping[str, JSON]) -> bytes:
        return b"".join(
            _field(number, _text(1, name) + _field(2, writer(item)))
            for name, item in value.items()
        )

    return write


# YAML, which extensions and defaults are held in.


def _any(value: JSON) -> bytes:
    return _text(2, _yaml(msgspec.json.encode(value)))


def _extension(number: int, name: str, value: JSON) -> bytes:
    return _field(number, _text(1, name) + _field(2, _any(value)))


@lru_cache(maxsize=256)
def _yaml(data: bytes) -> str:
    # Most are one of a few: the type of a list, the kind of a hundred operations.
    return _block(msgspec.json.decode(data), 0) + "\n"


def _block(value: JSON, column: int) -> str:
    """Return a value as lines, of which all but the first are indented."""
    if isinstance(value, dict) and value:
        pairs = cast("Mapping[str, JSON]", value).items()
        lines = [f"{_scalar(name)}:{_under(item, column)}" for name, item in pairs]
    elif isinstance(value, list) and value:
        items = cast("Sequence[JSON]", value)
        lines = [f"- {_block(item, column + 2)}" for item in items]
    else:
        return _scalar(value)
    return f"\n{' ' * column}".join(lines)


def _under(value: JSON, column: int) -> str:
    if not (isinstance(value, dict | list) and value):
        return f" {_scalar(value)}"
    # To the next multiple of four, as Go's library does it.
    inner = column // 4 * 4 + 4
    return f"\n{' ' * inner}{_block(value, inner)}"


def _scalar(value: JSON) -> str:
    """Return a value on one line: of texts as much quoted as Go's library quotes."""
    if not isinstance(value, str) or _OTHER_TYPE.fullmatch(value):
        return msgspec.json.encode(value).decode()
    if not value.isprintable():
        return msgspec.json.encode(value).decode()
    if _QUOTED.match(value):
        return "'{}'".format(value.replace("'", "''"))
    return value


# The messages.


def _type(value: str | list[str]) -> bytes:
    return b"".join(_text(1, v) for v in ([value] if isinstance(value, str) else value))


def _schema(value: Mapping[str, JSON]) -> bytes:
    return _write_schema(value)


def _additional(value: bool | Mapping[str, JSON]) -> bytes:  # noqa: FBT001 - JSON's
    # One of two: a number that is chosen is written, also when it is zero.
    if isinstance(value, bool):
        return b"\x10\x01" if value else b"\x10\x00"
    return _field(1, _schema(value))


_write_docs: Final = _message({"description": _string(1), "url": _string(2)}, 3)
_write_schema: Final = _message(
    {
        "$ref": _string(1),
        "format": _string(2),
        "title": _string(3),
        "description": _string(4),
        "default": _one(5, _any),
        "multipleOf": _double(6),
        "maximum": _double(7),
        "exclusiveMaximum": _bool(8),
        "minimum": _double(9),
        "exclusiveMinimum": _bool(10),
        "maxLength": _int(11),
        "minLength": _int(12),
        "pattern": _string(13),
        "maxItems": _int(14),
        "minItems": _int(15),
        "uniqueItems": _bool(16),
        "maxProperties": _int(17),
        "minProperties": _int(18),
        "required": _texts(19),
        "enum": _each(20, _any),
        "additionalProperties": _one(21, _additional),
        "type": _one(22, _type),
        "items": _one(23, lambda value: _field(1, _schema(value))),
        "allOf": _each(24, _schema),
        "properties": _one(25, _named(1, _schema)),
        "externalDocs": _one(29, _write_docs),
        "example": _one(30, _any),
    },
    31,
)
_write_body_parameter: Final = _message(
    {
        "description": _string(1),
        "name": _string(2),
        "in": _string(3),
        "required": _bool(4),
        "schema": _one(5, _schema),
    },
    6,
)
_write_query_parameter: Final = _message(
    {
        "required": _bool(1),
        "in": _string(2),
        "description": _string(3),
        "name": _string(4),
        "type": _string(6),
        "uniqueItems": _bool(20),
    },
    23,
)
_write_path_parameter: Final = _message(
    {
        "required": _bool(1),
        "in": _string(2),
        "description": _string(3),
        "name": _string(4),
        "type": _string(5),
        "uniqueItems": _bool(19),
    },
    22,
)


def _parameter(value: Mapping[str, JSON]) -> bytes:
    match value["in"]:
        case "body":
            return _field(1, _write_body_parameter(value))
        case "query":
            return _field(2, _field(3, _write_query_parameter(value)))
        case _:
            return _field(2, _field(4, _write_path_parameter(value)))


def _parameter_or_reference(value: Mapping[str, JSON]) -> bytes:
    if "$ref" in value:
        return _field(2, _text(1, value["$ref"]))
    return _field(1, _parameter(value))


_write_response: Final = _message(
    {"description": _string(1), "schema": _one(2, lambda v: _field(1, _schema(v)))}, 5
)
_write_operation: Final = _message(
    {
        "tags": _texts(1),
        "summary": _string(2),
        "description": _string(3),
        "operationId": _string(5),
        "produces": _texts(6),
        "consumes": _texts(7),
        "parameters": _each(8, _parameter_or_reference),
        "responses": _one(9, _named(1, lambda v: _field(1, _write_response(v)))),
        "schemes": _texts(10),
        "deprecated": _bool(11),
    },
    13,
)
_write_path: Final = _message(
    {
        "get": _one(2, _write_operation),
        "put": _one(3, _write_operation),
        "post": _one(4, _write_operation),
        "delete": _one(5, _write_operation),
        "options": _one(6, _write_operation),
        "head": _one(7, _write_operation),
        "patch": _one(8, _write_operation),
        "parameters": _each(9, _parameter_or_reference),
    },
    10,
)
_write_api_key: Final = _message(
    {
        "type": _string(1),
        "name": _string(2),
        "in": _string(3),
        "description": _string(4),
    },
    5,
)
_write_document: Final = _message(
    {
        "swagger": _string(1),
        "info": _one(2, _message({"title": _string(1), "version": _string(2)}, 7)),
        "paths": _one(8, _named(2, _write_path)),
        "definitions": _one(9, _named(1, _schema)),
        "parameters": _one(10, _named(1, _parameter)),
        "security": _each(12, _named(1, _texts(1)[1])),
        "securityDefinitions": _one(
            13, _named(1, lambda v: _field(2, _write_api_key(v)))
        ),
    },
    16,
)
