"""How the pods behind a Service are spread over EndpointSlices: a pure decision.

Slices that need not change do not: each is sent to every node of a cluster.

Source: k8s.io/endpointslice (reconciler.go).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from homeostat.api import ObjectMeta
from homeostat.k8s import core_v1, discovery_v1
from homeostat.localcluster._endpoints_pods import (
    addresses_of,
    find_port,
    has_address,
    hostname_of,
    labels_of,
    target_of,
)
from homeostat.localcluster._replicas import is_ready

__all__ = ["MANAGED_BY", "MANAGER", "SERVICE", "SlicePlan", "plan_slices"]

SERVICE = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
MANAGER = "endpointslice-controller.k8s.io"
MAX_ENDPOINTS = 100  # in a slice
_ZONE = "topology.kubernetes.io/zone"

Slices: TypeAlias = list[discovery_v1.EndpointSlice]
Ports: TypeAlias = list[discovery_v1.EndpointPort]
_PortKey: TypeAlias = tuple[tuple[str, str, int, str], ...]
_Identity: TypeAlias = tuple[tuple[str, ...], str, str, str]


@dataclass(slots=True)
class SlicePlan:
    """What to do with the slices of a Service.

    Attributes:
        create: New ones, without a name.
        update: Those that were there, changed.
        delete: Those that nothing is left for.
        homeless: A pod was left out: its node is not known.
    """

    create: Slices = field(default_factory=list[discovery_v1.EndpointSlice])
    update: Slices = field(default_factory=list[discovery_v1.EndpointSlice])
    delete: Slices = field(default_factory=list[discovery_v1.EndpointSlice])
    homeless: bool = False


def plan_slices(
    service: core_v1.Service,
    pods: Sequence[core_v1.Pod],
    nodes: Mapping[str, core_v1.Node],
    existing: Slices,
) -> SlicePlan:
    """Return how the slices of a Service come to hold its pods.

    Args:
        service: The Service.
        pods: Those that it selects.
        nodes: By name.
        existing: The slices that are there, which are changed where they need to be.
    """
    total = SlicePlan()
    families = service.spec.ip_families or ["IPv4"]
    total.delete += [each for each in existing if each.address_type not in families]
    for family in families:
        own = [each for each in existing if each.address_type == family]
        plan = _Family(service, family).plan(pods, nodes, own)
        total.create += plan.create
        total.update += plan.update
        total.delete += plan.delete
        total.homeless |= plan.homeless
    return total


@dataclass(slots=True)
class _Group:
    """Endpoints that offer the same ports."""

    ports: Ports
    endpoints: dict[_Identity, discovery_v1.Endpoint]


@dataclass(frozen=True, slots=True)
class _Family:
    """The slices of a Service that have addresses of one family."""

    service: core_v1.Service
    family: str

    def plan(
        self,
        pods: Sequence[core_v1.Pod],
        nodes: Mapping[str, core_v1.Node],
        existing: Slices,
    ) -> SlicePlan:
        plan = SlicePlan()
        wanted = self._groups(pods, nodes, plan)
        by_ports: dict[_PortKey, Slices] = {}
        for each in existing:
            if self._owns(each):
                by_ports.setdefault(_key(each.ports), []).append(each)
            else:
                plan.delete.append(each)
        for key, group in wanted.items():
            self._fill(group, by_ports.get(key, []), plan)
        for key, rest in by_ports.items():
            if key not in wanted:
                plan.delete += rest
        if len(existing) == len(plan.delete) and not plan.create:
            self._keep_place(plan)
        self._reuse(plan)
        return plan

    def _groups(
        self,
        pods: Sequence[core_v1.Pod],
        nodes: Mapping[str, core_v1.Node],
        plan: SlicePlan,
    ) -> dict[_PortKey, _Group]:
        groups: dict[_PortKey, _Group] = {}
        for pod in pods:
            if not has_address(pod):
                continue
            ports = self._ports(pod)
            group = groups.setdefault(_key(ports), _Group(ports, {}))
            node = nodes.get(pod.spec.node_name)
            if node is None and not self.service.spec.publish_not_ready_addresses:
                plan.homeless = True
                continue
            endpoint = self._endpoint(pod, node)
            if endpoint.addresses:
                group.endpoints[_identity(endpoint)] = endpoint
        return groups

    def _ports(self, pod: core_v1.Pod) -> Ports:
        return [
            discovery_v1.EndpointPort(
                name=port.name,
                port=number,
                protocol=port.protocol,
                app_protocol=port.app_protocol,
            )
            for port in self.service.spec.ports
            if (number := find_port(pod, port)) is not None
        ]

    def _endpoint(
        self, pod: core_v1.Pod, node: core_v1.Node | None
    ) -> discovery_v1.Endpoint:
        serving = is_ready(pod)
        terminating = pod.metadata.deletion_timestamp is not None
        published = self.service.spec.publish_not_ready_addresses
        return discovery_v1.Endpoint(
            addresses=addresses_of(pod, self.family),
            conditions=discovery_v1.EndpointConditions(
                ready=published or (serving and not terminating),
                serving=serving,
                terminating=terminating,
            ),
            hostname=hostname_of(pod, self.service) or None,
            target_ref=target_of(pod),
            node_name=pod.spec.node_name or None,
            zone=(node.metadata.labels.get(_ZONE) if node else None) or None,
        )

    def _owns(self, item: discovery_v1.EndpointSlice) -> bool:
        uid = self.service.metadata.uid
        return any(
            (r.uid, r.kind, r.api_version) == (uid, "Service", "v1")
            for r in item.metadata.owner_references
        )

    def _labels(self) -> dict[str, str]:
        reserved = {SERVICE: self.service.metadata.name, MANAGED_BY: MANAGER}
        return labels_of(self.service, reserved)

    def _new(self, ports: Ports) -> discovery_v1.EndpointSlice:
        name = self.service.metadata.name
        meta = ObjectMeta(
            generate_name=f"{name}-",
            namespace=self.service.metadata.namespace,
            labels=self._labels(),
        )
        return discovery_v1.EndpointSlice(
            metadata=meta, address_type=self.family, ports=ports
        )

    def _fill(self, group: _Group, existing: Slices, plan: SlicePlan) -> None:
        """Bring the endpoints of a group into slices, as few as possible changed."""
        rest = dict(group.endpoints)
        changed: Slices = []
        unchanged: Slices = []
        for each in existing:
            kept = [_take(rest, endpoint) for endpoint in each.endpoints]
            endpoints = [endpoint for endpoint in kept if endpoint is not None]
            if each.endpoints and not endpoints:
                plan.delete.append(each)
                continue
            before = each.endpoints, _free_labels(each.metadata.labels)
            each.endpoints = endpoints
            is_same = before == (endpoints, _free_labels(self._labels()))
            (unchanged if is_same else changed).append(each)
        for each in sorted(changed, key=lambda item: -len(item.endpoints)):
            _top_up(each, rest)
        while rest:
            roomy = [each for each in unchanged if _room(each) >= len(rest)]
            target = min(roomy, key=_room, default=None)
            if target is None:
                target = self._new(group.ports)
                plan.create.append(target)
            else:
                unchanged.remove(target)
                changed.append(target)
            _top_up(target, rest)
        for each in changed:
            each.metadata.labels = self._labels()
        plan.update += changed

    def _keep_place(self, plan: SlicePlan) -> None:
        """Leave one slice to a Service that has no endpoints."""
        empty = self._new([])
        for each in plan.delete:
            same = (each.endpoints, each.ports, each.metadata.labels)
            if len(plan.delete) == 1 and same == ([], [], empty.metadata.labels):
                plan.delete.clear()
                return
        plan.create.append(empty)

    def _reuse(self, plan: SlicePlan) -> None:
        """Change slices that would go into those that would come."""
        for each in [each for each in plan.delete if self._owns(each)]:
            if not plan.create:
                return
            new = plan.create.pop()
            each.endpoints, each.ports = new.endpoints, new.ports
            each.metadata.labels = new.metadata.labels
            plan.delete.remove(each)
            plan.update.append(each)


def _key(ports: Ports) -> _PortKey:
    return tuple(
        sorted(
            (p.name or "", p.protocol or "", p.port or 0, p.app_protocol or "")
            for p in ports
        )
    )


def _identity(endpoint: discovery_v1.Endpoint) -> _Identity:
    target = endpoint.target_ref
    return (
        tuple(sorted(endpoint.addresses)),
        endpoint.hostname or "",
        endpoint.node_name or "",
        target.uid if target else "",
    )


def _take(
    rest: dict[_Identity, discovery_v1.Endpoint], endpoint: discovery_v1.Endpoint
) -> discovery_v1.Endpoint | None:
    return rest.pop(_identity(endpoint), None)


def _free_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """Return the labels that follow those of the Service."""
    reserved = {SERVICE, MANAGED_BY, "service.kubernetes.io/headless"}
    return {key: value for key, value in labels.items() if key not in reserved}


def _room(item: discovery_v1.EndpointSlice) -> int:
    return MAX_ENDPOINTS - len(item.endpoints)


def _top_up(
    item: discovery_v1.EndpointSlice, rest: dict[_Identity, discovery_v1.Endpoint]
) -> None:
    for identity in list(rest)[: _room(item)]:
        item.endpoints.append(rest.pop(identity))
