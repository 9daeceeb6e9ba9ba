"""Schemas of custom kinds as clients are shown them, in either version of OpenAPI.

Source: apiextensions ``pkg/controller/openapi/builder`` and ``openapi/v2``.
"""

from collections.abc import Mapping
from typing import Any, Final, cast

from homeostat.api import JSON, GroupVersionKind

__all__ = ["SELECTABLE", "custom_name", "published", "published_v2"]

Document = dict[str, Any]

SELECTABLE: Final = "x-kubernetes-selectable-fields"
_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_PRESERVES: Final = "x-kubernetes-preserve-unknown-fields"
_EMBEDDED: Final = "x-kubernetes-embedded-resource"
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
# What version 2 does not know, or knows of operations alone.
_UNKNOWN: Final = frozenset({"allOf", "anyOf", "default", "not", "nullable", "oneOf"})
_INNER: Final = ("additionalProperties", "items")


def custom_name(gvk: GroupVersionKind) -> str:
    """Return the name of a custom kind's schema, as ``com.example.v1.Widget``."""
    domain = ".".join(reversed(gvk.group.split(".")))
    return f"{domain}.{gvk.version}.{gvk.kind}"


def published(gvk: GroupVersionKind, schema: Document | None) -> Document:
    """Return a custom kind's schema in version 3, metadata filled in.

    Args:
        gvk: The kind.
        schema: Its ``openAPIV3Schema``, None when it may hold anything.
    """
    made: Document = _client_view(schema) if schema else {"type": "object"}
    if schema is None:
        made[_PRESERVES] = True
    if not made.get(_PRESERVES) or "properties" in made:
        metadata = {"allOf": [{"$ref": f"#/components/schemas/{_META}"}]}
        made["properties"] = _completed(made, _API_VERSION, _KIND, metadata)
    return made | _kind_of(gvk)


def published_v2(gvk: GroupVersionKind, schema: Document | None) -> Document:
    """Return a custom kind's schema in version 2, as ``published`` does.

    Clients of version 2 take a property for the only ones that there are: where there
    may be others, none is told.
    """
    made: Document = {"type": "object"}
    if schema and not schema.get(_PRESERVES):
        made = _v2_view(schema)
        metadata = {"$ref": f"#/definitions/{_META}"}
        made["properties"] = _completed(made, _API_VERSION, _KIND, metadata)
    elif schema and SELECTABLE in schema:
        made[SELECTABLE] = schema[SELECTABLE]
    return made | _kind_of(gvk)


def _kind_of(gvk: GroupVersionKind) -> Document:
    known = {"group": gvk.group, "kind": gvk.kind, "version": gvk.version}
    return {"x-kubernetes-group-version-kind": [known]}


def _completed(
    schema: Document, api_version: str, kind: str, metadata: Document
) -> Document:
    """Return the properties of an object, with those that all objects have."""
    text = f"Standard object's metadata. {_CONVENTIONS}metadata"
    every = {
        **schema.get("properties", {}),
        "apiVersion": {"description": api_version, "type": "string"},
        "kind": {"description": kind, "type": "string"},
        "metadata": {"description": text, **metadata},
    }
    return dict(sorted(every.items()))


def _client_view(schema: Mapping[str, JSON]) -> Document:
    made = dict(schema)
    if schema.get("x-kubernetes-int-or-string") and "anyOf" not in schema:
        made["anyOf"] = [{"type": "integer"}, {"type": "string"}]
    if "properties" in schema:
        made["properties"] = {
            name: _client_view(child) for name, child in schema["properties"].items()
        }
    for name in _INNER:
        if isinstance(schema.get(name), dict):
            made[name] = _client_view(schema[name])
    if schema.get(_EMBEDDED):
        metadata = {"allOf": [{"$ref": f"#/components/schemas/{_META}"}]}
        _embed(made, metadata)
    return made


def _v2_view(schema: Mapping[str, JSON]) -> Document:
    made = {name: value for name, value in schema.items() if name not in _UNKNOWN}
    nullable, open_ = schema.get("nullable"), schema.get(_PRESERVES)
    if nullable or open_:
        made.pop("items", None)
        made.pop("properties", None)
    untyped = open_ and made.get("type") == "object"
    if nullable or untyped or (made.get("type") == "array" and "items" not in made):
        made.pop("type", None)
    _drop_required(made)
    if "properties" in made:
        made["properties"] = {
            name: _v2_view(child) for name, child in made["properties"].items()
        }
    for name in _INNER:
        if isinstance(made.get(name), dict):
            made[name] = _v2_view(made[name])
    if made.get(_EMBEDDED) and not open_:
        _embed(made, {"$ref": f"#/definitions/{_META}"})
    return made


def _drop_required(schema: Document) -> None:
    """Require nothing that may be null, which version 2 cannot say."""
    additional = schema.get("additionalProperties")
    if isinstance(additional, dict) and cast("Document", additional).get("nullable"):
        schema.pop("required", None)
    if "required" not in schema:
        return
    known = schema.get("properties", {})
    kept = [
        each for each in schema["required"] if not known.get(each, {}).get("nullable")
    ]
    schema["required"] = kept
    if not kept:
        del schema["required"]


def _embed(schema: Document, metadata: Document) -> None:
    required = schema.get("required", [])
    schema["required"] = [
        *required,
        *(each for each in ("kind", "apiVersion") if each not in required),
    ]
    schema["properties"] = _completed(schema, _INNER_API_VERSION, _INNER_KIND, metadata)
