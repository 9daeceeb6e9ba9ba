"""Bodies that are nested deeper than Python recurses.

Go reads ten thousand levels. No field of a built-in type lies that deep, so what is
there is unknown to the type and dropped anyhow: it is cut out of the text before the
text is decoded, and nothing recurses over it. A custom resource may keep all of it:
the first one that is deep makes Python recurse further.
"""

import re
import sys
from typing import Any

from homeostat.api import JSON
from homeostat.apiserver._access import as_list, as_struct

__all__ = [
    "DEEPEST",
    "MAX_DEPTH",
    "MalformedError",
    "TooDeepError",
    "cut",
    "depth_of",
    "is_deep",
    "make_room",
]

# Far beyond any real object, and well inside Python's recursion limit.
MAX_DEPTH = 100
# Levels of a custom resource. What recurses in C takes about 1 KiB of stack for each,
# what recurses in Python up to four frames.
DEEPEST = 1_024
_FRAMES = 10 * DEEPEST

_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)
_OPENING = frozenset({b"[", b"{"})


class MalformedError(ValueError):
    """Bytes that are no document; the text is worded as Go's decoder words it."""


class TooDeepError(MalformedError):
    """A document of more levels than are read."""

    def __init__(self, levels: int = MAX_DEPTH) -> None:
        super().__init__(
            f"exceeded max depth: the embedded server keeps {levels} levels"
        )


def make_room() -> None:
    """Let Python recurse over ``DEEPEST`` levels, from now on.

    For good, and for the whole process: whoever reads the object later recurses, too.
    """
    if sys.getrecursionlimit() < _FRAMES:
        sys.setrecursionlimit(_FRAMES)


def is_deep(value: JSON, levels: int) -> bool:
    """Tell whether a value has more levels; make room for those that it has."""
    level = [value]
    for depth in range(levels):
        if depth == MAX_DEPTH:
            make_room()
        deeper: list[Any] = []
        for item in level:
            struct = as_struct(item)
            inner = as_list(item) or () if struct is None else struct.values()
            deeper += [each for each in inner if isinstance(each, dict | list)]
        level = deeper
        if not level:
            return False
    return True


def depth_of(body: bytes) -> int:
    """Return how many levels a JSON text has.

    Takes time in proportion to the text, and no stack.
    """
    depth = deepest = 0
    for token in _TOKEN.finditer(body):
        text = token[0]
        if text in _OPENING:
            depth += 1
            deepest = max(deepest, depth)
        elif text[:1] != b'"':
            depth -= 1
    return deepest


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
