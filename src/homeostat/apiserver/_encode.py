"""Objects to bytes, as Go writes them.

A built-in object is a struct there, with its fields in a fixed order; a custom one is a
map, whose keys come in order at every level. Numbers of custom objects are what a map
holds: whole floats have no fraction, and what an int64 cannot hold is a float.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, cast

import msgspec

from homeostat.api import JSON
from homeostat.apiserver._syntax import HugeNumberError
from homeostat.schema import encode_json

__all__ = ["encode_map", "encode_struct", "go_numbers", "has_odd_numbers", "stamped"]

# A struct or map whose parts are passed over, to be written again as they are.
_PARTS = msgspec.json.Decoder(dict[str, msgspec.Raw])

# Go escapes them, so that JSON can stand inside HTML and scripts.
_ESCAPES = tuple(
    (char.encode(), f"\\u{ord(char):04x}".encode()) for char in "<>&\u2028\u2029"
)
# Numbers that Go and msgspec may write in different ways; a text can look like one.
_EXPONENT = re.compile(rb"[:,\[]-?[0-9](?:\.[0-9]+)?[eE][-+]?[0-9]")
_ODD = re.compile(rb"[0-9][.eE]|[0-9]{19}")
_LARGEST_PLAIN = 1e21  # from here on Go writes floats with an exponent


def encode_struct(value: JSON) -> bytes:
    """Encode a value whose fields are in their order."""
    return _escaped(msgspec.json.encode(value))


def encode_map(value: JSON) -> bytes:
    """Encode a value with all keys in order."""
    data = msgspec.json.encode(value, order="sorted")
    if _EXPONENT.search(data):
        return encode_json(value).encode()
    return _escaped(data)


def _escaped(data: bytes) -> bytes:
    for char, text in _ESCAPES:
        if char in data:
            data = data.replace(char, text)
    return data


def stamped(data: bytes, revision: int) -> bytes:
    """Return an encoded object with another resourceVersion; all else stays."""
    parts: dict[str, Any] = dict(_PARTS.decode(data))
    parts["metadata"] = {
        **_PARTS.decode(parts["metadata"]),
        "resourceVersion": str(revision),
    }
    return msgspec.json.encode(parts)


def has_odd_numbers(body: bytes) -> bool:
    """Tell whether ``go_numbers`` may change what a text decodes to."""
    return _ODD.search(body) is not None


def go_numbers(value: JSON) -> JSON:
    """Return a value with its numbers as Go's maps hold them; it may be changed.

    Raises:
        HugeNumberError: No float holds one of them.

    Source: sigs.k8s.io/json ``UnmarshalCaseSensitivePreserveInts``.
    """
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        for key, item in fields.items():
            if isinstance(item, dict | list | float | int):
                fields[key] = go_numbers(item)
        return fields
    if isinstance(value, list):
        return [go_numbers(item) for item in cast("Sequence[Any]", value)]
    if isinstance(value, float) or (
        isinstance(value, int) and not -(2**63) <= value < 2**63
    ):
        return _number(value)
    return value


def _number(value: float) -> float:
    try:
        number = float(value)
    except OverflowError:
        raise HugeNumberError(str(value)) from None
    # As Go writes it: the shortest digits that tell it apart, filled up with zeros.
    if number.is_integer() and abs(number) < _LARGEST_PLAIN:
        return int(Decimal(repr(number)))
    return number
