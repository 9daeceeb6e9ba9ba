"""Field ownership of what is about to be stored.

Source: apimachinery ``pkg/util/managedfields``; the work is done in
``homeostat.schema``.
"""

from collections.abc import Mapping
from typing import Any

from homeostat.apiserver._registry import Served
from homeostat.schema import FieldSet, same_but_times, update_managed

__all__ = [
    "blank_foreign",
    "kept_by_status",
    "reset_fields",
    "track",
    "unchanged",
    "without_foreign",
]


_METADATA = ("labels", "annotations", "finalizers", "ownerReferences")
# What a write to /status cannot change in metadata; all else is taken as it comes.
# Source: the status strategies in kubernetes ``pkg/registry``.
_KEPT: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("", "pods"): ("ownerReferences",),
    ("apps", "deployments"): ("labels",),
    ("apiregistration.k8s.io", "apiservices"): _METADATA,
    ("networking.k8s.io", "servicecidrs"): _METADATA,
    ("resource.k8s.io", "resourceclaims"): _METADATA,
    ("storage.k8s.io", "volumeattachments"): _METADATA,
}
_CLOSED_GROUPS = frozenset(
    {"admissionregistration.k8s.io", "flowcontrol.apiserver.k8s.io"}
)


def kept_by_status(served: Served) -> tuple[str, ...]:
    """Return the fields of metadata that a write to ``/status`` leaves alone."""
    if served.custom or served.group in _CLOSED_GROUPS:
        return _METADATA
    return _KEPT.get((served.group, served.plural), ())


def reset_fields(served: Served, subresource: str) -> FieldSet | None:
    """Return the fields that an endpoint does not write, so nobody owns them by it."""
    if subresource != "status":
        return _fields({"f:status": {}}) if served.has_status else None
    if served.custom or (served.group, served.plural) == ("", "nodes"):
        return _fields({"f:spec": {}, "f:metadata": {}})
    kept: dict[str, Any] = {f"f:{key}": {} for key in kept_by_status(served)}
    return _fields({"f:spec": {}, **({"f:metadata": kept} if kept else {})})


def _fields(tree: dict[str, Any]) -> FieldSet:
    return FieldSet.from_fields_v1(tree)


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
    before, after = live, {**new, "metadata": {**new["metadata"]}}
    if not served.custom:
        before = None if live is None else served.view(live)
        after = served.view(after)
    for each in (before, after):
        if each is not None:
            blank_foreign(served, each)
    entries = update_managed(
        before,
        after,
        schema=served.schema,
        manager=manager,
        api_version=served.gvk.api_version,
        subresource=subresource,
        now=now,
        reset=reset_fields(served, subresource),
        check=served.custom,
    )
    metadata = new["metadata"]
    metadata.pop("managedFields", None)
    entries = without_foreign(served, entries)
    if entries:
        metadata["managedFields"] = entries


def blank_foreign(served: Served, value: dict[str, Any]) -> None:
    """Let owners that wrote in a version of another group own nothing, in place.

    Events alone are served in two groups, and the server converts ownership only
    within one. The entries stay until ``without_foreign``: an object without any is
    one whose fields are not tracked.
    """
    metadata = value["metadata"]
    entries: list[dict[str, Any]] | None = metadata.get("managedFields")
    if entries and not served.custom:
        nothing: dict[str, Any] = {}
        blank = [
            entry if _is_own(served, entry) else {**entry, "fieldsV1": nothing}
            for entry in entries
        ]
        value["metadata"] = {**metadata, "managedFields": blank}


def without_foreign(
    served: Served, entries: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return the owners that wrote in versions of the group of the request."""
    return entries if served.custom else [e for e in entries if _is_own(served, e)]


def _is_own(served: Served, entry: Mapping[str, Any]) -> bool:
    version: str = entry.get("apiVersion", "")
    return version.rpartition("/")[0] == served.group


def unchanged(live: dict[str, Any], new: dict[str, Any]) -> bool:
    """Tell whether storing ``new`` would change nothing but times of ownership."""
    return same_but_times(live, new)
