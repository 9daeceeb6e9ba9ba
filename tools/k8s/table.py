"""Build the compact table: every built-in type, field and resource."""

import re
from typing import Any

from tools.k8s.gotypes import GoField, fields_of
from tools.k8s.inputs import Inputs
from tools.k8s.naming import module_of_group, module_of_package, python_name

POINTER, OMITEMPTY, REQUIRED, OMITZERO = 1, 2, 4, 8

_META = "io.k8s.apimachinery.pkg.apis.meta.v1."
_CRD = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1."
# Types that are not structs on the wire, by the word that the table has for them.
SCALARS = {
    _META + "Time": "time",
    _META + "MicroTime": "micro",
    _META + "FieldsV1": "raw",
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "qty",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "ios",
    "io.k8s.apimachinery.pkg.runtime.RawExtension": "raw",
    _CRD + "JSON": "json",
    _CRD + "JSONSchemaPropsOrArray": "soa",
    _CRD + "JSONSchemaPropsOrBool": "sob",
    _CRD + "JSONSchemaPropsOrStringArray": "sos",
}
_PLAIN = {
    ("string", None): "str",
    ("string", "byte"): "bytes",
    ("integer", "int32"): "i32",
    ("integer", "int64"): "i64",
    ("number", "double"): "f64",
    ("boolean", None): "bool",
}
# Go has names of its own for many of these, which errors show.
_NAMED = {"str", "qty"}
_UNNAMED = re.compile(r"(\[\]|map\[string\])*(string|resource\.Quantity)?")
# Documents of the protocol itself, which no object holds; Patch is a stand-in.
_SKIPPED = {
    _META + name
    for name in (
        "APIGroup",
        "APIGroupList",
        "APIResource",
        "APIResourceList",
        "APIVersions",
        "GroupVersionForDiscovery",
        "Patch",
        "ServerAddressByClientCIDR",
        "WatchEvent",
    )
}
_EXTRAS = {
    "default": "d",
    "enum": "e",
    "x-kubernetes-list-type": "lt",
    "x-kubernetes-list-map-keys": "lk",
    "x-kubernetes-map-type": "mt",
    "x-kubernetes-patch-strategy": "ps",
    "x-kubernetes-patch-merge-key": "pk",
}
_KNOWN = {*_EXTRAS, "description", "type", "format", "items", "allOf", "$ref"} | {
    "additionalProperties"
}


def type_key(schema_name: str) -> str:
    """Return the table's key of a schema: ``core_v1.Pod``."""
    package, _, name = schema_name.rpartition(".")
    return f"{module_of_package(package)}.{name}"


def _reference(schema: dict[str, Any]) -> str:
    inner: dict[str, Any] = schema["allOf"][0] if "allOf" in schema else schema
    return str(inner["$ref"]).removeprefix("#/components/schemas/")


def expression(schema: dict[str, Any]) -> str:
    """Return the table's word for a type: ``str``, ``[core_v1.Container``, ``{qty``."""
    if "allOf" in schema or "$ref" in schema:
        name = _reference(schema)
        return SCALARS.get(name) or type_key(name)
    if schema["type"] == "array":
        return "[" + expression(schema["items"])
    if schema["type"] == "object":
        return "{" + expression(schema["additionalProperties"])
    return _PLAIN[schema["type"], schema.get("format")]


def _extras(schema: dict[str, Any]) -> dict[str, Any]:
    unknown = set(schema) - _KNOWN
    if unknown:
        raise ValueError(f"the table has no place for {sorted(unknown)}")
    found = {short: schema[long] for long, short in _EXTRAS.items() if long in schema}
    inner = schema.get("items") or schema.get("additionalProperties") or {}
    if "enum" in inner:
        found["ie"] = inner["enum"]
    return found


def _field(go: GoField, schema: dict[str, Any], *, required: bool) -> list[Any]:
    bits = POINTER * go.pointer | OMITEMPTY * go.omitempty | REQUIRED * required
    bits |= OMITZERO * go.omitzero
    number: int | list[int] = go.number[0] if len(go.number) == 1 else list(go.number)
    entry: list[Any] = [go.wire, python_name(go.wire), expression(schema), bits, number]
    extras = _extras(schema)
    if entry[2].strip("[{") in _NAMED and not _UNNAMED.fullmatch(go.type):
        extras["go"] = go.type
    return [*entry, extras] if extras else entry


