"""Validation of the kinds that hold data, access and addresses.

Source: kubernetes ``pkg/apis/{core,rbac,networking,coordination,policy}/validation``.
"""

import re
from typing import Final

from homeostat.api import JSON
from homeostat.apiserver._builtin_validation_common import (
    Errors,
    Value,
    at_least_zero,
    immutable,
    label_text,
    of_struct,
    one_of,
    port_number,
    selector,
    subdomain,
)
from homeostat.apiserver._defaults_access import child, children
from homeostat.schema import forbidden, invalid, not_supported, required, too_long

__all__ = [
    "budget",
    "claim",
    "config_map",
    "ingress",
    "lease",
    "namespace",
    "role",
    "role_binding",
    "secret",
]

_RBAC: Final = "rbac.authorization.k8s.io"
_KEY: Final = re.compile(r"[-._a-zA-Z0-9]+\Z")
_KEY_TEXT: Final = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. "
    "'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is "
    "'[-._a-zA-Z0-9]+')"
)
_FIXED: Final = "field is immutable when `immutable` is set"
_MAX_DATA: Final = 1024 * 1024
_MODES: Final = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_CLAIM_TEXT: Final = (
    "spec is immutable after creation except resources.requests and "
    "volumeAttributesClassName for bound claims"
)
_TYPE_KEYS: Final = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
}
_PATH_TYPES: Final = ("Exact", "ImplementationSpecific", "Prefix")


def namespace(new: Value, old: Value | None) -> Errors:
    """Validate a Namespace."""
    del old
    errors: Errors = []
    for index, name in enumerate(child(new, "spec").get("finalizers") or []):
        if name != "kubernetes" and "/" not in name:
            text = "name is neither a standard finalizer name nor is it fully qualified"
            errors.append(invalid(f"spec.finalizers[{index}]", name, text))
    return errors


def _keys(data: Value, path: str) -> Errors:
    errors: Errors = []
    for key in data:
        here = f"{path}[{key}]"
        if len(key) > 253:
            errors.append(invalid(here, key, "must be no more than 253 characters"))
        if not _KEY.match(key):
            errors.append(invalid(here, key, _KEY_TEXT))
        elif key in (".", "..") or key.startswith(".."):
            fault = (
                f"must not be '{key}'"
                if key in (".", "..")
                else ("must not start with '..'")
            )
            errors.append(invalid(here, key, fault))
    return errors


def _fixed(new: Value, old: Value | None, *names: str) -> Errors:
    if old is None or not old.get("immutable"):
        return []
    errors: Errors = []
    if not new.get("immutable"):
        errors.append(forbidden("immutable", _FIXED))
    for name in names:
        if child(new, name) != child(old, name):
            errors.append(forbidden(name, _FIXED))
    return errors


