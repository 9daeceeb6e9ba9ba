"""OpenAPI v3 documents to schema nodes and back."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from homeostat.api import UNSET, Schema

__all__ = ["dump_schema", "parse_schema"]

# Wire name and attribute of what is copied as it is.
_SCALARS: Final = (
    ("description", "description"),
    ("title", "title"),
    ("type", "type"),
    ("format", "format"),
    ("nullable", "nullable"),
    ("maximum", "maximum"),
    ("exclusiveMaximum", "exclusive_maximum"),
    ("minimum", "minimum"),
    ("exclusiveMinimum", "exclusive_minimum"),
    ("maxLength", "max_length"),
    ("minLength", "min_length"),
    ("pattern", "pattern"),
    ("maxItems", "max_items"),
    ("minItems", "min_items"),
    ("uniqueItems", "unique_items"),
    ("multipleOf", "multiple_of"),
    ("maxProperties", "max_properties"),
    ("minProperties", "min_properties"),
    ("x-kubernetes-preserve-unknown-fields", "preserve_unknown"),
    ("x-kubernetes-embedded-resource", "embedded_resource"),
    ("x-kubernetes-int-or-string", "int_or_string"),
    ("x-kubernetes-list-type", "list_type"),
    ("x-kubernetes-map-type", "map_type"),
    ("x-kubernetes-patch-strategy", "patch_strategy"),
    ("x-kubernetes-patch-merge-key", "patch_merge_key"),
)
_TUPLES: Final = (
    ("enum", "enum"),
    ("required", "required"),
    ("x-kubernetes-list-map-keys", "list_map_keys"),
    ("x-kubernetes-validations", "validations"),
)
_JUNCTORS: Final = (("allOf", "all_of"), ("anyOf", "any_of"), ("oneOf", "one_of"))


def parse_schema(document: Mapping[str, Any]) -> Schema:
    """Return the schema that an OpenAPI v3 document (a JSONSchemaProps) describes.

    Args:
        document: The decoded document, without ``$ref``. Keywords that Kubernetes
            does not use are ignored; ``additionalProperties: true`` becomes a schema
            that allows anything.

    Source: apiextensions ``JSONSchemaProps``; ``schema.NewStructural``.
    """
    known: dict[str, Any] = {}
    for wire, name in _SCALARS:
        value = document.get(wire)
        if value is not None:
            known[name] = value
    for wire, name in _TUPLES:
        value = document.get(wire)
        if value is not None:
            known[name] = tuple(value)
    for wire, name in _JUNCTORS:
        if document.get(wire):
            known[name] = tuple(parse_schema(each) for each in document[wire])
    if document.get("not") is not None:
        known["not_"] = parse_schema(document["not"])
    if document.get("default") is not None:
        known["default"] = document["default"]
    known.update(_parse_children(document))
    return Schema(**known)


def _parse_children(document: Mapping[str, Any]) -> dict[str, Any]:
    children: dict[str, Any] = {}
    properties: Mapping[str, Any] | None = document.get("properties")
    if properties:
        children["properties"] = {
            name: parse_schema(each) for name, each in properties.items()
        }
    additional: Any = document.get("additionalProperties")
    if additional is True:
        children["additional"] = Schema()
    elif isinstance(additional, Mapping):
        children["additional"] = parse_schema(cast("Mapping[str, Any]", additional))
    items: Any = document.get("items")
    if isinstance(items, Mapping):
        children["items"] = parse_schema(cast("Mapping[str, Any]", items))
    return children


def dump_schema(schema: Schema) -> dict[str, Any]:
    """Return the OpenAPI v3 document of a schema; the inverse of ``parse_schema``.

    The schema must be finite: recursive built-in types have no such document.
    """
    document: dict[str, Any] = {}
    for wire, name in _SCALARS:
        value = getattr(schema, name)
        # 0 is a bound; "" and false are absence.
        if value is not None and value is not False and value != "":
            document[wire] = value
    if schema.default is not UNSET:
        document["default"] = schema.default
    for wire, name in _TUPLES:
        values: Sequence[Any] | None = getattr(schema, name)
        if values:
            document[wire] = list(values)
    document.update(_dump_children(schema))
    return document


def _dump_children(schema: Schema) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for wire, name in _JUNCTORS:
        schemas: Sequence[Schema] = getattr(schema, name)
        if schemas:
            document[wire] = [dump_schema(each) for each in schemas]
    if schema.not_ is not None:
        document["not"] = dump_schema(schema.not_)
    if schema.properties:
        document["properties"] = {
            name: dump_schema(each) for name, each in schema.properties.items()
        }
    if schema.additional is not None:
        document["additionalProperties"] = dump_schema(schema.additional) or True
    if schema.items is not None:
        document["items"] = dump_schema(schema.items)
    return document
