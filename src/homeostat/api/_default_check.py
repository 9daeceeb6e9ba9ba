"""Whether a field's default is what its own constraints allow."""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final

import msgspec

from homeostat.api._field import FieldInfo
from homeostat.api._kinds import JSON

__all__ = ["check_default"]

Test = Callable[[Any, Any], bool]


def _multiple(value: float, step: float) -> bool:
    # Of fractions only the server, which has decimals, can tell.
    whole = isinstance(value, int) and isinstance(step, int)
    return not whole or value % step == 0


# By OpenAPI name: the option of Field, and what holds when it is kept.
_NUMBERS: Final[Mapping[str, tuple[str, Test]]] = {
    "minimum": ("ge", lambda value, limit: value >= limit),
    "maximum": ("le", lambda value, limit: value <= limit),
    "multipleOf": ("multiple_of", _multiple),
}
_EXCLUSIVE: Final[Mapping[str, tuple[str, Test]]] = {
    "minimum": ("gt", lambda value, limit: value > limit),
    "maximum": ("lt", lambda value, limit: value < limit),
}
_SIZES: Final[Mapping[type, Mapping[str, tuple[str, Test]]]] = {
    cls: {
        f"min{noun}": (f"min_{noun.lower()}", lambda value, n: len(value) >= n),
        f"max{noun}": (f"max_{noun.lower()}", lambda value, n: len(value) <= n),
    }
    for cls, noun in ((str, "Length"), (list, "Items"), (dict, "Properties"))
}


def check_default(where: str, info: FieldInfo) -> None:
    """Check a default against the constraints that stand beside it.

    Patterns are left to the server, whose expressions differ from Python's, and what
    factories make to ``crd_for``.

    Args:
        where: Names the field, as ``PodSetSpec.size``.
        info: What ``Field`` was told.

    Raises:
        ValueError: The API server would refuse the definition.
    """
    value = _plain(info.default)
    if value is None or value is msgspec.NODEFAULT:
        return
    allowed = info.schema.get("enum")
    if allowed is not None and value not in map(_plain, allowed):
        raise ValueError(f"{where}: default={value!r} is not one of enum={allowed}")
    for name, (option, holds) in _tests(value, info.schema).items():
        limit = info.schema.get(name)
        if limit is not None and not holds(value, limit):
            raise ValueError(f"{where}: default={value!r} breaks {option}={limit}")


def _plain(value: JSON) -> JSON:
    return value.value if isinstance(value, Enum) else value


def _tests(value: JSON, schema: Mapping[str, JSON]) -> Mapping[str, tuple[str, Test]]:
    if isinstance(value, int | float) and not isinstance(value, bool):
        exclusive = {
            name: test
            for name, test in _EXCLUSIVE.items()
            if schema.get(f"exclusive{name.capitalize()}")
        }
        return {**_NUMBERS, **exclusive}
    for cls, tests in _SIZES.items():
        if isinstance(value, cls):
            return tests
    return {}
