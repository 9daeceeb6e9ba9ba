"""Which resources are served, and by which rules."""

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from homeostat.api import GroupVersionKind, Resource, Schema
from homeostat.apiserver._autoscalers import autoscaler_from_v2, autoscaler_to_v2
from homeostat.apiserver._events import (
    EVENT_FIELDS,
    event_from_core,
    event_to_core,
)
from homeostat.apiserver._kinds import (
    CREATE_ON_UPDATE,
    DEPRECATIONS,
    GENERATION_KINDS,
    NEEDS_VERSION,
    RETURNS_DELETED,
    selectable,
)
from homeostat.apiserver._store import Store, Table

__all__ = ["Registry", "Scale", "Served"]

Convert = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Where a custom resource keeps its replicas; paths as ``.spec.replicas``."""

    spec_path: str
    status_path: str
    selector_path: str = ""


@dataclass(frozen=True, kw_only=True)
class Served:
    """One resource in one version.

    Attributes:
        resource: Its names, verbs and subresources.
        table: Where its objects are.
        load_schema: Gives the schema of a whole object, None when there is none.
        storage: The kind under which objects are stored.
        to_storage: Turns an object of this version into the stored form; one of a
            custom kind is used up.
        from_storage: The way back.
        custom: Whether a CustomResourceDefinition defines it.
        scale: Where a custom resource keeps its replicas.
        generation: Objects carry a generation.
        needs_version: An update must carry the resourceVersion.
        create_on_update: A PUT of a missing name creates it.
        returns_deleted: A delete answers with the object in every case.
        deprecation: Warning of a deprecated version; "" for none.
        terminating: The definition of a custom kind is being deleted.
        fields: Selectable fields of its own.
        aliases: Names of fields in this version, and what they are stored as.
        validation: Schema that objects of a custom kind are validated by.
        document: The OpenAPI document of a custom kind.
        columns: Printer columns of a custom kind.
        versions: Finds the resource in another version by its apiVersion, None for
            one that does not exist; of a custom kind also versions that are not served.
    """

    resource: Resource
    table: Table
    load_schema: Callable[[], Schema | None]
    storage: GroupVersionKind
    to_storage: Convert | None = None
    from_storage: Convert | None = None
    custom: bool = False
    scale: Scale | None = None
    generation: bool = False
    needs_version: bool = False
    create_on_update: bool = False
    returns_deleted: bool = False
    deprecation: str = ""
    terminating: bool = False
    fields: frozenset[str] = field(default_factory=frozenset[str])
    aliases: Mapping[str, str] = field(default_factory=dict[str, str])
    validation: Schema | None = None
    document: Mapping[str, Any] | None = None
    columns: tuple[Mapping[str, Any], ...] = ()
    versions: "Callable[[str], Served | None] | None" = None

    @functools.cached_property
    def schema(self) -> Schema | None:
        """Schema of a whole object, loaded when it is first asked for."""
        return self.load_schema()

    @property
    def gvk(self) -> GroupVersionKind:
        """The kind, in this version."""
        return self.resource.gvk

    @property
    def group(self) -> str:
        """The API group, "" for the core group."""
        return self.resource.gvk.group

    @property
    def kind(self) -> str:
        """The kind's name."""
        return self.resource.gvk.kind

    @property
    def plural(self) -> str:
        """The name in URLs."""
        return self.resource.plural

    @property
    def namespaced(self) -> bool:
        """Whether objects live in namespaces."""
        return self.resource.namespaced

    @property
    def has_status(self) -> bool:
        """Whether ``/status`` exists, so that other writes leave the status alone."""
        return "status" in self.resource.subresources

    def view(self, stored: dict[str, Any]) -> dict[str, Any]:
        """Return a stored object in this version; the object given is used up."""
        return stored if self.from_storage is None else self.from_storage(stored)

    def packed(self, value: dict[str, Any]) -> dict[str, Any]:
        """Return an object of this version as it is stored."""
        return value if self.to_storage is None else self.to_storage(value)

    def version(self, api_version: str) -> "Served | None":
        """Return the resource in a version of its group; None when there is none."""
        if api_version == self.gvk.api_version:
            return self
        return self.versions(api_version) if self.versions else None

    def key(self, namespace: str, name: str) -> str:
        """Return the table key of an object."""
        return f"{namespace}/{name}" if self.namespaced else name

    @functools.cached_property
    def envelope(self) -> bytes:
        """How the bytes of each stored object begin."""
        return _head(self.storage)

    @functools.cached_property
    def head(self) -> bytes:
        """How the bytes of each object begin in this version."""
        return _head(self.gvk)


