"""Ownership after a write of a scale.

The real server makes a scale's record out of that of the whole object, and the whole
object's out of the scale's again. On the way those who wrote replicas by an update
become others, whom it takes for new ones: their replicas part from what else they own,
and from the time.

Source: apimachinery ``pkg/util/managedfields/scalehandler.go``.
"""

from collections.abc import Mapping
from typing import Any

from homeostat.apiserver._access import at_path, items
from homeostat.schema import FieldSet

__all__ = ["scaled_owners"]

Entry = dict[str, Any]


def scaled_owners(
    live: Mapping[str, Any],
    new: Mapping[str, Any],
    path: str,
    *,
    manager: str,
    api_version: str,
) -> list[Entry]:
    """Return the entries of managedFields after a write of a scale.

    Args:
        live: The whole object before.
        new: The whole object with the replicas that were asked for.
        path: Where it has them, as ``.spec.replicas``.
        manager: Who wrote.
        api_version: The version that the object is written in.
    """
    before, after = at_path(live, path) or 0, at_path(new, path) or 0
    tree: dict[str, Any] = {}
    for step in reversed(path.lstrip(".").split(".")):
        tree = {f"f:{step}": tree}
    replicas = FieldSet.from_fields_v1(tree)
    owners: list[Entry] = []
    kept: list[Entry] = []
    for entry in _last_of_each(live):
        fields = FieldSet.from_fields_v1(entry["fieldsV1"])
        left = fields.difference(replicas)
        applied = entry["operation"] == "Apply"
        if left == fields or (applied and before == after):
            owners.append(entry)
            continue
        if not left.empty:
            owners.append({**entry, "fieldsV1": left.to_fields_v1()})
        if before == after:
            kept.append({**entry, "apiVersion": api_version, "fieldsV1": tree})
    # A scale of 0 has no replicas in its record: nobody is their owner by it.
    if before != after and after:
        writer = {"manager": manager, "operation": "Update", "apiVersion": api_version}
        owned = {"fieldsType": "FieldsV1", "fieldsV1": tree, "subresource": "scale"}
        kept.append({**writer, **owned})
    for entry in kept:
        entry.pop("time", None)
    return sorted(owners + kept, key=_order)


def _last_of_each(live: Mapping[str, Any]) -> list[Entry]:
    """Return the entries; of those that nothing but the time tells apart the last."""
    found = {
        _order({**entry, "time": ""}): entry
        for entry in items(live["metadata"], "managedFields")
    }
    return list(found.values())


def _order(entry: Entry) -> tuple[str, ...]:
    names = ("operation", "time", "manager", "apiVersion", "subresource")
    return tuple(entry.get(name, "") for name in names)
