"""The Deployment controller: ReplicaSets come and go so that the template rolls out."""

from collections.abc import Iterable

from homeostat.api import LabelSelector, ObjectMeta, Request, to_dict
from homeostat.cache import Reader, Record
from homeostat.controller import (
    Context,
    Result,
    Watch,
    annotations_changed,
    controller,
    generation_changed,
)
from homeostat.errors import AlreadyExistsError
from homeostat.k8s import apps_v1, core_v1
from homeostat.localcluster._deployment_state import (
    HASH_LABEL,
    State,
    look,
    revision_of,
)
from homeostat.localcluster._deployment_status import (
    deployment_status,
    is_complete,
    progress_left,
    set_condition,
)
from homeostat.localcluster._replicas import is_active
from homeostat.localcluster._replicasets import pods_by_controller
from homeostat.localcluster._rollout import (
    REVISION,
    SetSize,
    new_set_replicas,
    old_set_replicas,
    proportions,
    surplus_history,
    template_hash,
)

__all__ = ["deployments"]


def _of_pod(record: Record, reader: Reader) -> Iterable[Request]:
    """Map a pod to the Deployment of its ReplicaSet: Recreate waits for pods to go."""
    owner = record.controller
    if owner is None or owner.kind != "ReplicaSet":
        return
    found = reader.find(apps_v1.ReplicaSet, owner.name, record.namespace)
    for reference in found.metadata.owner_references if found else ():
        if reference.controller and reference.kind == "Deployment":
            yield Request(record.namespace, reference.name)


@controller(
    apps_v1.Deployment,
    name="deployment",
    owns=[apps_v1.ReplicaSet],
    watches=[Watch(core_v1.Pod, to=_of_pod)],
    predicate=generation_changed | annotations_changed,
    max_concurrent_reconciles=4,
    reconcile_deleting=True,
)
async def deployments(deployment: apps_v1.Deployment, ctx: Context) -> Result | None:
    """Take the rollout one step further, then tell in the status where it is."""
    state = look(deployment, ctx)
    if deployment.metadata.deletion_timestamp is None:
        if deployment.spec.paused or state.is_scaling:
            await _scale(state, ctx)
        else:
            await _roll(state, ctx)
        await _publish_revision(state, ctx)
        state = look(deployment, ctx)
    status = _status(state, ctx)
    deployment.status = status
    await ctx.update_status(deployment)
    left = progress_left(deployment, status, ctx.clock.now())
    return None if left is None else Result(requeue_after=left)


async def _scale(state: State, ctx: Context) -> None:
    """Follow a change of ``replicas`` amid a rollout, or while it is paused."""
    active = [s for s in state.sets if s.spec.replicas]
    only = active[0] if len(active) == 1 else None
    if not active:
        only = state.new or (state.old[-1] if state.old else None)
    if only is not None:
        await _resize(only, state.rollout.replicas, state, ctx)
        return
    if state.is_saturated:
        for replica_set in state.old:
            await _resize(replica_set, 0, state, ctx)
        return
    if state.deployment.spec.strategy.type == "Recreate":
        return
    sizes = proportions(state.rollout, state.sizes)
    for replica_set in state.sets:
        wanted = sizes.get(replica_set.metadata.name)
        if wanted is not None:
            await _resize(replica_set, wanted, state, ctx)


async def _roll(state: State, ctx: Context) -> None:
    recreate = state.deployment.spec.strategy.type == "Recreate"
    if recreate and await _stop_old(state, ctx):
        return
    if state.new is None:
        state.new = await _create_set(state, ctx)
    else:
        await _inherit(state.new, state, ctx)
    new = state.new
    if recreate:
        await _resize(new, state.rollout.replicas, state, ctx)
    else:
        sizes = state.sizes
        grown = new_set_replicas(state.rollout, sizes[-1], sizes)
        if not await _resize(new, grown, state, ctx):
            await _shrink_old(state, ctx)
    await _clean_history(state, ctx)


async def _stop_old(state: State, ctx: Context) -> bool:
    """Stop the old pods; return whether the new ones have to wait for that."""
    stopped = [await _resize(s, 0, state, ctx) for s in state.old]
    if any(stopped):
        return True
    return any(
        is_active(pod) or pod.metadata.deletion_timestamp
        for s in state.old
        for pod in ctx.list(pods_by_controller[s.metadata.uid])
    )


