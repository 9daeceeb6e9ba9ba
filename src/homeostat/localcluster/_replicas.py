"""What a ReplicaSet does with its pods: pure functions over typed objects.

Source: kubernetes ``pkg/controller/replicaset``, ``pkg/controller/controller_utils.go``
(ActivePodsWithRanks).
"""

import math
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cmp_to_key
from typing import TypeVar

from homeostat.api import Time
from homeostat.errors import ApiError
from homeostat.k8s import apps_v1, core_v1

__all__ = [
    "is_active",
    "is_available",
    "is_finished",
    "is_ready",
    "is_terminating",
    "next_available",
    "ready_since",
    "status_of",
    "victims",
]

T = TypeVar("T", int, str, tuple[int, int])

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"

_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}


def is_finished(pod: core_v1.Pod) -> bool:
    """Tell whether no container of the pod runs, or ever will again."""
    return pod.status.phase in {"Succeeded", "Failed"}


def is_active(pod: core_v1.Pod) -> bool:
    """Tell whether the pod counts as a replica: neither finished nor on its way out."""
    return not is_finished(pod) and not pod.metadata.deletion_timestamp


def is_terminating(pod: core_v1.Pod) -> bool:
    """Tell whether the pod still runs and is being deleted."""
    return not is_finished(pod) and pod.metadata.deletion_timestamp is not None


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


def next_available(
    pods: Sequence[core_v1.Pod], min_ready_seconds: int, now: datetime
) -> float | None:
    """Return the seconds until the next ready pod is available, None without one."""
    due = [
        (since + timedelta(seconds=min_ready_seconds) - now).total_seconds()
        for since in map(ready_since, pods)
        if since is not None
    ]
    return min((left for left in due if left > 0), default=None)


def victims(
    pods: Sequence[core_v1.Pod],
    count: int,
    *,
    related: Sequence[core_v1.Pod] = (),
    now: datetime,
) -> list[core_v1.Pod]:
    """Return the ``count`` active pods that are missed least.

    Unscheduled ones go before scheduled ones, pending before running, not ready before
    ready, cheap ones (by the deletion-cost annotation) before dear ones, those on a
    crowded node before lonely ones, lately ready before long ready, often restarted
    before steady, young before old. Ages count by their order of magnitude, so that
    which of the old ones goes is left to chance.

    Args:
        pods: Active pods of one owner.
        count: How many are to go.
        related: Pods whose number on a node makes it crowded; none for an owner
            without siblings.
        now: Wall time.
    """
    crowd = Counter(pod.spec.node_name for pod in related if is_active(pod))

    def compare(one: core_v1.Pod, other: core_v1.Pod) -> int:
        first, second = (
            (
                bool(pod.spec.node_name),
                _PHASES.get(pod.status.phase, 0),
                is_ready(pod),
                _deletion_cost(pod),
                -crowd[pod.spec.node_name],
            )
            for pod in (one, other)
        )
        if first != second:
            return -1 if first < second else 1
        return (
            _compare_ages(one, other, ready_since(one), ready_since(other), now)
            or _sign(_restarts(other), _restarts(one))
            or _compare_ages(
                one,
                other,
                one.metadata.creation_timestamp,
                other.metadata.creation_timestamp,
                now,
            )
        )

    return sorted(pods, key=cmp_to_key(compare))[:count]


def _compare_ages(
    one: core_v1.Pod,
    other: core_v1.Pod,
    first: datetime | None,
    second: datetime | None,
    now: datetime,
) -> int:
    if first == second:
        return 0
    if first is None or second is None:
        return -1 if first is None else 1
    ranks = _magnitude(first, now), _magnitude(second, now)
    return _sign(*ranks) or _sign(one.metadata.uid, other.metadata.uid)


def _magnitude(moment: datetime, now: datetime) -> int:
    age = (now - moment) // timedelta(microseconds=1) * 1000
    return int(math.log2(age)) if age > 0 else -1


def _sign(one: T, other: T) -> int:
    return (one > other) - (one < other)


def _restarts(pod: core_v1.Pod) -> tuple[int, int]:
    """Return the most restarts of a container, and of a sidecar."""
    sidecars = {
        c.name for c in pod.spec.init_containers if c.restart_policy == "Always"
    }
    return (
        max((c.restart_count for c in pod.status.container_statuses), default=0),
        max(
            (
                c.restart_count
                for c in pod.status.init_container_statuses
                if c.name in sidecars
            ),
            default=0,
        ),
    )


def _deletion_cost(pod: core_v1.Pod) -> int:
    try:
        return int(pod.metadata.annotations.get(DELETION_COST, "0"))
    except ValueError:
        return 0


def status_of(
    replica_set: apps_v1.ReplicaSet,
    active: Sequence[core_v1.Pod],
    terminating: int,
    now: datetime,
    *,
    failure: ApiError | None = None,
) -> apps_v1.ReplicaSetStatus:
    """Return the status that these pods give the ReplicaSet.

    Args:
        replica_set: With its present status, whose conditions are carried on.
        active: Its active pods.
        terminating: How many more are being deleted.
        now: Wall time.
        failure: Why pods could not be created or deleted, None when they could.
    """
    template = replica_set.spec.template.metadata.labels
    wait = replica_set.spec.min_ready_seconds
    return apps_v1.ReplicaSetStatus(
        replicas=len(active),
        fully_labeled_replicas=sum(
            template.items() <= pod.metadata.labels.items() for pod in active
        ),
        ready_replicas=sum(map(is_ready, active)),
        available_replicas=sum(is_available(pod, wait, now) for pod in active),
        terminating_replicas=terminating,
        observed_generation=replica_set.metadata.generation or 0,
        conditions=_conditions(replica_set, len(active), failure, now),
    )


def _conditions(
    replica_set: apps_v1.ReplicaSet,
    active: int,
    failure: ApiError | None,
    now: datetime,
) -> list[apps_v1.ReplicaSetCondition]:
    known = replica_set.status.conditions
    if failure is None:
        return [c for c in known if c.type != "ReplicaFailure"]
    if any(c.type == "ReplicaFailure" for c in known):
        return known  # it tells what went wrong first
    fewer = active < (replica_set.spec.replicas or 0)
    condition = apps_v1.ReplicaSetCondition(
        type="ReplicaFailure",
        status="True",
        reason="FailedCreate" if fewer else "FailedDelete",
        message=failure.message
        if fewer
        else f"unable to delete pods: {failure.message}",
        last_transition_time=Time.of(now),
    )
    return [*known, condition]
