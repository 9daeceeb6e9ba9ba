"""Validation of Services.

Source: kubernetes ``pkg/apis/core/validation/validation.go``.
"""

from typing import Final

from homeostat.apiserver._builtin_validation_address import (
    address,
    address_range,
    cluster_addresses,
    endpoint,
)
from homeostat.apiserver._builtin_validation_common import (
    IMMUTABLE,
    Errors,
    Value,
    label_text,
    labels,
    of_struct,
    one_of,
    port_number,
    port_or_name,
    subdomain,
)
from homeostat.apiserver._defaults_access import child, children
from homeostat.apiserver._meta import qualified_name_errors
from homeostat.schema import duplicate, forbidden, invalid, required

__all__ = ["service"]

_BALANCED: Final = "LoadBalancer"
_PROTOCOLS: Final = ("SCTP", "TCP", "UDP")
_TYPES: Final = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_OUTSIDE: Final = ("LoadBalancer", "NodePort")
_POLICIES: Final = ("Cluster", "Local")
_DISTRIBUTIONS: Final = ("PreferClose", "PreferSameZone", "PreferSameNode")
_ONLY_BALANCED: Final = "may only be used when `type` is 'LoadBalancer'"
_NOT_NAMED: Final = "may not be set for ExternalName services"
_MAX_AFFINITY_SECONDS: Final = 86400


def service(new: Value, old: Value | None) -> Errors:
    """Validate a Service whose addresses, if it has any, are allocated."""
    spec, before = child(new, "spec"), child(old or {}, "spec")
    errors = _changes(spec, before) if old else []
    kind = spec.get("type", "")
    ports = children(spec, "ports")
    headless = spec.get("clusterIPs") == ["None"]
    if not ports and not headless and kind != "ExternalName":
        errors.append(required("spec.ports"))
    if headless and kind in _OUTSIDE:
        text = f"may not be set to 'None' for {kind} services"
        errors.append(invalid("spec.clusterIPs[0]", "None", text))
    if kind == "ExternalName":
        errors += _named(spec)
    errors += _ports(ports)
    errors += labels(child(spec, "selector"), "spec.selector")
    errors += _affinity(spec)
    errors += cluster_addresses(spec)
    errors += _outside(spec, before)
    errors += one_of(kind, "spec.type", _TYPES)
    errors += _distinct(ports, kind)
    errors += _balanced(spec, before)
    return errors + _traffic(spec)


def _changes(new: Value, old: Value) -> Errors:
    """Check what may not change; whoever has or had no address may take any."""
    errors: Errors = []
    if "ExternalName" not in (new.get("type"), old.get("type")):
        errors += _fixed_addresses(new, old)
    if new.get("type") == old.get("type") == _BALANCED:
        name = "loadBalancerClass"
        if new.get(name) != old.get(name):
            text = "may not change once set"
            errors.append(invalid(f"spec.{name}", new.get(name), text))
        if _local(new) and _local(old):
            name = "healthCheckNodePort"
            if new.get(name) != old.get(name):
                errors.append(forbidden(f"spec.{name}", IMMUTABLE))
    return errors


def _fixed_addresses(new: Value, old: Value) -> Errors:
    before: list[str] = old.get("clusterIPs") or []
    after: list[str] = new.get("clusterIPs") or []
    path = "spec.clusterIPs"
    if before and not after:
        text = "primary clusterIP can not be unset"
        return [invalid(f"{path}[0]", after or None, text)]
    compared = zip(before, after, strict=False)
    if len(before) != len(after):
        compared = zip(before[:1], after[:1], strict=False)
    return [
        invalid(f"{path}[{index}]", after, "may not change once set")
        for index, (was, now) in enumerate(compared)
        if was != now
    ]


def _named(spec: Value) -> Errors:
    """Check a Service that is another name, and has nothing of its own."""
    errors = [
        forbidden(f"spec.{name}", _NOT_NAMED)
        for name in ("clusterIPs", "ipFamilies", "ipFamilyPolicy")
        if spec.get(name)
    ]
    name: str = spec.get("externalName", "").removesuffix(".")
    if not name:
        return [*errors, required("spec.externalName")]
    return errors + subdomain(name, "spec.externalName")


def _ports(ports: list[Value]) -> Errors:
    errors: Errors = []
    names: set[str] = set()
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
        errors += port_number(port.get("port", 0), f"{path}.port")
        errors += one_of(port.get("protocol", ""), f"{path}.protocol", _PROTOCOLS)
        errors += port_or_name(port.get("targetPort"), f"{path}.targetPort")
        called = port.get("appProtocol")
        if called is not None:
            here = f"{path}.appProtocol"
            errors += [invalid(here, called, t) for t in qualified_name_errors(called)]
    return errors


