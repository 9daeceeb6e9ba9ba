"""Conditions: what a controller says about an object, as tools wait for it."""

from datetime import datetime

from homeostat._clock import SystemClock
from homeostat.api._metadata import Condition
from homeostat.api._time import Time

__all__ = ["condition_status", "find_condition", "set_condition"]

_CLOCK = SystemClock()
_STATUSES = ("True", "False", "Unknown")


def condition_status(status: bool | str | None) -> str:  # noqa: FBT001
    """Return ``True``, ``False`` or ``Unknown``: a bool is itself, None is unknown.

    Raises:
        ValueError: Another text.
    """
    if status is None:
        return "Unknown"
    text = str(status)
    if text not in _STATUSES:
        raise ValueError(f"a condition is {', '.join(_STATUSES)}, not {text!r}")
    return text


def find_condition(conditions: list[Condition], type_: str) -> Condition | None:
    """Return the condition of a type, None when there is none."""
    return next((c for c in conditions if c.type == type_), None)


def set_condition(
    conditions: list[Condition],
    type_: str,
    status: bool | str | None,  # noqa: FBT001
    *,
    reason: str,
    message: str = "",
    observed_generation: int = 0,
    now: datetime | None = None,
) -> bool:
    """Set a condition in place, adding it when it is not there.

    ``last_transition_time`` moves only when the status flips; everything else follows
    each call.

    Args:
        conditions: As ``status.conditions``; changed in place.
        type_: As ``Ready``.
        status: True, False, ``"Unknown"`` or None for unknown.
        reason: CamelCase, required by the API server.
        message: For people.
        observed_generation: ``metadata.generation`` of the object that was looked at.
        now: Time of the flip; the system's clock when not given.

    Returns:
        Whether anything changed.

    Source: apimachinery ``meta.SetStatusCondition``.
    """
    text = condition_status(status)
    found = find_condition(conditions, type_)
    if found is not None and found.status == text:
        changed = (found.reason, found.message, found.observed_generation) != (
            reason,
            message,
            observed_generation,
        )
        found.reason, found.message = reason, message
        found.observed_generation = observed_generation
        return changed
    if found is None:
        found = Condition(type=type_, status=text)
        conditions.append(found)
    found.status, found.reason, found.message = text, reason, message
    found.observed_generation = observed_generation
    found.last_transition_time = Time.of(now or _CLOCK.now())
    return True