def secret(new: Value, old: Value | None) -> Errors:
    """Validate a Secret."""
    data = child(new, "data")
    errors = _keys(data, "data")
    # Base64 holds three bytes in four characters.
    if sum(len(text) * 3 // 4 for text in data.values()) > _MAX_DATA:
        errors.append(too_long("data", _MAX_DATA))
    wanted = _TYPE_KEYS.get(new.get("type", ""), ())
    errors += [required(f"data[{key}]") for key in wanted if key not in data]
    login = ("username", "password")
    if new.get("type") == "kubernetes.io/basic-auth" and not set(login) & set(data):
        errors += [required(f"data[{key}]") for key in login]
    if old is not None:
        errors += immutable(new.get("type"), old.get("type"), "type")
    return errors + _fixed(new, old, "data")


def config_map(new: Value, old: Value | None) -> Errors:
    """Validate a ConfigMap."""
    data, binary = child(new, "data"), child(new, "binaryData")
    errors = _keys(data, "data")
    text = "duplicate of key present in binaryData"
    errors += [invalid(f"data[{key}]", key, text) for key in data if key in binary]
    errors += _keys(binary, "binaryData")
    size = sum(len(each.encode()) for each in data.values())
    size += sum(len(each) * 3 // 4 for each in binary.values())
    if size > _MAX_DATA:
        errors.append(too_long("[]", _MAX_DATA))
    return errors + _fixed(new, old, "data", "binaryData")


def claim(new: Value, old: Value | None) -> Errors:
    """Validate a PersistentVolumeClaim."""
    spec = child(new, "spec")
    errors: Errors = []
    modes: list[str] = spec.get("accessModes") or []
    if not modes:
        text = "at least 1 access mode is required"
        errors.append(required("spec.accessModes", text))
    errors += [e for mode in modes for e in one_of(mode, "spec.accessModes", _MODES)]
    requests = child(child(spec, "resources"), "requests")
    if "storage" not in requests:
        errors.append(required("spec.resources[storage]"))
    errors += selector(spec.get("selector"), "spec.selector")
    if old is None:
        return errors
    before = child(old, "spec")
    if _claimed(spec) != _claimed(before):
        # The real server adds a diff of its own structs.
        errors.append(forbidden("spec", _CLAIM_TEXT))
    mode, was = spec.get("volumeMode"), before.get("volumeMode")
    return errors + immutable(mode, was, "volumeMode")


def _claimed(spec: Value) -> JSON:
    """Return a claim's spec without what may change, or is filled in once."""
    free = ("resources", "volumeAttributesClassName", "volumeName")
    return {name: value for name, value in spec.items() if name not in free}


def role(new: Value, old: Value | None) -> Errors:
    """Validate a Role or a ClusterRole."""
    del old
    namespaced = new.get("kind") == "Role"
    errors: Errors = []
    for index, rule in enumerate(children(new, "rules")):
        path = f"rules[{index}]"
        if not rule.get("verbs"):
            text = "verbs must contain at least one value"
            errors.append(required(f"{path}.verbs", text))
        if rule.get("nonResourceURLs"):
            errors += _non_resource(rule, path, namespaced=namespaced)
            continue
        for name, called in (("apiGroups", "api group"), ("resources", "resource")):
            if not rule.get(name):
                text = f"resource rules must supply at least one {called}"
                errors.append(required(f"{path}.{name}", text))
    return errors


def _non_resource(rule: Value, path: str, *, namespaced: bool) -> Errors:
    here, urls = f"{path}.nonResourceURLs", rule["nonResourceURLs"]
    errors: Errors = []
    if namespaced:
        text = "namespaced rules cannot apply to non-resource URLs"
        errors.append(invalid(here, urls, text))
    if any(rule.get(name) for name in ("apiGroups", "resources", "resourceNames")):
        text = "rules cannot apply to both regular resources and non-resource URLs"
        errors.append(invalid(here, urls, text))
    return errors


def role_binding(new: Value, old: Value | None) -> Errors:
    """Validate a RoleBinding or a ClusterRoleBinding."""
    namespaced = new.get("kind") == "RoleBinding"
    reference = child(new, "roleRef")
    errors: Errors = []
    if reference.get("apiGroup") != _RBAC:
        group = reference.get("apiGroup", "")
        errors.append(not_supported("roleRef.apiGroup", group, (_RBAC,)))
    kinds = ("Role", "ClusterRole") if namespaced else ("ClusterRole",)
    errors += one_of(reference.get("kind", ""), "roleRef.kind", kinds)
    if not reference.get("name"):
        errors.append(required("roleRef.name"))
    for index, subject in enumerate(children(new, "subjects")):
        path = f"subjects[{index}]"
        errors += _subject(subject, path, namespaced=namespaced)
    if old is not None and reference != child(old, "roleRef"):
        shown = {
            "APIGroup": reference.get("apiGroup", ""),
            "Kind": reference.get("kind", ""),
            "Name": reference.get("name", ""),
        }
        text = "cannot change roleRef"
        errors.append(of_struct("FieldValueInvalid", "roleRef", shown, text))
    return errors


def _subject(subject: Value, path: str, *, namespaced: bool) -> Errors:
    errors: Errors = []
    name, kind = subject.get("name", ""), subject.get("kind", "")
    group = subject.get("apiGroup", "")
    if not name:
        errors.append(required(f"{path}.name"))
    if kind == "ServiceAccount":
        if name:
            errors += subdomain(name, f"{path}.name")
        errors += one_of(group, f"{path}.apiGroup", ("",))
        if not namespaced and not subject.get("namespace"):
            errors.append(required(f"{path}.namespace"))
    elif kind in ("User", "Group"):
        errors += one_of(group, f"{path}.apiGroup", (_RBAC,))
    else:
        supported = ("ServiceAccount", "User", "Group")
        errors.append(not_supported(f"{path}.kind", kind, supported))
    return errors


def ingress(new: Value, old: Value | None) -> Errors:
    """Validate an Ingress."""
    del old
    spec = child(new, "spec")
    rules, backend = children(spec, "rules"), spec.get("defaultBackend")
    if not rules and backend is None:
        text = "either `defaultBackend` or `rules` must be specified"
        return [invalid("spec", None, text)]
    errors = _backend(backend, "spec.defaultBackend") if backend is not None else []
    for index, rule in enumerate(rules):
        path = f"spec.rules[{index}]"
        host = rule.get("host", "").removeprefix("*.")
        if host:
            errors += subdomain(host, f"{path}.host")
        for at, each in enumerate(children(child(rule, "http"), "paths")):
            errors += _http_path(each, f"{path}.http.paths[{at}]")
    return errors


def _http_path(given: Value, path: str) -> Errors:
    errors: Errors = []
    kind, where = given.get("pathType"), given.get("path", "")
    if kind is None:
        errors.append(required(f"{path}.pathType", "pathType must be specified"))
    elif kind not in _PATH_TYPES:
        errors.append(not_supported(f"{path}.pathType", kind, _PATH_TYPES))
    elif not where.startswith("/") and (where or kind != "ImplementationSpecific"):
        errors.append(invalid(f"{path}.path", where, "must be an absolute path"))
    return errors + _backend(child(given, "backend"), f"{path}.backend")


def _backend(backend: Value, path: str) -> Errors:
    service = backend.get("service")
    if service is None:
        return []
    errors: Errors = []
    if not service.get("name"):
        errors.append(required(f"{path}.service.name"))
    else:
        errors += label_text(service["name"], f"{path}.service.name")
    port = child(service, "port")
    if port.get("name") and port.get("number"):
        errors.append(invalid(path, "", "cannot set both port name & port number"))
    elif port.get("number"):
        errors += port_number(port["number"], f"{path}.service.port.number")
    elif not port.get("name"):
        errors.append(required(path, "port name or number is required"))
    return errors


def lease(new: Value, old: Value | None) -> Errors:
    """Validate a Lease."""
    del old
    spec = child(new, "spec")
    errors: Errors = []
    seconds = spec.get("leaseDurationSeconds")
    if seconds is not None and seconds <= 0:
        path = "spec.leaseDurationSeconds"
        errors.append(invalid(path, seconds, "must be greater than 0"))
    return errors + at_least_zero(spec, "spec", "leaseTransitions")


def budget(new: Value, old: Value | None) -> Errors:
    """Validate a PodDisruptionBudget."""
    del old
    spec = child(new, "spec")
    if "minAvailable" in spec and "maxUnavailable" in spec:
        shown = {
            "MinAvailable": spec["minAvailable"],
            "Selector": spec.get("selector"),
            "MaxUnavailable": spec["maxUnavailable"],
            "UnhealthyPodEvictionPolicy": spec.get("unhealthyPodEvictionPolicy"),
        }
        text = "minAvailable and maxUnavailable cannot be both set"
        return [of_struct("FieldValueInvalid", "spec", shown, text)]
    errors = at_least_zero(spec, "spec", "minAvailable", "maxUnavailable")
    return errors + selector(spec.get("selector"), "spec.selector")
