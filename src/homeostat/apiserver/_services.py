"""Services: the addresses and ports that the server allocates.

Source: kubernetes ``pkg/registry/core/service/storage/alloc.go``.
"""

import ipaddress
from collections.abc import Iterator
from typing import Any

from homeostat.apiserver._access import items
from homeostat.apiserver._context import Cluster, Strategy
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
_ALLOCATED = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy")


class ServiceStrategy(Strategy):
    """Rules of the Service."""

    def prepare(self, cluster: Cluster, new: Value, old: Value | None) -> None:
        """Give a service its cluster address and its node ports."""
        spec = new["spec"]
        if spec.get("type") == "ExternalName":
            for key in _ALLOCATED:
                spec.pop(key, None)
            return
        if old is not None:
            _keep_allocated(spec, old["spec"])
        if not spec.get("clusterIPs") and spec.get("clusterIP"):
            spec["clusterIPs"] = [spec["clusterIP"]]
        elif spec.get("clusterIPs") and not spec.get("clusterIP"):
            spec["clusterIP"] = spec["clusterIPs"][0]
        _allocate_address(cluster, new, old)
        if spec.get("type") in _WITH_PORTS:
            _check_ports(cluster, new, old)
            _allocate_ports(cluster, new)
        _allocate_health_check(cluster, new, old)

    def check(self, new: Value, old: Value | None) -> list[FieldError]:
        """Refuse to change the address of a service."""
        if old is None or "ExternalName" in (_type(new), _type(old)):
            return []
        before, after = old["spec"].get("clusterIPs"), new["spec"].get("clusterIPs")
        if not before or before[:1] == (after or [])[:1]:
            return []
        path, text = "spec.clusterIPs[0]", "may not change once set"
        return [FieldError("FieldValueInvalid", path, after, text)]


def _type(service: Value) -> str:
    kind: str = service["spec"].get("type", "ClusterIP")
    return kind


def _keep_allocated(spec: Value, old: Value) -> None:
    """Take over what an update leaves out of what was allocated."""
    if old.get("type") == "ExternalName":
        return
    same = spec.get("clusterIP") in (None, "", old.get("clusterIP"))
    for key in _ALLOCATED:
        if key not in spec and key in old and (same or key != "clusterIPs"):
            spec[key] = old[key]
    if spec.get("type") in _WITH_PORTS and old.get("type") in _WITH_PORTS:
        ports = {_port_key(p): p.get("nodePort") for p in items(old, "ports")}
        for port in items(spec, "ports"):
            if not port.get("nodePort") and ports.get(_port_key(port)):
                port["nodePort"] = ports[_port_key(port)]


def _port_key(port: Value) -> tuple[Any, Any]:
    return port.get("port"), port.get("protocol", "TCP")


def _allocate_address(cluster: Cluster, new: Value, old: Value | None) -> None:
    spec = new["spec"]
    if spec.get("clusterIP") == "None":
        single = bool(spec.get("selector"))
        spec.setdefault("ipFamilies", ["IPv4"] if single else ["IPv4", "IPv6"])
        policy = "SingleStack" if single else "RequireDualStack"
        spec.setdefault("ipFamilyPolicy", policy)
        return
    spec.setdefault("ipFamilies", ["IPv4"])
    spec.setdefault("ipFamilyPolicy", "SingleStack")
    if old is not None and old["spec"].get("clusterIP"):
        return
    used = {e.fields.get("spec.clusterIP") for e in _table(cluster).live.values()}
    asked = spec.get("clusterIP")
    if not asked:
        free = next(str(ip) for ip in NETWORK.hosts() if str(ip) not in used)
        spec["clusterIP"], spec["clusterIPs"] = free, [free]
        return
    if not _is_address(asked):
        text = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
        error = FieldError("FieldValueInvalid", "spec.clusterIPs[0]", asked, text)
        raise invalid("", "Service", new["metadata"]["name"], [error])
    why = _why_not(asked, used)
    if why:
        text = f"failed to allocate IP {asked}: {why}"
        path = "spec.clusterIPs"
        error = FieldError("FieldValueInvalid", path, spec["clusterIPs"], text)
        raise invalid("", "Service", new["metadata"]["name"], [error])


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


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
            error = FieldError("FieldValueInvalid", path, number, why)
            raise invalid("", "Service", new["metadata"]["name"], [error])


def _node_ports(service: Value) -> list[int]:
    return [port.get("nodePort", 0) for port in items(service["spec"], "ports")]


def _allocate_ports(cluster: Cluster, new: Value) -> None:
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
        if old is not None:
            spec.pop("healthCheckNodePort", None)
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
    error = FieldError("InternalError", path, "", text)
    return invalid("", "Service", new["metadata"]["name"], [error])


def _table(cluster: Cluster) -> Table:
    return cluster.store.table("services.")
