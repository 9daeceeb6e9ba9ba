"""Which pods stand behind a Service, and under which addresses and ports.

Source: k8s.io/endpointslice (utils.go, util/controller_utils.go).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import final

from homeostat.k8s import core_v1
from homeostat.localcluster._replicas import is_finished

__all__ = [
    "HEADLESS",
    "TRIGGER_TIME",
    "TriggerTimes",
    "address_of",
    "addresses_of",
    "find_port",
    "has_address",
    "hostname_of",
    "is_headless",
    "is_served",
    "labels_of",
    "target_of",
]

HEADLESS = "service.kubernetes.io/headless"
TRIGGER_TIME = "endpoints.kubernetes.io/last-change-trigger-time"


def is_served(service: core_v1.Service) -> bool:
    """Tell whether the endpoints of a Service follow its selector."""
    return bool(service.spec.selector) and service.spec.type != "ExternalName"


def is_headless(service: core_v1.Service) -> bool:
    """Tell whether a Service has no address of its own."""
    return service.spec.cluster_ip in {"", "None"}


def has_address(pod: core_v1.Pod) -> bool:
    """Tell whether the pod can be reached, or will be."""
    return bool(pod.status.pod_ips) and not is_finished(pod)


def addresses_of(pod: core_v1.Pod, family: str) -> list[str]:
    """Return the pod's addresses of ``IPv4`` or ``IPv6``."""
    wanted = family == "IPv6"
    return [each.ip for each in pod.status.pod_ips if (":" in each.ip) is wanted]


def address_of(service: core_v1.Service, pod: core_v1.Pod) -> str | None:
    """Return the pod's address in the first family of the Service, None without."""
    family = next(iter(service.spec.ip_families), "IPv4")
    return next(iter(addresses_of(pod, family)), None)


def find_port(pod: core_v1.Pod, port: core_v1.ServicePort) -> int | None:
    """Return the number of the pod's port that a Service means, None without one."""
    if isinstance(port.target_port, int):
        return port.target_port
    sidecars = (c for c in pod.spec.init_containers if c.restart_policy == "Always")
    for container in (*pod.spec.containers, *sidecars):
        for each in container.ports:
            named = (each.name, each.protocol)
            if named == (port.target_port, port.protocol):
                return each.container_port
    return None


def hostname_of(pod: core_v1.Pod, service: core_v1.Service) -> str:
    """Return the name of the pod below that of the Service, "" without one."""
    is_own = pod.spec.subdomain == service.metadata.name
    return pod.spec.hostname if is_own else ""


def target_of(pod: core_v1.Pod) -> core_v1.ObjectReference:
    """Return the reference from an address to its pod."""
    meta = pod.metadata
    return core_v1.ObjectReference(
        kind="Pod", namespace=meta.namespace, name=meta.name, uid=meta.uid
    )


def labels_of(service: core_v1.Service, reserved: Mapping[str, str]) -> dict[str, str]:
    """Return the labels of what holds the endpoints of a Service: its own, and more.

    Args:
        service: The Service.
        reserved: Labels that the controller sets, whatever the Service says.
    """
    labels = {k: v for k, v in service.metadata.labels.items() if k != HEADLESS}
    if is_headless(service):
        labels[HEADLESS] = ""
    return {**labels, **reserved}


@final
class TriggerTimes:
    """When what changed that the endpoints of each Service have to follow.

    Each run of a controller has its own. Invariant: at most ``size`` Services.

    Source: k8s.io/endpointslice ``util/trigger_time_tracker.go``.

    Args:
        size: How many Services.
    """

    def __init__(self, *, size: int = 4096) -> None:
        self._size = size
        self._known: dict[str, dict[str, datetime]] = {}

    def note(
        self, service: core_v1.Service, pods: Iterable[core_v1.Pod]
    ) -> datetime | None:
        """Return when the first change was since the last call, None without one."""
        before = self._known.pop(service.metadata.uid, None)
        created = service.metadata.creation_timestamp
        times = {pod.metadata.name: since for pod in pods if (since := _turned(pod))}
        self._known[service.metadata.uid] = times
        while len(self._known) > self._size:
            del self._known[next(iter(self._known))]
        if before is None:
            return created
        new = (at for name, at in times.items() if _is_later(at, before.get(name)))
        return min(new, default=None)


def _turned(pod: core_v1.Pod) -> datetime | None:
    """Return when the pod became ready, or ceased to be."""
    for condition in pod.status.conditions:
        if condition.type == "Ready":
            return condition.last_transition_time
    return None


def _is_later(at: datetime, known: datetime | None) -> bool:
    return known is None or at > known
