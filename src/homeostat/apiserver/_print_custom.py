"""How custom resources are shown: the columns that their definitions ask for.

Source: apiextensions ``registry/customresource/tableconvertor``.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from homeostat.api import JSON
from homeostat.apiserver._encode import encode_map
from homeostat.apiserver._json_path import JsonPathError, check, find
from homeostat.apiserver._print_columns import NAME, Column, Printer
from homeostat.apiserver._print_text import Ages, name_of
from homeostat.schema import format_float

__all__ = ["custom_printer"]

_AGE: Sequence[Mapping[str, Any]] = (
    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
)


def custom_printer(columns: Sequence[Mapping[str, Any]]) -> Printer:
    """Return the printer of a custom kind.

    Args:
        columns: Its ``additionalPrinterColumns``; none ask for the age. From the first
            one on whose path is malformed, they are left out.
    """
    shown = [NAME]
    paths: list[tuple[str, str]] = []
    for column in columns or _AGE:
        path = column["jsonPath"]
        try:
            check(path)
        except JsonPathError:
            break
        described = f"Custom resource definition column (in JSONPath format): {path}"
        shown.append(
            Column(
                column["name"],
                column["type"],
                column.get("format", ""),
                column.get("priority", 0),
                column.get("description") or (described if columns else ""),
            )
        )
        paths.append((path, column["type"]))

    def cells(value: dict[str, Any], ages: Ages) -> list[JSON]:
        return [name_of(value), *(_cell(value, p, kind, ages) for p, kind in paths)]

    return Printer(tuple(shown), cells)


def _cell(value: JSON, path: str, kind: str, ages: Ages) -> JSON:
    try:
        found = find(path, value)
    except JsonPathError:
        return None
    if not found:
        return None
    first = found[0]
    return _text(first) if kind == "string" else _typed(first, kind, ages)


def _text(value: JSON) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return "<no value>"
    if isinstance(value, dict | list):
        return encode_map(value).decode()
    if isinstance(value, bool):
        return "true" if value else "false"
    return format_float(value)


def _typed(value: JSON, kind: str, ages: Ages) -> JSON:
    """Return a value that fits the type of its column, None for one that does not."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "integer" and number:
        return int(value)
    if kind == "number" and number:
        return value
    if kind == "boolean" and isinstance(value, bool):
        return value
    if kind == "date" and isinstance(value, str):
        return _age(value, ages)
    return None


def _age(text: str, ages: Ages) -> str:
    if text in ("", "null"):
        return ages.since(None)
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return "<invalid>"
    if when.tzinfo is None or "T" not in text:
        return "<invalid>"
    return ages.since(text)
