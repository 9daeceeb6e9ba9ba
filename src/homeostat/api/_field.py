"""What a field of a model says beyond its type."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import (
    Annotated,
    Any,
    Literal,
    TypeAlias,
    TypedDict,
    TypeVar,
    Unpack,
    cast,
    overload,
)

import msgspec

from homeostat.api._kinds import JSON

__all__ = ["Field", "FieldInfo", "IntOrString", "ValidationRule"]

T = TypeVar("T")

ListType = Literal["atomic", "set", "map"]
MapType = Literal["granular", "atomic"]


@dataclass(frozen=True, slots=True)
class ValidationRule:
    """One CEL rule of a schema (``x-kubernetes-validations``), passed through as it is.

    Attributes:
        rule: The CEL expression; ``self`` is the value.
        message: Shown when the rule fails; must not hold a line break.
        message_expression: A CEL expression that makes the message.
        reason: As ``FieldValueInvalid``; the server's default when "".
        field_path: Where the error is reported, as ``.size``.
        optional_old_self: Whether the rule also runs on create; None leaves it out.
    """

    rule: str
    message: str = ""
    message_expression: str = ""
    reason: str = ""
    field_path: str = ""
    optional_old_self: bool | None = None

    def to_dict(self) -> dict[str, JSON]:
        """Return the rule as the schema has it."""
        wire = {
            "rule": self.rule,
            "message": self.message,
            "messageExpression": self.message_expression,
            "reason": self.reason,
            "fieldPath": self.field_path,
            "optionalOldSelf": self.optional_old_self,
        }
        return {name: value for name, value in wire.items() if value not in ("", None)}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldInfo:
    """Everything that ``Field(...)`` was told; ``schema`` holds OpenAPI names."""

    default: Any = msgspec.NODEFAULT
    default_factory: Any = msgspec.NODEFAULT
    name: str = ""
    # Not hashed: an annotation that holds this must be hashable to stand in a union.
    schema: Mapping[str, JSON] = field(default_factory=dict[str, JSON], hash=False)
    rules: tuple[ValidationRule, ...] = ()
    int_or_string: bool = False
    nullable: bool = False

    @property
    def constraints_only(self) -> bool:
        """Whether it may stand inside ``Annotated``: neither default nor name."""
        return self.required and not self.name

    @property
    def required(self) -> bool:
        """Whether the field has no default."""
        return (
            self.default is msgspec.NODEFAULT
            and self.default_factory is msgspec.NODEFAULT
        )


class Constraints(TypedDict, total=False):
    """What ``Field`` takes beside default and name; all of it is for the schema."""

    description: str
    title: str
    format: str
    ge: float
    gt: float
    le: float
    lt: float
    multiple_of: float
    min_length: int
    max_length: int
    pattern: str
    min_items: int
    max_items: int
    unique_items: bool
    min_properties: int
    max_properties: int
    enum: Sequence[JSON]
    list_type: ListType
    list_map_keys: Sequence[str]
    map_type: MapType
    nullable: bool
    int_or_string: bool
    preserve_unknown: bool
    embedded: bool
    rules: Sequence[ValidationRule]


@overload
def Field(*, default: T, name: str = "", **constraints: Unpack[Constraints]) -> T: ...
@overload
def Field(
    *,
    default_factory: Callable[[], T],
    name: str = "",
    **constraints: Unpack[Constraints],
) -> T: ...
@overload
def Field(*, name: str = "", **constraints: Unpack[Constraints]) -> JSON: ...
def Field(  # noqa: N802 - reads as the type of what stands left of it
    *,
    default: object = msgspec.NODEFAULT,
    default_factory: object = msgspec.NODEFAULT,
    name: str = "",
    **constraints: Unpack[Constraints],
) -> object:
    """Describe a field of a model.

    Constraints go to the schema of the CustomResourceDefinition, where the API server
    checks them. They are never checked on reading: an object that was stored before a
    rule was written must still be readable.

    Args:
        default: Value of an absent field. Without a default the field is required.
        default_factory: Called for each new object to make the default.
        name: Name on the wire, where it is not the camelCase of the Python name
            (``podIPs``, ``clusterIP``).
        **constraints: ``ge``, ``gt``, ``le``, ``lt``, ``multiple_of`` for numbers;
            ``min_length``, ``max_length``, ``pattern`` (RE2), ``format`` for strings;
            ``min_items``, ``max_items``, ``list_type``, ``list_map_keys`` for lists;
            ``min_properties``, ``max_properties``, ``map_type`` for maps; ``enum``;
            ``nullable``, ``int_or_string``, ``preserve_unknown``, ``embedded`` (a whole
            Kubernetes object), ``rules`` (CEL), ``title`` and ``description``.

    Raises:
        TypeError: Unknown constraint, or constraints that exclude each other.
        ValueError: A constraint that the API server would refuse.
    """
    return FieldInfo(
        default=default,
        default_factory=default_factory,
        name=name,
        **_checked(constraints),
    )


_SCHEMA_NAMES = {
    "description": "description",
    "title": "title",
    "format": "format",
    "multiple_of": "multipleOf",
    "min_length": "minLength",
    "max_length": "maxLength",
    "pattern": "pattern",
    "min_items": "minItems",
    "max_items": "maxItems",
    "min_properties": "minProperties",
    "max_properties": "maxProperties",
    "enum": "enum",
    "list_type": "x-kubernetes-list-type",
    "list_map_keys": "x-kubernetes-list-map-keys",
    "map_type": "x-kubernetes-map-type",
    "nullable": "nullable",
    "preserve_unknown": "x-kubernetes-preserve-unknown-fields",
    "embedded": "x-kubernetes-embedded-resource",
}
_LIMITS = (
    ("minimum", "maximum"),
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    ("minProperties", "maxProperties"),
)
# RE2 has no look-around and no back-references; the server compiles patterns with it.
_NOT_RE2 = re.compile(r"\(\?(?:[=!]|<[=!])|\\[1-9]")


def _checked(constraints: Constraints) -> dict[str, Any]:
    given: dict[str, Any] = dict(constraints)
    rules = tuple(given.pop("rules", ()))
    int_or_string = bool(given.pop("int_or_string", False))
    if given.pop("unique_items", False):
        raise ValueError(
            "unique_items: the API server refuses uniqueItems (its cost is quadratic); "
            'use list_type="set"'
        )
    schema = _bounds(given)
    for option, value in given.items():
        try:
            schema[_SCHEMA_NAMES[option]] = _plain(value)
        except KeyError:
            known = sorted([*_SCHEMA_NAMES, "ge", "gt", "le", "lt", "rules"])
            raise TypeError(
                f"Field has no option {option!r}; it has {', '.join(known)}"
            ) from None
    _check_schema(schema)
    return {
        "schema": {name: v for name, v in schema.items() if v is not False},
        "rules": rules,
        "int_or_string": int_or_string,
        "nullable": bool(schema.get("nullable", False)),
    }


def _plain(value: JSON) -> JSON:
    if isinstance(value, list | tuple | set | frozenset):
        return [*cast("Sequence[JSON]", value)]
    return value


def _bounds(given: dict[str, Any]) -> dict[str, JSON]:
    """Take the four comparisons out of ``given``, as OpenAPI 3.0 writes them."""
    schema: dict[str, JSON] = {}
    for inclusive, exclusive, name in (
        ("ge", "gt", "minimum"),
        ("le", "lt", "maximum"),
    ):
        closed, opened = given.pop(inclusive, None), given.pop(exclusive, None)
        if closed is not None and opened is not None:
            raise TypeError(f"give {inclusive} or {exclusive}, not both")
        if closed is not None:
            schema[name] = closed
        elif opened is not None:
            schema[name] = opened
            schema[f"exclusive{name.capitalize()}"] = True
    return schema


def _check_schema(schema: Mapping[str, JSON]) -> None:
    for least, most in _LIMITS:
        if least in schema and most in schema and schema[least] > schema[most]:
            raise ValueError(f"{least} {schema[least]} is above {most} {schema[most]}")
    keys = schema.get("x-kubernetes-list-map-keys")
    is_map = schema.get("x-kubernetes-list-type") == "map"
    if is_map and not keys:
        raise ValueError('list_type="map" needs list_map_keys, as ["name"]')
    if keys and not is_map:
        raise ValueError('list_map_keys needs list_type="map"')
    if schema.get("enum") == []:
        raise ValueError("enum is empty: no value would be valid")
    pattern = schema.get("pattern")
    if pattern is not None:
        _check_pattern(pattern)


def _check_pattern(pattern: str) -> None:
    if _NOT_RE2.search(pattern):
        raise ValueError(
            f"pattern {pattern!r} uses look-around or a back-reference; the API server "
            "compiles patterns with RE2, which has neither"
        )
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"pattern {pattern!r} is not valid: {error}") from None


IntOrString: TypeAlias = Annotated[int | str, FieldInfo(int_or_string=True)]
"""A number or a text, as a port or ``25%``."""
