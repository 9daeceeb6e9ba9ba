"""Reading plain objects, where anything may be absent."""

from typing import Any

__all__ = ["child", "children"]

Value = dict[str, Any]


def child(value: Value, name: str) -> Value:
    """Return a struct or map, an empty one when it is absent or null."""
    found: Value = value.get(name) or {}
    return found


def children(value: Value, name: str) -> list[Value]:
    """Return a list of structs, an empty one when it is absent or null."""
    found: list[Value] = value.get(name) or []
    return found
