"""Built-in objects as Go's types leave them after decoding.

The real server decodes built-in kinds into structs: fields that the struct lacks are
dropped and reported, nulls and empty lists and maps vanish, quantities take their
canonical form, and a value of the wrong JSON type fails the request. What is stored is
what a client reads back, so the embedded server has to leave the same.
"""

import base64
import re
from typing import Any, cast

from homeostat.api import JSON, Schema
from homeostat.apiserver._access import as_list, as_struct
from homeostat.apiserver._normal_texts import (
    TypeMismatchError,
    coded_bytes,
    quantity_text,
    time_text,
)
from homeostat.apiserver._status import StatusError, bad_request, timed_out
from homeostat.apiserver._syntax import HugeNumber, go_type

__all__ = ["MAX_ITEMS", "TypeMismatchError", "Walk", "mismatch", "normalise"]

# What can be stored has fewer: etcd takes 1.5 MB, and an item at least 15 bytes.
MAX_ITEMS = 100_000

_GO_TYPES = {
    "int32": "int32",
    "int64": "int64",
    "double": "float64",
    "float": "float64",
}
_SCALARS = {"boolean": "bool", "string": "string"}
_RANGES = {"int32": 2**31, "int64": 2**63}
# metav1.MicroTime, which Go parses with exactly six digits, has no name in OpenAPI.
_MICRO_FIELDS = frozenset({"acquireTime", "renewTime", "eventTime", "lastObservedTime"})

# What is marked in a path: unknown fields are told without the structs that others
# embed, and errors of types without indexes and without the keys of maps.
_STRICT_PATH = re.compile(r"<[^>]*>\.|\0")
_GO_PATH = re.compile(r"\[\d+\]|[<>]|\0[^\0]*\0")

_SCHEMAS = frozenset({"items", "additionalItems", "additionalProperties"})

_NO_NAMES: dict[str, str] = {}
# Filled by the built-in table: names of fields that vanish when they are zero.
OMIT_ZERO = "omitempty"
_ZEROS: tuple[Any, ...] = ("", 0, False)


def mismatch(kind: str, version: str, error: Exception) -> StatusError:
    """Return the 400 of an object that does not fit its kind's type."""
    return bad_request(
        f'{kind} in version "{version}" cannot be handled as a {kind}: {error}'
    )


def normalise(value: dict[str, Any], schema: Schema, kind: str) -> list[str]:
    """Bring an object into the form of its Go type, in place.

    Args:
        value: The whole object.
        schema: The kind's schema.
        kind: Name of the kind, for errors.

    Returns:
        Paths of the fields that the type does not have; they are gone.

    Raises:
        StatusError: 504, its lists have so many items that nobody would wait for it.
        TypeMismatchError: A value has the wrong JSON type.
    """
    walk = Walk(kind)
    walk.fields(value, schema, "")
    return walk.unknown


