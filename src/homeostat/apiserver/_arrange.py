"""Fields in the order in which the server writes them."""

from typing import Any

import msgspec

from homeostat.apiserver._registry import Served

__all__ = ["HEAD", "arranged", "encode_dry"]

Value = dict[str, Any]

_META_ORDER = (
    "name",
    "generateName",
    "namespace",
    "selfLink",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "managedFields",
)
HEAD = frozenset({"kind", "apiVersion", "metadata"})


def arranged(served: Served, value: Value) -> Value:
    """Return the object with its fields in the server's order."""
    metadata = value["metadata"]
    metadata.setdefault("resourceVersion", "")
    ordered = {key: metadata[key] for key in _META_ORDER if key in metadata}
    final: Value = {
        "kind": served.storage.kind,
        "apiVersion": served.storage.api_version,
        "metadata": ordered,
    }
    for key, item in value.items():
        if key not in HEAD and key != "status":
            final[key] = item
    if "status" in value:
        final["status"] = value["status"]
    return final


def encode_dry(served: Served, value: Value) -> bytes:
    """Return the bytes that a commit would store, under the version it has."""
    final = arranged(served, value)
    if not final["metadata"]["resourceVersion"]:
        del final["metadata"]["resourceVersion"]
    return msgspec.json.encode(final)
