"""Field ownership of what is about to be stored.

Source: apimachinery ``pkg/util/managedfields``; the work is done in
``homeostat.schema``.
"""

from collections.abc import Mapping
from typing import Any

from homeostat.apiserver._managed_scale import scaled_owners
from homeostat.apiserver._parts import is_part
from homeostat.apiserver._registry import Served
from homeostat.schema import (
    FieldSet,
    FindVersion,
    KindVersion,
    same_but_times,
    update_managed,
)

__all__ = [
    "kept_by_status",
    "reset_fields",
    "timeless_scale",
    "track",
    "unchanged",
    "versions_of",
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
# Of a request for a certificate nobody owns what its makers cannot change.
_REQUEST: Mapping[str, Any] = {"f:spec": {}, "f:status": {}}
_OF_REQUESTS: Mapping[str, Mapping[str, Any]] = {
    "approval": {"f:spec": {}, "f:status": {"f:certificate": {}}},
    "status": {"f:spec": {}},
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
    if served.plural == "certificatesigningrequests" and not served.custom:
        return _fields(_OF_REQUESTS.get(subresource, _REQUEST))
    if is_part(served, subresource):
        return None
    if subresource != "status":
        return _fields({"f:status": {}}) if served.has_status else None
    if served.custom or (served.group, served.plural) == ("", "nodes"):
        return _fields({"f:spec": {}, "f:metadata": {}})
    kept: dict[str, Any] = {f"f:{key}": {} for key in kept_by_status(served)}
    return _fields({"f:spec": {}, **({"f:metadata": kept} if kept else {})})


def _fields(tree: Mapping[str, Any]) -> FieldSet:
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
    if subresource == "scale" and live is not None:
        path = served.scale.spec_path if served.scale else ".spec.replicas"
        api = served.gvk.api_version
        entries = scaled_owners(live, new, path, manager=manager, api_version=api)
        _set_owners(new, entries)
        return
    before, after = live, {**new, "metadata": {**new["metadata"]}}
    if not served.custom:
        before = None if live is None else served.view(live)
        after = served.view(after)
    entries = update_managed(
        before,
        after,
        schema=served.schema,
        manager=manager,
        api_version=served.gvk.api_version,
        subresource=subresource,
        now=now,
        reset=reset_fields(served, subresource),
        versions=versions_of(served, subresource),
        check=served.custom,
    )
    _set_owners(new, timeless_scale(entries))


def _set_owners(new: dict[str, Any], entries: list[dict[str, Any]]) -> None:
    metadata = new["metadata"]
    metadata.pop("managedFields", None)
    if entries:
        metadata["managedFields"] = entries


def timeless_scale(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return entries of managedFields; those of ``/scale`` have no time.

    The real server brings them from the scale's own record, which forgets it.
    """
    for entry in entries:
        if entry.get("subresource") == "scale":
            entry.pop("time", None)
    return entries


def versions_of(served: Served, subresource: str) -> FindVersion:
    """Return what finds the versions of a resource that owners wrote in.

    Events alone are served in two groups, and the server converts ownership only
    within one: owners in the other are forgotten.
    """

    def find(api_version: str) -> KindVersion | None:
        version = served.version(api_version)
        if version is None:
            return None

        def convert(value: dict[str, Any], source: str) -> dict[str, Any]:
            given = served.version(source)
            if served.custom or given is None:
                return {**value, "apiVersion": api_version}
            return version.view(given.packed(value))

        reset = reset_fields(version, subresource)
        return KindVersion(schema=version.schema, reset=reset, convert=convert)

    return find


def unchanged(live: dict[str, Any], new: dict[str, Any]) -> bool:
    """Tell whether storing ``new`` would change nothing but times of ownership."""
    return same_but_times(live, new)
