"""Field ownership of what is about to be stored.

Source: apimachinery ``pkg/util/managedfields``; the work is done in
``homeostat.schema``.
"""

from typing import Any

from homeostat.api import Schema
from homeostat.apiserver._registry import Served
from homeostat.k8s import schema_of
from homeostat.schema import FieldSet, same_but_times, update_managed

__all__ = ["reset_fields", "track", "unchanged"]


def _paths(*names: str) -> FieldSet:
    fields: dict[str, Any] = {f"f:{name}": {} for name in names}
    return FieldSet.from_fields_v1(fields)


_STATUS = _paths("status")
# What a write to /status leaves alone; metadata's bookkeeping is never owned anyhow.
_ALL_BUT_STATUS = _paths("spec", "metadata")


def reset_fields(served: Served, subresource: str) -> FieldSet | None:
    """Return the fields that an endpoint does not write, so nobody owns them by it."""
    if subresource == "status":
        return _ALL_BUT_STATUS
    return _STATUS if served.has_status else None


def _schema(served: Served) -> Schema | None:
    if served.custom or served.to_storage is None:
        return served.schema
    return schema_of(served.storage)


def track(
    served: Served,
    live: dict[str, Any] | None,
    new: dict[str, Any],
    *,
    manager: str,
    now: str,
    subresource: str = "",
) -> None:
    """Set ``metadata.managedFields`` of an object about to be stored."""
    entries = update_managed(
        live,
        new,
        schema=_schema(served),
        manager=manager,
        api_version=served.storage.api_version,
        subresource=subresource,
        now=now,
        reset=reset_fields(served, subresource),
    )
    metadata = new["metadata"]
    metadata.pop("managedFields", None)
    if entries:
        metadata["managedFields"] = entries


def unchanged(live: dict[str, Any], new: dict[str, Any]) -> bool:
    """Tell whether storing ``new`` would change nothing but times of ownership."""
    return same_but_times(live, new)
