"""YAML as kubectl reads it, and written so that kubectl reads it back the same.

PyYAML resolves more types than JSON has, and others than Go's YAML 1.1: ``2024-01-01``
would be a date and ``12:30`` the number 750, where kubectl has texts; ``1e3``, ``0o17``
and ``y`` would be texts, where kubectl has 1000, 15 and true. So only the parser is
PyYAML's; what a plain scalar means is decided here.

Source: go.yaml.in/yaml/v2 ``resolve.go``, sigs.k8s.io/yaml ``YAMLToJSON``.
"""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from math import isfinite
from typing import Any, Final, Literal, cast

import yaml
from yaml.reader import ReaderError
from yaml.scanner import ScannerError

__all__ = ["YamlError", "dump_all", "load", "load_all"]

JSON = Any
Finder = Literal["reader", "scanner", "parser", "resolver"]

_TAG: Final = "tag:yaml.org,2002:"
_MAX_DEPTH: Final = 200
_MAX_SIZE: Final = 1_000_000  # a few hundred bytes of aliases can stand for more

_BOOLEANS: Final = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "off", "Off", "OFF"), False),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
_NOT_JSON: Final = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_INT: Final = re.compile(
    r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))"
)
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NUMERIC_START: Final = frozenset("+-.0123456789")
_MAX_UINT64: Final = 2**64
_MAX_DIGITS: Final = 66  # of the longest integer that fits, in base 2


class YamlError(ValueError):
    """The text is not YAML that Kubernetes can read.

    Attributes:
        problem: What is wrong, without the line.
        line: Where, counted from 1; 0 when that is not known.
        found_by: Who found it: of characters, of tokens, of their order, or of what
            they mean.
    """

    def __init__(
        self, problem: str, line: int = 0, found_by: Finder = "resolver"
    ) -> None:
        super().__init__(f"line {line}: {problem}" if line else problem)
        self.problem = problem
        self.line = line
        self.found_by: Finder = found_by


def load(text: str) -> JSON:
    """Return the first document of a text, None when it is empty.

    What follows it is not read, and may be anything.

    Raises:
        YamlError: With the line.
    """
    return next(_documents(text), None)


def load_all(text: str) -> list[JSON]:
    """Return the documents of a text, YAML or JSON, empty ones left out.

    Every value is one that JSON has; keys of maps are texts. Nothing is shared between
    two places: an alias is a copy.

    Raises:
        YamlError: With the line.
    """
    if text.lstrip()[:1] == "{":
        try:
            return list(_json_documents(text))
        except RecursionError:
            raise YamlError("nested too deeply") from None
        except ValueError:
            pass  # a flow mapping of YAML looks the same at first
    return [document for document in _documents(text) if document is not None]


def _documents(text: str) -> Iterator[JSON]:
    try:
        yield from _Builder(text).documents()
    except ReaderError as error:
        line = text.count("\n", 0, text.find(chr(error.character))) + 1
        raise YamlError(error.reason, line, "reader") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or "not valid YAML"
        scanned = isinstance(error, ScannerError)
        finder: Finder = "scanner" if scanned else "parser"
        raise YamlError(problem, mark.line + 1 if mark else 0, finder) from None


def dump_all(documents: Iterable[JSON]) -> str:
    """Return documents as YAML, one after the other, keys in their order."""
    return str(
        yaml.dump_all(
            list(documents),
            Dumper=_Dumper,
            default_flow_style=False,
            sort_keys=False,
            allow_unicode=True,
            width=1_000_000,
            explicit_start=None,
        )
    )


def _json_documents(text: str) -> Iterator[JSON]:
    decoder = json.JSONDecoder(parse_constant=_no_constant)
    at = 0
    while match := _SPACE.match(text, at):
        at = match.end()
        if at == len(text):
            return
        value, at = decoder.raw_decode(text, at)
        yield value


_SPACE: Final = re.compile(r"[ \t\r\n]*")


