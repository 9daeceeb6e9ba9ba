"""Take one field out of an object's bytes without building the rest."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, cast

import msgspec

from homeostat.api import JSON

__all__ = ["extract", "split_path"]

_STEP = re.compile(r"(?:\\.|[^.\\])+")
_parse = msgspec.json.Decoder().decode


@lru_cache(maxsize=1024)
def split_path(path: str) -> tuple[str, ...]:
    r"""Split ``spec.nodeName``; ``\.`` is a dot inside a name.

    Raises:
        ValueError: The path is empty, or has an empty step.
    """
    steps = tuple(step.replace("\\.", ".") for step in _STEP.findall(path))
    if not steps or path != ".".join(s.replace(".", "\\.") for s in steps):
        raise ValueError(
            f"bad path {path!r}: write field names joined by dots, as spec.nodeName, "
            "and \\. for a dot inside a name"
        )
    return steps


def extract(data: bytes, path: str) -> JSON:
    r"""Return the value at ``path``, None when it is absent.

    Fields beside the path are skipped, not decoded. A number as a step is a place in a
    list, as ``spec.containers.0.image``.

    Args:
        data: One JSON object.
        path: Field names joined by dots; ``\.`` is a dot inside a name.
    """
    steps = split_path(path)
    if any(step.isdecimal() for step in steps):
        return _walk(_parse(data), steps)
    try:
        value: JSON = _reader(steps)(data)
        for _ in steps:
            if value is None:
                return None
            value = value.field
    except msgspec.ValidationError:
        # Something on the way is no object.
        return _walk(_parse(data), steps)
    return value


@lru_cache(maxsize=1024)
def _reader(steps: tuple[str, ...]) -> Callable[[bytes], Any]:
    inner: Any = Any
    for step in reversed(steps):
        inner = (
            msgspec.defstruct("Step", [("field", inner, None)], rename={"field": step})
            | None
        )
    return msgspec.json.Decoder(inner).decode


def _walk(value: JSON, steps: tuple[str, ...]) -> JSON:
    for step in steps:
        if isinstance(value, dict):
            value = cast("dict[str, JSON]", value).get(step)
        elif isinstance(value, list) and step.isdecimal():
            items = cast("JSON", value)
            value = items[int(step)] if int(step) < len(items) else None
        else:
            return None
    return value
