"""Custom resource classes to CustomResourceDefinitions."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from homeostat.api import (
    Definition,
    Object,
    Unstructured,
    fields_of,
    from_dict,
    to_dict,
)
from homeostat.schema._types import TypeSchemas, described

__all__ = ["crd_for"]

_ROOT: Final = frozenset({"api_version", "kind", "metadata"})
_API_VERSION: Final = (
    "APIVersion defines the versioned schema of this representation of an object."
)
_KIND: Final = "Kind is the REST resource that this object represents."


def crd_for(cls: type[Object]) -> Unstructured:
    """Return the CustomResourceDefinition of a ``@custom_resource`` class.

    Docstrings become descriptions. Defaults of the spec go into the schema, so that the
    server fills them in; those of the status do not. A spec whose fields all have
    defaults is itself optional.

    Raises:
        TypeError: The class is not decorated, or a field has no structural schema. The
            message names the field.
        ValueError: A constraint, default, key or path that does not fit.
    """
    definition: Definition | None = getattr(cls, "__definition__", None)
    if definition is None:
        raise TypeError(f"{cls.__name__} is not decorated with @custom_resource(...)")
    resource = definition.resource
    names: dict[str, Any] = {
        "kind": resource.gvk.kind,
        "listKind": resource.list_kind,
        "plural": resource.plural,
        "singular": resource.singular,
    }
    if resource.short_names:
        names["shortNames"] = list(resource.short_names)
    if resource.categories:
        names["categories"] = list(resource.categories)
    metadata: dict[str, Any] = {"name": f"{resource.plural}.{resource.gvk.group}"}
    if definition.labels:
        metadata["labels"] = dict(definition.labels)
    if definition.annotations:
        metadata["annotations"] = dict(definition.annotations)
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": metadata,
        "spec": {
            "group": resource.gvk.group,
            "names": names,
            "scope": "Namespaced" if resource.namespaced else "Cluster",
            "versions": [_version(cls, definition)],
        },
    }


def _version(cls: type[Object], definition: Definition) -> dict[str, Any]:
    schema = _root_schema(cls)
    version: dict[str, Any] = {
        "name": definition.resource.gvk.version,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
    }
    subresources: dict[str, Any] = {}
    if definition.status:
        subresources["status"] = {}
    if definition.scale is not None:
        scale = definition.scale
        _check_path(cls, schema, scale.spec_replicas_path)
        _check_path(cls, schema, scale.status_replicas_path)
        if scale.label_selector_path:
            _check_path(cls, schema, scale.label_selector_path)
        subresources["scale"] = scale.to_dict()
    if subresources:
        version["subresources"] = subresources
    if definition.printer_columns:
        columns = [column.to_dict() for column in definition.printer_columns]
        version["additionalPrinterColumns"] = columns
    if definition.selectable_fields:
        paths = [{"jsonPath": path} for path in definition.selectable_fields]
        version["selectableFields"] = paths
    if definition.deprecation_warning:
        version["deprecated"] = True
        version["deprecationWarning"] = definition.deprecation_warning
    return version


def _root_schema(cls: type[Object]) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "apiVersion": {"description": _API_VERSION, "type": "string"},
        "kind": {"description": _KIND, "type": "string"},
        "metadata": {"type": "object"},
    }
    required: list[str] = []
    for field in msgspec.structs.fields(cls):
        if field.name in _ROOT:
            continue
        status = field.encode_name == "status"
        schema = TypeSchemas(defaults=not status).of(
            field.type,
            where=f"{cls.__name__}.{field.name}",
            info=fields_of(cls).get(field.name),
        )
        properties[field.encode_name] = schema
        if not field.required:
            continue
        if "properties" in schema and not schema.get("required"):
            # With every value: the server checks a default before it fills it in.
            schema["default"] = to_dict(from_dict(field.type, {}))
        else:
            required.append(field.encode_name)
    root: dict[str, Any] = {"type": "object", **described(cls)}
    root["properties"] = properties
    if required:
        root["required"] = required
    if cls.__rules__:
        root["x-kubernetes-validations"] = [rule.to_dict() for rule in cls.__rules__]
    return root


def _check_path(cls: type[Object], schema: Mapping[str, Any], path: str) -> None:
    node: Any = schema
    for name in path.strip(".").split("."):
        child = node.get("properties", {}).get(name)
        if child is None:
            raise ValueError(f"{cls.__name__}: scale path {path} leads to no field")
        node = child
