"""Bodies in protobuf, which generated clients in Go send for the built-in kinds."""

from typing import Any

from homeostat.api import GroupVersionKind
from homeostat.apiserver._nesting import (
    MAX_DEPTH,
    MalformedError,
    TooDeepError,
    is_deep,
)
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
        TooDeepError: It has more levels than are kept.
    """
    try:
        value = from_protobuf(body, default)
    except WireError as error:
        raise MalformedMessageError(str(error), error.gvk) from None
    # A level takes two bytes at least.
    if len(body) > 2 * MAX_DEPTH and is_deep(value, MAX_DEPTH):
        raise TooDeepError
    return value
