"""Requests out of the bytes of a connection, as Go's server reads them; pure."""

import re
from typing import Final, final

from homeostat.apiserver._http_chunks import ChunkReader
from homeostat.apiserver._http_head import (
    BAD_REQUEST,
    Fields,
    Head,
    HttpError,
    parse_head,
)

__all__ = ["RequestReader"]

# A selector or a token may be long: Go's limit, and what Go reads beyond it.
MAX_HEAD_BYTES: Final = (1 << 20) + 4096
_MAX_KEPT_BYTES: Final = 16 * 1024
_END: Final = re.compile(rb"(?:\A|\n)\r?\n")


@final
class RequestReader:
    """Takes requests out of the bytes of one connection, in turn.

    Args:
        limit: Of a body, in bytes; of a larger one so much and a byte is read.

    Attributes:
        head: Of the request whose body has not come yet.
        cut: The rest of a body is left: no other request can follow.
    """

    __slots__ = (
        "_after_post",
        "_buffer",
        "_chunks",
        "_fields",
        "_limit",
        "_searched",
        "cut",
        "head",
    )

    def __init__(self, limit: int) -> None:
        self._buffer = bytearray()
        self._searched = 0
        self._after_post = False
        self._chunks: ChunkReader | None = None
        self._limit = limit
        # A client sends the same headers again and again: they are parsed once.
        self._fields: Fields | None = None
        self.head: Head | None = None
        self.cut = False

    @property
    def waiting(self) -> int:
        """How many bytes nobody has read yet."""
        return len(self._buffer)

    def feed(self, data: bytes) -> None:
        """Take what has come."""
        self._buffer += data

    def rest(self) -> bytes:
        """Take all that nobody has read yet."""
        rest = bytes(self._buffer)
        self._buffer.clear()
        return rest

    def read_head(self) -> Head | None:
        """Return the head of the next request; None when more must come.

        Raises:
            HttpError: It is none.
        """
        buffer = self._buffer
        if self._after_post:
            # Some clients end a body with a line that is no part of it.
            del buffer[: len(buffer) - len(buffer.lstrip(b"\r\n"))]
            self._after_post = not buffer
        end = _END.search(buffer, self._searched)
        if (len(buffer) if end is None else end.end()) > MAX_HEAD_BYTES:
            raise HttpError(431, "431 Request Header Fields Too Large")
        if end is None:
            self._searched = max(0, len(buffer) - 2)
            return None
        if not end.start():
            raise HttpError(
                400, BAD_REQUEST
            )  # an empty line, where the first one belongs
        data = bytes(buffer[: end.start()])
        del buffer[: end.end()]
        self._searched = 0
        head = self.head = parse_head(data, self._fields)
        # Of what nobody sends twice a connection keeps nothing.
        self._fields = head.fields if len(data) < _MAX_KEPT_BYTES else None
        if head.fields.length < 0:
            self._chunks = ChunkReader(self._limit)
        return head

    def read_body(self) -> bytes | None:
        """Return the body of the request, which is then done; None when it must come.

        Raises:
            ChunkError: It is none.
        """
        assert self.head is not None  # read_head has returned it
        body = self._whole(self.head.fields.length)
        if body is not None:
            self.cut = len(body) > self._limit
            self._after_post = self.head.method == "POST"
            self.head = self._chunks = None
        return body

    def _whole(self, length: int) -> bytes | None:
        buffer = self._buffer
        if self._chunks is not None:
            return self._chunks.read(buffer)
        length = min(length, self._limit + 1)
        if len(buffer) < length:
            return None
        body = bytes(buffer[:length])
        del buffer[:length]
        return body
