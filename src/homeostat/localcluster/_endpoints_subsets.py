"""The pods behind a Service as the subsets of an Endpoints object: a pure decision.

Source: kubernetes ``pkg/controller/endpoint``, ``pkg/api/v1/endpoints``.
"""

import math
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from homeostat.k8s import core_v1
from homeostat.localcluster._endpoints_pods import (
    address_of,
    find_port,
    has_address,
    hostname_of,
    is_headless,
    target_of,
)
from homeostat.localcluster._replicas import is_ready

__all__ = ["subsets_of", "truncate"]

CAPACITY = 1000  # addresses in one object

Subsets: TypeAlias = list[core_v1.EndpointSubset]
_Port: TypeAlias = tuple[str, int, str, str | None]
# By ip and uid, the address and whether it is ready.
_Addresses: TypeAlias = dict[tuple[str, str], tuple[core_v1.EndpointAddress, bool]]


def subsets_of(service: core_v1.Service, pods: Iterable[core_v1.Pod]) -> Subsets:
    """Return the subsets: addresses that offer the same ports, as few as possible.

    Args:
        service: The Service.
        pods: Those that it selects.
    """
    by_port: dict[_Port | None, _Addresses] = {}
    published = service.spec.publish_not_ready_addresses
    for pod in pods:
        leaving = pod.metadata.deletion_timestamp is not None
        ip = address_of(service, pod)
        if not has_address(pod) or (leaving and not published) or ip is None:
            continue
        address = core_v1.EndpointAddress(
            ip=ip,
            hostname=hostname_of(pod, service),
            node_name=pod.spec.node_name,
            target_ref=target_of(pod),
        )
        entry = address, published or is_ready(pod)
        for port in _ports(service, pod):
            by_port.setdefault(port, {})[ip, pod.metadata.uid] = entry
    return _pack(by_port)


def _ports(service: core_v1.Service, pod: core_v1.Pod) -> Sequence[_Port | None]:
    if not service.spec.ports:
        return [None] if is_headless(service) else []
    return [
        (port.name, number, port.protocol, port.app_protocol)
        for port in service.spec.ports
        if (number := find_port(pod, port)) is not None
    ]


def _pack(by_port: dict[_Port | None, _Addresses]) -> Subsets:
    groups: dict[tuple[tuple[str, str], ...], list[_Port]] = {}
    entries: dict[tuple[tuple[str, str], ...], _Addresses] = {}
    for port, addresses in by_port.items():
        key = tuple(sorted(addresses))
        entries[key] = addresses
        ports = groups.setdefault(key, [])
        if port is not None:
            ports.append(port)
    return [
        core_v1.EndpointSubset(
            addresses=_those(entries[key], ready=True),
            not_ready_addresses=_those(entries[key], ready=False),
            ports=[
                core_v1.EndpointPort(
                    name=name, port=number, protocol=protocol, app_protocol=app
                )
                for name, number, protocol, app in ports
            ],
        )
        for key, ports in sorted(groups.items())
    ]


def _those(entries: _Addresses, *, ready: bool) -> list[core_v1.EndpointAddress]:
    return [entries[key][0] for key in sorted(entries) if entries[key][1] is ready]


def truncate(subsets: Subsets) -> bool:
    """Cut the subsets to what one object may hold; return whether they were cut.

    What is ready stays before what is not, and each subset keeps its share.
    """
    ready = sum(len(subset.addresses) for subset in subsets)
    waiting = sum(len(subset.not_ready_addresses) for subset in subsets)
    if ready + waiting <= CAPACITY:
        return False
    cut_ready = ready > CAPACITY
    most = CAPACITY if cut_ready else CAPACITY - ready
    total, left = (ready if cut_ready else waiting), most
    for subset in subsets:
        own = subset.addresses if cut_ready else subset.not_ready_addresses
        kept = own[: min(math.ceil(len(own) / total * most), left)]
        left -= len(kept)
        if cut_ready:
            subset.addresses, subset.not_ready_addresses = kept, []
        else:
            subset.not_ready_addresses = kept
    return True
