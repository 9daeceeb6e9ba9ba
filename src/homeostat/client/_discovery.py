"""What an API server says it serves, in its three dialects, as Resources.

Source: client-go ``discovery/aggregated_discovery.go`` and ``discovery_client.go``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from homeostat.api import GroupVersionKind, Resource, Unstructured

__all__ = [
    "AGGREGATED_ACCEPT",
    "Discovery",
    "is_aggregated",
    "parse_aggregated",
    "parse_group_version",
    "parse_groups",
]

# The newest dialect first; a server answers with the first that it knows, the last
# being its plain documents.
AGGREGATED_ACCEPT = ",".join(
    (
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
        "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",
        "application/json",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """What a server serves.

    Attributes:
        resources: Every resource of every group and version, the preferred version of a
            group first; subresources are names in their resource.
        failed: Why a group and version, as ``metrics.k8s.io/v1beta1``, could not be
            asked; the rest is good.
    """

    resources: Sequence[Resource]
    failed: Mapping[str, str] = field(default_factory=dict[str, str])


def is_aggregated(document: Unstructured) -> bool:
    """Whether the server answered in the aggregated dialect."""
    return document.get("kind") == "APIGroupDiscoveryList"


def parse_aggregated(document: Unstructured) -> Discovery:
    """Return what an APIGroupDiscoveryList (v2 or v2beta1) says."""
    resources: list[Resource] = []
    failed: dict[str, str] = {}
    for group in document.get("items") or ():
        name = str((group.get("metadata") or {}).get("name") or "")
        for version in group.get("versions") or ():
            number = str(version["version"])
            if version.get("freshness") == "Stale":
                failed[f"{name}/{number}"] = "the server's own copy of it is stale"
                continue
            resources.extend(_aggregated_resources(name, number, version))
    return Discovery(resources=resources, failed=failed)


def _aggregated_resources(
    group: str, version: str, document: Mapping[str, Any]
) -> Iterator[Resource]:
    for item in document.get("resources") or ():
        kind = (item.get("responseKind") or {}).get("kind")
        if not kind:
            continue  # only its subresources exist
        yield Resource(
            gvk=GroupVersionKind(group, version, str(kind)),
            plural=str(item["resource"]),
            namespaced=item.get("scope") == "Namespaced",
            singular=str(item.get("singularResource") or ""),
            short_names=tuple(item.get("shortNames") or ()),
            categories=tuple(item.get("categories") or ()),
            subresources=frozenset(
                str(sub["subresource"]) for sub in item.get("subresources") or ()
            ),
            verbs=tuple(item.get("verbs") or ()),
        )


def parse_groups(document: Unstructured) -> list[str]:
    """Return the paths of the group-versions that ``/api`` or ``/apis`` names."""
    if document.get("kind") == "APIVersions":
        return [f"/api/{version}" for version in document.get("versions") or ()]
    return [
        f"/apis/{version['groupVersion']}"
        for group in document.get("groups") or ()
        for version in _preferred_first(group)
    ]


def _preferred_first(group: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    preferred = (group.get("preferredVersion") or {}).get("groupVersion")
    versions: list[Mapping[str, Any]] = list(group.get("versions") or ())
    return sorted(versions, key=lambda v: v["groupVersion"] != preferred)


def parse_group_version(document: Unstructured) -> list[Resource]:
    """Return the resources of one APIResourceList."""
    group_version = str(document.get("groupVersion") or "")
    found: dict[str, Resource] = {}
    subresources: dict[str, set[str]] = {}
    for item in document.get("resources") or ():
        name, _, subresource = str(item["name"]).partition("/")
        if subresource:
            subresources.setdefault(name, set()).add(subresource)
            continue
        found[name] = Resource(
            gvk=GroupVersionKind.of(group_version, str(item["kind"])),
            plural=name,
            namespaced=bool(item.get("namespaced")),
            singular=str(item.get("singularName") or ""),
            short_names=tuple(item.get("shortNames") or ()),
            categories=tuple(item.get("categories") or ()),
            verbs=tuple(item.get("verbs") or ()),
        )
    return [
        replace(resource, subresources=frozenset(subresources.get(name, ())))
        for name, resource in found.items()
    ]