def _type(name: str, schema: dict[str, Any], go_version: str) -> dict[str, Any]:
    package, _, short = name.rpartition(".")
    properties = dict(schema.get("properties", {}))
    required = set(schema.get("required", ()))
    go = fields_of(package, short, go_version) or []
    if set(properties) - {"apiVersion", "kind"} != {f.wire for f in go} - {
        "apiVersion",
        "kind",
    }:
        raise ValueError(f"{name}: the Go type and the schema have different fields")
    if {"apiVersion", "kind"} <= set(properties) - {f.wire for f in go}:
        type_meta = [
            GoField(w, pointer=False, omitempty=True, omitzero=False, number=())
            for w in ("apiVersion", "kind")
        ]
        go = type_meta + go
    entry: dict[str, Any] = {
        "f": [_field(f, properties[f.wire], required=f.wire in required) for f in go]
    }
    inlined: dict[str, list[str]] = {}
    for field in go:
        if field.inside:
            inlined.setdefault(".".join(field.inside), []).append(field.wire)
    if inlined:
        entry["in"] = inlined
    kinds = schema.get("x-kubernetes-group-version-kind", [])
    if len(kinds) == 1:
        entry["k"] = [kinds[0]["group"], kinds[0]["version"], kinds[0]["kind"]]
    for long, word in (("x-kubernetes-map-type", "mt"), ("x-kubernetes-unions", "un")):
        if long in schema:
            entry[word] = schema[long]
    return entry


def _is_list(schema: dict[str, Any]) -> bool:
    metadata = schema.get("properties", {}).get("metadata")
    return (
        bool(metadata)
        and "items" in schema["properties"]
        and (_reference(metadata) == _META + "ListMeta")
    )


def _resources(groups: list[dict[str, Any]]) -> list[list[Any]]:
    rows: list[list[Any]] = []
    for group in groups:
        name = group["metadata"].get("name", "")
        for version in group["versions"]:
            gv = [name, version["version"]]
            for resource in version["resources"]:
                kind = resource["responseKind"]
                rows.append(
                    [
                        *gv,
                        resource["resource"],
                        _kind(kind, gv),
                        resource["singularResource"],
                        resource["scope"] == "Namespaced",
                        resource["verbs"],
                        resource.get("shortNames", []),
                        resource.get("categories", []),
                        [
                            [
                                sub["subresource"],
                                _kind(sub["responseKind"], gv),
                                sub["verbs"],
                            ]
                            for sub in resource.get("subresources", [])
                        ],
                    ]
                )
    return rows


def _kind(kind: dict[str, str], group_version: list[str]) -> list[str]:
    """Return the group, version and kind; empty ones are the resource's own."""
    if not kind.get("version"):
        return [*group_version, kind["kind"]]
    return [kind["group"], kind["version"], kind["kind"]]


def build(inputs: Inputs) -> dict[str, Any]:
    """Return the table, ready to be dumped as JSON.

    Raises:
        ValueError: The server publishes something that the table cannot hold.
    """
    go_version = "v0." + inputs.version.removeprefix("v1.")
    modules: dict[str, dict[str, Any]] = {}
    types: dict[str, Any] = {}
    for name, schema in sorted(inputs.schemas.items()):
        if name in SCALARS or name in _SKIPPED or _is_list(schema):
            continue
        package = name.rpartition(".")[0]
        modules.setdefault(module_of_package(package), {"p": package})
        types[type_key(name)] = _type(name, schema, go_version)
    for group in inputs.groups:
        for version in group["versions"]:
            gv = (group["metadata"].get("name", ""), version["version"])
            modules[module_of_group(*gv)]["gv"] = list(gv)
    return {
        "server": inputs.version,
        "modules": dict(sorted(modules.items())),
        "resources": _resources(inputs.groups),
        "types": types,
    }
