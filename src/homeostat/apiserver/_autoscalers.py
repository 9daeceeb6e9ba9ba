"""HorizontalPodAutoscalers: stored as v2, served as v1 too.

What v1 has no fields for it keeps in annotations.

Source: kubernetes ``pkg/apis/autoscaling/v1/conversion.go``.
"""

import json
from collections.abc import Callable
from typing import Any, Final

from homeostat.api import JSON
from homeostat.apiserver._access import as_list, as_struct, child, items
from homeostat.apiserver._autoscaler_metrics import read_metrics, write_metrics

__all__ = ["autoscaler_from_v2", "autoscaler_to_v2"]

Value = dict[str, Any]

_PREFIX: Final = "autoscaling.alpha.kubernetes.io/"
_METRICS: Final = f"{_PREFIX}metrics"
_CURRENT: Final = f"{_PREFIX}current-metrics"
_CONDITIONS: Final = f"{_PREFIX}conditions"
_CONDITION: Final = ("type", "status", "lastTransitionTime", "reason", "message")
_RULES: Final = ("stabilizationWindowSeconds", "selectPolicy", "policies", "tolerance")
_BEHAVIOR: Final = f"{_PREFIX}behavior"


def autoscaler_to_v2(value: Value) -> Value:
    """Return a v1 autoscaler as v2 has it."""
    spec, status = dict(child(value, "spec")), dict(child(value, "status"))
    metadata = child(value, "metadata")
    told = dict(child(metadata, "annotations"))
    target = spec.pop("targetCPUUtilizationPercentage", None)
    metrics = read_metrics(told.pop(_METRICS, ""), current=False) or []
    if target is not None:
        metrics.append(_cpu("target", "Utilization", target))
    if metrics:
        spec["metrics"] = metrics
    percent = status.pop("currentCPUUtilizationPercentage", None)
    current = read_metrics(told.pop(_CURRENT, ""), current=True)
    if current is None and percent is not None:
        current = [_cpu("current", "", percent)]
    if current:
        status["currentMetrics"] = current
    conditions = _decoded(told.pop(_CONDITIONS, ""))
    if conditions:
        status["conditions"] = conditions
    behavior = _renamed(_decoded(told.pop(_BEHAVIOR, "")), str.lower)
    if behavior:
        spec["behavior"] = behavior
    return {
        **value,
        "apiVersion": "autoscaling/v2",
        "metadata": _annotated(metadata, told),
        "spec": spec,
        "status": status,
    }


def _cpu(key: str, kind: str, percent: int) -> Value:
    amount: Value = {"averageUtilization": percent}
    if kind:
        amount["type"] = kind
    return {"type": "Resource", "resource": {"name": "cpu", key: amount}}


def _decoded(text: str) -> JSON:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None


def _renamed(value: JSON, case: Callable[[str], str]) -> JSON:
    """Return a value with other first letters of the names in it, without nulls."""
    struct, listed = as_struct(value), as_list(value)
    if struct is not None:
        return {
            case(key[:1]) + key[1:]: _renamed(item, case)
            for key, item in struct.items()
            if item is not None
        }
    return value if listed is None else [_renamed(item, case) for item in listed]


def _told(behavior: Value) -> Value:
    """Return how to scale as v1 writes it: with the names of Go's own type."""
    told: Value = {}
    for name in ("scaleUp", "scaleDown"):
        rules = as_struct(behavior.get(name))
        if rules is not None:
            rules = {key: rules.get(key) for key in _RULES}
            named = {key[0].upper() + key[1:]: item for key, item in rules.items()}
            named["Policies"] = _renamed(named["Policies"], str.upper)
            told[name[0].upper() + name[1:]] = named
        else:
            told[name[0].upper() + name[1:]] = None
    return told


def _annotated(metadata: Value, annotations: Value) -> Value:
    if annotations == child(metadata, "annotations"):
        return metadata
    changed = {key: item for key, item in metadata.items() if key != "annotations"}
    return changed | ({"annotations": annotations} if annotations else {})


def autoscaler_from_v2(value: Value) -> Value:
    """Return a v2 autoscaler as v1 has it."""
    spec, status = dict(child(value, "spec")), dict(child(value, "status"))
    metadata = child(value, "metadata")
    told = dict(child(metadata, "annotations"))
    metrics, current = items(spec, "metrics"), items(status, "currentMetrics")
    spec.pop("metrics", None)
    status.pop("currentMetrics", None)
    target = _percent(metrics, "target")
    if target is not None:
        spec["targetCPUUtilizationPercentage"] = target
    others = [each for each in metrics if _percent([each], "target") is None]
    if others:
        told[_METRICS] = write_metrics(others, current=False)
    percent = _percent(current, "current")
    if percent is not None:
        status["currentCPUUtilizationPercentage"] = percent
    if current:
        told[_CURRENT] = write_metrics(current, current=True)
    conditions = [
        {key: each.get(key) for key in _CONDITION if key in each}
        for each in items(status, "conditions")
    ]
    status.pop("conditions", None)
    if conditions:
        told[_CONDITIONS] = json.dumps(conditions, separators=(",", ":"))
    behavior = spec.pop("behavior", None)
    if behavior:
        told[_BEHAVIOR] = json.dumps(_told(behavior), separators=(",", ":"))
    return {
        **value,
        "apiVersion": "autoscaling/v1",
        "metadata": _annotated(metadata, told),
        "spec": spec,
        "status": {"currentReplicas": 0, **status},
    }


def _percent(metrics: list[Value], key: str) -> int | None:
    for metric in metrics:
        resource = child(metric, "resource")
        if resource.get("name") == "cpu":
            percent: int | None = child(resource, key).get("averageUtilization")
            if percent is not None:
                return percent
    return None
