"""How services, ingresses and what stands behind them are shown.

Source: kubernetes ``pkg/printers/internalversion/printers.go``.
"""

from collections.abc import Sequence
from typing import Any

from homeostat.api import JSON
from homeostat.apiserver._access import child, items
from homeostat.apiserver._print_columns import AGE, NAME, Printer, texts, wide
from homeostat.apiserver._print_text import (
    NONE,
    UNSET,
    Ages,
    labels,
    name_of,
    selector,
    some,
)

__all__ = ["PRINTERS"]

Value = dict[str, Any]

_SHOWN = 3  # endpoints, ports, hosts
_DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class"


def _more(shown: Sequence[str], count: int) -> str:
    """Join the first few, and say how many there are beside."""
    first = ",".join(shown[:_SHOWN])
    rest = count - _SHOWN
    return f"{first} + {rest} more..." if rest > 0 else first


def _service(value: Value, ages: Ages) -> list[JSON]:
    spec = child(value, "spec")
    addresses = items(spec, "clusterIPs")
    return [
        name_of(value),
        spec.get("type", ""),
        addresses[0] if addresses else NONE,
        _external(spec, child(value, "status")),
        some(",".join(map(_service_port, items(spec, "ports")))),
        ages.of(value),
        some(labels(spec.get("selector"))),
    ]


def _external(spec: Value, status: Value) -> str:
    own = items(spec, "externalIPs")
    match spec.get("type"):
        case "ClusterIP" | "NodePort":
            return ",".join(own) or NONE
        case "LoadBalancer":
            found = _balancers(status)
            return ",".join([*found, *own]) or "<pending>"
        case "ExternalName":
            return str(spec.get("externalName", ""))
        case _:
            return "<unknown>"


def _balancers(status: Value) -> list[str]:
    found = items(child(status, "loadBalancer"), "ingress")
    addresses = {each.get("ip") or each.get("hostname") or "" for each in found}
    return sorted(addresses - {""})


def _service_port(port: Value) -> str:
    node = port.get("nodePort")
    number = f"{port['port']}:{node}" if node else str(port["port"])
    return f"{number}/{port.get('protocol', '')}"


def _ingress(value: Value, ages: Ages) -> list[JSON]:
    spec = child(value, "spec")
    return [
        name_of(value),
        spec.get("ingressClassName", NONE),
        _hosts(items(spec, "rules")),
        ",".join(_balancers(child(value, "status"))),
        "80, 443" if items(spec, "tls") else "80",
        ages.of(value),
    ]


def _hosts(rules: Sequence[Value]) -> str:
    shown: list[str] = []
    for rule in rules:
        if len(shown) == _SHOWN:
            return f"{','.join(shown)} + {len(rules) - _SHOWN} more..."
        if rule.get("host"):
            shown.append(rule["host"])
    return ",".join(shown) or "*"


def _ingress_class(value: Value, ages: Ages) -> list[JSON]:
    spec = child(value, "spec")
    default = child(value["metadata"], "annotations").get(_DEFAULT_CLASS) == "true"
    parameters = spec.get("parameters")
    shown = NONE
    if parameters is not None:
        group = parameters.get("apiGroup")
        kind = parameters["kind"] if group is None else f"{parameters['kind']}.{group}"
        shown = f"{kind}/{parameters['name']}"
    return [
        name_of(value) + (" (default)" if default else ""),
        spec.get("controller", ""),
        shown,
        ages.of(value),
    ]


def _endpoints(value: Value, ages: Ages) -> list[JSON]:
    found: list[str] = []
    for subset in items(value, "subsets"):
        addresses = [each["ip"] for each in items(subset, "addresses")]
        ports = items(subset, "ports")
        if not ports:
            found += addresses
        for port in ports:
            found += [_host_port(address, port["port"]) for address in addresses]
    shown = _more(found, len(found)) if items(value, "subsets") else NONE
    return [name_of(value), shown, ages.of(value)]


def _host_port(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _endpoint_slice(value: Value, ages: Ages) -> list[JSON]:
    ports = [_slice_port(port) for port in items(value, "ports")]
    found = [a for each in items(value, "endpoints") for a in items(each, "addresses")]
    return [
        name_of(value),
        value.get("addressType", ""),
        _more(ports, len(ports)) or UNSET,
        _more(found, len(found)) or UNSET,
        ages.of(value),
    ]


def _slice_port(port: Value) -> str:
    number = port.get("port")
    return str(port.get("name", "*")) if number is None else str(number)


def _network_policy(value: Value, ages: Ages) -> list[JSON]:
    pods = selector(child(value, "spec").get("podSelector"))
    return [name_of(value), some(pods), ages.of(value)]


def _service_cidr(value: Value, ages: Ages) -> list[JSON]:
    ranges = ",".join(items(child(value, "spec"), "cidrs"))
    return [name_of(value), ranges, ages.of(value)]


def _ip_address(value: Value, ages: Ages) -> list[JSON]:
    parent = child(value, "spec").get("parentRef")
    shown = NONE
    if parent is not None:
        group = parent.get("group")
        kind = f"{parent['resource']}.{group}" if group else parent["resource"]
        places = [kind.lower(), parent.get("namespace"), parent["name"]]
        shown = "/".join(place for place in places if place)
    return [name_of(value), shown, ages.of(value)]


PRINTERS = {
    ("", "services"): Printer(
        (
            NAME,
            *texts("Type", "Cluster-IP", "External-IP", "Port(s)"),
            AGE,
            *wide("Selector"),
        ),
        _service,
    ),
    ("networking.k8s.io", "ingresses"): Printer(
        (NAME, *texts("Class", "Hosts", "Address", "Ports"), AGE), _ingress
    ),
    ("networking.k8s.io", "ingressclasses"): Printer(
        (NAME, *texts("Controller", "Parameters"), AGE), _ingress_class
    ),
    ("", "endpoints"): Printer((NAME, *texts("Endpoints"), AGE), _endpoints),
    ("discovery.k8s.io", "endpointslices"): Printer(
        (NAME, *texts("AddressType", "Ports", "Endpoints"), AGE), _endpoint_slice
    ),
    ("networking.k8s.io", "networkpolicies"): Printer(
        (NAME, *texts("Pod-Selector"), AGE), _network_policy
    ),
    ("networking.k8s.io", "servicecidrs"): Printer(
        (NAME, *texts("CIDRs"), AGE), _service_cidr
    ),
    # A column less than cells: the real server tells no Age, and yet prints one.
    ("networking.k8s.io", "ipaddresses"): Printer(
        (NAME, *texts("ParentRef")), _ip_address
    ),
}
