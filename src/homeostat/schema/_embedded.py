"""Embedded resources: objects with apiVersion, kind and metadata inside of others."""

import re
from typing import Any, Final, cast

from homeostat.api import JSON, Schema
from homeostat.schema._cache import SchemaCache, found_below
from homeostat.schema._errors import FieldError, invalid, required
from homeostat.schema._walk import containers

__all__ = ["check_embedded", "malformed_embedded"]


def _embedded(schema: Schema) -> bool:
    return schema.embedded_resource


def _search(schema: Schema) -> bool:
    return schema.embedded_resource or found_below(schema, _embedded)


_NEEDED: Final = SchemaCache(_search)
_DNS1035: Final = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_DNS1035_TEXT: Final = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start "
    "with an alphabetic character, and end with an alphanumeric character (e.g. "
    "'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_GO_META: Final[dict[str, tuple[type | tuple[type, ...], str]]] = {
    "name": (str, "string"),
    "generateName": (str, "string"),
    "namespace": (str, "string"),
    "uid": (str, "types.UID"),
    "resourceVersion": (str, "string"),
    "generation": (int, "int64"),
    "labels": (dict, "map[string]string"),
    "annotations": (dict, "map[string]string"),
    "ownerReferences": (list, "[]v1.OwnerReference"),
    "finalizers": (list, "[]string"),
    "managedFields": (list, "[]v1.ManagedFieldsEntry"),
}
_GO_KINDS: Final[dict[type[object], str]] = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "bool",
}


def check_embedded(value: JSON, schema: Schema, path: str = "") -> list[FieldError]:
    """Return what is wrong with the type and metadata of embedded resources.

    Source: apiextensions ``pkg/apiserver/schema/objectmeta/validation.go``.
    """
    errors: list[FieldError] = []
    if _NEEDED.get(schema):
        for found, node, where in containers(value, schema, path):
            if node.embedded_resource and isinstance(found, dict):
                _check_resource(cast("dict[str, Any]", found), where, errors)
    return errors


def malformed_embedded(value: JSON, schema: Schema) -> FieldError | None:
    """Return the first embedded resource whose type or metadata does not decode.

    The server refuses the whole object as a bad request then (400), before it is
    validated: ``X in version "v1" cannot be handled as a X: {error}``.

    Source: apiextensions ``pkg/apiserver/schema/objectmeta/algorithm.go``.
    """
    if not _NEEDED.get(schema):
        return None
    errors: list[FieldError] = []
    for found, node, where in containers(value, schema, ""):
        if node.embedded_resource and isinstance(found, dict):
            fields = cast("dict[str, Any]", found)
            prefix = f"{where}." if where else ""
            for name in ("apiVersion", "kind"):
                if not isinstance(fields.get(name, ""), str):
                    error = invalid(f"{prefix}{name}", fields[name], "must be a string")
                    errors.append(error)
            if "metadata" in fields:
                _check_decodes(fields["metadata"], f"{prefix}metadata", errors)
            if errors:
                return errors[0]
    return None


def _check_resource(
    fields: dict[str, Any], path: str, errors: list[FieldError]
) -> None:
    for name in ("apiVersion", "kind"):
        field = f"{path}.{name}" if path else name
        if name not in fields:
            errors.append(required(field))
            continue
        value = fields[name]
        if not isinstance(value, str):
            errors.append(invalid(field, value, "must be a string"))
        elif not value:
            errors.append(invalid(field, value, "must not be empty"))
        elif name == "apiVersion" and value.count("/") > 1:
            detail = f"unexpected GroupVersion string: {value}"
            errors.append(invalid(field, value, detail))
        elif name == "kind" and not _DNS1035.fullmatch(value.lower()):
            detail = "may have mixed case, but should otherwise match: " + _DNS1035_TEXT
            errors.append(invalid(field, value, detail))
    if "metadata" in fields:
        field = f"{path}.metadata" if path else "metadata"
        _check_metadata(fields["metadata"], field, errors)


def _check_metadata(metadata: JSON, path: str, errors: list[FieldError]) -> None:
    if not _check_decodes(metadata, path, errors) or metadata is None:
        return
    name = metadata.get("name") or ""
    reasons = _path_segment(name)
    errors.extend(invalid(f"{path}.name", name, reason) for reason in reasons)


def _check_decodes(metadata: JSON, path: str, errors: list[FieldError]) -> bool:
    """Tell whether metadata has the types of ObjectMeta; append the first misfit."""
    if metadata is None:
        return True
    if not isinstance(metadata, dict):
        detail = _unmarshal(metadata, "value of type v1.ObjectMeta")
        errors.append(invalid(path, metadata, detail))
        return False
    fields = cast("dict[str, Any]", metadata)
    for name, (wanted, go_type) in _GO_META.items():
        value = fields.get(name)
        wrong = not isinstance(value, wanted) or isinstance(value, bool)
        if value is not None and wrong:
            target = f"struct field ObjectMeta.{name} of type {go_type}"
            errors.append(invalid(path, metadata, _unmarshal(value, target)))
            return False
    return True


def _unmarshal(value: JSON, target: str) -> str:
    kind = _GO_KINDS.get(value.__class__, "number")
    return f"json: cannot unmarshal {kind} into Go {target}"


def _path_segment(name: str) -> list[str]:
    if name in (".", ".."):
        return [f"may not be '{name}'"]
    return [f"may not contain '{char}'" for char in "/%" if char in name]
