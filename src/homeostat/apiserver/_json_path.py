"""JSON paths as definitions write them: ``.conditions[?(@.type=="Ready")].status``.

A path is a chain of steps, each from a list of values to a list of values. What is not
there gives nothing; what cannot be asked at all (an index out of bounds, a filter of
something that is no list) raises.

Source: client-go ``util/jsonpath``.
"""

import json
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from homeostat.api import JSON
from homeostat.apiserver._access import as_list, as_struct

__all__ = ["JsonPathError", "check", "find"]

Step = Callable[[Sequence[JSON]], list[JSON]]

_FIELD: Final = re.compile(r"(?:\\.|[^\s.,\[\]$@{}\\])*")
_NUMBER: Final = re.compile(r"[+-]?[0-9.]+")
_QUOTED: Final = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"")
_KEY: Final = re.compile(r"'([^']*)'")
_SLICE: Final = re.compile(r"(-?\d*)(:-?\d*)?(:-?\d*)?", re.ASCII)
_COMPARISON: Final = re.compile(r"([^!<>=]+)([!<>=]+)(.+)")
_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class JsonPathError(ValueError):
    """A path is malformed, or cannot be asked of a value."""


def find(path: str, value: JSON) -> list[JSON]:
    """Return what stands at a path of a value.

    Raises:
        JsonPathError: The path is malformed, or cannot be asked of this value.
    """
    return _run(_compiled(path), [value])


def check(path: str) -> None:
    """Raise unless a path is well formed.

    Raises:
        JsonPathError: It is not.
    """
    _compiled(path)


@lru_cache(maxsize=1024)
def _compiled(path: str) -> tuple[Step, ...]:
    return tuple(_Parser(path).steps())


def _run(steps: Sequence[Step], values: Sequence[JSON]) -> list[JSON]:
    found = list(values)
    for step in steps:
        found = step(found)
    return found


