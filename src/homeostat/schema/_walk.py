"""Visiting the objects and lists of a value together with their schemas."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

from homeostat.api import JSON, Schema

__all__ = ["containers"]


def containers(
    value: JSON, schema: Schema, path: str
) -> Iterator[tuple[JSON, Schema, str]]:
    """Yield each object and list that a schema describes, outer ones first."""
    if isinstance(value, dict):
        yield cast("Any", value), schema, path
        for key, item in cast("dict[str, Any]", value).items():
            if not isinstance(item, dict | list):
                continue
            child = schema.properties.get(key)
            if child is not None:
                named = f"{path}.{key}" if path else key
            else:
                child, named = schema.additional, f"{path}[{key}]"
            if child is not None:
                yield from containers(item, child, named)
    elif isinstance(value, list):
        yield cast("Any", value), schema, path
        if schema.items is not None:
            for index, item in enumerate(cast("Sequence[Any]", value)):
                if isinstance(item, dict | list):
                    yield from containers(item, schema.items, f"{path}[{index}]")
