"""Completion indexes as a Job's status writes them: ``0,2-5,7``.

Source: kubernetes ``pkg/controller/job/indexed_job_utils.go``.
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from itertools import islice

__all__ = ["format_indexes", "indexes_in", "parse_spans", "pending"]


def parse_spans(text: str, completions: int) -> list[range]:
    """Return the indexes in a text, those below ``completions``, as ranges.

    What is no number is passed over.
    """
    spans: list[range] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        if not first.isdecimal() or not (last or first).isdecimal():
            continue
        span = range(int(first), min(int(last or first), completions - 1) + 1)
        if span:
            spans.append(span)
    return spans


def indexes_in(text: str, completions: int) -> set[int]:
    """Return the indexes in a text, those below ``completions``."""
    return {index for span in parse_spans(text, completions) for index in span}


def format_indexes(indexes: Iterable[int]) -> str:
    """Return the text of these indexes; three in a row and more become a span."""
    spans: list[list[int]] = []
    for index in sorted(indexes):
        if spans and spans[-1][1] == index - 1:
            spans[-1][1] = index
        else:
            spans.append([index, index])
    return ",".join(_span(first, last) for first, last in spans)


def _span(first: int, last: int) -> str:
    if first == last:
        return str(first)
    return f"{first},{last}" if last == first + 1 else f"{first}-{last}"


def pending(taken: AbstractSet[int], count: int, completions: int) -> list[int]:
    """Return the first ``count`` indexes below ``completions`` that are not taken."""
    return list(islice((i for i in range(completions) if i not in taken), count))
