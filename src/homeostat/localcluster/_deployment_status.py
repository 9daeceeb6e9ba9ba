"""The status and conditions of a Deployment: pure functions over typed objects.

Source: kubernetes ``pkg/controller/deployment/progress.go`` and ``sync.go``
(calculateStatus).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from homeostat.api import Time
from homeostat.k8s import apps_v1

__all__ = ["deployment_status", "is_complete", "progress_left", "set_condition"]

AVAILABLE = "Available"
PROGRESSING = "Progressing"
# kubernetes counts 2**31 - 1 seconds as "no deadline".
NO_DEADLINE = 2**31 - 1
_ENDED = {"NewReplicaSetAvailable", "ProgressDeadlineExceeded"}


def deployment_status(
    deployment: apps_v1.Deployment,
    new: apps_v1.ReplicaSet | None,
    old: Sequence[apps_v1.ReplicaSet],
    *,
    max_unavailable: int,
    now: datetime,
) -> apps_v1.DeploymentStatus:
    """Return the status that these ReplicaSets give the Deployment.

    Args:
        deployment: With its present status, whose conditions are carried on.
        new: The ReplicaSet of its template, None before it exists.
        old: Its other ReplicaSets.
        max_unavailable: Pods that may be missing.
        now: Wall time, for transitions and the progress deadline.
    """
    sets = [*old, new] if new else list(old)
    before = deployment.status
    available = sum(s.status.available_replicas for s in sets)
    total = sum(s.status.replicas for s in sets)
    status = apps_v1.DeploymentStatus(
        observed_generation=deployment.metadata.generation or 0,
        replicas=total,
        updated_replicas=new.status.replicas if new else 0,
        ready_replicas=sum(s.status.ready_replicas for s in sets),
        available_replicas=available,
        unavailable_replicas=max(0, total - available),
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
    if not deployment.spec.paused:
        _judge_progress(deployment, status, new, now)
    return status


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


def progress_left(
    deployment: apps_v1.Deployment, status: apps_v1.DeploymentStatus, now: datetime
) -> float | None:
    """Return the seconds until the progress deadline, None when none is running."""
    deadline = deployment.spec.progress_deadline_seconds
    condition = _find(status, PROGRESSING)
    if deadline in {None, NO_DEADLINE} or condition is None:
        return None
    if deployment.spec.paused or is_complete(deployment, status):
        return None
    # A rollout that ended, well or not, has no deadline any more: without this a
    # rollback would time out at once, and a lost pod would be looked at in a hot loop.
    if condition.reason in _ENDED or not condition.last_update_time:
        return None
    due = condition.last_update_time + timedelta(seconds=deadline or 0)
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

    A condition that says the same already keeps both of its times.
    """
    known = _find(status, type_)
    if known and (known.status, known.reason) == (value, reason):
        known.message = message
        return
    moment = Time.of(now)
    flipped = known is None or known.status != value
    since = moment if flipped or known is None else known.last_transition_time
    status.conditions = [c for c in status.conditions if c.type != type_]
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


def _judge_progress(
    deployment: apps_v1.Deployment,
    status: apps_v1.DeploymentStatus,
    new: apps_v1.ReplicaSet | None,
    now: datetime,
) -> None:
    if deployment.spec.progress_deadline_seconds in {None, NO_DEADLINE}:
        status.conditions = [c for c in status.conditions if c.type != PROGRESSING]
        return
    known = _find(status, PROGRESSING)
    settled = known is not None and known.reason == "NewReplicaSetAvailable"
    if settled and status.replicas == status.updated_replicas:
        return  # a finished rollout stays finished when pods come and go
    what = (
        f'ReplicaSet "{new.metadata.name}"'
        if new
        else (f'Deployment "{deployment.metadata.name}"')
    )
    if is_complete(deployment, status):
        reason, verdict = "NewReplicaSetAvailable", "True"
        message = f"{what} has successfully progressed."
    elif _has_moved(deployment.status, status):
        reason, verdict = "ReplicaSetUpdated", "True"
        message = f"{what} is progressing."
        # Progress restarts the deadline even where the condition says the same.
        if known and known.reason == reason:
            known.last_update_time = Time.of(now)
    elif progress_left(deployment, status, now) == 0.0:
        reason, verdict = "ProgressDeadlineExceeded", "False"
        message = f"{what} has timed out progressing."
    else:
        return
    set_condition(status, PROGRESSING, verdict, reason, message, now=now)


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


def _find(
    status: apps_v1.DeploymentStatus, type_: str
) -> apps_v1.DeploymentCondition | None:
    return next((c for c in status.conditions if c.type == type_), None)
