"""How HorizontalPodAutoscalers are shown.

Source: kubernetes ``pkg/printers/internalversion.formatHPAMetrics``.
"""

from typing import Any

from homeostat.api import JSON
from homeostat.apiserver._access import child, items
from homeostat.apiserver._print_columns import AGE, NAME, Printer, texts
from homeostat.apiserver._print_text import NONE, UNSET, Ages, name_of

__all__ = ["PRINTERS"]

Value = dict[str, Any]

_SHOWN = 2  # metrics
_UNKNOWN = "<unknown>"
# Type of a metric, and the field that holds it.
_FIELDS = {
    "External": "external",
    "Object": "object",
    "Pods": "pods",
    "Resource": "resource",
    "ContainerResource": "containerResource",
}


def _autoscaler(value: Value, ages: Ages) -> list[JSON]:
    spec, status = child(value, "spec"), child(value, "status")
    reference = child(spec, "scaleTargetRef")
    least = spec.get("minReplicas")
    return [
        name_of(value),
        f"{reference.get('kind', '')}/{reference.get('name', '')}",
        _metrics(items(spec, "metrics"), items(status, "currentMetrics")),
        UNSET if least is None else str(least),
        spec.get("maxReplicas") or 0,
        status.get("currentReplicas") or 0,
        ages.of(value),
    ]


def _metrics(specs: list[Value], statuses: list[Value]) -> str:
    if not specs:
        return NONE
    shown = [
        _metric(spec, statuses[index] if index < len(statuses) else {})
        for index, spec in enumerate(specs[:_SHOWN])
    ]
    more = len(specs) - _SHOWN
    return ", ".join(shown) + (f" + {more} more..." if more > 0 else "")


def _metric(spec: Value, status: Value) -> str:
    kind = spec.get("type", "")
    field = _FIELDS.get(kind)
    if field is None:
        return "<unknown type>"
    source, found = child(spec, field), status.get(field)
    target = child(source, "target")
    current = None if found is None else child(found, "current")
    if field in ("resource", "containerResource"):
        return f"{source.get('name', '')}: {_resource(target, current)}"
    if field == "pods":
        return f"{_at(current, 'averageValue')}/{_at(target, 'averageValue')}"
    average = target.get("averageValue")
    if average is None:
        return f"{_at(current, 'value')}/{_at(target, 'value')}"
    known = current is not None and current.get("averageValue") is not None
    return f"{_at(current, 'averageValue') if known else _UNKNOWN}/{average} (avg)"


def _at(current: Value | None, name: str) -> str:
    return _UNKNOWN if current is None else str(current.get(name) or 0)


def _resource(target: Value, current: Value | None) -> str:
    average = target.get("averageValue")
    if average is not None:
        return f"{_at(current, 'averageValue')}/{average}"
    wanted = target.get("averageUtilization")
    used = (current or {}).get("averageUtilization")
    return "/".join(
        (
            _UNKNOWN if used is None else f"{used}%",
            "<auto>" if wanted is None else f"{wanted}%",
        )
    )


PRINTERS = {
    ("autoscaling", "horizontalpodautoscalers"): Printer(
        (
            NAME,
            *texts("Reference", "Targets", "MinPods", "MaxPods", "Replicas"),
            AGE,
        ),
        _autoscaler,
    ),
}
