"""One schema node compiled to a check, with the texts of kube-openapi's validation.

The texts and their order are those of the library that kube-apiserver validates custom
resources with; so are its oddities (a bound is cut to an integer for an integer value).
"""

import math
from collections.abc import Sequence
from typing import Any, Final, cast, final

from homeostat.api import JSON, UNSET, Schema
from homeostat.schema._cache import SchemaCache
from homeostat.schema._equal import equal_json
from homeostat.schema._errors import (
    FieldError,
    field_of,
    invalid,
    not_supported,
    required,
    too_many,
    type_invalid,
)
from homeostat.schema._formats import checked_format
from homeostat.schema._go import encode_json
from homeostat.schema._numbers import check_number, is_json_integer
from homeostat.schema._texts import text_check

__all__ = ["CHECKS", "Check"]

_CLASSES: Final[dict[str, frozenset[type[object]]]] = {
    "object": frozenset({dict}),
    "array": frozenset({list}),
    "string": frozenset({str}),
    "integer": frozenset({int}),
    "number": frozenset({int, float}),
    "boolean": frozenset({bool}),
}
_ANY: Final[frozenset[type[object]]] = frozenset({dict, list, str, int, float, bool})
_INT64: Final = 2**63
_GO_TYPES: Final[dict[type[object], tuple[str, str]]] = {
    dict: ("object", ""),
    list: ("array", ""),
    str: ("string", ""),
    int: ("integer", "int64"),
    float: ("number", "float64"),
    bool: ("boolean", ""),
}


def _whole(message: str) -> FieldError:
    # Of errors that are not about one value the server loses the field.
    return invalid("<nil>", "", message)


