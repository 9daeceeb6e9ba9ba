"""Records and events for the tests of the cache."""

import json
from typing import Any

from homeostat.api import GroupVersionKind
from homeostat.cache import Record

POD = GroupVersionKind("", "v1", "Pod")


def pod(
    name: str = "web",
    version: int | str = 1,
    *,
    namespace: str = "default",
    uid: str = "",
    labels: dict[str, str] | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """Return a Pod as plain dicts; ``fields`` replace whole parts of it."""
    metadata: dict[str, Any] = {
        "name": name,
        "namespace": namespace,
        "uid": uid or f"uid-{name}",
        "resourceVersion": str(version),
    }
    if labels:
        metadata["labels"] = labels
    metadata |= fields.pop("metadata", {})
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, **fields}


def record(name: str = "web", version: int | str = 1, **fields: Any) -> Record:
    """Return the record of such a Pod."""
    return Record.read(json.dumps(pod(name, version, **fields)).encode(), gvk=POD)


def line(event_type: str, value: dict[str, Any]) -> bytes:
    """Return one line of a watch."""
    return json.dumps({"type": event_type, "object": value}).encode()


def bookmark(version: int | str, *, end: bool = False) -> bytes:
    """Return a bookmark's line."""
    metadata: dict[str, Any] = {"resourceVersion": str(version)}
    if end:
        metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
    return line("BOOKMARK", {"kind": "Pod", "apiVersion": "v1", "metadata": metadata})


def status(code: int, reason: str, message: str = "", **more: Any) -> dict[str, Any]:
    """Return a Status."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "code": code,
        "reason": reason,
        "message": message or f"{reason} it is",
        **more,
    }
