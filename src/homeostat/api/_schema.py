"""One node of a structural schema."""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from homeostat.api._kinds import JSON

__all__ = ["UNSET", "Schema", "SchemaType"]

UNSET: Final = msgspec.UNSET
"""Stands for "no default": None is a default that a schema may give."""

SchemaType = Literal["object", "array", "string", "integer", "number", "boolean", ""]
_NO_PROPERTIES: Final[Mapping[str, "Schema"]] = {}


class Schema:
    """A node of a structural schema, as CRDs and the built-in table have it.

    Nodes may form cycles (JSONSchemaProps holds itself) and may be filled in after
    they were made; once published they are not changed. Bounds that a schema does not
    set are None; ``default`` is ``UNSET``.

    Attributes:
        type: "" where the schema does not say.
        properties: Of an object, by wire name.
        additional: Schema of the values of a map.
        items: Schema of the items of a list.
        required: Wire names that must be there.
        minimum: Inclusive unless ``exclusive_minimum``; the same for ``maximum``.
        preserve_unknown: Unknown fields below this node are kept.
        list_type: "" counts as atomic.
        list_map_keys: Wire names that identify an item of a list of type ``map``.
        map_type: "" counts as granular.
        validations: CEL rules as the schema has them.
        patch_strategy: Of a strategic merge patch, as ``merge,retainKeys``.
        patch_merge_key: Of a strategic merge patch; one name.
        cache: What readers computed from the node, each under a key of its own.
    """

    __slots__ = (
        "additional", "all_of", "any_of", "cache", "default", "description",
        "embedded_resource", "enum", "exclusive_maximum", "exclusive_minimum",
        "format", "int_or_string", "items", "list_map_keys", "list_type", "map_type",
        "max_items", "max_length", "max_properties", "maximum", "min_items",
        "min_length", "min_properties", "minimum", "multiple_of", "not_", "nullable",
        "one_of", "patch_merge_key", "patch_strategy", "pattern", "preserve_unknown",
        "properties", "required", "title", "type", "unique_items", "validations",
    )  # fmt: skip

    def __init__(  # noqa: PLR0913 - one keyword per fact of the node
        self,
        type: SchemaType = "",  # noqa: A002 - the schema's own word
        *,
        format: str = "",  # noqa: A002
        properties: Mapping[str, "Schema"] = _NO_PROPERTIES,
        additional: "Schema | None" = None,
        items: "Schema | None" = None,
        required: tuple[str, ...] = (),
        nullable: bool = False,
        default: JSON = UNSET,
        enum: tuple[JSON, ...] | None = None,
        minimum: float | None = None,
        maximum: float | None = None,
        exclusive_minimum: bool = False,
        exclusive_maximum: bool = False,
        multiple_of: float | None = None,
        min_length: int | None = None,
        max_length: int | None = None,
        pattern: str = "",
        min_items: int | None = None,
        max_items: int | None = None,
        unique_items: bool = False,
        min_properties: int | None = None,
        max_properties: int | None = None,
        int_or_string: bool = False,
        preserve_unknown: bool = False,
        embedded_resource: bool = False,
        list_type: Literal["atomic", "set", "map", ""] = "",
        list_map_keys: tuple[str, ...] = (),
        map_type: Literal["granular", "atomic", ""] = "",
        all_of: tuple["Schema", ...] = (),
        any_of: tuple["Schema", ...] = (),
        one_of: tuple["Schema", ...] = (),
        not_: "Schema | None" = None,
        validations: tuple[dict[str, Any], ...] = (),
        patch_strategy: str = "",
        patch_merge_key: str = "",
        description: str = "",
        title: str = "",
    ) -> None:
        self.type: SchemaType = type
        self.format: str = format
        self.properties: Mapping[str, Schema] = properties
        self.additional: Schema | None = additional
        self.items: Schema | None = items
        self.required: tuple[str, ...] = required
        self.nullable: bool = nullable
        self.default: JSON = default
        self.enum: tuple[JSON, ...] | None = enum
        self.minimum: float | None = minimum
        self.maximum: float | None = maximum
        self.exclusive_minimum: bool = exclusive_minimum
        self.exclusive_maximum: bool = exclusive_maximum
        self.multiple_of: float | None = multiple_of
        self.min_length: int | None = min_length
        self.max_length: int | None = max_length
        self.pattern: str = pattern
        self.min_items: int | None = min_items
        self.max_items: int | None = max_items
        self.unique_items: bool = unique_items
        self.min_properties: int | None = min_properties
        self.max_properties: int | None = max_properties
        self.int_or_string: bool = int_or_string
        self.preserve_unknown: bool = preserve_unknown
        self.embedded_resource: bool = embedded_resource
        self.list_type: Literal["atomic", "set", "map", ""] = list_type
        self.list_map_keys: tuple[str, ...] = list_map_keys
        self.map_type: Literal["granular", "atomic", ""] = map_type
        self.all_of: tuple[Schema, ...] = all_of
        self.any_of: tuple[Schema, ...] = any_of
        self.one_of: tuple[Schema, ...] = one_of
        self.not_: Schema | None = not_
        self.validations: tuple[dict[str, Any], ...] = validations
        self.patch_strategy: str = patch_strategy
        self.patch_merge_key: str = patch_merge_key
        self.description: str = description
        self.title: str = title
        self.cache: dict[object, Any] = {}

    def child(self, name: str) -> "Schema | None":
        """Return the schema of a field of an object or of a value of a map."""
        found = self.properties.get(name)
        return self.additional if found is None else found

    def __repr__(self) -> str:
        """Name the facts that are set; children are counted, for nodes form cycles."""
        facts: list[str] = [self.type or "any"]
        if self.properties:
            facts.append(f"{len(self.properties)} properties")
        if self.list_type:
            facts.append(f"list-type {self.list_type}")
        if self.list_map_keys:
            facts.append(f"keys {','.join(self.list_map_keys)}")
        return f"<Schema {', '.join(facts)}>"
