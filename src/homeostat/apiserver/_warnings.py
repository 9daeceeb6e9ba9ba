"""Warnings in the headers of an answer, and how much of them is told."""

from collections.abc import Iterable
from itertools import accumulate, takewhile
from typing import Final

__all__ = ["MAX_STRICT", "warning_header"]

MAX_STRICT: Final = 100
"""Unknown and duplicate fields that are told of an object; Go's decoder stops there."""

_MAX_TOTAL: Final = 4_096  # characters, beyond which each text is cut
_MAX_TEXT: Final = 256


def warning_header(texts: Iterable[str]) -> str:
    """Return the value of the Warning header that tells texts, each of them once.

    Source: apiserver ``pkg/endpoints/filters/warning.go``.
    """
    told = list(dict.fromkeys(filter(None, texts)))
    if sum(map(len, told)) > _MAX_TOTAL:
        told = _cut(told)
    return ", ".join(f"299 - {_quoted(text)}" for text in told)


def _cut(texts: list[str]) -> list[str]:
    """Cut texts that are too long together.

    All are told up to the one with which they were; what follows is told until they
    are too long again.
    """
    over = next(
        n for n, size in enumerate(accumulate(map(len, texts)), 1) if size > _MAX_TOTAL
    )
    cut = [text[:_MAX_TEXT] for text in texts]
    size = sum(map(len, cut[:over]))
    sizes = accumulate((len(text) for text in cut[over:]), initial=size)
    more = sum(1 for _ in takewhile(lambda so_far: so_far < _MAX_TOTAL, sizes))
    return cut[: over + more]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else "?" for c in escaped) + '"'
