"""Typed changes laid over the object that the server holds."""

from functools import cache
from typing import Any

import msgspec

from homeostat.api import (
    CustomResource,
    Object,
    Resource,
    Schema,
    Unstructured,
    from_dict,
    overlay,
    to_dict,
)
from homeostat.client._objects import conflict, identity

__all__ = ["merged_update", "schema_for"]


def merged_update(resource: Resource, obj: Object, live: bytes) -> Unstructured:
    """Return what to PUT for a typed object: ``live`` and the typed changes.

    Args:
        resource: The object's resource.
        obj: The object with its changes; without a ``resourceVersion`` it takes the
            live one, so that a write in between is still noticed.
        live: What the server holds.

    Raises:
        ConflictError: ``obj`` is of another version, or of another object of its name.
    """
    base: Unstructured = msgspec.json.decode(live)
    namespace, name, uid, version = identity(obj)
    _, _, live_uid, live_version = identity(base)
    if (version and version != live_version) or (uid and uid != live_uid):
        target = f"{namespace}/{name}" if namespace else name
        raise conflict(resource, name, f"update {resource.gvr} {target}")
    before = to_dict(from_dict(type(obj), base))
    merged = overlay(base, before, to_dict(obj), schema_for(type(obj)))
    metadata: dict[str, Any] = merged.setdefault("metadata", {})
    metadata["resourceVersion"] = live_version
    metadata["uid"] = live_uid
    return merged


@cache
def schema_for(kind: type[Object]) -> Schema | None:
    """Return the schema of a typed kind, None when there is none to be had."""
    # Both packages cost milliseconds to import: only typed updates pay.
    if CustomResource in kind.__mro__:
        from homeostat.schema import crd_for, parse_schema  # noqa: PLC0415

        version = crd_for(kind)["spec"]["versions"][0]
        return parse_schema(version["schema"]["openAPIV3Schema"])
    from homeostat.k8s import schema_of  # noqa: PLC0415

    return schema_of(kind.__resource__.gvk)