def _affinity(spec: Value) -> Errors:
    affinity, config = spec.get("sessionAffinity"), spec.get("sessionAffinityConfig")
    path = "spec.sessionAffinityConfig"
    errors = one_of(affinity, "spec.sessionAffinity", ("ClientIP", "None"))
    if affinity == "None" and config is not None:
        text = "must not be set when session affinity is None"
        errors.append(forbidden(path, text))
    if affinity == "ClientIP":
        seconds = child(config or {}, "clientIP").get("timeoutSeconds", 0)
        if not 0 < seconds <= _MAX_AFFINITY_SECONDS:
            text = f"must be greater than 0 and less than {_MAX_AFFINITY_SECONDS}"
            errors.append(invalid(f"{path}.clientIP.timeoutSeconds", seconds, text))
    return errors


def _outside(spec: Value, old: Value) -> Errors:
    """Check the addresses from outside; those that were there may stay."""
    kept: list[str] = old.get("externalIPs") or []
    errors: Errors = []
    for index, text in enumerate(spec.get("externalIPs") or []):
        path = f"spec.externalIPs[{index}]"
        found = [] if text in kept else address(text, path)
        errors += found or endpoint(text, path)
    return errors


def _distinct(ports: list[Value], kind: str) -> Errors:
    """Check that no port is there twice, and none of a node where none may be."""
    errors: Errors = []
    text = "may not be used when `type` is 'ClusterIP'"
    on_nodes = [(i, port) for i, port in enumerate(ports) if port.get("nodePort")]
    if kind == "ClusterIP":
        errors += [forbidden(f"spec.ports[{i}].nodePort", text) for i, _ in on_nodes]
    seen: set[tuple[str, int]] = set()
    for index, port in on_nodes:
        key = port.get("protocol", ""), port["nodePort"]
        if key in seen:
            path = f"spec.ports[{index}].nodePort"
            errors.append(duplicate(path, port["nodePort"]))
        seen.add(key)
    seen = set()
    for index, port in enumerate(ports):
        key = port.get("protocol", ""), port.get("port", 0)
        if key in seen:
            path = f"spec.ports[{index}]"
            errors.append(of_struct("FieldValueDuplicate", path, _shown(*key)))
        seen.add(key)
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


def _balanced(spec: Value, old: Value) -> Errors:
    """Check what load balancers alone have."""
    balanced = spec.get("type") == _BALANCED
    errors: Errors = []
    ranges: list[str] = spec.get("loadBalancerSourceRanges") or []
    path = "spec.LoadBalancerSourceRanges"
    if ranges and not balanced:
        errors.append(forbidden(path, _ONLY_BALANCED))
    before: list[str] = old.get("loadBalancerSourceRanges") or []
    kept = [text.strip() for text in before]
    for index, text in enumerate(each.strip() for each in ranges):
        errors += [] if text in kept else address_range(text, f"{path}[{index}]")
    name = "allocateLoadBalancerNodePorts"
    if spec.get(name) is not None and not balanced:
        errors.append(forbidden(f"spec.{name}", _ONLY_BALANCED))
    chosen, path = spec.get("loadBalancerClass"), "spec.loadBalancerClass"
    if chosen is not None and not balanced:
        errors.append(forbidden(path, _ONLY_BALANCED))
    elif chosen is not None:
        errors += [invalid(path, chosen, t) for t in qualified_name_errors(chosen)]
    return errors


def _local(spec: Value) -> bool:
    return spec.get("externalTrafficPolicy") == "Local"


def _traffic(spec: Value) -> Errors:
    errors: Errors = []
    kind, outside = spec.get("type"), spec.get("externalTrafficPolicy")
    path = "spec.externalTrafficPolicy"
    if kind in _OUTSIDE or (kind == "ClusterIP" and spec.get("externalIPs")):
        errors += one_of(outside, path, _POLICIES)
    elif outside:
        text = "may only be set for externally-accessible services"
        errors.append(invalid(path, outside, text))
    checked, path = spec.get("healthCheckNodePort"), "spec.healthCheckNodePort"
    if checked and not (kind == _BALANCED and _local(spec)):
        text = "may only be set when `type` is 'LoadBalancer' and "
        text += "`externalTrafficPolicy` is 'Local'"
        errors.append(invalid(path, checked, text))
    inside = spec.get("internalTrafficPolicy")
    if inside is not None:
        errors += one_of(inside, "spec.internalTrafficPolicy", _POLICIES)
    spread = spec.get("trafficDistribution")
    if spread is not None:
        errors += one_of(spread, "spec.trafficDistribution", _DISTRIBUTIONS)
    return errors
