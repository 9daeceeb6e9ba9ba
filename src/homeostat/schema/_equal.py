"""Equality of JSON values, which is not Python's: true is not 1."""

from typing import Any, cast

from homeostat.api import JSON

__all__ = ["equal_json"]


def equal_json(one: JSON, two: JSON) -> bool:
    """Tell whether two decoded values are the same; 1 and 1.0 are."""
    if one is two:
        return True
    if isinstance(one, dict):
        if not isinstance(two, dict) or len(cast("Any", one)) != len(cast("Any", two)):
            return False
        others = cast("dict[str, Any]", two)
        for key, value in cast("dict[str, Any]", one).items():
            if key not in others or not equal_json(value, others[key]):
                return False
        return True
    if isinstance(one, list):
        if not isinstance(two, list) or len(cast("Any", one)) != len(cast("Any", two)):
            return False
        return all(map(equal_json, cast("list[Any]", one), cast("list[Any]", two)))
    if isinstance(one, bool) or isinstance(two, bool):
        return False if type(one) is not type(two) else one == two
    return bool(one == two)
