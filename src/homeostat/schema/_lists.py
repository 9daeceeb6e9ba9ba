"""Uniqueness in lists of type set and map."""

from collections.abc import Sequence
from typing import Any, Final, cast

from homeostat.api import JSON, Schema
from homeostat.schema._cache import SchemaCache, found_below
from homeostat.schema._errors import FieldError, duplicate, invalid
from homeostat.schema._go import encode_json
from homeostat.schema._walk import containers

__all__ = ["check_lists"]


def _associative(schema: Schema) -> bool:
    return schema.list_type in ("set", "map")


def _search(schema: Schema) -> bool:
    return _associative(schema) or found_below(schema, _associative)


_NEEDED: Final = SchemaCache(_search)


def check_lists(value: JSON, schema: Schema, path: str = "") -> list[FieldError]:
    """Return the repetitions in sets and map lists.

    Source: apiextensions ``pkg/apiserver/schema/listtype``.
    """
    errors: list[FieldError] = []
    if _NEEDED.get(schema):
        for found, node, where in containers(value, schema, path):
            if not isinstance(found, list):
                continue
            items = cast("Sequence[Any]", found)
            if node.list_type == "set":
                _report(items, where, errors)
            elif node.list_type == "map":
                _check_map(items, node, where, errors)
    return errors


def _check_map(
    items: Sequence[Any], schema: Schema, path: str, errors: list[FieldError]
) -> None:
    for index, item in enumerate(items):
        if item is not None and not isinstance(item, dict):
            detail = "must be an object for an array of list-type map"
            errors.append(invalid(f"{path}[{index}]", item, detail))
            return
    keys = [
        {name: item[name] for name in schema.list_map_keys if name in item}
        for item in (cast("dict[str, Any]", each or {}) for each in items)
    ]
    _report(keys, path, errors)


def _report(values: Sequence[Any], path: str, errors: list[FieldError]) -> None:
    """Report each value that occurs again, once, where it first does so."""
    if len(values) < 2:
        return
    seen: dict[str, int] = {}
    for index, value in enumerate(values):
        text = encode_json(value)
        seen[text] = times = seen.get(text, 0) + 1
        if times == 2:
            errors.append(duplicate(f"{path}[{index}]", value))