class _Parser:
    """Reads a path from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def steps(self) -> Iterator[Step]:
        while self._at < len(self._text):
            step = self._next()
            if step is not None:
                yield step

    def _next(self) -> Step | None:
        text, at = self._text, self._at
        if text.startswith("[?(", at):
            return self._filter()
        if text.startswith("..", at):
            self._at += 2
            return _descend
        if text[at] in " @$":
            self._at += 1
            return None
        if text[at] == ".":
            self._at += 1
            return self._field()
        if text[at] == "[":
            return _subscript(self._until("]")[1:-1])
        return self._literal(text[at])

    def _literal(self, char: str) -> Step:
        if char in "'\"":
            return _constant(_unquoted(self._match(_QUOTED)))
        if char in "+-" or char.isdigit():
            return _constant(_number(self._match(_NUMBER)))
        if char == "_" or char.isalpha():
            return self._word()
        raise JsonPathError(f"unrecognized character in action: {char!r}")

    def _match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:
            raise JsonPathError("unterminated quoted string")
        self._at = found.end()
        return found[0]

    def _until(self, end: str) -> str:
        stop = self._text.find(end, self._at)
        if stop < 0:
            raise JsonPathError("unterminated array")
        start, self._at = self._at, stop + len(end)
        return self._text[start : self._at]

    def _field(self) -> Step:
        name = re.sub(r"\\", "", self._match(_FIELD))
        return _wildcard if name == "*" else _field(name)

    def _word(self) -> Step:
        before = self._text[: self._at].rstrip()
        word = self._match(_FIELD)
        if before.endswith(".."):
            return _wildcard if word == "*" else _field(word)
        if word in ("true", "false"):
            return _constant(word == "true")
        return _unknown

    def _filter(self) -> Step:
        self._at += len("[?(")
        start, quote = self._at, ""
        while self._at < len(self._text):
            char = self._text[self._at]
            self._at += 1
            if quote:
                quote = "" if char == quote else quote
            elif char in "'\"":
                quote = char
            elif char == ")":
                break
        inner = self._text[start : self._at - 1]
        if self._text[self._at : self._at + 1] != "]":
            raise JsonPathError("unclosed array expect ]")
        self._at += 1
        return _filter(inner)


def _unquoted(text: str) -> str:
    if "\\" not in text:
        return text[1:-1]
    inner = text[1:-1].replace("\\'", "'").replace('"', '\\"').replace('\\\\"', '\\"')
    try:
        return str(json.loads(f'"{inner}"'))
    except ValueError:
        raise JsonPathError(f"unquote string {text} error invalid syntax") from None


def _number(text: str) -> JSON:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        raise JsonPathError(f"cannot parse number {text}") from None


def _constant(value: JSON) -> Step:
    return lambda values: [value for _ in values]


def _unknown(values: Sequence[JSON]) -> list[JSON]:
    # A word is no error before it is evaluated.
    raise JsonPathError("unrecognized identifier")


def _field(name: str) -> Step:
    def step(values: Sequence[JSON]) -> list[JSON]:
        structs = (as_struct(value) for value in values)
        return [s[name] for s in structs if s is not None and name in s]

    return step


def _children(value: JSON) -> list[JSON]:
    struct = as_struct(value)
    if struct is not None:
        return [struct[key] for key in sorted(struct)]
    return as_list(value) or []


def _wildcard(values: Sequence[JSON]) -> list[JSON]:
    return [each for value in values for each in _children(value)]


def _descend(values: Sequence[JSON]) -> list[JSON]:
    found: list[JSON] = []
    for value in values:
        inner = _children(value)
        if inner:
            found += [value, *_descend(inner)]
    return found


def _subscript(text: str) -> Step:
    text = ":" if text == "*" else text
    parts = text.split(",")
    if len(parts) > 1:
        steps = [_subscript(part.strip(" ")) for part in parts]
        return lambda values: [each for step in steps for each in step(values)]
    key = _KEY.fullmatch(text)
    if key is not None:
        inner = tuple(_Parser(f".{key[1]}").steps())
        return lambda values: _run(inner, values)
    found = _SLICE.fullmatch(text)
    if found is None:
        raise JsonPathError(f"invalid array index {text}")
    first, *rest = (None if g is None else g.lstrip(":") for g in found.groups())
    start = int(first) if first else None
    stop: int | None
    if rest[0] is None:
        # One index: up to the next one, from the end for a negative one.
        stop, derived = (start or 0) + 1, True
    else:
        stop, derived = int(rest[0]) if rest[0] else None, False
    stride = int(rest[1]) if rest[1] else 1
    return lambda values: [
        each
        for value in values
        if value is not None
        for each in _cut(value, start, stop, stride, derived=derived)
    ]


def _cut(
    value: JSON, start: int | None, stop: int | None, step: int, *, derived: bool
) -> list[JSON]:
    found = as_list(value)
    if found is None:
        raise JsonPathError("not an array or slice")
    size = len(found)
    low = start or 0
    low = low + size if low < 0 else low
    high = size if stop is None else stop
    if high < 0 or (high == 0 and derived):
        high += size
    if low == high:
        return []
    if not (0 <= low < size and 0 <= high <= size) or low > high:
        raise JsonPathError("array index out of bounds")
    if step <= 0:
        raise JsonPathError("step must be > 0")
    return found[low:high:step]


def _filter(text: str) -> Step:
    parts = _COMPARISON.fullmatch(text)
    left = tuple(_Parser(text if parts is None else parts[1]).steps())
    if parts is None:
        return lambda values: [
            each for each in _members(values) if _succeeds(left, each)
        ]
    right = tuple(_Parser(parts[3]).steps())
    compare = _OPERATORS.get(parts[2])
    if compare is None:
        raise JsonPathError(f"unrecognized filter operator {parts[2]}")
    return lambda values: [
        each for each in _members(values) if _compares(left, right, compare, each)
    ]


def _members(values: Sequence[JSON]) -> Iterator[JSON]:
    for value in values:
        found = as_list(value)
        if found is None:
            raise JsonPathError("not an array or slice and cannot be filtered")
        yield from found


def _succeeds(steps: Sequence[Step], value: JSON) -> bool:
    try:
        return bool(_run(steps, [value]))
    except JsonPathError:
        return False


def _compares(
    left: Sequence[Step],
    right: Sequence[Step],
    compare: Callable[[Any, Any], bool],
    value: JSON,
) -> bool:
    ones, others = _run(left, [value]), _run(right, [value])
    if not ones or not others:
        return False
    if len(ones) > 1 or len(others) > 1:
        raise JsonPathError("can only compare one element at a time")
    if type(ones[0]) is not type(others[0]) or isinstance(ones[0], dict | list):
        raise JsonPathError("incompatible types for comparison")
    return compare(ones[0], others[0])
