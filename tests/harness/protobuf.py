"""Bodies in protobuf, made by hand."""

__all__ = ["MEDIA", "body", "field", "number"]

MEDIA = "application/vnd.kubernetes.protobuf"


def _varint(value: int) -> bytes:
    head = b""
    while value > 127:
        head += bytes([value & 127 | 128])
        value >>= 7
    return head + bytes([value])


def field(tag: int, *parts: bytes | str) -> bytes:
    """Return a field that has a length: a text, bytes, or a message of fields."""
    data = b"".join(p.encode() if isinstance(p, str) else p for p in parts)
    return _varint(tag << 3 | 2) + _varint(len(data)) + data


def number(tag: int, value: int) -> bytes:
    """Return a field that is a number."""
    return _varint(tag << 3) + _varint(value)


def body(api_version: str, kind: str, *message: bytes) -> bytes:
    """Return a message of a kind in the envelope that says of which it is."""
    head = field(1, field(1, api_version), field(2, kind))
    return b"k8s\0" + head + field(2, *message) + field(3) + field(4)
