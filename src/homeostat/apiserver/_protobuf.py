"""Bodies in protobuf, which generated clients in Go send for the built-in kinds."""

from typing import Any

from homeostat.api import JSON, GroupVersionKind
from homeostat.apiserver._access import as_list, as_struct
from homeostat.apiserver._nesting import (
    MAX_DEPTH,
    MalformedError,
    TooDeepError,
    is_deep,
)
from homeostat.apiserver._normal import MAX_ITEMS
from homeostat.apiserver._status import timed_out
from homeostat.k8s import WireError, from_protobuf

__all__ = ["PROTOBUF_TYPE", "MalformedMessageError", "decode_protobuf"]

PROTOBUF_TYPE = "application/vnd.kubernetes.protobuf"


class MalformedMessageError(MalformedError):
    """No message in protobuf; ``gvk`` is its kind, None when even that is not told."""

    def __init__(self, text: str, gvk: GroupVersionKind | None) -> None:
        super().__init__(text)
        self.gvk = gvk


def decode_protobuf(body: bytes, default: GroupVersionKind) -> dict[str, Any]:
    """Decode an object in protobuf; it has the form of its schema.

    Args:
        body: The bytes.
        default: The kind of an object that does not say of which it is.

    Raises:
        MalformedMessageError: It cannot be read.
        StatusError: 504, its lists have so many items that nobody would wait for it.
        TooDeepError: It has more levels than are kept.
    """
    try:
        value = from_protobuf(body, default)
    except WireError as error:
        raise MalformedMessageError(str(error), error.gvk) from None
    # A level takes two bytes at least, and so does an item of a list.
    if len(body) > 2 * MAX_ITEMS and _items(value) > MAX_ITEMS:
        raise timed_out()
    if len(body) > 2 * MAX_DEPTH and is_deep(value, MAX_DEPTH):
        raise TooDeepError
    return value


def _items(value: JSON) -> int:
    """Count the items of all lists, at whatever depth."""
    count, left = 0, [value]
    while left:
        item = left.pop()
        struct = as_struct(item)
        listed = as_list(item) or () if struct is None else struct.values()
        count += len(listed) if struct is None else 0
        left += [each for each in listed if isinstance(each, dict | list)]
    return count
