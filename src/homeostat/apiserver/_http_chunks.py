"""Bodies that come in chunks; pure.

Source: Go ``net/http/internal/chunked.go``, whose words the errors are.
"""

from typing import Final, final

__all__ = ["ChunkError", "ChunkReader"]

_MAX_LINE_BYTES: Final = 4096
_MAX_DIGITS: Final = 16
# How much may stand around the data: for each chunk, and of all together.
_CHUNK_EXCESS_BYTES: Final = 16
_MAX_EXCESS_BYTES: Final = 16 * 1024
_HEX: Final = frozenset(b"0123456789ABCDEFabcdef")


class ChunkError(Exception):
    """The chunks of a body are malformed."""


@final
class ChunkReader:
    """Takes one body out of a buffer.

    Args:
        limit: Of the body, in bytes; of a larger one so much and a byte is read.
    """

    __slots__ = ("_body", "_excess", "_left", "_limit", "_over")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._body = bytearray()
        self._left = 0  # of the chunk, with the end of its line
        self._excess = 0
        self._over = False

    def read(self, buffer: bytearray) -> bytes | None:
        """Take what there is of the body out of a buffer; None when more must come.

        Raises:
            ChunkError: These are no chunks.
        """
        while not self._over:
            if self._left and not self._take_data(buffer):
                return None
            if len(self._body) > self._limit:
                return bytes(self._body[: self._limit + 1])
            line = _line(buffer)
            if line is None:
                return None
            self._begin(line)
        return bytes(self._body) if _skip_trailer(buffer) else None

    def _take_data(self, buffer: bytearray) -> bool:
        """Move data of the chunk; tells whether it is over, or enough."""
        data = min(len(buffer), self._left - 2)
        if data > 0:
            self._body += buffer[:data]
            del buffer[:data]
            self._left -= data
        if len(self._body) > self._limit:
            return True
        if self._left > 2 or len(buffer) < 2:
            return False
        if not buffer.startswith(b"\r\n"):
            raise ChunkError("malformed chunked encoding")
        del buffer[:2]
        self._left = 0
        return True

    def _begin(self, line: bytes) -> None:
        digits = line.rstrip(b" \t").partition(b";")[0]
        if not digits:
            raise ChunkError("empty hex number for chunk length")
        if len(digits) > _MAX_DIGITS:
            raise ChunkError("http chunk length too large")
        if not _HEX.issuperset(digits):
            raise ChunkError("invalid byte in chunk length")
        size = int(digits, 16)
        allowed = _CHUNK_EXCESS_BYTES + 2 * size
        self._excess = max(0, self._excess + len(line) + 2 - allowed)
        if self._excess > _MAX_EXCESS_BYTES:
            raise ChunkError("chunked encoding contains too much non-data")
        self._left = size + 2 if size else 0
        self._over = not size


def _line(buffer: bytearray) -> bytes | None:
    """Take a line; None when its end has not come."""
    end = buffer.find(b"\n", 0, _MAX_LINE_BYTES)
    if end < 0:
        if len(buffer) >= _MAX_LINE_BYTES:
            raise ChunkError("header line too long")
        return None
    line = bytes(buffer[:end])
    del buffer[: end + 1]
    if not line.endswith(b"\r"):
        raise ChunkError("chunked line ends with bare LF")
    if line.count(b"\r") > 1:
        raise ChunkError("invalid CR in chunked line")
    return line[:-1]


def _skip_trailer(buffer: bytearray) -> bool:
    """Take what stands after the last chunk, whose fields nobody wants."""
    while True:
        end = buffer.find(b"\n", 0, _MAX_LINE_BYTES)
        if end < 0:
            if len(buffer) >= _MAX_LINE_BYTES:
                raise ChunkError("http: suspiciously long trailer after chunked body")
            return False
        line = bytes(buffer[:end]).rstrip(b"\r")
        del buffer[: end + 1]
        if not line:
            return True
        if b":" not in line:
            shown = line.decode("utf-8", "replace")
            raise ChunkError(f'malformed MIME header: missing colon: "{shown}"')
