"""Chunks to lines, and lines to watch events."""

from collections.abc import AsyncGenerator
from typing import Any

import msgspec

from homeostat._transport import HttpStream
from homeostat.errors import ApiError, TransportError, status_error

__all__ = ["Envelope", "LineSplitter", "bookmark_version", "error_event", "read_lines"]

# An object in etcd has at most 1.5 MiB; as JSON, with escapes, not ten times that.
MAX_LINE_BYTES = 16 << 20


class LineSplitter:
    """Cuts a stream of bytes into lines. Never holds more than one line and a chunk."""

    __slots__ = ("_held", "_parts")

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._held = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the lines that ``chunk`` completes, without their ends.

        Raises:
            TransportError: A line is longer than any object can be.
        """
        lines: list[bytes] = []
        start = 0
        # bytes.split looks at one byte after the other, find at many at once.
        while (end := chunk.find(b"\n", start)) >= 0:
            lines.append(chunk[start:end])
            start = end + 1
        if lines and self._parts:
            self._parts.append(lines[0])
            lines[0] = b"".join(self._parts)
            self._parts.clear()
            self._held = 0
        rest = chunk[start:]
        if rest:
            self._parts.append(rest)
            self._held += len(rest)
            if self._held > MAX_LINE_BYTES:
                raise TransportError(
                    f"the watch sent a line of more than {MAX_LINE_BYTES} bytes"
                )
        return [line for line in lines if line.strip()]

    def finish(self) -> None:
        """Take note of the end.

        Raises:
            TransportError: The last line is not complete.
        """
        if any(part.strip() for part in self._parts):
            raise TransportError("the watch ended in the middle of an event")


async def read_lines(stream: HttpStream) -> AsyncGenerator[list[bytes]]:
    """Iterate over the lines of a stream, as many at once as have arrived.

    Ends when the server ends it cleanly.

    Raises:
        TransportError: The connection broke, or the stream ended inside a line.
    """
    splitter = LineSplitter()
    chunks = stream.chunks()
    try:
        async for chunk in chunks:
            lines = splitter.feed(chunk)
            if lines:
                yield lines
    finally:
        # Left to the garbage collector, it would be closed by a task of nobody's.
        if isinstance(chunks, AsyncGenerator):
            await chunks.aclose()
    splitter.finish()


class Envelope(msgspec.Struct):
    """A watch event whose object is left as it came."""

    type: str
    object: msgspec.Raw


class _Meta(msgspec.Struct, rename="camel"):
    resource_version: str = ""
    annotations: dict[str, str] | None = None


class _Stub(msgspec.Struct):
    metadata: _Meta = msgspec.field(default_factory=_Meta)


_INITIAL_EVENTS_END = "k8s.io/initial-events-end"
_stub = msgspec.json.Decoder(_Stub)


def bookmark_version(raw: msgspec.Raw) -> tuple[str, bool]:
    """Return a bookmark's resourceVersion and whether it ends the initial events."""
    metadata = _stub.decode(raw).metadata
    ends = (metadata.annotations or {}).get(_INITIAL_EVENTS_END) == "true"
    return metadata.resource_version, ends


def error_event(raw: msgspec.Raw, *, attempted: str) -> ApiError:
    """Return the error for an event of type ``ERROR``."""
    status = msgspec.json.decode(raw, type=dict[str, Any])
    return status_error(status, attempted=attempted)
