"""Path elements: the steps of a field path, in the spelling of fieldsV1."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias, cast

from homeostat.api import JSON
from homeostat.schema._go import encode_json, format_float, quote

__all__ = [
    "Path",
    "field_element",
    "index_element",
    "key_element",
    "parse_element",
    "path_text",
    "sort_key",
    "sorted_elements",
    "value_element",
    "value_text",
]

Path: TypeAlias = tuple[str, ...]
"""Steps from the root of an object, as ``("f:spec", 'k:{"name":"web"}')``.

An element is its own fieldsV1 text: ``f:NAME`` a field, ``k:{...}`` the item of a list
of type map with those keys, ``v:JSON`` the item of a set, ``i:N`` a position. Two
elements are the same step when their texts are equal.
"""


def field_element(name: str) -> str:
    """Return the step into a field or a map's entry."""
    return f"f:{name}"


def key_element(keys: Mapping[str, Any]) -> str:
    """Return the step to the item of a map-typed list that has these keys."""
    if len(keys) == 1:  # nearly always: there is nothing to sort
        ((name, value),) = keys.items()
        return f"k:{{{encode_json(name)}:{encode_json(value)}}}"
    return f"k:{encode_json(keys)}"


def value_element(value: JSON) -> str:
    """Return the step to the item of a set that equals ``value``."""
    return f"v:{encode_json(value)}"


def index_element(index: int) -> str:
    """Return the step to a position in a list."""
    return f"i:{index}"


def parse_element(text: str) -> str | None:
    """Return the canonical text of an element; None for a kind that is not known.

    Raises:
        ValueError: The text is no path element.

    Source: structured-merge-diff ``fieldpath.DeserializePathElement``.
    """
    if text.startswith("f:"):
        return text
    if len(text) < 2:
        raise ValueError("key must be 2 characters long:")
    if text[1] != ":":
        raise ValueError(f"missing colon: {text}")
    return _canonical(text)


@lru_cache(maxsize=4096)
def _canonical(text: str) -> str | None:
    kind, rest = text[:2], text[2:]
    if kind == "i:":
        return index_element(int(rest))
    if kind in ("k:", "v:"):
        decoded = json.loads(rest)
        if kind == "k:" and not isinstance(decoded, dict):
            raise ValueError(f"a key must be an object: {text}")
        return f"{kind}{encode_json(decoded)}"
    return None


def sorted_elements(elements: set[str]) -> list[str]:
    """Return elements in the order in which fieldsV1 lists them."""
    if len(elements) < 2:
        return list(elements)
    ordered = sorted(elements)
    # "f:" sorts before "i:", "k:" and "v:"; among fields alone the texts decide.
    return ordered if ordered[-1].startswith("f:") else sorted(ordered, key=sort_key)


@lru_cache(maxsize=4096)
def sort_key(element: str) -> tuple[Any, ...]:
    """Return what orders elements: fields, then keys, values and positions."""
    kind, rest = element[:2], element[2:]
    if kind == "f:":
        return (0, rest)
    if kind == "k:":
        decoded: dict[str, Any] = json.loads(rest)
        return (1, tuple((name, _rank(value)) for name, value in decoded.items()))
    if kind == "v:":
        return (2, _rank(json.loads(rest)))
    return (3, int(rest))


def _rank(value: JSON) -> tuple[Any, ...]:
    """Order values of any type: numbers, texts, booleans, lists, maps, null."""
    if isinstance(value, bool):
        return (2, value)
    if isinstance(value, int | float):
        return (0, value)
    if isinstance(value, str):
        return (1, value)
    if isinstance(value, list):
        return (3, tuple(_rank(item) for item in cast("Sequence[Any]", value)))
    if isinstance(value, dict):
        items = sorted(cast("dict[str, Any]", value).items())
        return (4, tuple((name, _rank(item)) for name, item in items))
    return (5,)


def path_text(path: Path) -> str:
    """Return a path for people: ``.spec.containers[name="web"].image``."""
    return "".join(_element_text(element) for element in path)


def _element_text(element: str) -> str:
    kind, rest = element[:2], element[2:]
    if kind == "f:":
        return f".{rest}"
    if kind == "k:":
        keys: dict[str, Any] = json.loads(rest)
        parts = [f"{name}={value_text(value)}" for name, value in keys.items()]
        return f"[{','.join(parts)}]"
    return f"[={value_text(json.loads(rest))}]" if kind == "v:" else f"[{rest}]"


def value_text(value: JSON) -> str:
    """Return a value as the path of a conflict shows it."""
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, float):
        return format_float(value)
    if isinstance(value, list):
        return (
            f"[{','.join(value_text(item) for item in cast('Sequence[Any]', value))}]"
        )
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        return "".join(f"{name}={value_text(item)}" for name, item in items)
    return encode_json(value)