class Walk:
    """Takes an object through its schema; ``unknown`` names what is not in it."""

    __slots__ = ("_items", "_named", "_struct", "unknown")

    def __init__(self, kind: str) -> None:
        self._items = 0
        self._named: dict[str, str] = {}
        self._struct = kind
        self.unknown: list[str] = []

    def fields(self, value: dict[str, Any], schema: Schema, path: str) -> None:
        properties = schema.properties
        zeros = schema.cache.get(OMIT_ZERO, ())
        inlined = schema.cache.get("inlined")
        struct = _struct_name(schema) or self._struct
        named = schema.cache.get("named", _NO_NAMES)
        for name in tuple(value):
            self._struct, self._named = struct, named
            child = properties.get(name)
            here = f"{path}.{name}" if path else name
            if child is None:
                del value[name]
                self.unknown.append(_STRICT_PATH.sub("", here))
                continue
            if inlined and name in inlined:
                here = f"{path}.<{inlined[name]}>.{name}"
            item = value[name]
            if item is None:
                del value[name]
                continue
            if struct == "JSONSchemaProps" and name in _SCHEMAS:
                if not self._schemas(item, schema, here, name):
                    del value[name]
                continue
            kept = self.value(item, child, here, name)
            if (name in zeros and kept in _ZEROS) or (
                not kept and _vanishes(kept, child) and name not in schema.required
            ):
                del value[name]
            elif kept is not item:
                value[name] = kept

    def _schemas(self, value: JSON, schema: Schema, path: str, name: str) -> bool:
        """Bring a schema inside a schema into form; tell whether there is one.

        OpenAPI has no name for what may be a schema or something else.
        """
        struct = as_struct(value)
        if struct is not None:
            self.fields(struct, schema, path)
        elif name == "items":
            for index, item in enumerate(as_list(value) or ()):
                self.value(item, schema, f"{path}[{index}]")
            return isinstance(value, list)
        elif not isinstance(value, bool):
            raise TypeMismatchError("boolean or JSON schema expected")
        return True

    def value(self, value: JSON, schema: Schema, path: str, name: str = "") -> JSON:
        match schema.type:
            case "object":
                return self._object(value, schema, path)
            case "array":
                return self._array(value, schema, path)
            case "string":
                return self._string(value, schema, path, name)
            case "integer":
                return self.integer(value, schema, path)
            case "number":
                if isinstance(value, bool) or not isinstance(value, int | float):
                    raise self.wrong(value, path, "float64")
                if isinstance(value, HugeNumber):
                    raise self.wrong(value, path, "float64", shown=_shown(value))
            case "boolean":
                if not isinstance(value, bool):
                    raise self.wrong(value, path, "bool")
            case _:
                return self._special(value, schema, path)
        return value

    def _object(self, value: JSON, schema: Schema, path: str) -> JSON:
        if not isinstance(value, dict):
            if _is_raw(schema, path):
                return value
            raise self.wrong(value, path, _go_name(schema))
        fields = cast("dict[str, Any]", value)
        if schema.preserve_unknown and not schema.properties:
            return fields
        additional = schema.additional
        if additional is None:
            self.fields(fields, schema, path)
            return fields
        if additional.type == "string" and not additional.format:
            # The commonest map by far: labels, annotations, data, selectors.
            for key, item in fields.items():
                if not isinstance(item, str):
                    fields[key] = self._text(item, path)
            return fields
        for key, item in fields.items():
            given = _zero(additional) if item is None else item
            kept = self.value(given, additional, f"{path}\0.{key}\0")
            if kept is not item:
                fields[key] = kept
        return fields

    def _text(self, item: JSON, path: str) -> str:
        if item is None:
            return ""
        raise self.wrong(item, path, "string")

    def _array(self, value: JSON, schema: Schema, path: str) -> JSON:
        items = as_list(value)
        if items is None:
            raise self.wrong(value, path, _go_name(schema))
        child = schema.items
        if child is None:
            return items
        self._items += len(items)
        if self._items > MAX_ITEMS:
            raise timed_out()
        for index, item in enumerate(items):
            given = _zero(child) if item is None else item
            items[index] = self.value(given, child, f"{path}[{index}]")
        return items

    def _string(self, value: JSON, schema: Schema, path: str, name: str) -> JSON:
        if value is None and schema.format == "date-time":
            # In a map: the one zero value that Go writes as null.
            return None
        if schema.format == "byte":
            return self._bytes(value, path)
        if not isinstance(value, str):
            raise self.wrong(value, path, "string")
        if schema.format == "date-time":
            return time_text(value, micro=name in _MICRO_FIELDS)
        return value

    def _bytes(self, value: JSON, path: str) -> str:
        """Bring bytes into form, which may be given number by number, too."""
        if isinstance(value, str):
            return self.coded(value)
        numbers = as_list(value)
        if numbers is None:
            raise self.wrong(value, path, "[]uint8")
        given = bytes(self.byte(number or 0, path) for number in numbers)
        return base64.b64encode(given).decode()

    def coded(self, text: str) -> str:
        return coded_bytes(text)

    def byte(self, value: JSON, path: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.wrong(value, path, "uint8")
        if not 0 <= value <= 255:
            raise self.wrong(value, path, "uint8", shown=_shown(value))
        return value

    def integer(self, value: JSON, schema: Schema, path: str) -> JSON:
        wanted = _GO_TYPES.get(schema.format, "int")
        limit = _RANGES.get(schema.format, 2**63)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(value, path, wanted)
        if isinstance(value, float) or not -limit <= value < limit:
            raise self.wrong(value, path, wanted, shown=_shown(value))
        return value

    def _special(self, value: JSON, schema: Schema, path: str) -> JSON:
        if schema.int_or_string:
            if isinstance(value, bool) or not isinstance(value, int | str):
                raise self.wrong(value, path, "int32")
            return value
        if schema.format == "quantity":
            return quantity_text(value)
        return value

    def wrong(
        self, value: JSON, path: str, wanted: str, *, shown: str = ""
    ) -> TypeMismatchError:
        # Go names the struct's field, without the indexes of lists above it.
        plain = _GO_PATH.sub("", path)
        own = self._named.get(plain.rpartition(".")[2], "")
        inner = {"]": "[]", "\0": "map[string]"}.get(path[-1:], "")
        if own.startswith(inner):
            wanted = own.removeprefix(inner) or wanted
        return TypeMismatchError(
            f"json: cannot unmarshal {shown or go_type(value)} into Go struct field "
            f"{self._struct}.{plain} of type {wanted}"
        )


def _vanishes(value: JSON, schema: Schema) -> bool:
    """Tell whether an empty value is left out, as Go's omitempty does."""
    if isinstance(value, list):
        return True
    return isinstance(value, dict) and schema.additional is not None


def _is_raw(schema: Schema, path: str) -> bool:
    """Tell whether a field is a RawExtension, which takes whatever JSON there is."""
    named = path.rpartition(".")[2]
    return schema.preserve_unknown and not schema.properties and named != "fieldsV1"


def _zero(schema: Schema) -> JSON:
    """Return what Go decodes a null inside a list or map to."""
    match schema.type:
        case "object":
            return {}
        case "array":
            return []
        case "string":
            return None if schema.format == "date-time" else ""
        case "boolean":
            return False
        case "integer" | "number":
            return 0
        case _:
            return "0" if schema.format == "quantity" else 0


def _struct_name(schema: Schema) -> str:
    """Return the name of the Go struct behind a node, as ``DeploymentSpec``."""
    name: str = schema.cache.get("type", "")
    return name.rpartition(".")[2]


def _go_name(schema: Schema | None) -> str:
    """Return the Go type behind a node, as ``[]v1.Container``."""
    if schema is None:
        return "interface {}"
    if schema.type == "array":
        return f"[]{_go_name(schema.items)}"
    if schema.additional is not None:
        return f"map[string]{_go_name(schema.additional)}"
    if schema.type == "object":
        package = schema.cache.get("type", "").partition(".")[0]
        return f"{package.rpartition('_')[2]}.{_struct_name(schema)}"
    if schema.format == "byte":
        return "[]uint8"
    return _SCALARS.get(schema.type, "int32")


def _shown(number: float) -> str:
    text = number.text if isinstance(number, HugeNumber) else number
    return f"number {text}"
