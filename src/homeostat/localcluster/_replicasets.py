"""The ReplicaSet controller: as many pods as it asks for, no more and no fewer."""

from collections.abc import Sequence

from homeostat.api import ObjectMeta, controller_of
from homeostat.controller import Context, KindController, Result, Watch, controller
from homeostat.errors import ApiError
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
from homeostat.localcluster._pod_writes import create_pod, delete_pod
from homeostat.localcluster._refusals import Refusals
from homeostat.localcluster._replicas import (
    is_active,
    is_finished,
    is_terminating,
    next_available,
    status_of,
    victims,
)

__all__ = ["replica_sets"]

# As many pods as one reconcile creates or deletes; the rest waits for the next one.
BURST = 500


def replica_sets() -> KindController[apps_v1.ReplicaSet]:
    """Return a ReplicaSet controller."""
    refusals = Refusals()

    @controller(
        apps_v1.ReplicaSet,
        name="replicaset-controller",
        owns=[core_v1.Pod],
        watches=[Watch(core_v1.Pod, to=adopters(apps_v1.ReplicaSet))],
        max_concurrent_reconciles=4,
        reconcile_deleting=True,
    )
    async def replicaset(
        replica_set: apps_v1.ReplicaSet, ctx: Context
    ) -> Result | None:
        """Create or delete pods, then tell in the status what there is."""
        with refusals.asking_for(replica_set):
            return await _reconcile(replica_set, ctx)

    return replicaset


async def _reconcile(replica_set: apps_v1.ReplicaSet, ctx: Context) -> Result | None:
    claims = _claims(replica_set, ctx)
    await settle(replica_set, claims, ctx)
    failure: ApiError | None = None
    if not replica_set.metadata.deletion_timestamp:
        try:
            await _settle_count(replica_set, ctx)
        except ApiError as error:
            # The status says so, and what is raised in the end brings the key back.
            failure = error
    now = ctx.clock.now()
    owned = _claims(replica_set, ctx).owned
    active = [pod for pod in owned if is_active(pod)]
    replica_set.status = status_of(
        replica_set, active, sum(map(is_terminating, owned)), now, failure=failure
    )
    await ctx.update_status(replica_set)
    if failure is not None:
        raise failure
    left = next_available(active, replica_set.spec.min_ready_seconds, now)
    return None if left is None else Result(requeue_after=left)


def _claims(replica_set: apps_v1.ReplicaSet, ctx: Context) -> Claims[core_v1.Pod]:
    """Sort the pods that still run; what has finished is left to its fate."""
    selector = selector_of(replica_set.spec.selector)
    found = candidates(replica_set, selector, pods_by_controller, ctx)
    running = [pod for pod in found if not is_finished(pod)]
    claims = claim(replica_set, selector, running)
    released = [pod for pod in claims.release if is_active(pod)]
    return Claims(owned=claims.owned, adopt=claims.adopt, release=released)


async def _settle_count(replica_set: apps_v1.ReplicaSet, ctx: Context) -> None:
    """Create or delete pods, one after the other: the first refusal is the last.

    The real controller starts with one and doubles with every success, so as not to
    ask in vain for many; one at a time asks for fewer still.
    """
    active = [pod for pod in _claims(replica_set, ctx).owned if is_active(pod)]
    wanted = 1 if replica_set.spec.replicas is None else replica_set.spec.replicas
    for _ in range(min(wanted - len(active), BURST)):
        if not await create_pod(_pod_of(replica_set), ctx):
            return
    surplus = min(len(active) - wanted, BURST)
    if surplus > 0:
        related = _related(replica_set, ctx)
        for pod in victims(active, surplus, related=related, now=ctx.clock.now()):
            await delete_pod(pod, ctx)


def _related(replica_set: apps_v1.ReplicaSet, ctx: Context) -> Sequence[core_v1.Pod]:
    """Return the pods of all ReplicaSets that have the same controller."""
    owner = controller_of(replica_set)
    if owner is None:
        return ()
    pods = {
        pod.metadata.uid: pod
        for sibling in ctx.list(sets_by_controller[owner.uid])
        for pod in ctx.list(core_v1.Pod, labels=selector_of(sibling.spec.selector))
    }
    return list(pods.values())


def _pod_of(replica_set: apps_v1.ReplicaSet) -> core_v1.Pod:
    template = replica_set.spec.template
    return core_v1.Pod(
        metadata=ObjectMeta(
            generate_name=f"{replica_set.metadata.name}-",
            namespace=replica_set.metadata.namespace,
            labels=template.metadata.labels,
            annotations=template.metadata.annotations,
            finalizers=template.metadata.finalizers,
        ),
        spec=template.spec,
    )