async def _shrink_old(state: State, ctx: Context) -> None:
    *old, new = state.sizes
    sizes = old_set_replicas(state.rollout, new, old)
    for replica_set in state.old:
        wanted = sizes.get(replica_set.metadata.name)
        if wanted is not None:
            await _resize(replica_set, wanted, state, ctx)


async def _clean_history(state: State, ctx: Context) -> None:
    limit = state.deployment.spec.revision_history_limit
    if limit is None or not is_complete(state.deployment, _status(state, ctx)):
        return
    busy = frozenset(
        s.metadata.name
        for s in state.old
        if s.status.replicas
        or (s.metadata.generation or 0) > s.status.observed_generation
    )
    surplus = set(surplus_history(state.sizes[: len(state.old)], limit, busy))
    for replica_set in state.old:
        if replica_set.metadata.name in surplus:
            await ctx.delete(replica_set)


async def _create_set(state: State, ctx: Context) -> apps_v1.ReplicaSet:
    wanted = _new_set(state)
    name, replicas = wanted.metadata.name, wanted.spec.replicas
    status = state.deployment.status
    try:
        created = await ctx.create(wanted, owned=True)
    except AlreadyExistsError:
        # Somebody else's ReplicaSet has the name: another hash next time.
        status.collision_count = (status.collision_count or 0) + 1
        await ctx.update_status(state.deployment)
        raise
    if replicas:
        ctx.event(
            "ScalingReplicaSet", f"Scaled up replica set {name} from 0 to {replicas}"
        )
    set_condition(
        status,
        "Progressing",
        "True",
        "NewReplicaSetCreated",
        f'Created new replica set "{name}"',
        now=ctx.clock.now(),
    )
    return created


def _new_set(state: State) -> apps_v1.ReplicaSet:
    """Return the ReplicaSet of the Deployment's template, as large as it may be now."""
    deployment = state.deployment
    template = deployment.spec.template
    digest = template_hash(to_dict(template), deployment.status.collision_count or 0)
    name = f"{deployment.metadata.name}-{digest}"
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
                    labels=labels, annotations=template.metadata.annotations
                ),
                spec=template.spec,
            ),
        ),
    )


async def _inherit(replica_set: apps_v1.ReplicaSet, state: State, ctx: Context) -> None:
    """Bring the current ReplicaSet's annotations up to date; it is the newest again."""
    revision = max(state.newest_revision, revision_of(replica_set))
    annotations = {**state.inherited_annotations, REVISION: str(revision)}
    wait = state.deployment.spec.min_ready_seconds
    known = replica_set.metadata.annotations
    if annotations.items() <= known.items() and (
        replica_set.spec.min_ready_seconds == wait
    ):
        return
    known.update(annotations)
    replica_set.spec.min_ready_seconds = wait
    await ctx.update(replica_set)


async def _resize(
    replica_set: apps_v1.ReplicaSet, replicas: int, state: State, ctx: Context
) -> bool:
    """Give a ReplicaSet a size; return whether it had another one."""
    before = replica_set.spec.replicas or 0
    sizes = state.size_annotations
    annotations = replica_set.metadata.annotations
    said = sizes.items() <= annotations.items()
    if before == replicas and (said or not replicas):
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


async def _publish_revision(state: State, ctx: Context) -> None:
    deployment = state.deployment
    if state.new is None:
        return
    annotations = deployment.metadata.annotations
    revision = str(revision_of(state.new))
    if annotations.get(REVISION) != revision:
        # An update brings the object itself up to date, and with it the status that
        # this reconcile has already found out.
        conditions = deployment.status.conditions
        annotations[REVISION] = revision
        await ctx.update(deployment)
        deployment.status.conditions = conditions


def _status(state: State, ctx: Context) -> apps_v1.DeploymentStatus:
    now = ctx.clock.now()
    status = deployment_status(
        state.deployment,
        state.new,
        state.old,
        max_unavailable=state.rollout.max_unavailable,
        now=now,
    )
    reason = next((c.reason for c in status.conditions if c.type == "Progressing"), "")
    if state.deployment.spec.paused and reason != "DeploymentPaused":
        message = "Deployment is paused"
        set_condition(
            status, "Progressing", "Unknown", "DeploymentPaused", message, now=now
        )
    elif not state.deployment.spec.paused and reason == "DeploymentPaused":
        message = "Deployment is resumed"
        set_condition(
            status, "Progressing", "Unknown", "DeploymentResumed", message, now=now
        )
    return status
