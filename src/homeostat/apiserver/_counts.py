"""The figures in a status, and those that the scale of a custom resource is made of.

Source: kubernetes ``pkg/apis/apps/validation``; apiextensions-apiserver
``pkg/registry/customresource/validator.go``.
"""

from collections.abc import Mapping
from typing import Any

from homeostat.api import JSON
from homeostat.apiserver._access import as_list, as_struct, at_path, child
from homeostat.apiserver._registry import Served
from homeostat.schema import FieldError

__all__ = ["check_counts", "check_scale"]

_REPLICAS = "status.replicas"
_LEAST = "must be greater than or equal to 0"
_INT32 = 2**31 - 1
_GO_TYPES: Mapping[type[object], str] = {
    str: "string",
    float: "float64",
    int: "int64",
    bool: "bool",
}
# By kind: the figures in the order in which they are looked at, which of them is at
# most how many replicas there are, and what the ready ones are called where that is at
# least how many are available.
_FIGURES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...], str]] = {
    "Deployment": (
        (
            "observedGeneration",
            "replicas",
            "updatedReplicas",
            "readyReplicas",
            "availableReplicas",
            "unavailableReplicas",
            "terminatingReplicas",
            "collisionCount",
        ),
        ("updatedReplicas", "readyReplicas", "availableReplicas"),
        "readyReplicas",
    ),
    "ReplicaSet": (
        (
            "replicas",
            "fullyLabeledReplicas",
            "readyReplicas",
            "availableReplicas",
            "observedGeneration",
            "terminatingReplicas",
        ),
        ("fullyLabeledReplicas", "readyReplicas", "availableReplicas"),
        "readyReplicas",
    ),
    "StatefulSet": (
        (
            "replicas",
            "readyReplicas",
            "currentReplicas",
            "updatedReplicas",
            "availableReplicas",
            "observedGeneration",
            "collisionCount",
        ),
        ("readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"),
        "status.readyReplicas",
    ),
    "DaemonSet": (
        (
            "currentNumberScheduled",
            "numberMisscheduled",
            "desiredNumberScheduled",
            "numberReady",
            "observedGeneration",
            "updatedNumberScheduled",
            "numberAvailable",
            "numberUnavailable",
            "collisionCount",
        ),
        (),
        "",
    ),
}


def check_counts(
    new: Mapping[str, Any], old: Mapping[str, Any] | None
) -> list[FieldError]:
    """Refuse figures in the status of a workload that cannot be."""
    known, bounded, ready = _FIGURES.get(new["kind"], ((), (), ""))
    status = child(new, "status")
    counts = {name: status.get(name) or 0 for name in known}
    errors = [_wrong(name, n, _LEAST) for name, n in counts.items() if n < 0]
    errors += [
        _wrong(name, counts[name], f"cannot be greater than {_REPLICAS}")
        for name in bounded
        if counts[name] > counts["replicas"]
    ]
    if ready and counts["availableReplicas"] > counts["readyReplicas"]:
        text = f"cannot be greater than {ready}"
        errors.append(_wrong("availableReplicas", counts["availableReplicas"], text))
    before = child(old or {}, "status").get("collisionCount")
    now = status.get("collisionCount")
    fewer = before is not None and (now is None or now < before)
    if fewer and "collisionCount" in known:
        errors.append(_wrong("collisionCount", now or 0, "cannot be decremented"))
    return errors


def _wrong(name: str, value: int, text: str) -> FieldError:
    return FieldError("FieldValueInvalid", f"status.{name}", value, text)


def check_scale(
    served: Served, value: Mapping[str, Any], subresource: str
) -> list[FieldError]:
    """Refuse what the scale of a custom resource could not be made of."""
    paths = served.scale
    if paths is None:
        return []
    errors = [] if subresource == "status" else _replicas(value, paths.spec_path)
    errors += _replicas(value, paths.status_path)
    if paths.selector_path:
        wrong = _mistaken(value, paths.selector_path, str)
        if wrong:
            errors.append(_invalid(paths.selector_path, "", wrong))
    return errors


def _invalid(path: str, value: JSON, text: str) -> FieldError:
    return FieldError("FieldValueInvalid", path, value, text)


def _replicas(value: Mapping[str, Any], path: str) -> list[FieldError]:
    wrong = _mistaken(value, path, int)
    if wrong:
        return [_invalid(path, 0, wrong)]
    count: int = at_path(value, path) or 0
    if count < 0:
        return [_invalid(path, count, "should be a non-negative integer")]
    if count > _INT32:
        return [_invalid(path, count, f"should be less than or equal to {_INT32}")]
    return []


def _mistaken(value: Mapping[str, Any], path: str, wanted: type[object]) -> str:
    """Return what is said of a value of another type than the scale needs."""
    *parents, last = path.lstrip(".").split(".")
    item = value
    for step in parents:
        inner: JSON = item.get(step, {})
        fields = as_struct(inner)
        if fields is None:
            return _accessor(path, inner, "map[string]interface{}")
        item = fields
    found: JSON = item.get(last, wanted())  # nothing is as good as zero
    if type(found) is wanted or isinstance(found, dict | list):
        # Of a struct or list the schema has complained, or has let it pass.
        return ""
    return _accessor(path, found, _GO_TYPES[wanted])


def _accessor(path: str, found: JSON, wanted: str) -> str:
    given = _GO_TYPES.get(found.__class__, "<nil>")
    if isinstance(found, list):
        given = "[]interface {}"
    text = f".{path.lstrip('.')} accessor error: {_shown(found)} is of the type {given}"
    return f"{text}, expected {wanted}"


def _shown(value: JSON) -> str:
    """Return a value as Go's ``%v`` writes it."""
    items = as_list(value)
    if items is not None:
        return f"[{' '.join(map(_shown, items))}]"
    if isinstance(value, bool):
        return str(value).lower()
    return "<nil>" if value is None else str(value)
