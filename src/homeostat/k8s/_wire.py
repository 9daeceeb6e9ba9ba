"""The wire format of protocol buffers: numbers, lengths, and what is passed over.

Errors have the words of gogo, whose generated code reads messages in the real server.
Every position is checked against the end of the message that it is in, so a length
that lies takes no memory and reaches no neighbour.
"""

from homeostat.api import GroupVersionKind

__all__ = ["WireError", "long_tag", "signed", "skip", "span", "varint"]

_TRUNCATED = "unexpected EOF"
_NEGATIVE = "proto: negative length found during unmarshaling"
_MASK = (1 << 64) - 1
# Go holds the number of a field in 32 bits; three more are the wire type.
_TAG_MASK = (1 << 35) - 1
_FIXED = {1: 8, 5: 4}


class WireError(ValueError):
    """Bytes that are no message of their type; the text is worded as gogo words it.

    Attributes:
        gvk: The kind that the message was read as; None when it is not known yet.
    """

    def __init__(self, text: str, *, gvk: GroupVersionKind | None = None) -> None:
        super().__init__(text)
        self.gvk = gvk


def varint(data: bytes, pos: int, end: int) -> tuple[int, int]:
    """Return the unsigned number at a position, and the position behind it.

    Raises:
        WireError: It is cut short, or has more than ten bytes.
    """
    value = shift = 0
    while shift < 64:
        if pos >= end:
            raise WireError(_TRUNCATED)
        byte = data[pos]
        pos += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value & _MASK, pos
        shift += 7
    raise WireError("proto: integer overflow")


def long_tag(data: bytes, pos: int, end: int) -> tuple[int, int]:
    """Return a tag of several bytes as Go sees it, and the position behind it."""
    value, pos = varint(data, pos, end)
    return value & _TAG_MASK, pos


def span(data: bytes, pos: int, end: int) -> tuple[int, int]:
    """Return where the bytes behind a length begin and end.

    Raises:
        WireError: They do not fit into their message.
    """
    # Most are short.
    if pos < end and data[pos] < 128:
        stop = pos + 1 + data[pos]
        pos += 1
    else:
        size, pos = varint(data, pos, end)
        stop = pos + size
    if stop > end:
        raise WireError(_NEGATIVE if stop >> 63 else _TRUNCATED)
    return pos, stop


def signed(value: int, bits: int) -> int:
    """Return a number as Go's integers of so many bits hold it."""
    half = 1 << bits - 1
    return (value + half) % (half * 2) - half


def skip(data: bytes, pos: int, end: int) -> int:
    """Return the position behind a field that no type has; ``pos`` is at its tag.

    Raises:
        WireError: It is malformed.
    """
    groups = 0
    while pos < end:
        tag, pos = varint(data, pos, end)
        wire = tag & 7
        if wire == 0:
            _, pos = varint(data, pos, end)
        elif wire == 2:
            pos = _behind(data, pos, end)
        elif wire == 3:
            groups += 1
        elif wire == 4:
            if not groups:
                raise WireError("proto: unexpected end of group")
            groups -= 1
        elif wire in _FIXED:
            pos += _FIXED[wire]
        else:
            raise WireError(f"proto: illegal wireType {wire}")
        if not groups:
            break
    if groups or pos > end:
        raise WireError(_TRUNCATED)
    return pos


def _behind(data: bytes, pos: int, end: int) -> int:
    size, pos = varint(data, pos, end)
    if (pos + size) >> 63:
        raise WireError(_NEGATIVE)
    return pos + size
