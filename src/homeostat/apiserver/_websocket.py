"""The WebSocket of an exec: what it takes to open one, and its frames; pure.

Source: RFC 6455.
"""

import base64
import hashlib
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from typing import Final, final

__all__ = ["CLOSE", "FrameReader", "accept", "binary"]

_MAGIC: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_BINARY, _CLOSE = 0x2, 0x8
_FINAL: Final = 0x80
_NORMAL: Final = (1000).to_bytes(2, "big")

CLOSE: Final = bytes((_FINAL | _CLOSE, len(_NORMAL))) + _NORMAL
"""The frame that ends a WebSocket, all being well."""


def accept(headers: Mapping[str, str], protocols: Sequence[str]) -> bytes:
    """Return the head of the answer that opens a WebSocket.

    Args:
        headers: Of the request.
        protocols: Those that the server speaks; the client's first choice is taken.

    Raises:
        ValueError: The client cannot speak any that is known here.
    """
    connection = headers.get("connection", "").lower().replace(" ", "").split(",")
    if "upgrade" not in connection or headers.get("sec-websocket-version") != "13":
        raise ValueError("a WebSocket of version 13 is opened by an upgrade")
    key = headers.get("sec-websocket-key", "").encode()
    try:
        known = len(base64.b64decode(key, validate=True)) == 16
    except Base64Error:
        known = False
    if not known:
        raise ValueError("Sec-WebSocket-Key is 16 bytes in base 64")
    digest = hashlib.sha1(key + _MAGIC, usedforsecurity=False).digest()
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {base64.b64encode(digest).decode()}",
    ]
    offered = headers.get("sec-websocket-protocol", "").replace(" ", "").split(",")
    for chosen in (each for each in offered if each in protocols):
        lines.append(f"Sec-WebSocket-Protocol: {chosen}")
        break
    return "\r\n".join((*lines, "", "")).encode()


def binary(data: bytes) -> bytes:
    """Return a message in one frame."""
    size = len(data)
    if size < 126:
        head = bytes((_FINAL | _BINARY, size))
    elif size < 1 << 16:
        head = bytes((_FINAL | _BINARY, 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((_FINAL | _BINARY, 127)) + size.to_bytes(8, "big")
    return head + data


@final
class FrameReader:
    """Looks for the end in the frames of a client, and skips all else."""

    __slots__ = ("_buffer", "_skip")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._skip = 0

    def ends(self, data: bytes) -> bool:
        """Tell whether the client closes, now that these bytes have come."""
        buffer = self._buffer
        buffer += data
        while True:
            skipped = min(self._skip, len(buffer))
            del buffer[:skipped]
            self._skip -= skipped
            if self._skip or len(buffer) < 2:
                return False
            if buffer[0] & 0xF == _CLOSE:
                return True
            size = _size(buffer)
            if size is None:
                return False
            self._skip = size


def _size(buffer: bytearray) -> int | None:
    """Return how long a frame is, head and mask included; None when that must come."""
    masked = 4 if buffer[1] & 0x80 else 0
    size = buffer[1] & 0x7F
    if size < 126:
        return 2 + masked + size
    more = 2 if size == 126 else 8
    if len(buffer) < 2 + more:
        return None
    return 2 + more + masked + int.from_bytes(buffer[2 : 2 + more], "big")
