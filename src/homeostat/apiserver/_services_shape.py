"""Services: their address families, and what they lose with their type.

The cluster has addresses of IPv4 alone. Source: kubernetes
``pkg/registry/core/service/storage/alloc.go`` (initIPFamilyFields) and
``pkg/registry/core/service/strategy.go`` (dropTypeDependentFields).
"""

import ipaddress
from typing import Any, Final

from homeostat.api import JSON
from homeostat.apiserver._access import items
from homeostat.apiserver._builtin_validation_address import cluster_addresses
from homeostat.schema import FieldError

__all__ = ["choose_families", "drop_dependent", "hide_inside"]

Value = dict[str, Any]

_BALANCED: Final = "LoadBalancer"
_WITH_PORTS: Final = ("NodePort", _BALANCED)
_FAMILY: Final = "IPv4"
_OTHER: Final = {"IPv4": "IPv6", "IPv6": "IPv4"}
_SINGLE: Final = "SingleStack"
_BOTH: Final = "RequireDualStack"
_POLICY_PATH: Final = "spec.ipFamilyPolicy"


def choose_families(spec: Value, old: Value) -> list[FieldError]:
    """Set the families of a service that has addresses, and how many it must have.

    Args:
        spec: The service's, changed in place unless it is wrong.
        old: What it replaces, empty when it is created.

    Returns:
        What is wrong with the addresses; the service is looked at no further.
    """
    bare = spec.get("clusterIP") == "None" and not spec.get("selector")
    if not spec.get("ipFamilyPolicy"):
        spec["ipFamilyPolicy"] = old.get("ipFamilyPolicy", _BOTH if bare else _SINGLE)
    errors = cluster_addresses(spec) or _counted(spec, old)
    if errors:
        return errors
    if bare:
        _complete_bare(spec)
        return []
    errors = _configured(spec)
    if not errors:
        spec["ipFamilies"] = spec.get("ipFamilies") or [_FAMILY]
    return errors


def _counted(spec: Value, old: Value) -> list[FieldError]:
    """Check that there are as many of each as the policy says, and infer families."""
    policy = spec["ipFamilyPolicy"]
    errors: list[FieldError] = []
    for name, released, several in (
        ("clusterIPs", "cluster IP", "cluster IPs"),
        ("ipFamilies", "IP family", "IP families"),
    ):
        given, before = items(spec, name), items(old, name)
        if policy == _SINGLE:
            if len(given) > 1 and given == before:
                given = spec[name] = given[:1]
            if len(given) > 1:
                text = "must be 'RequireDualStack' or 'PreferDualStack' when multiple"
                text += f" {several} are specified"
                errors.append(_invalid(_POLICY_PATH, policy, text))
        elif 0 < len(given) < len(before):
            text = f"must be 'SingleStack' to release the secondary {released}"
            errors.append(_invalid(_POLICY_PATH, policy, text))
    return errors + _inferred(spec)


def _inferred(spec: Value) -> list[FieldError]:
    """Add the families of the addresses that are given without."""
    addresses = [each for each in items(spec, "clusterIPs") if each != "None"]
    families = list(items(spec, "ipFamilies"))
    errors: list[FieldError] = []
    for index, each in enumerate(addresses[len(families) :], len(families)):
        family = f"IPv{ipaddress.ip_address(each).version}"
        if family == _FAMILY:
            families.append(family)
        else:
            text = f"{family} is not configured on this cluster"
            path = f"spec.clusterIPs[{index}]"
            errors.append(_invalid(path, items(spec, "clusterIPs"), text))
    if families:
        spec["ipFamilies"] = families
    return errors


def _complete_bare(spec: Value) -> None:
    """Let a service with neither address nor pods of its own have both families."""
    families = list(items(spec, "ipFamilies")) or [_FAMILY]
    if len(families) == 1 and spec["ipFamilyPolicy"] != _SINGLE:
        families.append(_OTHER[families[0]])
    spec["ipFamilies"] = families


def _configured(spec: Value) -> list[FieldError]:
    """Check that the cluster has what is asked for."""
    errors: list[FieldError] = []
    if spec["ipFamilyPolicy"] == _BOTH:
        text = "this cluster is not configured for dual-stack services"
        errors.append(_invalid(_POLICY_PATH, _BOTH, text))
    for index, family in enumerate(items(spec, "ipFamilies")):
        if family != _FAMILY:
            path = f"spec.ipFamilies[{index}]"
            errors.append(_invalid(path, family, "not configured on this cluster"))
    return errors


def _invalid(path: str, value: JSON, text: str) -> FieldError:
    return FieldError("FieldValueInvalid", path, value, text)


def drop_dependent(new: Value, old: Value) -> None:
    """Take away what goes with the type that a service had, if it was left as it was.

    Args:
        new: The whole service, changed in place.
        old: The spec that it had.
    """
    spec = new["spec"]
    kind, was = spec.get("type"), old.get("type")
    if was != "ExternalName" and kind == "ExternalName":
        if _same(spec, old, "clusterIP") and _same(spec, old, "clusterIPs"):
            _drop(spec, old, "clusterIP", "clusterIPs")
        _drop(spec, old, "ipFamilies", "ipFamilyPolicy")
    if was in _WITH_PORTS and kind not in _WITH_PORTS:
        held = {port.get("nodePort") for port in items(old, "ports")}
        ports = items(spec, "ports")
        if all(port.get("nodePort") in {None, 0, *held} for port in ports):
            for port in ports:
                port.pop("nodePort", None)
    if _checked(old) and not _checked(spec):
        _drop(spec, old, "healthCheckNodePort")
    if was == _BALANCED and kind != _BALANCED:
        _drop(spec, old, "allocateLoadBalancerNodePorts", "loadBalancerClass")
    if _accessible(old) and not _accessible(spec):
        _drop(spec, old, "externalTrafficPolicy")
    if kind != _BALANCED and new.get("status"):
        new["status"]["loadBalancer"] = {}


def hide_inside(spec: Value) -> None:
    """Take away how a service that is another name is reached: nobody reads it."""
    inside = spec.get("internalTrafficPolicy")
    if spec.get("type") == "ExternalName" and inside in ("Cluster", "Local"):
        del spec["internalTrafficPolicy"]


def _same(spec: Value, old: Value, name: str) -> bool:
    return (spec.get(name) or None) == (old.get(name) or None)


def _drop(spec: Value, old: Value, *names: str) -> None:
    for name in names:
        if _same(spec, old, name):
            spec.pop(name, None)


def _checked(spec: Value) -> bool:
    local = spec.get("externalTrafficPolicy") == "Local"
    return local and spec.get("type") == _BALANCED


def _accessible(spec: Value) -> bool:
    kind = spec.get("type")
    return kind in _WITH_PORTS or (
        kind == "ClusterIP" and bool(spec.get("externalIPs"))
    )
