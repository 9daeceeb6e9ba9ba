"""Types to structural schemas."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from inspect import cleandoc
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
)

import msgspec

from homeostat.api import (
    JSON,
    Condition,
    FieldInfo,
    MicroTime,
    Model,
    Object,
    ObjectMeta,
    Quantity,
    Time,
    encode,
    fields_of,
)
from homeostat.schema._parse import parse_schema
from homeostat.schema._type_checks import check_constraints, check_list_keys
from homeostat.schema._validate import validate

__all__ = ["TypeSchemas"]

JSONSchema = dict[str, Any]

_PRESERVE: Final = "x-kubernetes-preserve-unknown-fields"
_INT_OR_STRING: Final = "x-kubernetes-int-or-string"
_EMBEDDED: Final = "x-kubernetes-embedded-resource"
_QUANTITY_PATTERN: Final = (
    r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))"
    r"(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
)
_SCALARS: Final[Mapping[object, JSONSchema]] = {
    bool: {"type": "boolean"},
    int: {"type": "integer", "format": "int64"},
    float: {"type": "number", "format": "double"},
    str: {"type": "string"},
    bytes: {"type": "string", "format": "byte"},
    date: {"type": "string", "format": "date"},
    datetime: {"type": "string", "format": "date-time"},
    Time: {"type": "string", "format": "date-time"},
    MicroTime: {"type": "string", "format": "date-time"},
    Decimal: {"type": "string"},
    # Inside another object metadata is not the server's: all of it must be kept.
    ObjectMeta: {"type": "object", _PRESERVE: True},
    Any: {_PRESERVE: True},
}
_JSON_TYPES: Final = {bool: "boolean", int: "integer", float: "number", str: "string"}


class TypeSchemas:
    """Makes the schemas of one definition.

    Args:
        defaults: Whether the defaults of fields go into the schema: those of a spec do,
            for the server fills them in; a status is written whole by its controller.
    """

    def __init__(self, *, defaults: bool) -> None:
        self._defaults = defaults
        self._open: list[object] = []

    def of(
        self, type_: object, *, where: str, info: FieldInfo | None = None
    ) -> JSONSchema:
        """Return the schema of a type.

        Args:
            type_: As it stands in an annotation.
            where: Names the field in errors, as ``PodSetSpec.size``.
            info: What ``Field`` was told about it.

        Raises:
            TypeError: No structural schema describes the type.
            ValueError: A constraint that does not fit the type or the default.
        """
        infos = [] if info is None else [info]
        while get_origin(type_) is Annotated:
            type_, *extras = get_args(type_)
            inner = [extra for extra in extras if isinstance(extra, FieldInfo)]
            if not all(one.constraints_only for one in inner):
                raise TypeError(
                    f"{where}: a Field inside Annotated holds constraints alone; a "
                    "default or a name stands right of the field's ="
                )
            infos = [*inner, *infos]
            if any(isinstance(extra, msgspec.Meta) for extra in extras):
                raise TypeError(
                    f"{where}: msgspec.Meta would make stored objects unreadable; use "
                    "homeostat's Field, which constrains the schema alone"
                )
        given: JSONSchema = {}
        for one in infos:
            given |= one.schema
        schema: JSONSchema
        if any(one.int_or_string for one in infos):
            schema = _int_or_string()
        elif given.get(_EMBEDDED) or _is_object(type_):
            schema = {"type": "object", _EMBEDDED: True, _PRESERVE: True}
        elif given.get(_PRESERVE):
            schema = _free(type_)
        else:
            schema = self._plain(type_, where)
        check_constraints(where, schema, given)
        schema |= given
        rules = [rule.to_dict() for one in infos for rule in one.rules]
        if rules:
            present = schema.get("x-kubernetes-validations", [])
            schema["x-kubernetes-validations"] = [*present, *rules]
        check_list_keys(where, schema)
        return schema

    def model(self, cls: Any, where: str = "") -> JSONSchema:  # noqa: ANN401 - or an alias of one
        """Return the schema of a model: an object with its properties."""
        if cls in self._open:
            raise TypeError(
                f"{where}: {cls.__name__} contains itself, and a structural schema is "
                "finite; use Field(preserve_unknown=True)"
            )
        origin: type[Model] = get_origin(cls) or cls
        self._open.append(cls)
        properties: dict[str, JSONSchema] = {}
        required: list[str] = []
        for field in msgspec.structs.fields(cls):
            at = f"{origin.__name__}.{field.name}"
            info = fields_of(origin).get(field.name)
            properties[field.encode_name] = made = self.of(
                field.type, where=at, info=info
            )
            if field.required:
                required.append(field.encode_name)
                if _is_optional(field.type):
                    made["nullable"] = True  # it must be sent, and may be null
            elif self._defaults:
                _put_default(at, made, field)
        self._open.pop()
        schema: JSONSchema = {"type": "object", **described(origin)}
        schema["properties"] = properties
        if not properties:
            del schema["properties"]
        if required:
            schema["required"] = required
        if origin.__rules__:
            schema["x-kubernetes-validations"] = [r.to_dict() for r in origin.__rules__]
        if origin.__preserve_unknown__:
            schema[_PRESERVE] = True
        return schema

    def _plain(self, type_: object, where: str) -> JSONSchema:
        known = _scalar(type_)
        if known is not None:
            return known
        origin, args = get_origin(type_), get_args(type_)
        if origin in (Union, UnionType):
            return self._union(args, where)
        if origin is Literal:
            return _enum([value for value in args if value is not None], where)
        if isinstance(origin or type_, type):
            found = self._container(cast("type", origin or type_), type_, args, where)
            if found is not None:
                return found
        if isinstance(type_, TypeVar):
            raise TypeError(f"{where}: say which type {type_} stands for")
        raise TypeError(
            f"{where}: no structural schema for {type_!r}; use a Model, or "
            "Field(preserve_unknown=True)"
        )

    def _container(
        self, cls: type, type_: object, args: tuple[Any, ...], where: str
    ) -> JSONSchema | None:
        if issubclass(cls, Model):
            return self.model(type_, where)
        if issubclass(cls, Enum):
            return _enum([member.value for member in cls], where)
        if issubclass(cls, Mapping):
            return self._map(args, where)
        if not issubclass(cls, Sequence | AbstractSet):
            return None
        if issubclass(cls, tuple) and (len(args) != 2 or args[1] is not Ellipsis):
            raise TypeError(f"{where}: of tuples only tuple[X, ...] has a schema")
        item = args[0] if args else Any
        schema: JSONSchema = {
            "type": "array",
            "items": self.of(item, where=f"{where}[]"),
        }
        if item is Condition:
            schema["x-kubernetes-list-type"] = "map"
            schema["x-kubernetes-list-map-keys"] = ["type"]
        elif issubclass(cls, AbstractSet):
            schema["x-kubernetes-list-type"] = "set"
        return schema

    def _map(self, args: tuple[Any, ...], where: str) -> JSONSchema:
        key, value = args or (str, Any)
        if not (key is str or get_origin(key) is Literal or _is_text_enum(key)):
            raise TypeError(f"{where}: the keys of a map are texts, not {key!r}")
        if value is Any:
            return {"type": "object", _PRESERVE: True}
        values = self.of(value, where=f"{where}[*]")
        return {"type": "object", "additionalProperties": values}

    def _union(self, args: tuple[Any, ...], where: str) -> JSONSchema:
        members = [arg for arg in args if arg is not NoneType]
        if len(members) == 1:
            return self.of(members[0], where=where)
        if set(members) == {int, str}:
            return _int_or_string()
        if set(members) == {int, float}:
            return dict(_SCALARS[float])
        raise TypeError(
            f"{where}: a structural schema has no unions but int | str; use a Model "
            "with optional fields, or Field(preserve_unknown=True)"
        )


def described(cls: type) -> dict[str, str]:
    """Return the docstring of a class as its description."""
    text = cls.__dict__.get("__doc__")
    return {"description": cleandoc(text).strip()} if text else {}


def _scalar(type_: object) -> JSONSchema | None:
    if type_ is Quantity:
        return {**_int_or_string(), "pattern": _QUANTITY_PATTERN}
    try:
        found = _SCALARS.get(cast("Any", type_))
    except TypeError:  # an annotation that does not hash
        return None
    return None if found is None else dict(found)


def _int_or_string() -> JSONSchema:
    # Without the anyOf that Go's tools add: it only doubles the server's messages.
    return {_INT_OR_STRING: True}


def _free(type_: object) -> JSONSchema:
    """Return the schema of a value that is kept as it comes."""
    origin = get_origin(type_) or type_
    if isinstance(origin, type) and issubclass(origin, Mapping | Model):
        return {"type": "object"}
    if isinstance(origin, type) and issubclass(origin, Sequence) and origin is not str:
        raise TypeError(
            "preserve_unknown is for objects; for a list write "
            "list[Annotated[dict[str, Any], Field(preserve_unknown=True)]]"
        )
    return {}


def _enum(values: list[JSON], where: str) -> JSONSchema:
    types = {_JSON_TYPES.get(cast("Any", type(value))) for value in values}
    if len(types) != 1 or None in types:
        raise TypeError(
            f"{where}: the values of an enum are of one type, texts or numbers"
        )
    return {"type": types.pop(), "enum": values}


def _is_object(type_: object) -> bool:
    return isinstance(type_, type) and issubclass(type_, Object)


def _is_text_enum(type_: object) -> bool:
    return isinstance(type_, type) and issubclass(type_, str)


def _is_optional(type_: object) -> bool:
    while get_origin(type_) is Annotated:
        type_ = get_args(type_)[0]
    return get_origin(type_) in (Union, UnionType) and NoneType in get_args(type_)


def _put_default(
    where: str, schema: JSONSchema, field: msgspec.structs.FieldInfo
) -> None:
    # A plain default is None, or Go's zero value of a built-in type: nothing is sent
    # for them, so nothing is to be filled in.
    # Nor for a zero of such a type that is always sent: it is there.
    if field.default_factory in (msgspec.NODEFAULT, int, float, bool):
        return
    value = msgspec.json.decode(encode(field.default_factory()))
    if value in ([], {}) and "properties" not in schema:
        return
    # The server refuses a definition whose default it would refuse in an object.
    wrong = validate(value, parse_schema(schema), path=where)
    if wrong:
        raise ValueError(f"{where}: the default does not fit: {wrong[0].body}")
    schema["default"] = value
