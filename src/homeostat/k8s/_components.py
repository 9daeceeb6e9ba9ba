"""The types of the table as components of an OpenAPI v3 document."""

from collections.abc import Iterable
from typing import Any, Final

from homeostat.api import GroupVersionKind
from homeostat.k8s._table import REQUIRED, Row, key_of, table, types

__all__ = ["component_of", "components"]

Component = dict[str, Any]

_REFERENCE: Final = "#/components/schemas/"
_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1."
_CRD: Final = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1."
_INLINE: Final[dict[str, Component]] = {
    "str": {"type": "string"},
    "bool": {"type": "boolean"},
    "i32": {"type": "integer", "format": "int32"},
    "i64": {"type": "integer", "format": "int64"},
    "f64": {"type": "number", "format": "double"},
    "bytes": {"type": "string", "format": "byte"},
}
_ZEROS: Final = {"str": "", "bool": False, "i32": 0, "i64": 0, "f64": 0}
_NAMES: Final = {
    "time": f"{_META}Time",
    "micro": f"{_META}MicroTime",
    "qty": "io.k8s.apimachinery.pkg.api.resource.Quantity",
    "ios": "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
    "raw": "io.k8s.apimachinery.pkg.runtime.RawExtension",
    "json": f"{_CRD}JSON",
    "soa": f"{_CRD}JSONSchemaPropsOrArray",
    "sob": f"{_CRD}JSONSchemaPropsOrBool",
    "sos": f"{_CRD}JSONSchemaPropsOrStringArray",
}
_BODIES: Final[dict[str, Component]] = {
    "time": {"type": "string", "format": "date-time"},
    "micro": {"type": "string", "format": "date-time"},
    "qty": {"oneOf": [{"type": "string"}, {"type": "number"}]},
    "ios": {
        "format": "int-or-string",
        "oneOf": [{"type": "integer"}, {"type": "string"}],
    },
    "raw": {"type": "object"},
    "json": {},
    "soa": {},
    "sob": {},
    "sos": {},
}
_EXTENSIONS: Final = {
    "e": "enum",
    "lt": "x-kubernetes-list-type",
    "lk": "x-kubernetes-list-map-keys",
    "mt": "x-kubernetes-map-type",
    "ps": "x-kubernetes-patch-strategy",
    "pk": "x-kubernetes-patch-merge-key",
}


def component_of(gvk: GroupVersionKind) -> str | None:
    """Return the OpenAPI name of a built-in kind, as ``io.k8s.api.core.v1.Pod``."""
    key = key_of(gvk)
    return _name(key) if key else None


def components(names: Iterable[str]) -> dict[str, Component]:
    """Return components by name, with all that they refer to.

    Args:
        names: OpenAPI names, as ``io.k8s.api.core.v1.Pod``.

    Raises:
        KeyError: There is no such type.
    """
    found: dict[str, Component] = {}
    waiting = [_key(name) for name in names]
    while waiting:
        word = waiting.pop()
        name = _name(word)
        if name in found:
            continue
        if word in _BODIES:
            found[name] = _BODIES[word]
            continue
        entry = types()[word]
        found[name] = _component(entry)
        inner = (field[2].lstrip("[{") for field in entry["f"])
        waiting += [each for each in inner if each not in _INLINE]
    return dict(sorted(found.items()))


def _name(word: str) -> str:
    if word in _NAMES:
        return _NAMES[word]
    module, _, name = word.partition(".")
    return f"{table()['modules'][module]['p']}.{name}"


def _key(name: str) -> str:
    package, _, short = name.rpartition(".")
    group, version = package.rsplit(".", 2)[-2:]
    return f"{group}_{version}.{short}"


def _component(entry: Row) -> Component:
    made: Component = {"type": "object"}
    required = [field[0] for field in entry["f"] if field[3] & REQUIRED]
    if required:
        made["required"] = required
    if entry["f"]:
        made["properties"] = {field[0]: _property(field) for field in entry["f"]}
    if "k" in entry:
        group, version, kind = entry["k"]
        known = {"group": group, "kind": kind, "version": version}
        made["x-kubernetes-group-version-kind"] = [known]
    if "mt" in entry:
        made["x-kubernetes-map-type"] = entry["mt"]
    if "un" in entry:
        made["x-kubernetes-unions"] = entry["un"]
    return made


def _property(field: Row) -> Component:
    extras: dict[str, Any] = field[5] if len(field) > 5 else {}
    made = _type(field[2], extras.get("ie"))
    if "d" in extras:
        made["default"] = extras["d"]
    for word, name in _EXTENSIONS.items():
        if word in extras:
            made[name] = extras[word]
    return made


def _type(expression: str, enum: list[Any] | None) -> Component:
    if expression[0] not in "[{":
        if expression in _INLINE:
            return dict(_INLINE[expression])
        # As Kubernetes writes it: siblings of a $ref would not count.
        return {"allOf": [{"$ref": _REFERENCE + _name(expression)}]}
    inner = _type(expression[1:], None)
    if enum is not None:
        inner["enum"] = enum
    word = expression[1:]
    if word in _ZEROS:
        inner["default"] = _ZEROS[word]
    elif "allOf" in inner and "." in word:
        inner["default"] = {}
    elif "allOf" in inner:
        inner = inner["allOf"][0]
    if expression[0] == "[":
        return {"type": "array", "items": inner}
    return {"type": "object", "additionalProperties": inner}
