"""What an API server says it serves, in its three dialects, as Resources.

Source: client-go ``discovery/aggregated_discovery.go`` and ``discovery_client.go``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from homeostat.api import GroupVersionKind, Resource

__all__ = [
    "AGGREGATED_ACCEPT",
    "Discovery",
    "parse_group_version",
    "parse_root",
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


class _Wire(msgspec.Struct, rename="camel"):
    """Base of the wire's documents; what a server leaves out is empty."""


class _Kind(_Wire):
    kind: str = ""


class _Subresource(_Wire):
    subresource: str


class _AggregatedResource(_Wire):
    resource: str
    response_kind: _Kind | None = None
    scope: str = ""
    singular_resource: str = ""
    verbs: list[str] | None = None
    short_names: list[str] | None = None
    categories: list[str] | None = None
    subresources: list[_Subresource] | None = None


class _AggregatedVersion(_Wire):
    version: str
    freshness: str = ""
    resources: list[_AggregatedResource] | None = None


class _Name(_Wire):
    name: str = ""


class _AggregatedGroup(_Wire):
    metadata: _Name = msgspec.field(default_factory=_Name)
    versions: list[_AggregatedVersion] | None = None


class _GroupVersion(_Wire):
    group_version: str


class _Group(_Wire):
    preferred_version: _GroupVersion | None = None
    versions: list[_GroupVersion] | None = None


class _Root(_Wire):
    """An APIGroupDiscoveryList, an APIGroupList or an APIVersions."""

    kind: str = ""
    items: list[_AggregatedGroup] | None = None
    groups: list[_Group] | None = None
    versions: list[str] | None = None


class _APIResource(_Wire):
    name: str
    kind: str = ""
    namespaced: bool = False
    singular_name: str = ""
    verbs: list[str] | None = None
    short_names: list[str] | None = None
    categories: list[str] | None = None


class _APIResourceList(_Wire):
    group_version: str
    resources: list[_APIResource] | None = None


_root = msgspec.json.Decoder(_Root)
_resource_list = msgspec.json.Decoder(_APIResourceList)


def parse_root(body: bytes) -> Discovery | list[str]:
    """Return what ``/api`` or ``/apis`` says.

    Returns:
        Everything, when the server speaks the aggregated dialect; else the paths of the
        group-versions, which must be asked one by one.

    Raises:
        msgspec.DecodeError: The body is none of the three documents.
    """
    root = _root.decode(body)
    if root.kind == "APIGroupDiscoveryList":
        return _aggregated(root)
    if root.kind == "APIVersions":
        return [f"/api/{version}" for version in root.versions or ()]
    return [
        f"/apis/{group_version}"
        for group in root.groups or ()
        for group_version in _preferred_first(group)
    ]


def _aggregated(root: _Root) -> Discovery:
    resources: list[Resource] = []
    failed: dict[str, str] = {}
    for group in root.items or ():
        name = group.metadata.name
        for version in group.versions or ():
            if version.freshness == "Stale":
                group_version = f"{name}/{version.version}"
                failed[group_version] = "its server does not answer"
                continue
            resources.extend(_aggregated_resources(name, version))
    return Discovery(resources=resources, failed=failed)


def _aggregated_resources(
    group: str, version: _AggregatedVersion
) -> Iterator[Resource]:
    for item in version.resources or ():
        if item.response_kind is None or not item.response_kind.kind:
            continue  # only its subresources exist
        yield Resource(
            gvk=GroupVersionKind(group, version.version, item.response_kind.kind),
            plural=item.resource,
            namespaced=item.scope == "Namespaced",
            singular=item.singular_resource,
            short_names=tuple(item.short_names or ()),
            categories=tuple(item.categories or ()),
            subresources=frozenset(s.subresource for s in item.subresources or ()),
            verbs=tuple(item.verbs or ()),
        )


def _preferred_first(group: _Group) -> list[str]:
    preferred = group.preferred_version and group.preferred_version.group_version
    versions = [version.group_version for version in group.versions or ()]
    return sorted(versions, key=lambda version: version != preferred)


def parse_group_version(body: bytes) -> list[Resource]:
    """Return the resources of one APIResourceList.

    Raises:
        msgspec.DecodeError: The body is none.
    """
    document = _resource_list.decode(body)
    items = document.resources or ()
    subresources: dict[str, set[str]] = {}
    for item in items:
        name, _, subresource = item.name.partition("/")
        if subresource:
            subresources.setdefault(name, set()).add(subresource)
    return [
        Resource(
            gvk=GroupVersionKind.of(document.group_version, item.kind),
            plural=item.name,
            namespaced=item.namespaced,
            singular=item.singular_name,
            short_names=tuple(item.short_names or ()),
            categories=tuple(item.categories or ()),
            subresources=frozenset(subresources.get(item.name, ())),
            verbs=tuple(item.verbs or ()),
        )
        for item in items
        if "/" not in item.name
    ]
