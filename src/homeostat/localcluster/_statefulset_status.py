"""What a StatefulSet's pods come to: its members and its status, pure functions.

Source: kubernetes ``pkg/controller/statefulset`` (computeReplicaStatus,
completeRollingUpdate).
"""

from collections.abc import Collection, Iterable
from datetime import datetime

from homeostat.k8s import apps_v1, core_v1
from homeostat.localcluster._replicas import is_available, is_ready
from homeostat.localcluster._revisions import REVISION_LABEL
from homeostat.localcluster._statefulset_plan import Member
from homeostat.localcluster._statefulset_pods import partition_of

__all__ = ["member_of", "status_of"]


def member_of(
    pod: core_v1.Pod, min_ready_seconds: int, now: datetime, *, fits: bool
) -> Member:
    """Return what counts of a pod."""
    phase = pod.status.phase
    return Member(
        revision=pod.metadata.labels.get(REVISION_LABEL, ""),
        phase=phase,
        ready=phase == "Running" and is_ready(pod),
        available=is_available(pod, min_ready_seconds, now),
        terminating=pod.metadata.deletion_timestamp is not None,
        fits=fits,
    )


def status_of(
    owner: apps_v1.StatefulSet,
    members: Collection[Member],
    *,
    current: str,
    update: str,
    collisions: int,
) -> apps_v1.StatefulSetStatus:
    """Return the status that these pods give a StatefulSet.

    Args:
        owner: The StatefulSet.
        members: Its pods.
        current: Name of the revision that it has come from, or has reached.
        update: Name of the revision of its template.
        collisions: How often the name of a revision was taken.
    """
    created = [m for m in members if m.phase]
    status = apps_v1.StatefulSetStatus(
        observed_generation=owner.metadata.generation or 0,
        replicas=len(created),
        ready_replicas=sum(m.ready for m in members),
        available_replicas=sum(m.ready and m.available for m in members),
        current_replicas=_count(created, current),
        updated_replicas=_count(created, update),
        current_revision=current,
        update_revision=update,
        collision_count=collisions,
        conditions=owner.status.conditions,
    )
    counts = {status.replicas, status.ready_replicas, status.updated_replicas}
    if partition_of(owner) is not None and counts == {owner.spec.replicas}:
        status.current_replicas = status.updated_replicas
        status.current_revision = update
    return status


def _count(members: Iterable[Member], revision: str) -> int:
    return sum(m.revision == revision and not m.terminating for m in members)
