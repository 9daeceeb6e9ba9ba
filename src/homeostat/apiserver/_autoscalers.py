"""HorizontalPodAutoscalers: stored as v2, served as v1 too.

Source: kubernetes ``pkg/apis/autoscaling/v1/conversion.go``. What v1 cannot say goes,
in the real server, into annotations; the embedded one leaves it out of the answer.
"""

from typing import Any

from homeostat.apiserver._access import child

__all__ = ["autoscaler_from_v2", "autoscaler_to_v2"]

Value = dict[str, Any]


def autoscaler_to_v2(value: Value) -> Value:
    """Return a v1 autoscaler as v2 has it."""
    spec, status = dict(child(value, "spec")), dict(child(value, "status"))
    target = spec.pop("targetCPUUtilizationPercentage", None)
    if target is not None:
        spec["metrics"] = [_cpu("target", "Utilization", target)]
    current = status.pop("currentCPUUtilizationPercentage", None)
    if current is not None:
        status["currentMetrics"] = [_cpu("current", "", current)]
    return {**value, "apiVersion": "autoscaling/v2", "spec": spec, "status": status}


def _cpu(key: str, kind: str, percent: int) -> Value:
    amount: Value = {"averageUtilization": percent}
    if kind:
        amount["type"] = kind
    return {"type": "Resource", "resource": {"name": "cpu", key: amount}}


def autoscaler_from_v2(value: Value) -> Value:
    """Return a v2 autoscaler as v1 has it."""
    spec, status = dict(child(value, "spec")), dict(child(value, "status"))
    target = _percent(spec.pop("metrics", None), "target")
    if target is not None:
        spec["targetCPUUtilizationPercentage"] = target
    current = _percent(status.pop("currentMetrics", None), "current")
    if current is not None:
        status["currentCPUUtilizationPercentage"] = current
    status.pop("conditions", None)
    spec.pop("behavior", None)
    return {**value, "apiVersion": "autoscaling/v1", "spec": spec, "status": status}


def _percent(metrics: list[Value] | None, key: str) -> int | None:
    for metric in metrics or ():
        resource = child(metric, "resource")
        if resource.get("name") == "cpu":
            percent: int | None = child(resource, key).get("averageUtilization")
            return percent
    return None
