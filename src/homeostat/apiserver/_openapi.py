"""OpenAPI: documents of what is served, made when they are asked for.

They hold what clients read: schemas, kinds, and operations with their parameters, among
them ``fieldValidation``, by which kubectl knows that the server validates. Descriptions
of the built-in types are left out.

Source: kube-openapi ``pkg/handler`` and ``pkg/handler3``, and apiextensions
``pkg/controller/openapi``.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, Final

import msgspec

from homeostat.api import GroupVersionKind, Resource
from homeostat.apiserver._discovery import document_hash, is_builtin
from homeostat.apiserver._openapi_custom import (
    SELECTABLE,
    custom_name,
    published,
    published_v2,
)
from homeostat.apiserver._openapi_paths import document_path, resource_paths
from homeostat.apiserver._openapi_root import (
    group_path,
    root_components,
    server_paths,
    version_path,
)
from homeostat.apiserver._openapi_v2 import definitions_of, openapi_v2
from homeostat.apiserver._openapi_v3 import openapi_v3
from homeostat.k8s import component_of, components, server_version, subresources

__all__ = ["OpenApi"]

Document = dict[str, Any]
Schemas = Mapping[GroupVersionKind, Document]
Paths = dict[str, Document]

_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1."
_REFERENCE: Final = "#/components/schemas/"
_SCALE: Final = GroupVersionKind("autoscaling", "v1", "Scale")
_STATUS: Final = f"{_META}Status"
_OPTIONS: Final = f"{_META}DeleteOptions"
# What every document names, whatever is served.
_BUILTIN_NAMES: Final = (_OPTIONS, _STATUS)
_CUSTOM_NAMES: Final = (*_BUILTIN_NAMES, f"{_META}ListMeta", f"{_META}ObjectMeta")
_RAW: Final = "io.k8s.apimachinery.pkg.runtime.RawExtension"
_ROOT_NAMES: Final = (f"{_META}APIResource", f"{_META}APIResourceList")
_EVENT: Final = f"{_META}WatchEvent"
_PATCH: Final[Document] = {"type": "object"}


class OpenApi:
    """The documents of everything that is served.

    Immutable: a change of what is served makes a new one. Documents of built-in groups
    are kept across instances.

    Args:
        served: Every resource that is served.
        schemas: The schema (``openAPIV3Schema``) of each custom kind; a kind without
            one may hold anything.
    """

    def __init__(
        self, served: Sequence[Resource], schemas: Schemas | None = None
    ) -> None:
        self._schemas = schemas or {}
        self._served: dict[str, list[Resource]] = {}
        for resource in served:
            path = document_path(resource.gvk.group, resource.gvk.version)
            self._served.setdefault(path, []).append(resource)
        self._hashes: dict[str, str] = {}

    @cached_property
    def index(self) -> bytes:
        """``/openapi/v3``: where each document is, under a hash of its contents."""
        paths = {
            path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={self.hash_of(path)}"}
            for path in sorted(self._served)
        }
        return msgspec.json.encode({"paths": paths})

    def hash_of(self, path: str) -> str | None:
        """Return the hash of a document, None for a path that is not served.

        It is made from what the document is made of, without making the document.

        Args:
            path: As ``api/v1`` or ``apis/apps/v1``.
        """
        listed = self._served.get(path)
        if listed is None:
            return None
        known = self._hashes.get(path)
        if known is None:
            facts = [[*_facts(r), self._schemas.get(r.gvk)] for r in listed]
            text = msgspec.json.encode([server_version(), path, facts])
            known = self._hashes[path] = document_hash(text)
        return known

    def document(self, path: str) -> bytes | None:
        """Return a document of version 3 as JSON, None for a path that is not served.

        Args:
            path: As ``api/v1`` or ``apis/apps/v1``.
        """
        listed = self._served.get(path)
        if listed is None:
            return None
        if is_builtin(listed[0]):
            return _builtin(tuple(listed))
        paths, schemas = _custom_paths(listed), _custom_components(listed)
        for resource in listed:
            own = custom_name(resource.gvk)
            schema = self._schemas.get(resource.gvk)
            schemas[own] = published(resource.gvk, schema)
            schemas[f"{own}List"] = _custom_list(resource, schema)
        return openapi_v3(_release(), paths, schemas, custom=True)

    @cached_property
    def hash_of_old(self) -> str:
        """The hash of the document of version 2, which is not made for it."""
        every = [self.hash_of(path) for path in sorted(self._served)]
        return document_hash(msgspec.json.encode(every))

    @cached_property
    def old(self) -> bytes:
        """``/openapi/v2`` as JSON."""
        return msgspec.json.encode(self._old())

    @cached_property
    def old_protobuf(self) -> bytes:
        """``/openapi/v2`` in protobuf."""
        # It costs memory, and few ask for it.
        from homeostat.apiserver._openapi_protobuf import (  # noqa: PLC0415
            encode_openapi,
        )

        return encode_openapi(self._old())

    def _old(self) -> Document:
        paths = server_paths()
        definitions = definitions_of(root_components())
        for listed in self._served.values():
            if is_builtin(listed[0]):
                gvk = listed[0].gvk
                if gvk.group:
                    paths |= group_path(gvk.group)
                paths |= _builtin_paths(listed)
                definitions |= definitions_of(_builtin_components(listed))
                continue
            paths |= _custom_paths(listed)
            definitions |= definitions_of(_custom_components(listed))
            for resource in listed:
                own = custom_name(resource.gvk)
                schema = self._schemas.get(resource.gvk)
                definitions[own] = published_v2(resource.gvk, schema)
                lists = {f"{own}List": _custom_list(resource, schema)}
                definitions |= definitions_of(lists)
        return openapi_v2(_release(), paths, definitions)


def _facts(resource: Resource) -> list[Any]:
    gvk = resource.gvk
    return [
        [gvk.group, gvk.version, gvk.kind, resource.plural, resource.namespaced],
        sorted(resource.subresources),
        sorted(resource.verbs),
    ]


@lru_cache(maxsize=64)
def _builtin(listed: tuple[Resource, ...]) -> bytes:
    paths, schemas = _builtin_paths(listed), _builtin_components(listed)
    return openapi_v3(_release(), paths, schemas)


def _builtin_paths(listed: Sequence[Resource]) -> Paths:
    gvk = listed[0].gvk
    paths = version_path(gvk.group, gvk.version)
    for resource in listed:
        kinds = {sub.name: sub.gvk for sub in subresources(resource.gvr)}
        paths |= resource_paths(resource, kinds, component_of, custom=False)
    return paths


def _builtin_components(listed: Sequence[Resource]) -> Document:
    schemas = {name: root_components()[name] for name in _ROOT_NAMES}
    names: set[str] = set()
    if any("list" in resource.verbs for resource in listed):
        names |= {*_BUILTIN_NAMES, f"{_META}ListMeta"}
        schemas |= {_RAW: root_components()[_RAW], f"{_META}Patch": _PATCH}
        schemas[_EVENT] = _told_of(_EVENT, root_components()[_EVENT], listed[0].gvk)
    for resource in listed:
        kinds = [sub.gvk for sub in subresources(resource.gvr)]
        names |= {n for gvk in (resource.gvk, *kinds) if (n := component_of(gvk))}
        if "list" in resource.verbs:
            own = component_of(resource.gvk) or _STATUS
            schemas[f"{own}List"] = _list_schema(resource, own)
    made = _named(names) | schemas
    if _OPTIONS in made:
        made[_OPTIONS] = _told_of(_OPTIONS, made[_OPTIONS], listed[0].gvk)
    return made


def _told_of(name: str, schema: Document, gvk: GroupVersionKind) -> Document:
    """Return a type that each version of a group has, as one of them tells it."""
    kind = name.rpartition(".")[2]
    versions = dict.fromkeys([("", "v1"), (gvk.group, gvk.version)])
    known = [{"group": g, "kind": kind, "version": v} for g, v in versions]
    return {**schema, "x-kubernetes-group-version-kind": known}


def _custom_paths(listed: Sequence[Resource]) -> Paths:
    paths: Paths = {}
    for resource in listed:
        kinds = dict.fromkeys(sorted(resource.subresources), resource.gvk)
        if "scale" in kinds:
            kinds["scale"] = _SCALE
        paths |= resource_paths(resource, kinds, _name_of, custom=True)
    return paths


def _custom_components(listed: Sequence[Resource]) -> Document:
    names = {*_CUSTOM_NAMES}
    if any("scale" in resource.subresources for resource in listed):
        names |= {n for n in (component_of(_SCALE),) if n}
    return {**_named(names), f"{_META}Patch": _PATCH}


def _custom_list(resource: Resource, schema: Document | None) -> Document:
    made = _list_schema(resource, custom_name(resource.gvk))
    if schema and SELECTABLE in schema:
        made[SELECTABLE] = schema[SELECTABLE]
    return made


def _name_of(gvk: GroupVersionKind) -> str:
    return component_of(gvk) or custom_name(gvk)


def _release() -> str:
    major, minor, _ = server_version().removeprefix("v").split(".", 2)
    return f"{major}.{minor}"


def _named(names: set[str]) -> Document:
    schemas = components(names)
    entry = schemas.get(f"{_META}ManagedFieldsEntry")
    if entry is not None:
        # The table knows it as any other raw JSON; clients are told its name.
        properties = {**entry["properties"], "fieldsV1": _meta_type("FieldsV1")}
        schemas[f"{_META}ManagedFieldsEntry"] = {**entry, "properties": properties}
        schemas[f"{_META}FieldsV1"] = {"type": "object"}
    return schemas


def _list_schema(resource: Resource, item: str) -> Document:
    gvk = resource.gvk
    items: Document = {"default": {}, "allOf": [{"$ref": _REFERENCE + item}]}
    known = {"group": gvk.group, "kind": resource.list_kind, "version": gvk.version}
    return {
        "type": "object",
        "required": ["items"],
        "properties": {
            "apiVersion": {"type": "string"},
            "items": {"type": "array", "items": items},
            "kind": {"type": "string"},
            "metadata": _meta_type("ListMeta") | {"default": {}},
        },
        "x-kubernetes-group-version-kind": [known],
    }


def _meta_type(name: str) -> Document:
    return {"allOf": [{"$ref": f"{_REFERENCE}{_META}{name}"}]}