def _head(kind: GroupVersionKind) -> bytes:
    return f'{{"kind":"{kind.kind}","apiVersion":"{kind.api_version}",'.encode()


class Registry:
    """All served resources, by group, version and plural.

    Attributes:
        changes: Counts the changes; discovery and OpenAPI are built anew after one.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._served: dict[tuple[str, str], dict[str, Served]] = {}
        self._builtin_groups: set[str] = set()
        self.changes = 0

    def find(self, group: str, version: str, plural: str) -> Served | None:
        """Return a served resource, None when there is none."""
        resources = self._served.get((group, version))
        return resources.get(plural) if resources else None

    def has_builtin(self, group: str) -> bool:
        """Tell whether a group has built-in resources."""
        return group in self._builtin_groups

    def __iter__(self) -> Iterator[Served]:
        for resources in self._served.values():
            yield from resources.values()

    def install(self, served: Served) -> None:
        """Serve a resource, in place of one of the same name and version."""
        gvk = served.gvk
        self._served.setdefault((gvk.group, gvk.version), {})[served.plural] = served
        self.changes += 1

    def remove(self, group: str, plural: str, *, custom: bool) -> None:
        """Serve a resource no longer, in any version."""
        for (each, _), resources in self._served.items():
            found = resources.get(plural) if each == group else None
            if found is not None and found.custom == custom:
                del resources[plural]
        self._served = {key: value for key, value in self._served.items() if value}
        self.changes += 1

    def install_builtins(
        self,
        resources: Iterable[Resource],
        schema_of: Callable[[GroupVersionKind], Schema | None],
    ) -> None:
        """Serve the built-in resources; the first version of each is the stored one."""
        stored: dict[tuple[str, str], GroupVersionKind] = {}
        for resource in resources:
            name = (resource.gvk.group, resource.plural)
            self._builtin_groups.add(resource.gvk.group)
            storage = stored.setdefault(name, resource.gvk)
            self.install(self._builtin(resource, storage, schema_of))

    def _builtin(
        self,
        resource: Resource,
        storage: GroupVersionKind,
        schema_of: Callable[[GroupVersionKind], Schema | None],
    ) -> Served:
        gvk = resource.gvk
        name = (gvk.group, resource.plural)
        if name == ("events.k8s.io", "events"):
            return self._events(resource, schema_of)
        old_autoscaler = gvk == GroupVersionKind(
            "autoscaling", "v1", "HorizontalPodAutoscaler"
        )
        versions = functools.partial(self._version, *name)
        read = selectable(*name)
        table = self._store.table(f"{resource.plural}.{gvk.group}", read)
        return Served(
            resource=resource,
            table=table,
            load_schema=functools.partial(schema_of, gvk),
            storage=storage,
            to_storage=autoscaler_to_v2 if old_autoscaler else None,
            from_storage=autoscaler_from_v2 if old_autoscaler else None,
            generation=name in GENERATION_KINDS,
            needs_version=name in NEEDS_VERSION,
            create_on_update=name in CREATE_ON_UPDATE,
            returns_deleted=name in RETURNS_DELETED,
            deprecation=DEPRECATIONS.get(name, ""),
            fields=frozenset(read({})),
            aliases=_POD_ALIASES if name == ("", "pods") else {},
            versions=versions,
        )

    def _version(self, group: str, plural: str, api_version: str) -> Served | None:
        found, _, version = api_version.rpartition("/")
        return self.find(group, version, plural) if found == group else None

    def _events(
        self,
        resource: Resource,
        schema_of: Callable[[GroupVersionKind], Schema | None],
    ) -> Served:
        return Served(
            resource=resource,
            table=self._store.table("events.", selectable("", "events")),
            load_schema=functools.partial(schema_of, resource.gvk),
            storage=GroupVersionKind("", "v1", "Event"),
            to_storage=event_to_core,
            from_storage=event_from_core,
            create_on_update=True,
            aliases=EVENT_FIELDS,
        )


_POD_ALIASES = {"spec.host": "spec.nodeName"}
