"""Reading decoded objects, where anything may be absent or null."""

from collections.abc import Mapping
from typing import Any, TypeGuard, cast

from homeostat.api import JSON

__all__ = ["as_list", "as_struct", "at_path", "child", "items", "text_at"]


def child(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a struct or map, a new empty one when it is absent or null."""
    found: dict[str, Any] = value.get(name) or {}
    return found


def items(value: Mapping[str, Any], name: str) -> list[Any]:
    """Return a list, a new empty one when it is absent or null."""
    found: list[Any] = value.get(name) or []
    return found


def as_struct(value: JSON) -> dict[str, Any] | None:
    """Return a value as an object, None when it is none."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def as_list(value: JSON) -> list[Any] | None:
    """Return a value as a list, None when it is none."""
    return value if _is_list(value) else None


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def text_at(value: Mapping[str, Any], name: str) -> str:
    """Return a text, "" when there is none."""
    found = value.get(name)
    return found if isinstance(found, str) else ""


def at_path(value: JSON, path: str, absent: JSON = None) -> JSON:
    """Return what stands at a path, as ``.spec.replicas``; the first dot may lack."""
    item: JSON = value
    for step in path.removeprefix(".").split("."):
        fields = as_struct(item)
        if fields is None or step not in fields:
            return absent
        item = fields[step]
    return item
