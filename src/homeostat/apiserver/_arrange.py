"""Fields in the order in which the server writes them."""

from typing import Any

from homeostat.apiserver._registry import Served

__all__ = ["HEAD", "arranged", "encode_dry", "ordered_metadata"]

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
_OWNER_ORDER = (
    "apiVersion",
    "kind",
    "name",
    "uid",
    "controller",
    "blockOwnerDeletion",
)
_MANAGER_ORDER = (
    "manager",
    "operation",
    "apiVersion",
    "time",
    "fieldsType",
    "fieldsV1",
    "subresource",
)
HEAD = frozenset({"kind", "apiVersion", "metadata"})


def arranged(served: Served, value: Value) -> Value:
    """Return the object as it is stored, with its fields in the server's order."""
    if served.custom:
        value = served.packed(value)
    metadata = value["metadata"]
    metadata.setdefault("resourceVersion", "")
    ordered = _in_order(metadata, _META_ORDER)
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


def ordered_metadata(metadata: Value) -> Value:
    """Return metadata with the fields in it in their order, at every level."""
    ordered = _in_order(metadata, _META_ORDER)
    for name, order in (
        ("ownerReferences", _OWNER_ORDER),
        ("managedFields", _MANAGER_ORDER),
    ):
        if name in ordered:
            ordered[name] = [_in_order(each, order) for each in ordered[name]]
    return ordered


def _in_order(value: Value, order: tuple[str, ...]) -> Value:
    return {key: value[key] for key in order if key in value}


def encode_dry(served: Served, value: Value) -> bytes:
    """Return the bytes that a commit would store, under the version it has."""
    final = arranged(served, value)
    if not final["metadata"]["resourceVersion"]:
        del final["metadata"]["resourceVersion"]
    return served.table.encode(final)
