"""Names of kinds, resources and objects."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec

__all__ = [
    "JSON",
    "GroupVersionKind",
    "GroupVersionResource",
    "NamespacedName",
    "Request",
    "Resource",
    "Unstructured",
]

JSON: TypeAlias = Any
"""A decoded JSON value."""

Unstructured: TypeAlias = dict[str, Any]
"""A whole object as plain dicts, as the wire has it."""


def _api_version(group: str, version: str) -> str:
    return f"{group}/{version}" if group else version


@dataclass(frozen=True, slots=True, order=True)
class GroupVersionKind:
    """A kind and where it lives; the core group is ``""``."""

    group: str
    version: str
    kind: str

    @classmethod
    def of(cls, api_version: str, kind: str) -> "GroupVersionKind":
        """Return the kind for an object's ``apiVersion`` and ``kind``."""
        group, _, version = api_version.rpartition("/")
        return cls(group, version, kind)

    @property
    def api_version(self) -> str:
        """``apps/v1``, or ``v1`` in the core group."""
        return _api_version(self.group, self.version)

    @property
    def group_kind(self) -> tuple[str, str]:
        """The kind whatever its version: ``(group, kind)``."""
        return self.group, self.kind

    def __str__(self) -> str:
        """Return ``apps/v1 Deployment``."""
        return f"{self.api_version} {self.kind}"


@dataclass(frozen=True, slots=True, order=True)
class GroupVersionResource:
    """A resource (the plural in a URL) and where it lives."""

    group: str
    version: str
    resource: str

    @property
    def api_version(self) -> str:
        """``apps/v1``, or ``v1`` in the core group."""
        return _api_version(self.group, self.version)

    def __str__(self) -> str:
        """Return ``apps/v1 deployments``."""
        return f"{self.api_version} {self.resource}"


# Structs, as no other values are made and hashed as often as these two.
class NamespacedName(msgspec.Struct, frozen=True, order=True, gc=False):
    """The name of an object; ``namespace`` is "" for cluster-scoped ones."""

    namespace: str
    name: str

    def __str__(self) -> str:
        """Return ``default/web``, or ``web`` without a namespace."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


class Request(msgspec.Struct, frozen=True, order=True, gc=False):
    """What a controller is asked to reconcile: one object of one cluster.

    Attributes:
        namespace: "" for cluster-scoped objects.
        name: Name of the object, which need not exist.
        cluster: Name of the cluster; "" when there is only one.
    """

    namespace: str
    name: str
    cluster: str = ""

    def __str__(self) -> str:
        """Return ``default/web``, after the cluster when there is one."""
        name = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.cluster}/{name}" if self.cluster else name


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What a REST mapping knows of a kind: how to reach it over HTTP.

    Attributes:
        gvk: The kind of its objects.
        plural: Name in URLs, as ``deployments``.
        namespaced: Whether its objects live in namespaces.
        singular: As ``deployment``; the lower-case kind when not given.
        short_names: As ``("deploy",)``.
        categories: As ``("all",)``.
        list_kind: As ``DeploymentList``; the kind and ``List`` when not given.
        subresources: As ``frozenset({"status", "scale"})``.
        verbs: What the server offers; empty when that is not known.
    """

    gvk: GroupVersionKind
    plural: str
    namespaced: bool
    singular: str = ""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    list_kind: str = ""
    subresources: frozenset[str] = frozenset()
    verbs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.singular:
            object.__setattr__(self, "singular", self.gvk.kind.lower())
        if not self.list_kind:
            object.__setattr__(self, "list_kind", f"{self.gvk.kind}List")

    @property
    def gvr(self) -> GroupVersionResource:
        """Group, version and plural."""
        return GroupVersionResource(self.gvk.group, self.gvk.version, self.plural)

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """Return the URL path, unquoted.

        Args:
            namespace: Leave "" for a cluster-scoped resource, and to list or watch a
                namespaced one across all namespaces.
            name: "" for the collection.
            subresource: As ``status``; needs a name.

        Returns:
            As ``/apis/apps/v1/namespaces/default/deployments/web/scale``.
        """
        gvk = self.gvk
        root = (
            f"/apis/{gvk.group}/{gvk.version}" if gvk.group else f"/api/{gvk.version}"
        )
        if namespace and self.namespaced:
            root = f"{root}/namespaces/{namespace}"
        path = f"{root}/{self.plural}"
        if name:
            path = f"{path}/{name}"
        return f"{path}/{subresource}" if subresource else path
