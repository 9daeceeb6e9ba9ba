"""Filling in what a schema says about absent fields."""

from typing import Any, cast

from homeostat.api import JSON, Schema
from homeostat.schema._cache import SchemaCache, found_below
from homeostat.schema._go import copy_json
from homeostat.schema._prune import has_default

__all__ = ["apply_defaults"]


def apply_defaults(value: JSON, schema: Schema) -> None:
    """Fill in, in place, the defaults of fields that are absent.

    A null of a field that is not nullable counts as absent. Defaults apply inside of
    objects that are there, or that a default has just made; never inside absent
    parents. ``metadata`` keeps out of it: nobody may give it defaults.

    Source: apiextensions ``pkg/apiserver/schema/defaulting``.
    """
    if isinstance(value, dict):
        _apply_object(cast("dict[str, Any]", value), schema)
    elif isinstance(value, list):
        _apply_list(cast("Any", value), schema)


def _apply_object(fields: dict[str, Any], schema: Schema) -> None:
    plan = _PLANS.get(schema)
    for key, default, nullable in plan.defaults:
        if key not in fields or (fields[key] is None and not nullable):
            fields[key] = copy_json(default)
    for key in plan.nested:
        item = fields.get(key)
        if isinstance(item, dict | list):
            apply_defaults(item, schema.properties[key])
    additional = schema.additional
    if additional is None or not plan.additional:
        return
    replace = has_default(additional) and not additional.nullable
    for key, item in fields.items():
        if key in schema.properties:
            continue
        if item is None and replace:
            item = fields[key] = copy_json(additional.default)  # noqa: PLW2901
        if isinstance(item, dict | list):
            apply_defaults(item, additional)


def _apply_list(values: list[Any], schema: Schema) -> None:
    items = schema.items
    if items is None or not _defaulting(items):
        return
    replace = has_default(items) and not items.nullable
    for index, item in enumerate(values):
        if item is None and replace:
            item = values[index] = copy_json(items.default)  # noqa: PLW2901
        if isinstance(item, dict | list):
            apply_defaults(item, items)


class _Plan:
    """What there is to do in an object: computed once per schema node."""

    __slots__ = ("additional", "defaults", "nested")

    def __init__(self, schema: Schema) -> None:
        properties = schema.properties
        self.defaults = tuple(
            (name, child.default, child.nullable)
            for name, child in properties.items()
            if has_default(child)
        )
        self.nested = tuple(name for name, child in properties.items() if _below(child))
        self.additional = schema.additional is not None and _defaulting(
            schema.additional
        )


def _defaulting(schema: Schema) -> bool:
    return has_default(schema) or _below(schema)


def _below(schema: Schema) -> bool:
    """Tell whether any default stands below the node."""
    return _BELOW.get(schema)


def _search(schema: Schema) -> bool:
    return found_below(schema, has_default)


_BELOW = SchemaCache(_search)
_PLANS = SchemaCache(_Plan)
