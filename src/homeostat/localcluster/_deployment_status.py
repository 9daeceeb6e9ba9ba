"""The status and conditions of a Deployment: pure functions over typed objects.

Source: kubernetes ``pkg/controller/deployment/progress.go`` and ``sync.go``
(calculateStatus, checkPausedConditions).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from homeostat.api import Time
from homeostat.k8s import apps_v1

__all__ = [
    "condition_of",
    "deployment_status",
    "has_deadline",
    "is_complete",
    "note_pause",
    "progress_left",
    "set_condition",
]

AVAILABLE = "Available"
PROGRESSING = "Progressing"
REPLICA_FAILURE = "ReplicaFailure"
# kubernetes counts 2**31 - 1 seconds as "no deadline".
NO_DEADLINE = 2**31 - 1
_TIMED_OUT = "ProgressDeadlineExceeded"
_ENDED = {"NewReplicaSetAvailable", _TIMED_OUT}


def deployment_status(
    deployment: apps_v1.Deployment,
    new: apps_v1.ReplicaSet | None,
    old: Sequence[apps_v1.ReplicaSet],
    *,
    max_unavailable: int,
    rolling: bool,
    now: datetime,
) -> apps_v1.DeploymentStatus:
    """Return the status that these ReplicaSets give the Deployment.

    Args:
        deployment: With its present status, whose conditions are carried on.
        new: The ReplicaSet of its template, None before it exists.
        old: Its other ReplicaSets.
        max_unavailable: Pods that may be missing.
        rolling: Whether the template rolls out. While the Deployment is paused, scaled
            or deleted its progress is not judged, nor what its ReplicaSets fail at.
        now: Wall time, for transitions and the progress deadline.
    """
    sets = [*old, new] if new else list(old)
    before = deployment.status
    available = sum(s.status.available_replicas for s in sets)
    asked = sum(s.spec.replicas or 0 for s in sets)
    status = apps_v1.DeploymentStatus(
        observed_generation=deployment.metadata.generation or 0,
        replicas=sum(s.status.replicas for s in sets),
        updated_replicas=new.status.replicas if new else 0,
        ready_replicas=sum(s.status.ready_replicas for s in sets),
        available_replicas=available,
        unavailable_replicas=max(0, asked - available),
        terminating_replicas=_terminating(sets),
        collision_count=before.collision_count,
        conditions=list(before.conditions),
    )
    enough = available >= (deployment.spec.replicas or 0) - max_unavailable
    set_condition(
        status,
        AVAILABLE,
        "True" if enough else "False",
        "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable",
        f"Deployment {'has' if enough else 'does not have'} minimum availability.",
        now=now,
    )
    if rolling:
        _judge_progress(deployment, status, new, now)
        _take_failure_over(status, [new, *sets] if new else sets)
    return status


def _terminating(sets: Iterable[apps_v1.ReplicaSet]) -> int | None:
    counts = [
        s.status.terminating_replicas
        for s in sets
        # One that its controller has not seen yet has no pods.
        if s.status.observed_generation or s.status.terminating_replicas is not None
    ]
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def has_deadline(deployment: apps_v1.Deployment) -> bool:
    """Tell whether the Deployment's progress counts: only then is there a condition."""
    return deployment.spec.progress_deadline_seconds not in {None, NO_DEADLINE}


def is_complete(
    deployment: apps_v1.Deployment, status: apps_v1.DeploymentStatus
) -> bool:
    """Tell whether the rollout is done: nothing but new pods, all of them available."""
    counts = {
        deployment.spec.replicas or 0,
        status.replicas,
        status.updated_replicas,
        status.available_replicas,
    }
    observed = status.observed_generation >= (deployment.metadata.generation or 0)
    return len(counts) == 1 and observed


def note_pause(deployment: apps_v1.Deployment, now: datetime) -> None:
    """Bring the Progressing condition in line with ``spec.paused``, in place.

    What is resumed gets a whole deadline again; what timed out stays so.
    """
    known = condition_of(deployment.status, PROGRESSING)
    if not has_deadline(deployment) or (known and known.reason == _TIMED_OUT):
        return
    paused = deployment.spec.paused
    if paused == (known is not None and known.reason == "DeploymentPaused"):
        return
    what = "paused" if paused else "resumed"
    set_condition(
        deployment.status,
        PROGRESSING,
        "Unknown",
        f"Deployment{what.capitalize()}",
        f"Deployment is {what}",
        now=now,
    )


