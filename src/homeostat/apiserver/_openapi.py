"""OpenAPI v3 documents, one for each group and version, made when they are asked for.

They hold what clients read: schemas, kinds, patch types, and the parameter
``fieldValidation``, by which kubectl knows that the server validates. Descriptions of
the built-in types are left out.

Source: kube-openapi ``pkg/handler3`` and apiextensions ``pkg/controller/openapi``.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, Final

import msgspec

from homeostat.api import GroupVersionKind, Resource
from homeostat.apiserver._discovery import document_hash, is_builtin
from homeostat.apiserver._openapi_paths import resource_paths
from homeostat.apiserver._openapi_v2 import openapi_v2
from homeostat.k8s import component_of, components, server_version, subresources

__all__ = ["OpenApi"]

Document = dict[str, Any]
GroupVersion = tuple[str, str]

_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1."
_REFERENCE: Final = "#/components/schemas/"
_SCALE: Final = GroupVersionKind("autoscaling", "v1", "Scale")
_PATCH: Final[Document] = {"type": "object"}
_CONVENTIONS: Final = (
    "More info: https://git.k8s.io/community/contributors/devel/sig-architecture/"
    "api-conventions.md#"
)
# What a definition leaves out, as it is told of objects and of objects inside them.
_API_VERSION: Final = (
    "APIVersion defines the versioned schema of this representation of an object. "
    "Servers should convert recognized schemas to the latest internal value, and may "
    f"reject unrecognized values. {_CONVENTIONS}resources"
)
_KIND: Final = (
    "Kind is a string value representing the REST resource this object represents. "
    "Servers may infer this from the endpoint the client submits requests to. Cannot "
    f"be updated. In CamelCase. {_CONVENTIONS}types-kinds"
)
_INNER_API_VERSION: Final = (
    "apiVersion defines the versioned schema of this representation of an object. "
    f"{_CONVENTIONS}resources"
)
_INNER_KIND: Final = (
    "kind is a string value representing the type of this object. In CamelCase. "
    f"{_CONVENTIONS}types-kinds"
)


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
        self,
        served: Sequence[Resource],
        schemas: Mapping[GroupVersionKind, Document] | None = None,
    ) -> None:
        self._schemas = schemas or {}
        self._served: dict[str, list[Resource]] = {}
        for resource in served:
            path = _path(resource.gvk.group, resource.gvk.version)
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

    @cached_property
    def old(self) -> bytes:
        """``/openapi/v2``: the definitions of all kinds."""
        found = (self.document(path) for path in sorted(self._served))
        return openapi_v2((each for each in found if each is not None), _release())

    def document(self, path: str) -> bytes | None:
        """Return a document as JSON, None for a path that is not served.

        Args:
            path: As ``api/v1`` or ``apis/apps/v1``.
        """
        listed = self._served.get(path)
        if listed is None:
            return None
        if is_builtin(listed[0]):
            return _builtin(tuple(listed))
        return _custom(tuple(listed), self._schemas)


def _path(group: str, version: str) -> str:
    return f"apis/{group}/{version}" if group else f"api/{version}"


def _facts(resource: Resource) -> list[Any]:
    gvk = resource.gvk
    return [
        [gvk.group, gvk.version, gvk.kind, resource.plural, resource.namespaced],
        sorted(resource.subresources),
        sorted(resource.verbs),
    ]


@lru_cache(maxsize=64)
def _builtin(listed: tuple[Resource, ...]) -> bytes:
    names = {f"{_META}{name}" for name in ("DeleteOptions", "Status")}
    schemas: dict[str, Document] = {}
    paths: dict[str, Document] = {}
    for resource in listed:
        kinds = {sub.name: sub.gvk for sub in subresources(resource.gvr)}
        for gvk in (resource.gvk, *kinds.values()):
            name = component_of(gvk)
            if name is not None:
                names.add(name)
        own = component_of(resource.gvk) or f"{_META}Status"
        if "list" in resource.verbs:
            names.add(f"{_META}ListMeta")
            schemas[f"{own}List"] = _list_schema(resource, own)
        paths |= resource_paths(resource, kinds, component_of, custom=False)
    return _encode("Kubernetes", _release(), components(names) | schemas, paths)


def _custom(
    listed: tuple[Resource, ...], given: Mapping[GroupVersionKind, Document]
) -> bytes:
    names = {
        f"{_META}{n}" for n in ("DeleteOptions", "ListMeta", "ObjectMeta", "Status")
    }
    schemas: dict[str, Document] = {}
    paths: dict[str, Document] = {}
    for resource in listed:
        gvk = resource.gvk
        own = _custom_name(gvk)
        schemas[own] = _published(gvk, given.get(gvk))
        schemas[f"{own}List"] = _list_schema(resource, own)
        kinds = dict.fromkeys(resource.subresources, gvk)
        if "scale" in kinds:
            kinds["scale"] = _SCALE
            names.add("io.k8s.api.autoscaling.v1.Scale")

        def named(kind: GroupVersionKind) -> str | None:
            return component_of(kind) or _custom_name(kind)

        paths |= resource_paths(resource, kinds, named, custom=True)
    title = "Kubernetes CRD Swagger"
    return _encode(title, "v0.1.0", components(names) | schemas, paths)


def _release() -> str:
    major, minor, _ = server_version().removeprefix("v").split(".", 2)
    return f"{major}.{minor}"


def _encode(
    title: str, version: str, schemas: dict[str, Document], paths: dict[str, Document]
) -> bytes:
    schemas[f"{_META}Patch"] = _PATCH
    entry = schemas.get(f"{_META}ManagedFieldsEntry")
    if entry is not None:
        # The table knows it as any other raw JSON; clients are told its name.
        properties = {**entry["properties"], "fieldsV1": _meta_type("FieldsV1")}
        schemas[f"{_META}ManagedFieldsEntry"] = {**entry, "properties": properties}
        schemas[f"{_META}FieldsV1"] = {"type": "object"}
    document = {
        "openapi": "3.0.0",
        "info": {"title": title, "version": version},
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": dict(sorted(schemas.items()))},
    }
    return msgspec.json.encode(document)


def _custom_name(gvk: GroupVersionKind) -> str:
    domain = ".".join(reversed(gvk.group.split(".")))
    return f"{domain}.{gvk.version}.{gvk.kind}"


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


def _type_meta(api_version: str, kind: str) -> Document:
    text = f"Standard object's metadata. {_CONVENTIONS}metadata"
    return {
        "apiVersion": {"description": api_version, "type": "string"},
        "kind": {"description": kind, "type": "string"},
        "metadata": {"description": text, **_meta_type("ObjectMeta")},
    }


def _published(gvk: GroupVersionKind, schema: Document | None) -> Document:
    """Return a custom kind's schema as clients see it, metadata filled in."""
    made: Document = _client_view(schema) if schema else {"type": "object"}
    preserves = "x-kubernetes-preserve-unknown-fields"
    if schema is None:
        made[preserves] = True
    properties: Document = {
        **made.get("properties", {}),
        **_type_meta(_API_VERSION, _KIND),
    }
    if not made.get(preserves) or "properties" in made:
        made["properties"] = dict(sorted(properties.items()))
    known = {"group": gvk.group, "kind": gvk.kind, "version": gvk.version}
    made["x-kubernetes-group-version-kind"] = [known]
    return made


def _client_view(schema: Document) -> Document:
    made = dict(schema)
    if schema.get("x-kubernetes-int-or-string") and "anyOf" not in schema:
        made["anyOf"] = [{"type": "integer"}, {"type": "string"}]
    if "properties" in schema:
        made["properties"] = {
            name: _client_view(child) for name, child in schema["properties"].items()
        }
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), dict):
            made[name] = _client_view(schema[name])
    if schema.get("x-kubernetes-embedded-resource"):
        made["required"] = ["kind", "apiVersion"]
        made["properties"] = {
            **made.get("properties", {}),
            **_type_meta(_INNER_API_VERSION, _INNER_KIND),
        }
    return made
