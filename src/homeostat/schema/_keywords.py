"""The keywords that the schema of a custom resource may use, and how."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, cast

from homeostat.schema._errors import (
    FieldError,
    forbidden,
    invalid,
    not_supported,
    required,
)

__all__ = ["check_keywords"]

Document = Mapping[str, Any]

_TYPES: Final = ("array", "boolean", "integer", "number", "object", "string")
_LIST_TYPE: Final = "x-kubernetes-list-type"
_LIST_KEYS: Final = "x-kubernetes-list-map-keys"
_MAP_TYPE: Final = "x-kubernetes-map-type"
_EMBEDDED: Final = "x-kubernetes-embedded-resource"
_RULES: Final = "x-kubernetes-validations"
_REASONS: Final = (
    "FieldValueDuplicate",
    "FieldValueForbidden",
    "FieldValueInvalid",
    "FieldValueRequired",
)
_UNSUPPORTED: Final = (
    "id",
    "additionalItems",
    "patternProperties",
    "definitions",
    "dependencies",
    "$ref",
)


class _Place(NamedTuple):
    """Where in the document a node stands.

    Attributes:
        no_defaults: Why a default is forbidden here; "" when it is not.
    """

    root: bool = False
    in_meta: bool = False
    no_defaults: str = ""


def check_keywords(document: Document, path: str) -> list[FieldError]:
    """Return the keywords of a schema that are not supported or badly used.

    Source: apiextensions ``ValidateCustomResourceDefinitionOpenAPISchema``.
    """
    return list(_check(document, path, _Place(root=True)))


def _check(node: Document, path: str, place: _Place) -> Iterator[FieldError]:
    yield from _standard(node, path, place)
    if node.get("uniqueItems"):
        yield forbidden(
            f"{path}.uniqueItems",
            "uniqueItems cannot be set to true since the runtime complexity becomes "
            "quadratic",
        )
    additional = node.get("additionalProperties")
    if node.get("properties") and (
        additional is False or isinstance(additional, Mapping)
    ):
        yield forbidden(
            f"{path}.additionalProperties",
            "additionalProperties and properties are mutual exclusive",
        )
    for child, where, inner in _children(node, path, place):
        yield from _check(child, where, inner)
    if node.get("x-kubernetes-preserve-unknown-fields") is False:
        where = f"{path}.x-kubernetes-preserve-unknown-fields"
        yield invalid(where, False, "must be true or undefined")  # noqa: FBT003
    yield from _map_type(node, path)
    yield from _list_type(node, path)
    yield from _list_keys(node, path)
    for index, rule in enumerate(cast("Sequence[Document]", node.get(_RULES) or ())):
        yield from _rule(rule, f"{path}.{_RULES}[{index}]")


def _children(
    node: Document, path: str, place: _Place
) -> Iterator[tuple[Document, str, _Place]]:
    here = place._replace(root=False)
    additional = node.get("additionalProperties")
    if isinstance(additional, Mapping):
        inner = here
        if place.in_meta:
            reason = "inside additionalProperties applying to object metadata"
            inner = here._replace(no_defaults=reason)
        yield cast("Document", additional), f"{path}.additionalProperties", inner
    properties: Document = node.get("properties") or {}
    for name in sorted(properties):
        inner = here
        meta = name in ("apiVersion", "kind", "metadata")
        if meta and (place.root or node.get(_EMBEDDED)):
            inner = here._replace(in_meta=True)
            if place.root:
                inner = inner._replace(no_defaults=f"in top-level {name}")
        yield properties[name] or {}, f"{path}.properties[{name}]", inner
    if node.get("not") is not None:
        yield node["not"], f"{path}.not", here
    for name in ("allOf", "oneOf", "anyOf"):
        for index, child in enumerate(cast("Sequence[Document]", node.get(name) or ())):
            yield child, f"{path}.{name}[{index}]", here
    items = node.get("items")
    if isinstance(items, Mapping):
        yield cast("Document", items), f"{path}.items", here


def _standard(node: Document, path: str, place: _Place) -> Iterator[FieldError]:
    kind = node.get("type") or ""
    if kind and kind not in _TYPES:
        yield not_supported(f"{path}.type", kind, _TYPES)
    if node.get("default") is not None and place.no_defaults:
        yield forbidden(f"{path}.default", f"must not be set {place.no_defaults}")
    for name in _UNSUPPORTED:
        if node.get(name):
            yield forbidden(f"{path}.{name}", f"{name} is not supported")
    if kind == "null":
        yield forbidden(
            f"{path}.type", "type cannot be set to null, use nullable as an alternative"
        )
    if isinstance(node.get("items"), list):
        detail = "items must be a schema object and not an array"
        yield forbidden(f"{path}.items", detail)
    if place.in_meta and node.get(_EMBEDDED):
        detail = "must not be used inside of resource meta"
        yield forbidden(f"{path}.{_EMBEDDED}", detail)


def _map_type(node: Document, path: str) -> Iterator[FieldError]:
    map_type, kind = node.get(_MAP_TYPE), node.get("type") or ""
    if map_type is None:
        return
    if kind != "object":
        detail = f"must be object if {_MAP_TYPE} is specified"
        where = f"{path}.type"
        yield invalid(where, kind, detail) if kind else required(where, detail)
    if map_type not in ("atomic", "granular"):
        yield not_supported(f"{path}.{_MAP_TYPE}", map_type, ["atomic", "granular"])


def _list_type(node: Document, path: str) -> Iterator[FieldError]:
    list_type, kind = node.get(_LIST_TYPE), node.get("type") or ""
    if list_type is None:
        return
    if kind != "array":
        detail = f"must be array if {_LIST_TYPE} is specified"
        where = f"{path}.type"
        yield invalid(where, kind, detail) if kind else required(where, detail)
    elif list_type == "set" and isinstance(node.get("items"), Mapping):
        yield from _set_items(node["items"], f"{path}.items")
    if list_type not in ("atomic", "set", "map"):
        supported = ["atomic", "set", "map"]
        yield not_supported(f"{path}.{_LIST_TYPE}", list_type, supported)


def _set_items(items: Document, path: str) -> Iterator[FieldError]:
    detail = f"must be atomic as item of a list with {_LIST_TYPE}=set"
    list_type = items.get(_LIST_TYPE)
    if items.get("type") == "array" and list_type not in (None, "atomic"):
        yield invalid(f"{path}.{_LIST_TYPE}", list_type, detail)
    if items.get("type") == "object" and items.get(_MAP_TYPE) != "atomic":
        # The server shows the list type here, not the map type.
        yield invalid(f"{path}.{_MAP_TYPE}", list_type, detail)


def _list_keys(node: Document, path: str) -> Iterator[FieldError]:
    keys: Sequence[str] = node.get(_LIST_KEYS) or ()
    list_type = node.get(_LIST_TYPE)
    if keys and list_type != "map":
        detail = f"must be map if {_LIST_KEYS} is non-empty"
        where = f"{path}.{_LIST_TYPE}"
        yield (
            required(where, detail)
            if list_type is None
            else invalid(where, list_type, detail)
        )
    items = node.get("items")
    if list_type == "map":
        if not keys:
            detail = f"must not be empty if {_LIST_TYPE} is map"
            yield required(f"{path}.{_LIST_KEYS}", detail)
        if items is None:
            detail = f"must have a schema if {_LIST_TYPE} is map"
            yield required(f"{path}.items", detail)
        elif isinstance(items, Mapping):
            yield from _map_items(cast("Document", items), keys, path)
    if list_type in ("set", "map") and isinstance(items, Mapping):
        item = cast("Document", items)
        yield from _nullable_items(item, keys, str(list_type), path)


def _map_items(items: Document, keys: Sequence[str], path: str) -> Iterator[FieldError]:
    kind = items.get("type") or ""
    if kind != "object":
        detail = f"must be object if parent array's {_LIST_TYPE} is map"
        yield invalid(f"{path}.items.type", kind, detail)
        return
    properties: Document = items.get("properties") or {}
    for index, key in enumerate(keys):
        if key not in properties:
            detail = "entries must all be names of item properties"
            yield invalid(f"{path}.{_LIST_KEYS}", list(keys), detail)
        elif properties[key].get("type") in ("array", "object"):
            # The server shows the type of the item, not of the key.
            where = f"{path}.items.properties[{key}].type"
            detail = f"must be a scalar type if parent array's {_LIST_TYPE} is map"
            yield invalid(where, kind, detail)
        if key in keys[:index]:
            detail = "must not contain duplicate entries"
            yield invalid(f"{path}.{_LIST_KEYS}", list(keys), detail)


def _nullable_items(
    items: Document, keys: Sequence[str], list_type: str, path: str
) -> Iterator[FieldError]:
    if items.get("nullable"):
        detail = f"cannot be nullable when {_LIST_TYPE} is {list_type}"
        yield forbidden(f"{path}.items.nullable", detail)
    if list_type != "map":
        return
    properties: Document = items.get("properties") or {}
    needed: Sequence[str] = items.get("required") or ()
    for key in keys:
        child: Document | None = properties.get(key)
        if child is None:
            continue
        where = f"{path}.items.properties[{key}]"
        said = f"this property is in {_LIST_KEYS}, so it"
        if key not in needed and child.get("default") is None:
            detail = f"{said} must have a default or be a required property"
            yield required(f"{where}.default", detail)
        if child.get("nullable"):
            yield forbidden(f"{where}.nullable", f"{said} cannot be nullable")


def _rule(rule: Document, path: str) -> Iterator[FieldError]:
    text = (rule.get("rule") or "").strip()
    message = rule.get("message") or ""
    if not text:
        yield required(f"{path}.rule", "rule is not specified")
    elif message and not message.strip():
        yield invalid(f"{path}.message", message, "must be non-empty if specified")
    elif _breaks(message.strip()):
        yield invalid(f"{path}.message", message, "must not contain line breaks")
    elif _breaks(text) and not message.strip():
        detail = "message must be specified if rule contains line breaks"
        yield required(f"{path}.message", detail)
    expression = rule.get("messageExpression") or ""
    if expression and not expression.strip():
        detail = "messageExpression must be non-empty if specified"
        yield required(f"{path}.messageExpression", detail)
    reason = rule.get("reason")
    if reason is not None and reason not in _REASONS:
        yield not_supported(f"{path}.reason", reason, _REASONS)
    field = rule.get("fieldPath") or ""
    if field and not field.strip():
        yield invalid(f"{path}.fieldPath", field, "must be non-empty if specified")
    if _breaks(field):
        yield invalid(f"{path}.fieldPath", field, "must not contain line breaks")


def _breaks(text: str) -> bool:
    return "\n" in text or "\r" in text