def _no_constant(name: str) -> JSON:
    raise ValueError(f"{name} is not JSON")


class _Builder:
    """Turns the parser's events into JSON values.

    PyYAML's own composer recurses in C without a limit: deep nesting would end the
    process. Here depth and size are bounded.
    """

    __slots__ = ("_anchors", "_deepest", "_depth", "_events", "_size")

    def __init__(self, text: str) -> None:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        self._events: Iterator[Any] = cast("Any", yaml).parse(text, Loader=loader)
        # Value behind each anchor, how many values it is and how many levels; None
        # while it is being read.
        self._anchors: dict[str, tuple[JSON, int, int] | None] = {}
        self._size = 0
        self._depth = 0
        self._deepest = 0

    def documents(self) -> Iterator[JSON]:
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                self._anchors = {}
                value = self._value(next(self._events))
                next(self._events)  # its end, which some token must make
                yield value

    def _value(self, event: yaml.Event) -> JSON:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        self._grow(event, 1)
        anchor: str | None = cast("Any", event).anchor
        if anchor is not None:
            self._anchors[anchor] = None
        size, deepest = self._size, self._deepest
        self._deepest = self._depth
        if isinstance(event, yaml.ScalarEvent):
            value = _scalar(event)
        else:
            self._depth += 1
            self._reach(event, self._depth)
            sequence = isinstance(event, yaml.SequenceStartEvent)
            value = self._sequence() if sequence else self._mapping()
            self._depth -= 1
        if anchor is not None:
            levels = self._deepest - self._depth
            self._anchors[anchor] = value, self._size - size + 1, levels
        self._deepest = max(deepest, self._deepest)
        return value

    def _alias(self, event: yaml.Event) -> JSON:
        anchor = str(cast("Any", event).anchor)
        if anchor not in self._anchors:
            raise YamlError(f"unknown anchor {anchor!r} referenced", _line(event))
        found = self._anchors[anchor]
        if found is None:
            raise YamlError(f"anchor {anchor!r} value contains itself", _line(event))
        value, size, levels = found
        self._grow(event, size)
        self._reach(event, self._depth + levels)
        return _copied(value)

    def _reach(self, event: yaml.Event, depth: int) -> None:
        self._deepest = max(self._deepest, depth)
        if depth > _MAX_DEPTH:
            raise YamlError(f"nested more than {_MAX_DEPTH} deep", _line(event))

    def _grow(self, event: yaml.Event, size: int) -> None:
        self._size += size
        if self._size > _MAX_SIZE:
            raise YamlError(f"more than {_MAX_SIZE} values", _line(event))

    def _sequence(self) -> list[JSON]:
        items: list[JSON] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._value(event))
        return items

    def _mapping(self) -> dict[str, JSON]:
        merged: dict[str, JSON] = {}
        own: dict[str, JSON] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._value(event)
            value_event = next(self._events)
            value = self._value(value_event)
            if _is_plain(event) and key == "<<":
                merged = _merged(value, _line(value_event)) | merged
            else:
                own[_key(key, _line(event))] = value
        return merged | own


def _copied(value: JSON) -> JSON:
    if isinstance(value, dict):
        struct = cast("Mapping[str, JSON]", value)
        return {key: _copied(item) for key, item in struct.items()}
    if isinstance(value, list):
        return [_copied(item) for item in cast("Sequence[JSON]", value)]
    return value


def _merged(value: JSON, line: int) -> dict[str, JSON]:
    sources = cast("Sequence[JSON]", value if isinstance(value, list) else [value])
    merged: dict[str, JSON] = {}
    for source in sources:
        if not isinstance(source, dict):
            problem = "map merge requires map or sequence of maps as the value"
            raise YamlError(problem, line)
        merged = {**cast("Mapping[str, JSON]", source), **merged}
    return merged


def _line(event: yaml.Event) -> int:
    return int(event.start_mark.line) + 1 if event.start_mark else 0


