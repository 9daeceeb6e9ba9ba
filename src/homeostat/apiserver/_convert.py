"""From a document that a strategic merge made to an object, with Go's complaints.

The real server puts the patched document into the kind's struct without the JSON
decoder, by a converter of its own with texts of its own.
"""

from typing import Any, Final, cast

from homeostat.api import JSON, Schema
from homeostat.apiserver._normal import TypeMismatchError, Walk
from homeostat.apiserver._syntax import HugeNumber, go_type

__all__ = ["convert"]

_KINDS: Final[dict[type[object], str]] = {
    bool: "bool",
    int: "int64",
    str: "string",
    list: "slice",
    dict: "map",
}
_INTEGERS: Final = frozenset({"int", "int32", "int64", "uint8", "float64"})


def convert(value: dict[str, Any], schema: Schema, kind: str) -> list[str]:
    """Bring a patched document into the form of its Go type, in place.

    Args:
        value: The whole object.
        schema: The kind's schema.
        kind: Name of the kind.

    Returns:
        Paths of the fields that the type does not have, in order; they are gone.

    Raises:
        TypeMismatchError: A value has the wrong JSON type.

    Source: apimachinery ``pkg/runtime/converter.go``.
    """
    walk = _Conversion(kind)
    walk.fields(value, schema, "")
    return sorted(walk.unknown)


class _Conversion(Walk):
    __slots__ = ()

    def value(self, value: JSON, schema: Schema, path: str, name: str = "") -> JSON:
        # These two decode themselves.
        if schema.int_or_string and isinstance(value, bool | float | list | dict):
            raise _undecoded(value, "int32")
        if schema.format == "date-time" and not isinstance(value, str):
            raise _undecoded(value, "string")
        return super().value(value, schema, path, name)

    def integer(self, value: JSON, schema: Schema, path: str) -> JSON:
        # Whole numbers are whole numbers, however they are written.
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        # Of a number that is too large the rest is left out.
        if (
            type(value) is int
            and schema.format == "int32"
            and -(2**63) <= value < 2**63
        ):
            value = (value + 2**31) % 2**32 - 2**31
        return super().integer(value, schema, path)

    def coded(self, text: str) -> str:
        try:
            return super().coded(text)
        except TypeMismatchError as error:
            raise TypeMismatchError(f"error decoding from json: {error}") from None

    def byte(self, value: JSON, path: str) -> int:
        given = value & 255 if type(value) is int else value
        return super().byte(given, path)

    def wrong(
        self, value: JSON, path: str, wanted: str, *, shown: str = ""
    ) -> TypeMismatchError:
        del path, shown
        return TypeMismatchError(_complaint(value, wanted))


def _undecoded(value: JSON, wanted: str) -> TypeMismatchError:
    return TypeMismatchError(
        f"json: cannot unmarshal {go_type(value)} into Go value of type {wanted}"
    )


def _complaint(value: JSON, wanted: str) -> str:
    given = _KINDS.get(type(cast("object", value)), "float64")
    if wanted.startswith("map["):
        return f"cannot restore map from {given}"
    if wanted.startswith("[]"):
        return f"cannot restore slice from {given}"
    if wanted in _INTEGERS:
        number = given in {"int64", "float64"} or isinstance(value, HugeNumber)
        return f"cannot convert {given} to {wanted}" if number else _unknown(wanted)
    if wanted == "string" and given == "int64":
        return "cannot convert int64 to string"
    if wanted in {"string", "bool"}:
        return _unknown(wanted)
    return f"cannot restore struct from: {given}"


def _unknown(wanted: str) -> str:
    return f"unrecognized type: {wanted}"
