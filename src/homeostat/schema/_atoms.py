"""What structured merge needs to know of a schema node: how its values fall apart.

A value is a scalar, a list (atomic, a set, or a map by keys) or a map (atomic or
granular). A node without a type may be any of them; the value then decides.
"""

from collections.abc import Mapping
from typing import Any, Final, final

from homeostat.api import UNSET, Schema
from homeostat.schema._cache import SchemaCache

__all__ = ["DEDUCED", "UNTYPED", "Atom", "atom_of", "root_atom"]


@final
class Atom:
    """One schema node as structured merge sees it.

    Attributes:
        is_map: Whether a map is allowed; ``is_list`` and ``is_scalar`` alike.
        atomic_map: Whether a map is one leaf.
        keys: Of a list's items; empty for a set.
        associative: Whether a list is a set or a map, rather than one leaf.
        scalar: ``numeric``, ``string``, ``boolean``; "" for any.

    Source: kube-openapi ``schemaconv.ToSchemaFromOpenAPI``.
    """

    __slots__ = (
        "_children",
        "_item",
        "_keep",
        "_named",
        "_schema",
        "associative",
        "atomic_map",
        "is_list",
        "is_map",
        "is_scalar",
        "key_defaults",
        "keys",
        "scalar",
    )

    def __init__(self, schema: Schema, *, keep: bool = False) -> None:
        self._schema = schema
        self._keep = keep or schema.preserve_unknown
        self._named = bool(schema.properties) or schema.embedded_resource
        self._children: dict[str, Atom] = {}
        self._item: Atom | None = None
        kind = "" if schema.int_or_string else schema.type
        self.is_map = kind in ("object", "")
        self.is_list = kind in ("array", "")
        self.is_scalar = kind not in ("object", "array")
        self.scalar = _scalar(kind, schema.format)
        self.atomic_map = schema.map_type == "atomic"
        self.associative, self.keys = _relation(schema)
        self.key_defaults = _key_defaults(schema.items, self.keys)

    @property
    def is_leaf(self) -> bool:
        """Whether a value is owned as a whole, never in parts."""
        if self.is_map:
            return self.atomic_map
        return not self.is_scalar and not self.associative

    def step(self, element: str) -> "Atom | None":
        """Return the atom that a path element leads to; None when there is none."""
        if element.startswith("f:"):
            return (self.field(element[2:]) or self.entry()) if self.is_map else None
        return self.item() if self.is_list else None

    def field(self, name: str) -> "Atom | None":
        """Return the atom of a field that the schema names; None for other entries."""
        if not self._named:
            return None
        known = self._children.get(name)
        if known is not None:
            return known
        schema = self._schema
        child = schema.properties.get(name)
        atom = None if child is None else _child_atom(child, keep=self._keep)
        if schema.embedded_resource and name == "metadata":
            atom = atom_of(_OBJECT_META)
        if atom is not None:
            self._children[name] = atom
        return atom

    def entry(self) -> "Atom | None":
        """Return the atom of entries without a name of their own; None: not allowed."""
        if self._item is None:
            schema = self._schema
            if schema.additional is not None:
                self._item = _additional_atom(schema.additional, keep=self._keep)
            elif self._keep or not schema.properties:
                self._item = DEDUCED
        return self._item

    def item(self) -> "Atom":
        """Return the atom of a list's items."""
        items = self._schema.items
        if items is None:
            return UNTYPED
        found = self._children.get("")
        if found is None:
            found = self._children[""] = _child_atom(items, keep=self._keep)
        return found


def _relation(schema: Schema) -> tuple[bool, tuple[str, ...]]:
    if schema.list_type:
        return schema.list_type != "atomic", schema.list_map_keys
    if schema.patch_strategy in ("merge", "merge,retainKeys"):
        key = schema.patch_merge_key
        return True, (key,) if key else ()
    return False, ()


def _key_defaults(items: Schema | None, keys: tuple[str, ...]) -> Mapping[str, Any]:
    if items is None:
        return {}
    found: dict[str, Any] = {}
    for key in keys:
        child = items.properties.get(key)
        if child is not None and child.default is not UNSET:
            found[key] = child.default
    return found


def _scalar(kind: str, format_name: str) -> str:
    if kind in ("integer", "number"):
        return "numeric"
    if kind == "string":
        return "string" if format_name in ("", "byte") else ""
    return kind if kind == "boolean" else ""


def _child_atom(schema: Schema, *, keep: bool) -> Atom:
    return (_KEEPING if keep else _PLAIN).get(schema)


def _additional_atom(schema: Schema, *, keep: bool) -> Atom:
    # A schema that says nothing stands for ``additionalProperties: true``.
    said = schema.type or schema.int_or_string or schema.preserve_unknown
    return _child_atom(schema, keep=keep) if said else DEDUCED


def atom_of(schema: Schema | None) -> Atom:
    """Return the atom of a schema; of None the one that deduces everything."""
    return DEDUCED if schema is None else _PLAIN.get(schema)


def _plain(schema: Schema) -> Atom:
    return Atom(schema)


def _keeping(schema: Schema) -> Atom:
    return Atom(schema, keep=True)


_PLAIN: Final = SchemaCache(_plain)
_KEEPING: Final = SchemaCache(_keeping)


DEDUCED: Final = Atom(Schema())
"""Any value: maps granular, lists atomic."""

UNTYPED: Final = Atom(Schema(map_type="atomic"))
"""Any value, always one leaf."""

_TEXT: Final = Schema("string")
_TEXTS: Final = Schema("object", additional=_TEXT)
_OBJECT_META: Final = Schema(
    "object",
    properties={
        "annotations": _TEXTS,
        "creationTimestamp": Schema("string", format="date-time"),
        "deletionGracePeriodSeconds": Schema("integer"),
        "deletionTimestamp": Schema("string", format="date-time"),
        "finalizers": Schema("array", items=_TEXT, list_type="set"),
        "generateName": _TEXT,
        "generation": Schema("integer"),
        "labels": _TEXTS,
        "managedFields": Schema("array", items=Schema("object"), list_type="atomic"),
        "name": _TEXT,
        "namespace": _TEXT,
        "ownerReferences": Schema(
            "array",
            items=Schema(
                "object",
                properties={
                    "apiVersion": _TEXT,
                    "blockOwnerDeletion": Schema("boolean"),
                    "controller": Schema("boolean"),
                    "kind": _TEXT,
                    "name": _TEXT,
                    "uid": Schema("string", default=""),
                },
                map_type="atomic",
            ),
            list_type="map",
            list_map_keys=("uid",),
        ),
        "resourceVersion": _TEXT,
        "selfLink": _TEXT,
        "uid": _TEXT,
    },
)


def root_atom(schema: Schema | None) -> Atom:
    """Return the atom of a whole object: its metadata is ObjectMeta, always."""
    return DEDUCED if schema is None else _ROOTS.get(schema)


def _root(schema: Schema) -> Atom:
    properties = {"apiVersion": _TEXT, "kind": _TEXT, **schema.properties}
    properties["metadata"] = _OBJECT_META
    return Atom(
        Schema(
            "object",
            properties=properties,
            additional=schema.additional,
            preserve_unknown=schema.preserve_unknown,
        )
    )


_ROOTS: Final = SchemaCache(_root)
