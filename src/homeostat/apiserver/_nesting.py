"""Bodies that are nested deeper than Python recurses.

Go reads ten thousand levels. No field of a built-in type lies that deep, so what is
there is unknown to the type and dropped anyhow: it is cut out of the text before the
text is decoded, and nothing recurses over it.
"""

import re

__all__ = ["MAX_DEPTH", "NESTING", "MalformedError", "TooDeepError", "cut"]

# Far beyond any real object, and well inside Python's recursion limit.
MAX_DEPTH = 100
# Source: maxNestingDepth of encoding/json.
NESTING = 10_000

_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)
_CLOSING = {b"[": b"]", b"{": b"}"}


class MalformedError(ValueError):
    """Bytes that are no document; the text is worded as Go's decoder words it."""


class TooDeepError(MalformedError):
    """A document of more levels than are read."""

    def __init__(self) -> None:
        super().__init__("exceeded max depth")


def cut(body: bytes) -> bytes:
    """Return a JSON text with ``null`` for all that lies deeper than ``MAX_DEPTH``.

    Takes time in proportion to the text, and no stack. Of what is cut out only the
    brackets are checked.

    Raises:
        MalformedError: Brackets do not match.
        TooDeepError: There are more levels than Go reads.
    """
    parts: list[bytes] = []
    expected: list[bytes] = []
    kept = start = 0
    for token in _TOKEN.finditer(body):
        text = token[0]
        if text in _CLOSING:
            if len(expected) == MAX_DEPTH:
                start = token.start()
            elif len(expected) == NESTING:
                raise TooDeepError
            expected.append(_CLOSING[text])
        elif text[:1] != b'"':
            if not expected or expected.pop() != text:
                where = "looking for beginning of value"
                raise MalformedError(f"invalid character '{text.decode()}' {where}")
            if len(expected) == MAX_DEPTH:
                parts += (body[kept:start], b"null")
                kept = token.end()
    if expected:
        raise MalformedError("unexpected end of JSON input")
    return b"".join((*parts, body[kept:]))
