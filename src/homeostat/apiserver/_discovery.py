"""Discovery documents: what is served, in the form and order of the real server.

Built-in groups come first, in the order of the given resources; then the groups of
custom resources, by name, their versions by age of promise (v2, v1, v1beta1, ...).

Source: kubernetes ``staging/src/k8s.io/apiserver/pkg/endpoints/discovery``.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from homeostat.api import GroupVersionKind, GroupVersionResource, Resource
from homeostat.k8s import Subresource, resources, subresources

__all__ = [
    "api_group",
    "api_group_list",
    "api_resource_list",
    "api_versions",
    "document_hash",
    "group_discovery_list",
    "is_builtin",
    "version_order",
]

Document = dict[str, Any]
Versions = dict[str, list[Resource]]

_SUB_VERBS: Final = ("get", "patch", "update")
_SCALE: Final = GroupVersionKind("autoscaling", "v1", "Scale")
# Stored in a version other than the one that is served.
_STORED: Final[Mapping[tuple[str, str], tuple[str, str]]] = {
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"): (
        "admissionregistration.k8s.io",
        "v1beta1",
    ),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"): (
        "admissionregistration.k8s.io",
        "v1beta1",
    ),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): (
        "apiextensions.k8s.io",
        "v1beta1",
    ),
    ("autoscaling", "HorizontalPodAutoscaler"): ("autoscaling", "v2"),
    ("events.k8s.io", "Event"): ("", "v1"),
}
_VERSION: Final = re.compile(r"v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?", re.ASCII)


def version_order(version: str) -> tuple[int, int, int, str]:
    """Return a key that sorts versions as Kubernetes does, the most mature one first.

    Stable ones by number, then betas, then alphas; what is no such version comes last.
    """
    match = _VERSION.fullmatch(version)
    if match is None:
        return 3, 0, 0, version
    major, stage, minor = match.groups()
    rank = {None: 0, "beta": 1, "alpha": 2}[stage]
    return rank, -int(major), -int(minor or 0), version


def document_hash(document: bytes) -> str:
    """Return the hash of a document, as it stands in ETags and in URLs."""
    return hashlib.sha512(document).hexdigest().upper()


def api_versions(address: str) -> Document:
    """Return ``/api``.

    Args:
        address: Host and port under which the server can be reached.
    """
    where = {"clientCIDR": "0.0.0.0/0", "serverAddress": address}
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [where],
    }


def api_group_list(served: Iterable[Resource]) -> Document:
    """Return ``/apis``."""
    groups = _groups(served)
    return {
        "kind": "APIGroupList",
        "apiVersion": "v1",
        "groups": [_group(name, groups[name]) for name in groups if name],
    }


def api_group(served: Iterable[Resource], name: str) -> Document | None:
    """Return ``/apis/{group}``, None for a group that is not served."""
    versions = _groups(served).get(name)
    if not name or versions is None:
        return None
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, versions)}


def api_resource_list(
    served: Iterable[Resource],
    group: str,
    version: str,
    *,
    stored: Mapping[GroupVersionResource, str] | None = None,
) -> Document | None:
    """Return ``/api/v1`` or ``/apis/{group}/{version}``, None when it is not served.

    Args:
        served: Every resource that is served.
        group: "" for the core group.
        version: As ``v1``.
        stored: The version in which a custom resource is stored, where it is not the
            one that is served.
    """
    listed = _groups(served).get(group, {}).get(version)
    if listed is None:
        return None
    rows: list[Document] = []
    for resource in listed:
        rows.append(_resource(resource, (stored or {}).get(resource.gvr)))
        rows += [_subresource(resource, sub) for sub in _subs(resource)]
    document: Document = {"kind": "APIResourceList"}
    # The real server leaves it out of the document of the core group alone.
    if group:
        document["apiVersion"] = "v1"
    document["groupVersion"] = f"{group}/{version}" if group else version
    document["resources"] = rows
    return document


def group_discovery_list(
    served: Iterable[Resource], *, core: bool, version: str = "v2"
) -> Document:
    """Return the aggregated document of ``/api`` (``core``) or ``/apis``.

    Args:
        served: Every resource that is served.
        core: Whether it is for ``/api``.
        version: Of ``apidiscovery.k8s.io``: ``v2`` or ``v2beta1``, alike but in name.
    """
    items: list[Document] = []
    for name, versions in _groups(served).items():
        if core is not (not name):
            continue
        listed = [
            {
                "version": each,
                "resources": [_discovered(resource) for resource in found],
                "freshness": "Current",
            }
            for each, found in versions.items()
        ]
        metadata = {"name": name} if name else {}
        items.append({"metadata": metadata, "versions": listed})
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"apidiscovery.k8s.io/{version}",
        "metadata": {},
        "items": items,
    }


def is_builtin(resource: Resource) -> bool:
    """Tell whether a resource is one of the server's own."""
    return resource.gvr in _builtin()


