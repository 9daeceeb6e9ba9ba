"""OpenAPI v2, for clients that know no later one: one document of all that is served.

Source: kube-openapi ``pkg/builder`` (``openapi.go``, ``parameters.go``).
"""

import base64
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

import msgspec

from homeostat.api import JSON
from homeostat.apiserver._openapi_parameters import SECURITY

__all__ = ["definitions_of", "openapi_v2"]

Document = dict[str, Any]

_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1."
_FROM: Final = "#/components/schemas/"
_TO: Final = "#/definitions/"
_UNKNOWN: Final = frozenset({"default", "oneOf"})
# Of a kind in every version, also those that are not served.
_EVERYWHERE: Final = ("DeleteOptions", "WatchEvent")
_VERSIONS: Final = {
    "": "v1",
    "admission.k8s.io": "v1 v1beta1",
    "admissionregistration.k8s.io": "v1 v1alpha1 v1beta1",
    "apiextensions.k8s.io": "v1 v1beta1",
    "apiregistration.k8s.io": "v1 v1beta1",
    "apps": "v1 v1beta1 v1beta2",
    "authentication.k8s.io": "v1 v1alpha1 v1beta1",
    "authorization.k8s.io": "v1 v1beta1",
    "autoscaling": "v1 v2",
    "batch": "v1 v1beta1",
    "certificates.k8s.io": "v1 v1alpha1 v1beta1",
    "coordination.k8s.io": "v1 v1alpha2 v1beta1",
    "discovery.k8s.io": "v1 v1beta1",
    "events.k8s.io": "v1 v1beta1",
    "extensions": "v1beta1",
    "flowcontrol.apiserver.k8s.io": "v1 v1beta1 v1beta2 v1beta3",
    "imagepolicy.k8s.io": "v1alpha1",
    "internal.apiserver.k8s.io": "v1alpha1",
    "networking.k8s.io": "v1 v1beta1",
    "node.k8s.io": "v1 v1alpha1 v1beta1",
    "policy": "v1 v1beta1",
    "rbac.authorization.k8s.io": "v1 v1alpha1 v1beta1",
    "resource.k8s.io": "v1 v1alpha3 v1beta1 v1beta2",
    "scheduling.k8s.io": "v1 v1alpha2 v1beta1",
    "storage.k8s.io": "v1 v1alpha1 v1beta1",
    "storagemigration.k8s.io": "v1beta1",
}
# Unshared, because old versions of kubectl look for them where they are used.
_UNSHARED: Final = frozenset({"dryRun", "fieldValidation", "name"})
_FNV_OFFSET: Final = 0xCBF29CE484222325
_FNV_PRIME: Final = 0x100000001B3


def openapi_v2(version: str, paths: Document, definitions: Document) -> Document:
    """Return the document.

    Args:
        version: Of the server, as ``1.36``.
        paths: All of them; their parameters are replaced by references.
        definitions: All of them.
    """
    _tell_kinds(definitions)
    parameters = _share(paths)
    return {
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": version},
        "paths": dict(sorted(paths.items())),
        "definitions": dict(sorted(definitions.items())),
        "parameters": dict(sorted(parameters.items())),
        "securityDefinitions": SECURITY,
        "security": [{"BearerToken": []}],
    }


def definitions_of(components: Mapping[str, JSON]) -> Document:
    """Return what built-in kinds have in version 3 as version 2 has it."""
    return {name: _definition(schema) for name, schema in components.items()}


def _definition(schema: JSON) -> JSON:
    if not isinstance(schema, dict):
        return schema
    fields = cast("Mapping[str, JSON]", schema)
    made: Document = {k: v for k, v in fields.items() if k not in _UNKNOWN}
    if "oneOf" in fields:
        # A number or a text: of two types version 2 knows the more general.
        made["type"] = "string"
    parts = made.pop("allOf", None)
    if parts:
        made = {**parts[0], **made}
    reference = made.get("$ref")
    if isinstance(reference, str):
        made["$ref"] = _TO + reference.removeprefix(_FROM)
    if "properties" in made:
        given: Mapping[str, JSON] = made["properties"]
        made["properties"] = {name: _definition(item) for name, item in given.items()}
    for name in ("items", "additionalProperties"):
        if name in made:
            made[name] = _definition(made[name])
    return made


def _tell_kinds(definitions: Document) -> None:
    """Say of which kinds the types are that no group has to itself."""
    every = [(group, v) for group, text in _VERSIONS.items() for v in text.split()]
    for name in _EVERYWHERE:
        known = [{"group": g, "kind": name, "version": v} for g, v in every]
        told = {"x-kubernetes-group-version-kind": known}
        definitions[f"{_META}{name}"] = definitions[f"{_META}{name}"] | told


def _share(paths: Mapping[str, Mapping[str, JSON]]) -> Document:
    """Put references in the place of parameters, and return these by their names."""
    shared: dict[str, tuple[str, JSON]] = {}
    for item in paths.values():
        holders: Iterable[Any] = (item, *item.values())
        for holder in holders:
            if isinstance(holder, dict) and "parameters" in holder:
                given = cast("Document", holder)
                given["parameters"] = [_refer(p, shared) for p in given["parameters"]]
    return dict(shared.values())


def _refer(parameter: Document, shared: dict[str, tuple[str, JSON]]) -> Document:
    name = parameter["name"]
    own_body = name == "body" and _META not in parameter["schema"]["$ref"]
    if name in _UNSHARED or own_body:
        return parameter
    text = msgspec.json.encode(parameter)
    key = text.decode()
    if key not in shared:
        shared[key] = (f"{name}-{_short_hash(text)}", parameter)
    return {"$ref": f"#/parameters/{shared[key][0]}"}


def _short_hash(text: bytes) -> str:
    """Return the name that a text has among its like: FNV-1, in eight letters."""
    value = _FNV_OFFSET
    for byte in text:
        value = value * _FNV_PRIME % 2**64 ^ byte
    return base64.urlsafe_b64encode(value.to_bytes(8, "big")[:6]).decode()
