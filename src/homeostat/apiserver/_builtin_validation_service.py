"""Validation of Services.

Source: kubernetes ``pkg/apis/core/validation/validation.go``.
"""

import ipaddress
from typing import Final

from homeostat.apiserver._builtin_validation_common import (
    Errors,
    Value,
    label_text,
    labels,
    of_struct,
    one_of,
    port_number,
    port_or_name,
)
from homeostat.apiserver._defaults_access import child, children
from homeostat.schema import duplicate, forbidden, invalid, required

__all__ = ["service"]

_PROTOCOLS: Final = ("SCTP", "TCP", "UDP")
_TYPES: Final = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_OUTSIDE: Final = ("LoadBalancer", "NodePort")
_POLICIES: Final = ("Cluster", "Local")
_ADDRESS: Final = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"


def service(new: Value, old: Value | None) -> Errors:
    """Validate a Service whose addresses, if it has any, are allocated."""
    spec = child(new, "spec")
    kind = spec.get("type", "")
    errors = _fixed_address(spec, child(old or {}, "spec")) if old else []
    headless = spec.get("clusterIP") == "None"
    ports = children(spec, "ports")
    if not ports and not headless and kind != "ExternalName":
        errors.append(required("spec.ports"))
    if kind == "ExternalName" and not spec.get("externalName"):
        errors.append(required("spec.externalName"))
    errors += _ports(ports, kind)
    errors += labels(child(spec, "selector"), "spec.selector")
    affinity = spec.get("sessionAffinity")
    errors += one_of(affinity, "spec.sessionAffinity", ("ClientIP", "None"))
    errors += one_of(kind, "spec.type", _TYPES)
    if kind != "ExternalName":
        errors += _addresses(spec)
    return errors + _traffic(spec, kind)


def _fixed_address(new: Value, old: Value) -> Errors:
    before: list[str] = old.get("clusterIPs") or []
    after: list[str] = new.get("clusterIPs") or []
    if "ExternalName" in (new.get("type"), old.get("type")) or not before:
        return []
    if after[:1] == before[:1]:
        return []
    return [invalid("spec.clusterIPs[0]", after, "may not change once set")]


def _ports(ports: list[Value], kind: str) -> Errors:
    errors: Errors = []
    names: set[str] = set()
    seen: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        path = f"spec.ports[{index}]"
        name = port.get("name", "")
        if name:
            errors += label_text(name, f"{path}.name")
            if name in names:
                errors.append(duplicate(f"{path}.name", name))
            names.add(name)
        elif len(ports) > 1:
            errors.append(required(f"{path}.name"))
        number, protocol = port.get("port", 0), port.get("protocol", "")
        errors += port_number(number, f"{path}.port")
        errors += one_of(protocol, f"{path}.protocol", _PROTOCOLS)
        errors += port_or_name(port.get("targetPort"), f"{path}.targetPort")
        if port.get("nodePort") and kind not in _OUTSIDE:
            text = f"may not be used when `type` is '{kind}'"
            errors.append(forbidden(f"{path}.nodePort", text))
        if (protocol, number) in seen:
            shown = _shown(protocol, number)
            errors.append(of_struct("FieldValueDuplicate", path, shown))
        seen.add((protocol, number))
    return errors


def _shown(protocol: str, number: int) -> Value:
    """Return a port as the real server shows one that is there twice."""
    return {
        "Name": "",
        "Protocol": protocol,
        "AppProtocol": None,
        "Port": number,
        "TargetPort": 0,
        "NodePort": 0,
    }


def _addresses(spec: Value) -> Errors:
    address = spec.get("clusterIP") or ""
    listed: list[str] = spec.get("clusterIPs") or ([address] if address else [])
    errors: Errors = []
    for index, each in enumerate(listed):
        if each == "None" and index == 0:
            continue
        try:
            ipaddress.ip_address(each)
        except ValueError:
            errors.append(invalid(f"spec.clusterIPs[{index}]", each, _ADDRESS))
    return errors


def _traffic(spec: Value, kind: str) -> Errors:
    errors: Errors = []
    outside = spec.get("externalTrafficPolicy")
    if outside:
        path = "spec.externalTrafficPolicy"
        if kind in _OUTSIDE or (kind == "ClusterIP" and spec.get("externalIPs")):
            errors += one_of(outside, path, _POLICIES)
        else:
            text = "may only be set for externally-accessible services"
            errors.append(invalid(path, outside, text))
    inside = spec.get("internalTrafficPolicy")
    if inside is not None:
        errors += one_of(inside, "spec.internalTrafficPolicy", _POLICIES)
    return errors
