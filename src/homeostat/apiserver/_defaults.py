"""Defaults of the built-in kinds, and the zero values that Go writes.

The real server defaults by type, not by kind: a container gets the same values in a
Pod and in a CronJob's template. So does this module: it walks an object along its
schema and applies the rules of each struct's type, outer types first.

Source: kubernetes ``pkg/apis/*/v1/defaults.go``, as checked against the real server.
"""

from collections.abc import Mapping
from typing import Any, Final

from homeostat.api import GroupVersionKind, Schema
from homeostat.apiserver._defaults_kinds import KIND_RULES
from homeostat.apiserver._defaults_pod import POD_RULES, Rule
from homeostat.k8s import schema_of

__all__ = ["apply_builtin_defaults"]

Value = dict[str, Any]
Step = tuple[str, str, Schema]

_RULES: Final[Mapping[str, Rule]] = {**POD_RULES, **KIND_RULES}
_STEPS: Final = object()
# Schemas of custom resources have neither defaults nor zeros, and no end.
_CLOSED: Final = frozenset({"apiextensions_v1.JSONSchemaProps"})


def apply_builtin_defaults(gvk: GroupVersionKind, obj: Value) -> None:
    """Give an object of a built-in kind its defaults, in place.

    Fields that Go always writes are filled with their zero values, too (``status: {}``,
    ``resources: {}``, ``rules: null``), so that the object is what a client reads back.
    Idempotent. Values that a registry or an admission plugin adds when an object is
    created are not defaults: see ``prepare_builtin_create``.

    Args:
        gvk: The kind; nothing happens for one that is not built in.
        obj: The object, decoded: without nulls, empty lists and maps.
    """
    schema = schema_of(gvk)
    if schema is not None:
        _default(obj, schema)


def _default(value: Value, schema: Schema) -> None:
    cache = schema.cache
    rule = _RULES.get(cache.get("type", ""))
    if rule is not None:
        rule(value)
    for name, default in cache.get("defaults", {}).items():
        if name not in value:
            value[name] = default
    for name, zero in cache.get("zeros", {}).items():
        if name not in value:
            value[name] = {} if zero == {} else zero
    for name, shape, child in _steps(schema):
        item = value.get(name)
        if item is None:
            continue
        if shape == "struct":
            _default(item, child)
        else:
            for each in item if shape == "list" else item.values():
                _default(each, child)


def _steps(schema: Schema) -> tuple[Step, ...]:
    """Return the fields that lead to types with defaults or zeros."""
    known: tuple[Step, ...] | None = schema.cache.get(_STEPS)
    if known is None:
        # Below a type that holds itself nothing is found while it is being looked at.
        schema.cache[_STEPS] = ()
        found: list[Step] = []
        for name, child in schema.properties.items():
            shape, inner = _shape(child)
            if inner is not None and _matters(inner):
                found.append((name, shape, inner))
        known = schema.cache[_STEPS] = tuple(found)
    return known


def _shape(schema: Schema) -> tuple[str, Schema | None]:
    if schema.type == "array":
        return "list", schema.items
    if schema.additional is not None:
        return "map", schema.additional
    return "struct", schema


def _matters(schema: Schema) -> bool:
    cache = schema.cache
    name = cache.get("type")
    if name is None or name in _CLOSED:
        return False
    return bool(name in _RULES or cache["defaults"] or cache["zeros"] or _steps(schema))