@final
class Check:
    """The compiled check of one node.

    ``run`` appends what is wrong to ``errors`` and returns how much was right: the
    alternatives of anyOf and oneOf are ranked by it.
    """

    __slots__ = (
        "_additional",
        "_classes",
        "_enum",
        "_enum_texts",
        "_format",
        "_items",
        "_junctors",
        "_numeric",
        "_object",
        "_properties",
        "_schema",
        "_slice",
        "_text",
        "_types",
    )

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._types = _types_of(schema)
        only = self._types[0] if len(self._types) == 1 else ""
        self._format = checked_format(only, schema.format) if schema.format else ""
        self._classes: frozenset[type[object]] = frozenset[type[object]]().union(
            *(_CLASSES.get(name, frozenset()) for name in self._types)
        )
        if not self._types:
            self._classes = frozenset() if self._format else _ANY
        self._text = text_check(schema, self._format)
        self._numeric = (
            bool(self._format)
            or self._types == ("integer",)
            or any(
                bound is not None
                for bound in (schema.minimum, schema.maximum, schema.multiple_of)
            )
        )
        self._enum = schema.enum
        self._enum_texts = frozenset(
            each for each in schema.enum or () if isinstance(each, str)
        )
        self._junctors = bool(
            schema.all_of or schema.any_of or schema.one_of or schema.not_ is not None
        )
        self._properties: dict[str, Check] = {}
        self._additional: Check | None = None
        self._items: Check | None = None
        self._object = bool(
            schema.properties or schema.additional is not None or schema.required
        ) or (schema.min_properties is not None or schema.max_properties is not None)
        self._slice = (
            schema.items is not None
            or schema.min_items is not None
            or schema.max_items is not None
            or schema.unique_items
        )

    def run(self, value: JSON, path: str, errors: list[FieldError], old: JSON) -> int:
        """Check a value; ``old`` is what stood there before, ``UNSET`` if nothing."""
        start = len(errors)
        kind: type[object] = value.__class__
        if kind is int and not -_INT64 <= value < _INT64:
            # What an int64 cannot hold, the server's JSON decoder reads as a float.
            value, kind = float(value), float
        matched = 1
        if value is None:
            self._null(path, errors)
        else:
            if kind in self._classes:
                matched += 1
            else:
                matched += self._wrong_type(value, path, errors)
            if self._junctors:
                matched += self._alternatives(value, path, errors, old)
            matched += self._by_kind(value, kind, path, errors, old)
        if len(errors) > start and old is not UNSET and equal_json(value, old):
            # Ratcheting: what was as wrong before is tolerated.
            del errors[start:]
        return matched

    def _by_kind(
        self,
        value: JSON,
        kind: type[object],
        path: str,
        errors: list[FieldError],
        old: JSON,
    ) -> int:
        matched = 0
        if kind is str:
            if self._text is not None:
                self._text.run(value, path, errors)
        elif kind is int or kind is float:
            if self._numeric:
                only = self._types[0] if len(self._types) == 1 else ""
                check_number(value, self._schema, only, self._format, path, errors)
        elif kind is list and self._slice:
            matched = self._list(cast("Sequence[Any]", value), path, errors, old)
        if self._enum is not None:
            self._member(value, kind, path, errors)
        if kind is dict and self._object:
            matched = self._fields(cast("dict[str, Any]", value), path, errors, old)
        return matched

    def _null(self, path: str, errors: list[FieldError]) -> None:
        if self._types and not self._schema.nullable:
            errors.append(self._mismatch(path, ",".join(self._types), "null"))
        if self._enum:
            self._not_supported(None, path, errors)

    def _mismatch(self, path: str, wanted: str, got: str) -> FieldError:
        message = f'{path} in body must be of type {wanted}: "{got}"'
        return type_invalid(field_of(path), got, message)

    def _wrong_type(self, value: JSON, path: str, errors: list[FieldError]) -> int:
        types, form = self._types, self._format
        got, got_format = _GO_TYPES.get(value.__class__, ("object", ""))
        fits = got in types or (
            (got == "number" and "integer" in types and is_json_integer(value))
            or (got == "integer" and "number" in types)
        )
        textual = isinstance(value, str | list)
        if not textual and form and not fits and got_format != form:
            errors.append(self._mismatch(path, form, got_format))
            return 0
        if form and textual and "number" not in types and "integer" not in types:
            return 1
        if types and not fits:
            errors.append(self._mismatch(path, ",".join(types), got))
            return 0
        return 1

    def _member(
        self, value: JSON, kind: type[object], path: str, errors: list[FieldError]
    ) -> None:
        if kind is str:
            if value in self._enum_texts:
                return
        elif any(_listed(value, each) for each in self._enum or ()):
            return
        if self._enum:
            self._not_supported(value, path, errors)

    def _not_supported(self, value: JSON, path: str, errors: list[FieldError]) -> None:
        supported = [
            each if isinstance(each, str) else encode_json(each)
            for each in self._enum or ()
        ]
        errors.append(not_supported(field_of(path), value, supported))

    def _list(
        self, value: Sequence[Any], path: str, errors: list[FieldError], old: JSON
    ) -> int:
        schema = self._schema
        matched = 1
        if schema.items is not None:
            if self._items is None:
                self._items = CHECKS.get(schema.items)
            befores = self._before(value, old)
            run = self._items.run
            for index, item in enumerate(value):
                before = UNSET if befores is None else befores[index]
                matched += run(item, f"{path}[{index}]", errors, before)
        size = len(value)
        if schema.min_items is not None and size < schema.min_items:
            detail = f"{path} in body should have at least {schema.min_items} items"
            errors.append(invalid(field_of(path), size, detail))
        if schema.max_items is not None and size > schema.max_items:
            errors.append(too_many(field_of(path), size, schema.max_items))
        if schema.unique_items and _repeats(value):
            detail = f"{path} in body shouldn't contain duplicates"
            errors.append(invalid(field_of(path), "", detail))
        return matched

    def _before(self, value: Sequence[Any], old: JSON) -> list[Any] | None:
        """Return what stood before at each item; only map lists can tell."""
        schema = self._schema
        if schema.list_type != "map" or not isinstance(old, list):
            return None
        known = {
            _key(item, schema.list_map_keys): item
            for item in cast("Sequence[Any]", old)
        }
        return [known.get(_key(item, schema.list_map_keys), UNSET) for item in value]

    def _fields(
        self, value: dict[str, Any], path: str, errors: list[FieldError], old: JSON
    ) -> int:
        schema = self._schema
        matched = 0
        self._size(len(value), path, errors)
        olds = cast("dict[str, Any]", old) if isinstance(old, dict) else {}
        known = self._properties
        for key, item in value.items():
            check = known.get(key)
            if check is None:
                check = self._child(key)
                if check is None:
                    continue
            named = f"{path}.{key}" if path else key
            matched += check.run(item, named, errors, olds.get(key, UNSET))
        errors.extend(
            required(field_of(f"{path}.{name}"))
            for name in schema.required
            if name not in value
        )
        return matched

    def _child(self, key: str) -> "Check | None":
        """Find the check of a field met for the first time."""
        schema = self._schema.properties.get(key)
        if schema is not None:
            check = self._properties[key] = CHECKS.get(schema)
            return check
        if self._schema.additional is None:
            return None
        if self._additional is None:
            self._additional = CHECKS.get(self._schema.additional)
        return self._additional

    def _size(self, size: int, path: str, errors: list[FieldError]) -> None:
        least, most = self._schema.min_properties, self._schema.max_properties
        if least is not None and size < least:
            detail = f"{path} in body should have at least {least} properties"
            errors.append(invalid(field_of(path), size, detail))
        if most is not None and size > most:
            errors.append(too_many(field_of(path), size, most))

    def _alternatives(
        self, value: JSON, path: str, errors: list[FieldError], old: JSON
    ) -> int:
        schema = self._schema
        matched = 1
        if schema.any_of:
            valid, best = _try(schema.any_of, value, path, old)
            if not valid:
                message = f'"{path}" must validate at least one schema (anyOf)'
                errors.extend([_whole(message), *best])
        if schema.one_of:
            valid, best = _try(schema.one_of, value, path, old)
            if valid != 1:
                found = f"{valid} valid alternatives" if valid else "none valid"
                message = (
                    f'"{path}" must validate one and only one schema (oneOf). '
                    f"Found {found}"
                )
                errors.extend([_whole(message), *best])
        if schema.all_of:
            passed = 0
            for each in schema.all_of:
                count = len(errors)
                matched += CHECKS.get(each).run(value, path, errors, old)
                passed += len(errors) == count
            if passed != len(schema.all_of):
                none = "" if passed else ". None validated"
                message = f'"{path}" must validate all the schemas (allOf){none}'
                errors.append(_whole(message))
        if schema.not_ is not None:
            found_wrong: list[FieldError] = []
            CHECKS.get(schema.not_).run(value, path, found_wrong, old)
            if not found_wrong:
                errors.append(_whole(f'"{path}" must not validate the schema (not)'))
        return matched