def progress_left(
    deployment: apps_v1.Deployment, status: apps_v1.DeploymentStatus, now: datetime
) -> float | None:
    """Return the seconds until the progress deadline, None when none is running."""
    condition = condition_of(status, PROGRESSING)
    if not has_deadline(deployment) or condition is None:
        return None
    if deployment.spec.paused or is_complete(deployment, status):
        return None
    # A rollout that ended, well or not, has no deadline any more: without this a
    # rollback would time out at once, and a lost pod would be looked at in a hot loop.
    if condition.reason in _ENDED or not condition.last_update_time:
        return None
    deadline = timedelta(seconds=deployment.spec.progress_deadline_seconds or 0)
    due = condition.last_update_time + deadline
    return max(0.0, due.timestamp() - now.timestamp())


def set_condition(
    status: apps_v1.DeploymentStatus,
    type_: str,
    value: str,
    reason: str,
    message: str,
    *,
    now: datetime,
) -> None:
    """Set a condition; its transition time moves when its status flips.

    A condition of the same status and reason stays as it is, with its message.
    """
    known = condition_of(status, type_)
    if known is None or (known.status, known.reason) != (value, reason):
        _replace_condition(status, type_, value, reason, message, now=now)


def _replace_condition(
    status: apps_v1.DeploymentStatus,
    type_: str,
    value: str,
    reason: str,
    message: str,
    *,
    now: datetime,
) -> None:
    known = condition_of(status, type_)
    moment = Time.of(now)
    since = moment
    if known is not None and known.status == value:
        since = known.last_transition_time or moment
    _remove_condition(status, type_)
    status.conditions.append(
        apps_v1.DeploymentCondition(
            type=type_,
            status=value,
            reason=reason,
            message=message,
            last_update_time=moment,
            last_transition_time=since,
        )
    )


def _remove_condition(status: apps_v1.DeploymentStatus, type_: str) -> None:
    status.conditions = [c for c in status.conditions if c.type != type_]


def condition_of(
    status: apps_v1.DeploymentStatus, type_: str
) -> apps_v1.DeploymentCondition | None:
    """Return the condition of a type, None when there is none."""
    return next((c for c in status.conditions if c.type == type_), None)


def _judge_progress(
    deployment: apps_v1.Deployment,
    status: apps_v1.DeploymentStatus,
    new: apps_v1.ReplicaSet | None,
    now: datetime,
) -> None:
    if not has_deadline(deployment):
        _remove_condition(status, PROGRESSING)
        return
    known = condition_of(status, PROGRESSING)
    settled = known is not None and known.reason == "NewReplicaSetAvailable"
    if settled and status.replicas == status.updated_replicas:
        return  # a finished rollout stays finished when pods come and go
    what = f'Deployment "{deployment.metadata.name}"'
    if new:
        what = f'ReplicaSet "{new.metadata.name}"'
    if is_complete(deployment, status):
        reason, message = (
            "NewReplicaSetAvailable",
            f"{what} has successfully progressed.",
        )
        set_condition(status, PROGRESSING, "True", reason, message, now=now)
    elif _has_moved(deployment.status, status):
        reason, message = "ReplicaSetUpdated", f"{what} is progressing."
        # Progress restarts the deadline even where the condition says the same.
        _replace_condition(status, PROGRESSING, "True", reason, message, now=now)
    elif progress_left(deployment, status, now) == 0.0:
        message = f"{what} has timed out progressing."
        set_condition(status, PROGRESSING, "False", _TIMED_OUT, message, now=now)


def _take_failure_over(
    status: apps_v1.DeploymentStatus, sets: Iterable[apps_v1.ReplicaSet]
) -> None:
    """Copy the first failure of the ReplicaSets, that of the new one before others."""
    failures = (
        c for s in sets for c in s.status.conditions if c.type == REPLICA_FAILURE
    )
    failure = next(failures, None)
    if failure is None:
        _remove_condition(status, REPLICA_FAILURE)
        return
    known = condition_of(status, REPLICA_FAILURE)
    if known and (known.status, known.reason) == (failure.status, failure.reason):
        return
    _remove_condition(status, REPLICA_FAILURE)
    status.conditions.append(
        apps_v1.DeploymentCondition(
            type=REPLICA_FAILURE,
            status=failure.status,
            reason=failure.reason,
            message=failure.message,
            last_update_time=failure.last_transition_time,
            last_transition_time=failure.last_transition_time,
        )
    )


def _has_moved(
    before: apps_v1.DeploymentStatus, after: apps_v1.DeploymentStatus
) -> bool:
    old_before = before.replicas - before.updated_replicas
    old_after = after.replicas - after.updated_replicas
    return (
        after.updated_replicas > before.updated_replicas
        or old_after < old_before
        or after.ready_replicas > before.ready_replicas
        or after.available_replicas > before.available_replicas
    )
