"""What a ReplicaSet does with its pods: pure functions over typed objects.

Source: kubernetes ``pkg/controller/replicaset``, ``pkg/controller/controller_utils.go``
(ActivePodsWithRanks).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from homeostat.api import LabelSelector, OwnerReference, Selector, controller_of
from homeostat.k8s import apps_v1, core_v1

__all__ = [
    "Claims",
    "claim",
    "is_active",
    "is_available",
    "is_ready",
    "ready_since",
    "selector_of",
    "status_of",
    "victims",
]

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"

NOTHING = Selector.parse("none,!none")

_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Whose pods are whose.

    Attributes:
        owned: Pods that the owner controls and selects.
        adopt: Pods without a controller that it selects.
        release: Pods that it controls and no longer selects.
    """

    owned: list[core_v1.Pod]
    adopt: list[core_v1.Pod]
    release: list[core_v1.Pod]


def claim(uid: str, selector: Selector, pods: Sequence[core_v1.Pod]) -> Claims:
    """Sort the pods of a namespace by what their owner has to do with them.

    Args:
        uid: Uid of the owner.
        selector: Its label selector.
        pods: Pods of its namespace.
    """
    claims = Claims(owned=[], adopt=[], release=[])
    for pod in pods:
        controller: OwnerReference | None = controller_of(pod)
        matches = selector.matches(pod.metadata.labels)
        if controller is not None and controller.uid == uid:
            (claims.owned if matches else claims.release).append(pod)
        elif controller is None and matches and not pod.metadata.deletion_timestamp:
            claims.adopt.append(pod)
    return claims


def selector_of(selector: LabelSelector | None) -> Selector:
    """Return the selector of a workload; one without a selector selects nothing."""
    return NOTHING if selector is None else Selector.of(selector)


def is_active(pod: core_v1.Pod) -> bool:
    """Tell whether the pod counts as a replica: neither finished nor on its way out."""
    finished = pod.status.phase in {"Succeeded", "Failed"}
    return not finished and not pod.metadata.deletion_timestamp


def ready_since(pod: core_v1.Pod) -> datetime | None:
    """Return when the pod became ready, None while it is not."""
    for condition in pod.status.conditions:
        if condition.type == "Ready" and condition.status == "True":
            return condition.last_transition_time
    return None


def is_ready(pod: core_v1.Pod) -> bool:
    """Tell whether the pod's Ready condition is true."""
    return any(c.type == "Ready" and c.status == "True" for c in pod.status.conditions)


def is_available(pod: core_v1.Pod, min_ready_seconds: int, now: datetime) -> bool:
    """Tell whether the pod has been ready for long enough."""
    if not is_ready(pod):
        return False
    since = ready_since(pod)
    if min_ready_seconds == 0 or since is None:
        return min_ready_seconds == 0
    return since + timedelta(seconds=min_ready_seconds) <= now


def victims(pods: Sequence[core_v1.Pod], count: int) -> list[core_v1.Pod]:
    """Return the ``count`` active pods that are missed least.

    Unscheduled ones go before scheduled ones, pending before running, not ready before
    ready, cheap ones (by the deletion-cost annotation) before dear ones, those on a
    crowded node before lonely ones, young before old.
    """
    crowd = Counter(pod.spec.node_name for pod in pods)

    def rank(pod: core_v1.Pod) -> tuple[object, ...]:
        created = pod.metadata.creation_timestamp
        return (
            bool(pod.spec.node_name),
            _PHASES.get(pod.status.phase, 0),
            is_ready(pod),
            _deletion_cost(pod),
            -crowd[pod.spec.node_name],
            -created.timestamp() if created else 0.0,
            pod.metadata.name,
        )

    return sorted(pods, key=rank)[:count]


def _deletion_cost(pod: core_v1.Pod) -> int:
    try:
        return int(pod.metadata.annotations.get(DELETION_COST, "0"))
    except ValueError:
        return 0


def status_of(
    replica_set: apps_v1.ReplicaSet, active: Sequence[core_v1.Pod], now: datetime
) -> apps_v1.ReplicaSetStatus:
    """Return the status that these active pods give the ReplicaSet."""
    template = replica_set.spec.template.metadata.labels
    wait = replica_set.spec.min_ready_seconds
    return apps_v1.ReplicaSetStatus(
        replicas=len(active),
        fully_labeled_replicas=sum(
            template.items() <= pod.metadata.labels.items() for pod in active
        ),
        ready_replicas=sum(map(is_ready, active)),
        available_replicas=sum(is_available(pod, wait, now) for pod in active),
        observed_generation=replica_set.metadata.generation or 0,
        conditions=replica_set.status.conditions,
    )