def _is_plain(event: yaml.Event) -> bool:
    return isinstance(event, yaml.ScalarEvent) and bool(event.implicit[0])


def _key(value: JSON, line: int) -> str:
    if isinstance(value, dict | list):
        raise YamlError("the key of a map must be a text", line)
    if value is None:
        raise YamlError('the key of a map is null; write "null" or ""', line)
    return value if isinstance(value, str) else json.dumps(value)


def _scalar(event: yaml.ScalarEvent) -> JSON:
    text, tag = str(event.value), event.tag or ""
    if _is_plain(event):
        value = _resolve(text)
    elif tag in _EXPLICIT:
        value = _resolve(text)
        if not isinstance(value, _EXPLICIT[tag]):
            short = tag.replace(_TAG, "!!")
            raise YamlError(f"{text!r} cannot be read as {short}", _line(event))
    elif tag == f"{_TAG}binary":
        value = _binary(event, text)
    else:
        return text
    if isinstance(value, float) and not isfinite(value):
        raise YamlError(f"{text} has no form in JSON", _line(event))
    return value


_EXPLICIT: Final[dict[str, tuple[type, ...]]] = {
    f"{_TAG}int": (int,),
    f"{_TAG}float": (int, float),
    f"{_TAG}bool": (bool,),
    f"{_TAG}null": (type(None),),
}


def _binary(event: yaml.Event, text: str) -> str:
    try:
        return base64.b64decode(text, validate=False).decode()
    except ValueError:
        raise YamlError("!!binary is not base64 of UTF-8", _line(event)) from None


def _resolve(text: str) -> JSON:
    """Return what a plain scalar means."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if text[0] not in _NUMERIC_START:
        return text
    if _NOT_JSON.fullmatch(text):
        return float(text.replace(".", ""))
    plain = text if text[0] == "." else text.replace("_", "")
    number: float | None = _integer(plain)
    if number is None and _FLOAT.fullmatch(plain):
        number = _real(float(plain))
    return text if number is None else number


def _integer(text: str) -> int | None:
    match = _INT.fullmatch(text)
    if match is None:
        return None
    sign, *digits = match.groups()
    if len(text) > _MAX_DIGITS:
        return None
    number = next(
        int(part, base)
        for part, base in zip(digits, (16, 2, 8, 10), strict=True)
        if part is not None
    )
    if sign == "-":
        return -number if number <= _MAX_UINT64 // 2 else None
    return number if number < _MAX_UINT64 else None


def _real(number: float) -> float | None:
    """Return a float as JSON shows it: a whole number has no fraction there."""
    if not isfinite(number):
        return None  # beyond 64 bits of float: kubectl leaves it a text
    if number.is_integer() and abs(number) < 1e21:
        return int(Decimal(repr(number)))
    return number


class _Dumper(cast("Any", getattr(yaml, "CSafeDumper", yaml.SafeDumper))):  # type: ignore[misc]  # C or Python, whichever is there
    """Writes; quotes every text that some reader would take for something else."""

    def ignore_aliases(self, data: object) -> bool:
        """Never write anchors: readers of manifests do not expect them."""
        return True


def _text(dumper: Any, text: str) -> yaml.Node:  # noqa: ANN401 - C or Python
    style = "|" if "\n" in text else None
    node: yaml.Node = dumper.represent_scalar(f"{_TAG}str", text, style=style)
    return node


_Dumper.add_representer(str, _text)
# First come Go's readings; PyYAML's own follow, for dates and base-60 numbers.
for _name, _pattern, _first in (
    ("bool", "|".join(sorted(_BOOLEANS)), "yYnNtTfFoO"),
    ("int", rf"(?:{_INT.pattern})", "+-0123456789"),
    ("float", _FLOAT.pattern, "+-.0123456789"),
):
    _Dumper.add_implicit_resolver(
        f"{_TAG}{_name}", re.compile(f"^(?:{_pattern})$"), list(_first)
    )
