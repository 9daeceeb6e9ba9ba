"""How the Deployment controller makes and changes ReplicaSets.

Source: kubernetes ``pkg/controller/deployment/sync.go`` (getNewReplicaSet,
scaleReplicaSet) and ``util`` (SetNewReplicaSetAnnotations).
"""

from homeostat.api import LabelSelector, ObjectMeta, controller_of, to_dict
from homeostat.controller import Context, Requeue
from homeostat.errors import AlreadyExistsError, ApiError
from homeostat.k8s import apps_v1, core_v1
from homeostat.localcluster._deployment_state import (
    HASH_LABEL,
    State,
    has_template_of,
    revision_of,
)
from homeostat.localcluster._deployment_status import (
    condition_of,
    has_deadline,
    set_condition,
)
from homeostat.localcluster._rollout import (
    REVISION,
    REVISION_HISTORY,
    SetSize,
    former_revisions,
    new_set_replicas,
    template_hash,
)

__all__ = ["create_set", "resize", "sync_new"]

# What a name may have, as any DNS subdomain.
_NAME_LENGTH = 253


async def sync_new(state: State, ctx: Context) -> None:
    """Bring the new ReplicaSet's annotations up to date; it is the newest again."""
    new = state.new
    if new is None:
        return
    wait = state.deployment.spec.min_ready_seconds
    annotations = _annotations(new, state)
    if annotations == new.metadata.annotations and new.spec.min_ready_seconds == wait:
        name = new.metadata.name
        if condition_of(state.deployment.status, "Progressing") is None:
            _tell_progress(
                state,
                "True",
                "FoundNewReplicaSet",
                f'Found new replica set "{name}"',
                ctx,
            )
        return
    new.metadata.annotations = annotations
    new.spec.min_ready_seconds = wait
    await ctx.update(new)


def _annotations(new: apps_v1.ReplicaSet, state: State) -> dict[str, str]:
    """Return the annotations of the new ReplicaSet: it keeps what it has beside."""
    known = new.metadata.annotations
    annotations = {**known, **state.inherited_annotations}
    before = known.get(REVISION, "")
    if before and not before.isdecimal():
        return annotations  # somebody's own: it is not ours to count on
    if revision_of(new) < state.newest_revision:
        annotations[REVISION] = str(state.newest_revision)
        if before:
            history = known.get(REVISION_HISTORY, "")
            annotations[REVISION_HISTORY] = former_revisions(history, before)
    return annotations


async def create_set(state: State, ctx: Context) -> apps_v1.ReplicaSet | None:
    """Create the ReplicaSet of the Deployment's template.

    Returns:
        None when there will never be one: the namespace is being deleted.

    Raises:
        ApiError: Creating it failed, which the status tells by now.
        Requeue: Another has its name; the next try is for another name.
    """
    wanted = _new_set(state)
    name, replicas = wanted.metadata.name, wanted.spec.replicas
    try:
        created = await ctx.create(wanted, owned=True)
    except AlreadyExistsError:
        return await _find_taken(name, state, ctx)
    except ApiError as error:
        if error.is_namespace_terminating:
            return None
        reason = "ReplicaSetCreateError"
        text = f'Failed to create new replica set "{name}": {error.message}'
        _tell_progress(state, "False", reason, text, ctx)
        await ctx.update_status(state.deployment)
        ctx.event(reason, text, type="Warning")
        raise
    if replicas:
        ctx.event(
            "ScalingReplicaSet", f"Scaled up replica set {name} from 0 to {replicas}"
        )
    text = f'Created new replica set "{name}"'
    _tell_progress(state, "True", "NewReplicaSetCreated", text, ctx)
    return created


async def _find_taken(name: str, state: State, ctx: Context) -> apps_v1.ReplicaSet:
    """Return the ReplicaSet that has the name already, if it is what was wanted."""
    deployment = state.deployment
    taken = ctx.get(apps_v1.ReplicaSet, name)
    owner = controller_of(taken)
    ours = owner is not None and owner.uid == deployment.metadata.uid
    if ours and has_template_of(deployment, taken):
        return taken
    # Somebody else's, or of another template with this hash.
    deployment.status.collision_count = (deployment.status.collision_count or 0) + 1
    await ctx.update_status(deployment)
    raise Requeue(after=0.0, reason="hash collision")


def _tell_progress(
    state: State, value: str, reason: str, message: str, ctx: Context
) -> None:
    if has_deadline(state.deployment):
        now = ctx.clock.now()
        status = state.deployment.status
        set_condition(status, "Progressing", value, reason, message, now=now)


def _new_set(state: State) -> apps_v1.ReplicaSet:
    """Return the ReplicaSet of the Deployment's template, as large as it may be now."""
    deployment = state.deployment
    template = deployment.spec.template
    digest = template_hash(to_dict(template), deployment.status.collision_count or 0)
    prefix = deployment.metadata.name[: _NAME_LENGTH - 1 - len(digest)]
    name = f"{prefix}-{digest}"
    empty = SetSize(name=name, replicas=0)
    labels = {**template.metadata.labels, HASH_LABEL: digest}
    selector = deployment.spec.selector or LabelSelector()
    return apps_v1.ReplicaSet(
        metadata=ObjectMeta(
            name=name,
            namespace=deployment.metadata.namespace,
            labels=labels,
            annotations={
                **state.inherited_annotations,
                **state.size_annotations,
                REVISION: str(state.newest_revision),
            },
        ),
        spec=apps_v1.ReplicaSetSpec(
            replicas=new_set_replicas(state.rollout, empty, [*state.sizes, empty]),
            min_ready_seconds=deployment.spec.min_ready_seconds,
            selector=LabelSelector(
                match_labels={**selector.match_labels, HASH_LABEL: digest},
                match_expressions=selector.match_expressions,
            ),
            template=core_v1.PodTemplateSpec(
                metadata=ObjectMeta(
                    labels=labels,
                    annotations=template.metadata.annotations,
                    finalizers=template.metadata.finalizers,
                ),
                spec=template.spec,
            ),
        ),
    )


async def resize(
    replica_set: apps_v1.ReplicaSet,
    replicas: int,
    state: State,
    ctx: Context,
    *,
    note: bool = False,
) -> bool:
    """Give a ReplicaSet a size; return whether it had another one.

    Args:
        replica_set: Changed in place.
        replicas: Its new size.
        state: Of its Deployment.
        ctx: Of the reconcile.
        note: Write the Deployment's size into the annotations even where the
            ReplicaSet's own stays.
    """
    before = replica_set.spec.replicas or 0
    sizes = state.size_annotations
    annotations = replica_set.metadata.annotations
    if before == replicas and (not note or sizes.items() <= annotations.items()):
        return False
    annotations.update(sizes)
    replica_set.spec.replicas = replicas
    await ctx.update(replica_set)
    if before == replicas:
        return False
    direction = "up" if replicas > before else "down"
    ctx.event(
        "ScalingReplicaSet",
        f"Scaled {direction} replica set {replica_set.metadata.name} "
        f"from {before} to {replicas}",
    )
    return True
