"""The Deployment controller: ReplicaSets come and go so that the template rolls out.

Source: kubernetes ``pkg/controller/deployment``.
"""

from collections.abc import Iterable

from homeostat.api import Request
from homeostat.cache import Reader, Record
from homeostat.controller import (
    Context,
    KindController,
    Result,
    Watch,
    annotations_changed,
    controller,
    generation_changed,
)
from homeostat.k8s import apps_v1, core_v1
from homeostat.localcluster._claims import (
    Claims,
    adopters,
    candidates,
    claim,
    pods_by_controller,
    selector_of,
    sets_by_controller,
    settle,
)
from homeostat.localcluster._deployment_sets import create_set, resize, sync_new
from homeostat.localcluster._deployment_state import State, look
from homeostat.localcluster._deployment_status import (
    deployment_status,
    is_complete,
    note_pause,
    progress_left,
)
from homeostat.localcluster._refusals import Refusals
from homeostat.localcluster._replicas import is_finished
from homeostat.localcluster._rollout import (
    REVISION,
    new_set_replicas,
    old_set_replicas,
    proportions,
    surplus_history,
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


def deployments() -> KindController[apps_v1.Deployment]:
    """Return a Deployment controller."""
    refusals = Refusals()

    @controller(
        apps_v1.Deployment,
        name="deployment-controller",
        owns=[apps_v1.ReplicaSet],
        watches=[
            Watch(apps_v1.ReplicaSet, to=adopters(apps_v1.Deployment)),
            Watch(core_v1.Pod, to=_of_pod),
        ],
        predicate=generation_changed | annotations_changed,
        max_concurrent_reconciles=4,
        reconcile_deleting=True,
    )
    async def deployment(item: apps_v1.Deployment, ctx: Context) -> Result | None:
        """Take the rollout one step further, then tell in the status where it is."""
        with refusals.asking_for(item):
            return await _reconcile(item, ctx)

    return deployment


async def _reconcile(deployment: apps_v1.Deployment, ctx: Context) -> Result | None:
    await settle(deployment, _claims(deployment, ctx), ctx)
    leaving = deployment.metadata.deletion_timestamp is not None
    if not leaving:
        note_pause(deployment, ctx.clock.now())
    state = _look(deployment, ctx)
    await sync_new(state, ctx)
    rolling = not (leaving or deployment.spec.paused or state.is_scaling)
    if rolling:
        await _roll(state, ctx)
    elif not leaving:
        await _scale(state, ctx)
        if deployment.spec.paused:
            await _clean_history(state, ctx)
    status = _status(_look(deployment, ctx), ctx, rolling=rolling)
    deployment.status = status
    await ctx.update_status(deployment)
    await _publish_revision(state, ctx)
    left = progress_left(deployment, status, ctx.clock.now())
    return None if left is None else Result(requeue_after=left)


def _claims(deployment: apps_v1.Deployment, ctx: Context) -> Claims[apps_v1.ReplicaSet]:
    selector = selector_of(deployment.spec.selector)
    found = candidates(deployment, selector, sets_by_controller, ctx)
    return claim(deployment, selector, found)


def _look(deployment: apps_v1.Deployment, ctx: Context) -> State:
    return look(deployment, _claims(deployment, ctx).owned)


async def _scale(state: State, ctx: Context) -> None:
    """Follow a change of ``replicas`` amid a rollout, or while it is paused."""
    only = state.only_or_latest
    if only is not None:
        await resize(only, state.rollout.replicas, state, ctx)
        return
    if state.is_saturated:
        for replica_set in state.old:
            await resize(replica_set, 0, state, ctx)
        return
    if state.deployment.spec.strategy.type == "Recreate":
        return
    sizes = proportions(state.rollout, state.sizes)
    for replica_set in state.sets:
        wanted = sizes.get(replica_set.metadata.name)
        if wanted is not None:
            await resize(replica_set, wanted, state, ctx, note=True)


async def _roll(state: State, ctx: Context) -> None:
    recreate = state.deployment.spec.strategy.type == "Recreate"
    if recreate and await _stop_old(state, ctx):
        return
    if state.new is None:
        state.new = await create_set(state, ctx)
        if state.new is None:
            return
    new = state.new
    if recreate:
        await resize(new, state.rollout.replicas, state, ctx)
    else:
        sizes = state.sizes
        grown = new_set_replicas(state.rollout, sizes[-1], sizes)
        if not await resize(new, grown, state, ctx):
            await _shrink_old(state, ctx)
    if is_complete(state.deployment, _status(state, ctx, rolling=True)):
        await _clean_history(state, ctx)


async def _stop_old(state: State, ctx: Context) -> bool:
    """Stop the old pods; return whether the new ones have to wait for that."""
    stopped = [await resize(s, 0, state, ctx) for s in state.old]
    if any(stopped) or any(s.status.replicas for s in state.old):
        return True
    return any(
        not is_finished(pod)
        for s in state.old
        for pod in ctx.list(pods_by_controller[s.metadata.uid])
    )


async def _shrink_old(state: State, ctx: Context) -> None:
    *old, new = state.sizes
    by_name = {s.metadata.name: s for s in state.old}
    for name, wanted in old_set_replicas(state.rollout, new, old):
        await resize(by_name[name], wanted, state, ctx)


async def _clean_history(state: State, ctx: Context) -> None:
    limit = state.deployment.spec.revision_history_limit
    if limit is None:
        return
    alive = {s.metadata.name: s for s in state.old if not s.metadata.deletion_timestamp}
    busy = frozenset(
        name
        for name, s in alive.items()
        if s.status.replicas
        or (s.metadata.generation or 0) > s.status.observed_generation
    )
    sizes = [size for size in state.sizes if size.name in alive]
    for name in surplus_history(sizes, limit, busy):
        await ctx.delete(alive[name])


async def _publish_revision(state: State, ctx: Context) -> None:
    """Note in the Deployment of which revision it is, where that has changed.

    It goes by ``/status``, as annotations of a Deployment may: sent to the Deployment
    itself they would count as a new generation of it.
    """
    meta = state.deployment.metadata
    if state.new is None:
        return
    revision = state.new.metadata.annotations.get(REVISION)
    if meta.annotations.get(REVISION) == revision:
        return
    patch = {"metadata": {"uid": meta.uid, "annotations": {REVISION: revision}}}
    await ctx.client.patch(
        apps_v1.Deployment,
        meta.name,
        patch,
        namespace=meta.namespace,
        subresource="status",
    )


def _status(state: State, ctx: Context, *, rolling: bool) -> apps_v1.DeploymentStatus:
    return deployment_status(
        state.deployment,
        state.new,
        state.old,
        max_unavailable=state.rollout.max_unavailable,
        rolling=rolling,
        now=ctx.clock.now(),
    )