def _types_of(schema: Schema) -> tuple[str, ...]:
    if schema.int_or_string:
        return ("integer", "string")
    return (schema.type,) if schema.type else ()


def _try(
    schemas: tuple[Schema, ...], value: JSON, path: str, old: JSON
) -> tuple[int, list[FieldError]]:
    """Count the schemas that a value satisfies; return the nearest miss if none."""
    valid = 0
    best: list[FieldError] = []
    best_matched = -1
    for schema in schemas:
        errors: list[FieldError] = []
        matched = CHECKS.get(schema).run(value, path, errors, old)
        if not errors:
            valid += 1
        elif matched > best_matched:
            best, best_matched = errors, matched
    return valid, [] if valid else best


def _key(item: JSON, keys: tuple[str, ...]) -> str:
    if not isinstance(item, dict):
        return encode_json(item)
    fields = cast("dict[str, Any]", item)
    return encode_json([fields.get(key) for key in keys])


def _listed(value: JSON, each: JSON) -> bool:
    if isinstance(value, float) and isinstance(each, int):
        # Go converts the value to the type of the listed one, and cuts it.
        value = int(value) if math.isfinite(value) else value
    return equal_json(value, each)


def _repeats(values: Sequence[Any]) -> bool:
    texts = [encode_json(value) for value in values]
    return len(set(texts)) < len(texts)


CHECKS: Final = SchemaCache(Check)
