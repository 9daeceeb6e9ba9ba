"""Structural schemas of the built-in kinds, from the table."""

from typing import Any, Final

from homeostat.api import JSON, UNSET, GroupVersionKind, Schema
from homeostat.k8s._table import (
    LOCK,
    OMITEMPTY,
    OMITZERO,
    POINTER,
    REQUIRED,
    Row,
    key_of,
    types,
)

__all__ = ["schema_of", "schema_of_type"]

# Words of the table -> what the schema says. A quantity may be a number in JSON, too.
_SCALARS: Final[dict[str, dict[str, Any]]] = {
    "str": {"type": "string"},
    "bool": {"type": "boolean"},
    "i32": {"type": "integer", "format": "int32"},
    "i64": {"type": "integer", "format": "int64"},
    "f64": {"type": "number", "format": "double"},
    "bytes": {"type": "string", "format": "byte"},
    "time": {"type": "string", "format": "date-time"},
    "micro": {"type": "string", "format": "date-time"},
    "qty": {"format": "quantity", "any_of": (Schema("string"), Schema("number"))},
    "ios": {"int_or_string": True, "format": "int-or-string"},
    # Ownership ends at it: nobody owns parts of what the server does not look into.
    "raw": {"type": "object", "preserve_unknown": True, "map_type": "atomic"},
    "json": {"preserve_unknown": True},
}
_ATTRIBUTES = {
    "d": "default",
    "e": "enum",
    "lt": "list_type",
    "lk": "list_map_keys",
    "mt": "map_type",
    "ps": "patch_strategy",
    "pk": "patch_merge_key",
}

# What the table puts into a node's cache: true of every copy of the node.
_FACTS = frozenset({"defaults", "inlined", "named", "omitempty", "type", "zeros"})

_types: dict[str, Schema] = {}
_leaves: dict[str, Schema] = {}


def schema_of(gvk: GroupVersionKind) -> Schema | None:
    """Return the schema of a built-in kind, metadata included; None for another kind.

    What Go does with zero values stands in the ``cache`` of the nodes of structs:
    ``"type"`` is the table's name of the type, as ``core_v1.PodSpec``; ``"defaults"``
    holds the values that the API's types give to absent fields; ``"omitempty"`` the
    wire names of scalars that Go does not write when they are zero; ``"zeros"`` the
    wire names of fields that it always writes, with the value of an unset one (``{}``
    for a struct); ``"inlined"`` the wire names of fields of a struct that the type
    embeds, with the name of that struct, as ``ProbeHandler``; ``"named"`` the Go type
    of fields of texts that has a name of its own, as ``v1.Protocol``.

    The nodes are shared and must not be changed. Defaults are those that OpenAPI gives:
    the zero values that Go fills in (``""``, ``{}``) and those of list-map keys; what
    the server's defaulting adds is not among them.
    """
    key = key_of(gvk)
    if key is None:
        return None
    with LOCK:
        return schema_of_type(key)


def schema_of_type(key: str) -> Schema:
    """Return the schema of a type of the table, as ``core_v1.PodSpec``."""
    found = _types.get(key)
    if found is not None:
        return found
    entry = types()[key]
    properties: dict[str, Schema] = {}
    made = Schema(
        "object",
        properties=properties,
        required=tuple(f[0] for f in entry["f"] if f[3] & REQUIRED),
        map_type=entry.get("mt", ""),
    )
    # Before its fields: a type may refer to itself.
    _types[key] = made
    for field in entry["f"]:
        properties[field[0]] = _field(field)
    made.cache["omitempty"] = frozenset(f[0] for f in entry["f"] if _vanishes(f))
    made.cache["defaults"] = {f[0]: f[5]["d"] for f in entry["f"] if _is_defaulted(f)}
    made.cache["type"] = key
    made.cache["named"] = {
        f[0]: f[5]["go"] for f in entry["f"] if len(f) > 5 and "go" in f[5]
    }
    made.cache["inlined"] = {
        name: struct for struct, names in entry.get("in", {}).items() for name in names
    }
    made.cache["zeros"] = {f[0]: _zero(f) for f in entry["f"] if _is_written(f)}
    return made


_ZEROS: Final[dict[str, Any]] = {
    "str": "",
    "bool": False,
    "i32": 0,
    "i64": 0,
    "f64": 0,
    "qty": "0",
    "ios": 0,
}
# What Go holds in a struct: to its encoder such a value is never empty.
_STRUCTS = frozenset(
    {"time", "micro", "qty", "ios", "raw", "json", "sob", "soa", "sos"}
)


def _vanishes(field: Row) -> bool:
    return (
        field[2] in _ZEROS
        and field[2] not in _STRUCTS
        and not field[3] & POINTER
        and bool(field[3] & (OMITEMPTY | OMITZERO))
    )


def _is_defaulted(field: Row) -> bool:
    extras: dict[str, Any] = field[5] if len(field) > 5 else {}
    default = extras.get("d")
    if default is None or default == {}:
        return False
    # A zero for what is zero anyway says nothing; for a pointer it does.
    return bool(default) or bool(field[3] & POINTER)


def _is_written(field: Row) -> bool:
    if field[3] & OMITZERO:
        return False
    is_struct = field[2] in _STRUCTS or (field[2][0] not in "[{" and "." in field[2])
    if field[3] & POINTER or not is_struct:
        return not field[3] & OMITEMPTY
    return True


def _zero(field: Row) -> JSON:
    if field[3] & POINTER or field[2][0] in "[{":
        return None
    return {} if "." in field[2] else _ZEROS.get(field[2])


def _field(field: Row) -> Schema:
    expression = field[2]
    extras: dict[str, Any] = field[5] if len(field) > 5 else {}
    if not extras or extras.keys() == {"go"}:
        return _node(expression)
    schema = _node(expression, items_enum=extras.get("ie"))
    own = _copy(schema)
    for short, attribute in _ATTRIBUTES.items():
        if short in extras:
            value = extras[short]
            setattr(own, attribute, tuple(value) if short in {"e", "lk"} else value)
    return own


def _copy(schema: Schema) -> Schema:
    """Return a node of its own that shares the children, also those yet to come."""
    made = Schema.__new__(Schema)
    for slot in Schema.__slots__:
        setattr(made, slot, getattr(schema, slot))
    made.default = UNSET
    # What was computed from the other node may depend on what is changed here.
    made.cache = {k: v for k, v in schema.cache.items() if k in _FACTS}
    return made


def _node(expression: str, *, items_enum: list[Any] | None = None) -> Schema:
    if expression[0] in "[{":
        inner = _node(expression[1:])
        if items_enum is not None:
            inner = _copy(inner)
            inner.enum = tuple(items_enum)
        if expression[0] == "[":
            return Schema("array", items=inner)
        return Schema("object", additional=inner)
    if "." in expression:
        return schema_of_type(expression)
    found = _leaves.get(expression)
    if found is None:
        found = _leaves[expression] = _leaf(expression)
    return found


def _leaf(expression: str) -> Schema:
    if expression in _SCALARS:
        return Schema(**_SCALARS[expression])
    # Go's unions of a schema and a list, a bool or strings: deduced from the value.
    return Schema(preserve_unknown=True)
