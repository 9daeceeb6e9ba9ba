"""Classes of the built-in kinds, made when they are first asked for.

Making one makes what it refers to as well: a decoder needs the whole type anyway.
"""

import importlib
import sys
from collections.abc import Callable
from typing import Any, TypeAlias

from homeostat import api
from homeostat.k8s._table import (
    LOCK,
    OMITEMPTY,
    OMITZERO,
    POINTER,
    Row,
    key_of,
    resource_of,
    table,
    types,
)

__all__ = ["lazy_module", "struct_of", "type_of"]

_Form: TypeAlias = Any
"""A class, or a typing form that stands for one."""

_PACKAGE = "homeostat.k8s"
# Types of meta/v1 that custom resources use as well: homeostat.api writes them by hand.
_SHARED = frozenset(
    {
        "Condition",
        "LabelSelector",
        "LabelSelectorRequirement",
        "ListMeta",
        "ManagedFieldsEntry",
        "ObjectMeta",
        "OwnerReference",
    }
)
_SCHEMA_PROPS = "JSONSchemaProps"

_SCALARS: dict[str, Any] = {
    "str": str,
    "bool": bool,
    "i32": int,
    "i64": int,
    "f64": float,
    "bytes": bytes,
    "time": api.Time,
    "micro": api.MicroTime,
    "qty": api.Quantity,
    "ios": api.IntOrString,
    "raw": api.JSON,
    "json": api.JSON,
}
# Go's unions of a schema and something else. The name is resolved in the module when
# msgspec first needs it, by which time the class is there: it refers to itself.
_UNIONS: dict[str, Any] = {
    "soa": f"{_SCHEMA_PROPS} | list[{_SCHEMA_PROPS}]",
    "sob": f"{_SCHEMA_PROPS} | bool",
    "sos": f"{_SCHEMA_PROPS} | list[str]",
}
# The zero values of Go; the rest of the scalars are None until they are set.
_ZEROS: dict[str, Any] = {
    "str": "",
    "bool": False,
    "i32": 0,
    "i64": 0,
    "f64": 0.0,
    "bytes": b"",
    "ios": 0,
}
_NUMBERS = frozenset({"bool", "i32", "i64", "f64"})

_made: dict[str, Any] = {}
_making: set[str] = set()


def type_of(gvk: api.GroupVersionKind) -> type[api.Object] | None:
    """Return the class of a built-in kind, or None for a kind that is not one."""
    key = key_of(gvk)
    found = struct_of(key) if key else None
    # Lists and the options of the protocol have a kind, but are no objects.
    return found if found and issubclass(found, api.Object) else None


def struct_of(key: str) -> _Form:
    """Return the class of a type of the table, made on first use."""
    found = _made.get(key)
    if found is None:
        with LOCK:
            found = _made.get(key) or _make(key)
    return found


def _make(key: str) -> _Form:
    module, _, name = key.partition(".")
    if module == "meta_v1" and name in _SHARED:
        _made[key] = getattr(api, name)
        return _made[key]
    qualified = f"{_PACKAGE}.{module}"
    importlib.import_module(qualified)
    _making.add(key)
    entry = types()[key]
    is_object = _is_object(entry)
    namespace: dict[str, Any] = {
        "__module__": qualified,
        "__qualname__": name,
        "__doc__": f"``{name}`` of {_group_version(module)}.",
    }
    annotations: dict[str, Any] = {}
    for field in entry["f"]:
        if is_object and field[0] in {"apiVersion", "kind", "metadata"}:
            continue
        attribute = field[1]
        annotations[attribute], default = _annotation(field[2], field[3])
        namespace[attribute] = _default(field[0], attribute, default)
    namespace["__annotations__"] = annotations
    base = api.Object if is_object else api.Model
    metaclass: Any = type(api.Model)
    made = metaclass(name, (base,), namespace, omit_empty=True)
    if is_object:
        made.__resource__ = _resource(api.GroupVersionKind(*entry["k"]))
    _making.discard(key)
    _made[key] = made
    # pickle, and the annotations of a class that refers to itself, look here.
    setattr(sys.modules[qualified], name, made)
    return made


def _is_object(entry: Row) -> bool:
    return "k" in entry and any(
        field[0] == "metadata" and field[2] == "meta_v1.ObjectMeta"
        for field in entry["f"]
    )


def _group_version(module: str) -> str:
    group, version = table()["modules"][module].get("gv", ("meta.k8s.io", "v1"))
    return f"{group or 'core'}/{version}"


def _resource(gvk: api.GroupVersionKind) -> api.Resource:
    # Kinds of subresources alone, as Scale and Eviction, have no URL of their own.
    return resource_of(gvk) or api.Resource(gvk=gvk, plural="", namespaced=True)


def _annotation(expression: str, bits: int) -> tuple[_Form, api.JSON]:
    """Return the annotation of a field, and its default or what makes it."""
    if expression[0] in "[{":
        return _inner(expression), (list if expression[0] == "[" else dict)
    inner = _inner(expression)
    if inner is api.JSON or isinstance(inner, str):
        return (f"{inner} | None" if isinstance(inner, str) else inner), None
    if bits & POINTER:
        return inner | None, None
    # Numbers that Go always writes: what a factory made is sent, even when it is zero.
    always = expression in _NUMBERS and not bits & (OMITEMPTY | OMITZERO)
    if "." in expression or always:
        return inner, inner
    if expression in _ZEROS:
        return inner, _ZEROS[expression]
    return inner | None, None


def _inner(expression: str) -> _Form:
    if expression[0] == "[":
        return _generic("list", _inner(expression[1:]))
    if expression[0] == "{":
        return _generic("dict", _inner(expression[1:]))
    if expression in _SCALARS:
        return _SCALARS[expression]
    if expression in _UNIONS:
        return _UNIONS[expression]
    if expression in _making:
        return expression.partition(".")[2]
    return struct_of(expression)


def _generic(container: str, item: _Form) -> _Form:
    if isinstance(item, str):
        return f"{container}[{'str, ' if container == 'dict' else ''}{item}]"
    return list[item] if container == "list" else dict[str, item]


def _default(wire: str, attribute: str, default: api.JSON) -> api.FieldInfo:
    # Made directly: Field would check constraints that are not there, 4,000 times.
    name = "" if attribute == wire else wire
    if isinstance(default, type):
        return api.FieldInfo(default_factory=default, name=name)
    return api.FieldInfo(default=default, name=name)


def lazy_module(name: str) -> tuple[Callable[[str], _Form], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` for the module of a group and version.

    Args:
        name: The module's ``__name__``.
    """
    module = name.rpartition(".")[2]

    def names() -> list[str]:
        prefix = f"{module}."
        return sorted(k[len(prefix) :] for k in types() if k.startswith(prefix))

    def module_getattr(attribute: str) -> _Form:
        if attribute == "__all__":
            return names()
        if not attribute.startswith("_") and f"{module}.{attribute}" in types():
            return struct_of(f"{module}.{attribute}")
        raise AttributeError(f"module {name!r} has no attribute {attribute!r}")

    return module_getattr, names
