"""Whether the defaults of a schema satisfy the schema."""

from collections.abc import Iterator, Mapping
from typing import Any

from homeostat.api import UNSET, Schema
from homeostat.schema._check import CHECKS
from homeostat.schema._embedded import check_embedded
from homeostat.schema._errors import FieldError, invalid
from homeostat.schema._parse import parse_schema
from homeostat.schema._prune import has_default, has_unknown, unknown_fields

__all__ = ["check_defaults"]


def check_defaults(document: Mapping[str, Any], path: str) -> list[FieldError]:
    """Return the defaults that are not what their own schema allows.

    Defaults inside of metadata are left to the keyword rules; those below
    ``additionalProperties`` and repetitions in sets are not looked at.

    Source: apiextensions ``pkg/apiserver/schema/defaulting/validation.go``.
    """
    return list(_check(parse_schema(document), path, root=True))


def _check(schema: Schema, path: str, *, root: bool = False) -> Iterator[FieldError]:
    if has_default(schema):
        yield from _default(schema, f"{path}.default")
    if schema.items is not None:
        yield from _check(schema.items, f"{path}.items")
    for name in sorted(schema.properties):
        if name == "metadata" and (root or schema.embedded_resource):
            continue
        yield from _check(schema.properties[name], f"{path}.properties[{name}]")


def _default(schema: Schema, path: str) -> Iterator[FieldError]:
    value = schema.default
    unknown = unknown_fields if schema.embedded_resource else has_unknown
    if unknown(value, schema):
        yield invalid(path, value, "must not have unknown fields")
    errors: list[FieldError] = []
    CHECKS.get(schema).run(value, "", errors, UNSET)
    for error in errors or check_embedded(value, schema):
        inner = "" if error.field == "<nil>" else f".{error.field.removeprefix('.')}"
        yield FieldError(error.kind, f"{path}{inner}", error.value, error.detail)
