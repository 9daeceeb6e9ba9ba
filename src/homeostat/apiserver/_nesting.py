"""Bodies that are nested deeper than Python recurses.

Go reads ten thousand levels. No field of a built-in type lies that deep, so what is
there is unknown to the type and dropped anyhow: it is cut out of the text before the
text is decoded, and nothing recurses over it.
"""

import re

__all__ = ["MAX_DEPTH", "MalformedError", "TooDeepError", "cut"]

# Far beyond any real object, and well inside Python's recursion limit.
MAX_DEPTH = 100

_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)
_OPENING = frozenset({b"[", b"{"})


class MalformedError(ValueError):
    """Bytes that are no document; the text is worded as Go's decoder words it."""


class TooDeepError(MalformedError):
    """A document of more levels than are read."""

    def __init__(self) -> None:
        super().__init__(
            f"exceeded max depth: the embedded server keeps {MAX_DEPTH} levels"
        )


def cut(body: bytes) -> bytes:
    """Return a JSON text with ``null`` for all that lies deeper than ``MAX_DEPTH``.

    Takes time in proportion to the text, and no stack.
    """
    parts: list[bytes] = []
    depth = kept = start = 0
    for token in _TOKEN.finditer(body):
        text = token[0]
        if text in _OPENING:
            if depth == MAX_DEPTH:
                start = token.start()
            depth += 1
        elif text[:1] != b'"':
            depth -= 1
            if depth == MAX_DEPTH:
                parts += (body[kept:start], b"null")
                kept = token.end()
    return b"".join((*parts, body[kept:]))
