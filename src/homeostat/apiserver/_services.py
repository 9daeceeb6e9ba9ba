"""Services: the addresses and ports that the server allocates.

Source: kubernetes ``pkg/registry/core/service/storage/alloc.go``.
"""

import ipaddress
from collections.abc import Iterator
from typing import Any

from homeostat.apiserver._access import items
from homeostat.apiserver._context import Cluster, Strategy
from homeostat.apiserver._services_shape import (
    choose_families,
    drop_dependent,
    hide_inside,
)
from homeostat.apiserver._status import StatusError, invalid
from homeostat.apiserver._store import Table
from homeostat.schema import FieldError

__all__ = ["KUBERNETES_IP", "ServiceStrategy"]

Value = dict[str, Any]

NETWORK = ipaddress.IPv4Network("10.96.0.0/16")
KUBERNETES_IP = str(NETWORK[1])
NODE_PORTS = range(30000, 32768)
_OUT_OF_RANGE = (
    "provided port is not in the valid range. The range of valid ports is "
    f"{NODE_PORTS[0]}-{NODE_PORTS[-1]}"
)
_TAKEN = "provided port is already allocated"
_WITH_PORTS = ("NodePort", "LoadBalancer")


class ServiceStrategy(Strategy):
    """Rules of the Service."""

    def prepare(self, cluster: Cluster, new: Value, old: Value | None) -> None:
        """Give a service its cluster address and its node ports."""
        spec = new["spec"]
        if old is not None:
            _keep_allocated(spec, old["spec"])
        _synchronize(spec, old["spec"] if old is not None else {})
        if spec.get("type") != "ExternalName":
            _choose_families(new, old)
            _allocate_address(cluster, new, old)
        if spec.get("type") in _WITH_PORTS:
            _check_ports(cluster, new, old)
            _allocate_ports(cluster, new)
        _allocate_health_check(cluster, new, old)
        if old is not None:
            drop_dependent(new, old["spec"])
        hide_inside(spec)


def _keep_allocated(spec: Value, old: Value) -> None:
    """Take over what an update leaves out of what was allocated."""
    if "ExternalName" not in (spec.get("type"), old.get("type")):
        for key in ("clusterIP", "clusterIPs"):
            if not spec.get(key) and old.get(key):
                spec[key] = old[key]
    if spec.get("type") in _WITH_PORTS and old.get("type") in _WITH_PORTS:
        # They are known by their names; another port may have one of them by now.
        ports = {p.get("name", ""): p.get("nodePort") for p in items(old, "ports")}
        used = {port.get("nodePort") for port in items(spec, "ports")}
        for port in items(spec, "ports"):
            number = ports.get(port.get("name", ""))
            if number and not port.get("nodePort") and number not in used:
                port["nodePort"] = number


def _synchronize(spec: Value, old: Value) -> None:
    """Bring the address and the list of addresses together, where one was written."""
    one, listed = spec.get("clusterIP", ""), items(spec, "clusterIPs")
    before, listed_before = old.get("clusterIP", ""), items(old, "clusterIPs")
    if one == before or listed != listed_before:
        if not old and one and not listed:
            spec["clusterIPs"] = [one]
        return
    if one:
        spec["clusterIPs"] = [one]
    else:
        spec.pop("clusterIPs", None)


def _choose_families(new: Value, old: Value | None) -> None:
    errors = choose_families(new["spec"], old["spec"] if old is not None else {})
    if errors:
        raise _refused(new, *errors)


def _refused(new: Value, *errors: FieldError) -> StatusError:
    return invalid("", "Service", new["metadata"]["name"], list(errors))


def _allocate_address(cluster: Cluster, new: Value, old: Value | None) -> None:
    """Give an address to a service that is new, or was but another name."""
    spec = new["spec"]
    named = old is None or old["spec"].get("type") == "ExternalName"
    asked = spec.get("clusterIP")
    if not named or asked == "None":
        return
    used = {e.fields.get("spec.clusterIP") for e in _table(cluster).live.values()}
    if not asked:
        free = next(str(ip) for ip in NETWORK.hosts() if str(ip) not in used)
        spec["clusterIP"], spec["clusterIPs"] = free, [free]
        return
    why = _why_not(asked, used)
    if why:
        text = f"failed to allocate IP {asked}: {why}"
        path = "spec.clusterIPs"
        error = FieldError("FieldValueInvalid", path, spec["clusterIPs"], text)
        raise _refused(new, error)


def _why_not(asked: str, used: set[str | None]) -> str:
    if ipaddress.ip_address(asked) not in NETWORK:
        return "the provided network does not match the current range"
    return "provided IP is already allocated" if asked in used else ""


def _check_ports(cluster: Cluster, new: Value, old: Value | None) -> None:
    """Refuse node ports that are not to be had."""
    kept = set(_node_ports(old)) if old is not None else set[int]()
    taken = _taken_ports(cluster)
    for index, number in enumerate(_node_ports(new)):
        why = ""
        if number and number not in kept:
            why = _OUT_OF_RANGE if number not in NODE_PORTS else ""
            why = _TAKEN if number in taken else why
        if why:
            path = f"spec.ports[{index}].nodePort"
            raise _refused(new, FieldError("FieldValueInvalid", path, number, why))


def _node_ports(service: Value) -> list[int]:
    return [port.get("nodePort", 0) for port in items(service["spec"], "ports")]


def _allocate_ports(cluster: Cluster, new: Value) -> None:
    if new["spec"].get("allocateLoadBalancerNodePorts") is False:
        return
    wanting = [p for p in items(new["spec"], "ports") if not p.get("nodePort")]
    if not wanting:
        return
    free = _free_ports(cluster, new)
    for port in wanting:
        number = next(free, None)
        if number is None:
            raise _range_is_full(new, "spec.ports[0].nodePort")
        port["nodePort"] = number


def _allocate_health_check(cluster: Cluster, new: Value, old: Value | None) -> None:
    """Give a load balancer of local traffic the port that tells who has endpoints."""
    spec = new["spec"]
    local = spec.get("externalTrafficPolicy") == "Local"
    if spec.get("type") != "LoadBalancer" or not local:
        return
    before = old["spec"].get("healthCheckNodePort") if old is not None else None
    if not spec.get("healthCheckNodePort"):
        number = before or next(_free_ports(cluster, new), None)
        if number is None:
            raise _range_is_full(new, "spec.healthCheckNodePort")
        spec["healthCheckNodePort"] = number


def _free_ports(cluster: Cluster, new: Value) -> Iterator[int]:
    used = _taken_ports(cluster) | set(_node_ports(new))
    used.add(new["spec"].get("healthCheckNodePort", 0))
    return (number for number in NODE_PORTS if number not in used)


def _taken_ports(cluster: Cluster) -> set[int]:
    taken: set[int] = set()
    for entry in _table(cluster).live.values():
        if entry.fields.get("spec.type") in _WITH_PORTS:
            taken.update(_node_ports(entry.value))
            taken.add(entry.value["spec"].get("healthCheckNodePort", 0))
    return taken


def _range_is_full(new: Value, path: str) -> StatusError:
    text = "failed to allocate a nodePort: range is full"
    return _refused(new, FieldError("InternalError", path, "", text))


def _table(cluster: Cluster) -> Table:
    return cluster.store.table("services.")
