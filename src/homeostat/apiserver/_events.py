"""Events: one storage, two shapes.

They are stored as ``v1`` has them; ``events.k8s.io/v1`` renames most of the fields.

Source: kubernetes ``pkg/apis/events/v1/conversion.go``.
"""

from collections.abc import Mapping
from typing import Any

__all__ = ["EVENT_FIELDS", "event_from_core", "event_to_core"]

Value = dict[str, Any]

_TO_CORE = {
    "regarding": "involvedObject",
    "note": "message",
    "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
    "reportingController": "reportingComponent",
}
_FROM_CORE = {core: own for own, core in _TO_CORE.items()}
# Go writes these in v1 even when they are empty; the newer API leaves them out.
_OMITTED = ("reportingController", "reportingInstance", "regarding")

EVENT_FIELDS: Mapping[str, str] = {
    "reason": "reason",
    "type": "type",
    "reportingController": "reportingComponent",
    **{
        f"regarding.{name}": f"involvedObject.{name}"
        for name in (
            "kind",
            "namespace",
            "name",
            "uid",
            "apiVersion",
            "resourceVersion",
            "fieldPath",
        )
    },
}


def event_to_core(value: Value) -> Value:
    """Return an ``events.k8s.io/v1`` Event as ``v1`` has it."""
    core = {_TO_CORE.get(key, key): item for key, item in value.items()}
    core["apiVersion"] = "v1"
    return core


def event_from_core(value: Value) -> Value:
    """Return a ``v1`` Event as ``events.k8s.io/v1`` has it."""
    own = {_FROM_CORE.get(key, key): item for key, item in value.items()}
    own["apiVersion"] = "events.k8s.io/v1"
    for key in _OMITTED:
        if not own.get(key):
            own.pop(key, None)
    return own
