"""Metrics of autoscalers as v1 writes them into annotations.

Source: kubernetes ``pkg/apis/autoscaling/v1/conversion.go``.
"""

import json
from typing import Any, Final, TypeAlias

from homeostat.api import JSON
from homeostat.apiserver._access import as_list, as_struct

__all__ = ["read_metrics", "write_metrics"]

Value = dict[str, Any]
Fields: TypeAlias = tuple[tuple[str, tuple[str, str]], ...]

_NAME: Final = ("metric", "name")
_SELECTOR: Final = ("metric", "selector")
# Of each type: the name in v1, and the place in v2; in the order of v1.
_SPEC: Final[dict[str, Fields]] = {
    "object": (
        ("target", ("describedObject", "")),
        ("metricName", _NAME),
        ("targetValue", ("target", "value")),
        ("selector", _SELECTOR),
        ("averageValue", ("target", "averageValue")),
    ),
    "pods": (
        ("metricName", _NAME),
        ("targetAverageValue", ("target", "averageValue")),
        ("selector", _SELECTOR),
    ),
    "resource": (
        ("name", ("name", "")),
        ("targetAverageUtilization", ("target", "averageUtilization")),
        ("targetAverageValue", ("target", "averageValue")),
    ),
    "containerResource": (
        ("name", ("name", "")),
        ("targetAverageUtilization", ("target", "averageUtilization")),
        ("targetAverageValue", ("target", "averageValue")),
        ("container", ("container", "")),
    ),
    "external": (
        ("metricName", _NAME),
        ("metricSelector", _SELECTOR),
        ("targetValue", ("target", "value")),
        ("targetAverageValue", ("target", "averageValue")),
    ),
}
# What v1 writes although there is none.
_ALWAYS: Final = frozenset(
    {
        ("object", "targetValue"),
        ("pods", "targetAverageValue"),
        ("resource", "currentAverageValue"),
        ("containerResource", "currentAverageValue"),
        ("object", "currentValue"),
        ("pods", "currentAverageValue"),
        ("external", "currentValue"),
    }
)
_KINDS: Final = (
    ("averageUtilization", "Utilization"),
    ("averageValue", "AverageValue"),
    ("value", "Value"),
)


def _fields(source: str, *, current: bool) -> Fields:
    fields = _SPEC[source]
    if not current:
        return fields
    return tuple(
        (
            name if name == "target" else name.replace("target", "current"),
            ("current", place[1]) if place[0] == "target" else place,
        )
        for name, place in fields
    )


def write_metrics(metrics: list[Value], *, current: bool) -> str:
    """Return metrics of v2 as v1 has them, in JSON.

    Args:
        metrics: Those of the spec or of the status.
        current: They are those of the status.
    """
    written = [_old(metric, current=current) for metric in metrics]
    return json.dumps(written, separators=(",", ":"))


def _old(metric: Value, *, current: bool) -> Value:
    old: Value = {"type": metric.get("type", "")}
    for source in _SPEC:
        given = as_struct(metric.get(source))
        if given is None:
            continue
        old[source] = {}
        for name, (place, inner) in _fields(source, current=current):
            found = given.get(place)
            if inner:
                found = (as_struct(found) or {}).get(inner)
            if found is None and (source, name) in _ALWAYS:
                found = "0"
            if found is not None:
                old[source][name] = _ordered(found) if name == "target" else found
    return old


def _ordered(target: JSON) -> Value:
    given = as_struct(target) or {}
    names = ("kind", "name", "apiVersion")
    return {name: given[name] for name in names if name in given}


def read_metrics(text: str, *, current: bool) -> list[Value] | None:
    """Return metrics of v2 that v1 has written; None for what is no such text."""
    try:
        given = json.loads(text)
    except ValueError:
        return None
    if not isinstance(given, list):
        return None
    metrics = [as_struct(each) for each in as_list(given) or ()]
    return [_new(metric, current=current) for metric in metrics if metric is not None]


def _new(metric: Value, *, current: bool) -> Value:
    new: Value = {"type": metric.get("type", "")}
    for source in _SPEC:
        given = as_struct(metric.get(source))
        if given is None:
            continue
        made: Value = {} if current else {"target": {"type": "Value"}}
        for name, (place, inner) in _fields(source, current=current):
            found = given.get(name)
            if found is None:
                continue
            if inner:
                made.setdefault(place, {})[inner] = found
            else:
                made[place] = found
        if not current:
            amounts = made["target"]
            amounts["type"] = next(k for name, k in _KINDS if name in amounts)
        new[source] = made
    return new
