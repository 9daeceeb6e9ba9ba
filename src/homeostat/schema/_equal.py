"""Equality of JSON values, which is not Python's: true is not 1."""

from collections.abc import Sequence
from typing import Any, cast

from homeostat.api import JSON

__all__ = ["equal_json"]


def equal_json(one: JSON, two: JSON) -> bool:
    """Tell whether two decoded values are the same; 1 and 1.0 are."""
    if one is two:
        return True
    if isinstance(one, dict):
        return isinstance(two, dict) and _equal_objects(
            cast("dict[str, Any]", one), cast("dict[str, Any]", two)
        )
    if isinstance(one, list):
        return isinstance(two, list) and _equal_lists(
            cast("Sequence[Any]", one), cast("Sequence[Any]", two)
        )
    if isinstance(one, bool) or isinstance(two, bool):
        return type(one) is type(two) and bool(one == two)
    return bool(one == two)


def _equal_objects(one: dict[str, Any], two: dict[str, Any]) -> bool:
    if len(one) != len(two):
        return False
    for key, value in one.items():
        if key not in two:
            return False
        other = two[key]
        # Most values are texts: a call for each would take most of the time.
        if value.__class__ is str:
            if value != other:
                return False
        elif not equal_json(value, other):
            return False
    return True


def _equal_lists(one: Sequence[Any], two: Sequence[Any]) -> bool:
    if len(one) != len(two):
        return False
    # No all() over a map: what recurses through C has far less room in some Pythons.
    for index, item in enumerate(one):  # noqa: SIM110 - as said
        if not equal_json(item, two[index]):
            return False
    return True