@cache
def _builtin() -> frozenset[GroupVersionResource]:
    return frozenset(resource.gvr for resource in resources())


def _groups(served: Iterable[Resource]) -> dict[str, Versions]:
    """Return resources by group and version, in the order of the documents."""
    builtin: dict[str, Versions] = {}
    custom: dict[str, Versions] = {}
    for resource in served:
        gvk = resource.gvk
        found = builtin if is_builtin(resource) else custom
        found.setdefault(gvk.group, {}).setdefault(gvk.version, []).append(resource)
    for group in sorted(custom):
        versions = custom[group]
        ordered = builtin.setdefault(group, {})
        for version in sorted(versions, key=version_order):
            listed = sorted(versions[version], key=lambda resource: resource.plural)
            ordered.setdefault(version, []).extend(listed)
    return builtin


def _group(name: str, versions: Versions) -> Document:
    listed = [{"groupVersion": f"{name}/{each}", "version": each} for each in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def _subs(resource: Resource) -> Sequence[Subresource]:
    """Return the subresources of a resource that are served, in order."""
    if is_builtin(resource):
        known = subresources(resource.gvr)
        return [sub for sub in known if sub.name in resource.subresources]
    found: list[Subresource] = []
    if "status" in resource.subresources:
        found.append(Subresource(name="status", gvk=resource.gvk, verbs=_SUB_VERBS))
    if "scale" in resource.subresources:
        found.append(Subresource(name="scale", gvk=_SCALE, verbs=_SUB_VERBS))
    return found


def _names(resource: Resource) -> Document:
    named: Document = {}
    if resource.short_names:
        named["shortNames"] = list(resource.short_names)
    if resource.categories:
        named["categories"] = list(resource.categories)
    return named


def _resource(resource: Resource, stored: str | None) -> Document:
    row: Document = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.gvk.kind,
        "verbs": list(resource.verbs),
        **_names(resource),
    }
    # Only what is stored has a hash: reviews are not, nor component statuses.
    if "watch" in row["verbs"]:
        row["storageVersionHash"] = _storage_hash(resource.gvk, stored)
    return row


def _storage_hash(gvk: GroupVersionKind, stored: str | None) -> str:
    group, version = _STORED.get(gvk.group_kind, (gvk.group, stored or gvk.version))
    text = f"{group}/{version}/{gvk.kind}"
    return base64.b64encode(hashlib.sha256(text.encode()).digest()[:8]).decode()


def _subresource(resource: Resource, sub: Subresource) -> Document:
    row: Document = {
        "name": f"{resource.plural}/{sub.name}",
        "singularName": "",
        "namespaced": resource.namespaced,
    }
    if sub.gvk.api_version != resource.gvk.api_version:
        row |= {"group": sub.gvk.group, "version": sub.gvk.version}
    return row | {"kind": sub.gvk.kind, "verbs": list(sub.verbs)}


def _discovered(resource: Resource) -> Document:
    row: Document = {
        "resource": resource.plural,
        "responseKind": _response_kind(resource, resource.gvk),
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(resource.verbs),
        **_names(resource),
    }
    subs = [
        {
            "subresource": sub.name,
            "responseKind": _response_kind(resource, sub.gvk),
            "verbs": list(sub.verbs),
        }
        for sub in _subs(resource)
    ]
    return row | {"subresources": subs} if subs else row


def _response_kind(resource: Resource, gvk: GroupVersionKind) -> Document:
    # A built-in resource leaves its own group and version to be inferred.
    inferred = is_builtin(resource) and (gvk.api_version == resource.gvk.api_version)
    if inferred:
        return {"group": "", "version": "", "kind": gvk.kind}
    return {"group": gvk.group, "version": gvk.version, "kind": gvk.kind}
