"""What happened to which object."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol, TypeAlias, cast

from homeostat.api import GroupVersionKind, Object, Unstructured, kind_of

__all__ = ["EventType", "Occurrence", "Recorded", "Reference", "reference_to"]

EventType: TypeAlias = Literal["Normal", "Warning"]


class Recorded(Protocol):
    """What an event needs to know of its object; a cache's record has it."""

    @property
    def gvk(self) -> GroupVersionKind:
        """Its kind."""
        ...

    @property
    def namespace(self) -> str:
        """Its namespace, "" for a cluster-scoped object."""
        ...

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def uid(self) -> str:
        """Its uid."""
        ...

    @property
    def resource_version(self) -> str:
        """Its version."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """An object, as an event names it."""

    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str
    resource_version: str = ""

    @property
    def wire(self) -> dict[str, str]:
        """As an ObjectReference."""
        fields = {
            "apiVersion": self.api_version,
            "kind": self.kind,
            "namespace": self.namespace,
            "name": self.name,
            "uid": self.uid,
            "resourceVersion": self.resource_version,
        }
        return {name: value for name, value in fields.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One thing that happened.

    Attributes:
        regarding: The object that it happened to.
        type: ``Warning`` when somebody should look.
        reason: Why, in one word for machines, as ``FailedCreate``.
        message: What, for people.
        action: What was done, in one word.
        at: Wall time.
        related: Another object that took part.
    """

    regarding: Reference
    type: EventType
    reason: str
    message: str
    action: str
    at: datetime
    related: Reference | None = None


def reference_to(obj: "Object | Unstructured | Recorded") -> Reference:
    """Return how an event names an object.

    Raises:
        ValueError: Dicts without kind or name.
    """
    if isinstance(obj, dict):
        gvk = kind_of(obj)
        found = cast("Mapping[str, Any]", obj.get("metadata") or {})
        if not found.get("name"):
            raise ValueError(
                f"an event needs an object with a name, this {gvk} has none"
            )
        return Reference(
            api_version=gvk.api_version,
            kind=gvk.kind,
            namespace=found.get("namespace") or "",
            name=found["name"],
            uid=found.get("uid") or "",
            resource_version=found.get("resourceVersion") or "",
        )
    if isinstance(obj, Object):
        gvk = kind_of(obj)
        meta = obj.metadata
        return Reference(
            api_version=gvk.api_version,
            kind=gvk.kind,
            namespace=meta.namespace or "",
            name=meta.name or "",
            uid=meta.uid or "",
            resource_version=meta.resource_version or "",
        )
    return Reference(
        api_version=obj.gvk.api_version,
        kind=obj.gvk.kind,
        namespace=obj.namespace,
        name=obj.name,
        uid=obj.uid,
        resource_version=obj.resource_version,
    )
