"""Cells that many kinds have: ages, labels, selectors, containers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, final

from homeostat.api import Selector

__all__ = [
    "NONE",
    "UNSET",
    "Ages",
    "containers",
    "duration",
    "labels",
    "name_of",
    "selector",
    "some",
]

NONE = "<none>"
UNSET = "<unset>"
_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY_HOURS = 24
_YEAR_HOURS = 24 * 365


def duration(seconds: float) -> str:
    """Return a time span in two or three figures, as ``3m12s`` or ``2y40d``.

    Clocks of two machines may differ by a second: so little before the start is 0s.

    Source: apimachinery ``util/duration.HumanDuration``.
    """
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    minutes, hours = whole // _MINUTE, whole // _HOUR
    if whole < 2 * _MINUTE:
        return f"{max(whole, 0)}s"
    if minutes < 10:
        return _two(minutes, "m", whole % _MINUTE, "s")
    if hours < 3:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    return _long(hours)


def _long(hours: int) -> str:
    if hours < 2 * _DAY_HOURS:
        return f"{hours}h"
    days = hours // _DAY_HOURS
    if days < 8:
        return _two(days, "d", hours % _DAY_HOURS, "h")
    if hours < 2 * _YEAR_HOURS:
        return f"{days}d"
    years = hours // _YEAR_HOURS
    return _two(years, "y", days % 365, "d") if years < 8 else f"{years}y"


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}" + (f"{small}{small_unit}" if small else "")


@final
class Ages:
    """How long ago things were, seen from one moment.

    Args:
        now: The moment.
    """

    __slots__ = ("_now",)

    def __init__(self, now: datetime) -> None:
        self._now = now

    def since(self, text: str | None) -> str:
        """Return the age of a time of the wire; ``<unknown>`` when there is none."""
        if not text:
            return "<unknown>"
        return duration((self._now - datetime.fromisoformat(text)).total_seconds())

    def of(self, value: Mapping[str, Any]) -> str:
        """Return the age of an object."""
        return self.since(value["metadata"].get("creationTimestamp"))


def name_of(value: Mapping[str, Any]) -> str:
    """Return the name of an object; a bookmark has none."""
    name: str = value["metadata"].get("name", "")
    return name


def some(text: str | None) -> str:
    """Return a text, ``<none>`` for an empty one."""
    return text or NONE


def labels(values: Mapping[str, str] | None) -> str:
    """Return labels in the order of their keys."""
    return ",".join(f"{key}={value}" for key, value in sorted((values or {}).items()))


def selector(value: Mapping[str, Any] | None) -> str:
    """Return a label selector as it would be typed, "" when it has no requirement."""
    return str(Selector.of(dict(value))) if value else ""


def containers(template: Mapping[str, Any]) -> tuple[str, str]:
    """Return the names and the images of a template's containers."""
    spec: Mapping[str, Any] = template.get("spec") or {}
    found: Sequence[Mapping[str, Any]] = spec.get("containers") or ()
    return (
        ",".join(each.get("name", "") for each in found),
        ",".join(each.get("image", "") for each in found),
    )
