"""Validation of PriorityClasses.

Source: kubernetes ``pkg/apis/scheduling/validation/validation.go``.
"""

from typing import Final

from homeostat.apiserver._builtin_validation_common import Errors, Value, immutable
from homeostat.apiserver._kinds import SYSTEM_PRIORITIES
from homeostat.schema import forbidden

__all__ = ["priority_class"]

_HIGHEST: Final = 1_000_000_000
_PREFIX: Final = "system-"


def priority_class(new: Value, old: Value | None) -> Errors:
    """Validate a PriorityClass."""
    if old is not None:
        return _update(new, old)
    name, value = new["metadata"].get("name", ""), new.get("value", 0)
    if name.startswith(_PREFIX):
        return _reserved(name, new)
    if value > _HIGHEST:
        text = f"maximum allowed value of a user defined priority is {_HIGHEST}"
        return [forbidden("value", text)]
    return []


def _update(new: Value, old: Value) -> Errors:
    errors: Errors = []
    if new.get("value", 0) != old.get("value", 0):
        errors.append(forbidden("value", "may not be changed in an update."))
    key = "preemptionPolicy"
    return errors + immutable(new.get(key), old.get(key), key)


def _reserved(name: str, new: Value) -> Errors:
    if name not in SYSTEM_PRIORITIES:
        why = f"{name} is not a known system priority class"
    elif new.get("value", 0) != SYSTEM_PRIORITIES[name][0]:
        why = f"value of {name} PriorityClass must be {SYSTEM_PRIORITIES[name][0]}"
    elif new.get("globalDefault"):
        why = f"globalDefault of {name} PriorityClass must be false"
    else:
        return []
    text = (
        f"priority class names with '{_PREFIX}' prefix are reserved for system use only"
    )
    return [forbidden("metadata.name", f"{text}. error: {why}")]
