"""The ReplicaSet controller: as many pods as it asks for, no more and no fewer."""

from collections.abc import Iterable

from homeostat.api import (
    ObjectMeta,
    OwnerReference,
    Request,
    Time,
    to_dict,
)
from homeostat.cache import Index, Reader, Record
from homeostat.controller import Context, Result, Watch, controller
from homeostat.errors import ApiError, ForbiddenError
from homeostat.k8s import apps_v1, core_v1
from homeostat.localcluster._replicas import (
    claim,
    is_active,
    is_available,
    is_ready,
    selector_of,
    status_of,
    victims,
)

__all__ = ["pods_by_controller", "replica_sets"]

# As many pods as one reconcile creates or deletes; the rest waits for the next one.
BURST = 500


def _controller_uid(record: Record) -> str | None:
    return record.controller_uid


pods_by_controller = Index(core_v1.Pod, by=_controller_uid, name="controller")


def _adopters(record: Record, reader: Reader) -> Iterable[Request]:
    """Map a pod that nobody controls to the ReplicaSets that select it."""
    if record.controller_uid:
        return
    for candidate in reader.list(apps_v1.ReplicaSet, namespace=record.namespace):
        if selector_of(candidate.spec.selector).matches(record.labels):
            yield Request(candidate.metadata.namespace, candidate.metadata.name)


@controller(
    apps_v1.ReplicaSet,
    name="replicaset",
    owns=[core_v1.Pod],
    watches=[Watch(core_v1.Pod, to=_adopters)],
    max_concurrent_reconciles=4,
    reconcile_deleting=True,
)
async def replica_sets(replica_set: apps_v1.ReplicaSet, ctx: Context) -> Result | None:
    """Create or delete pods, then tell in the status what there is."""
    leaving = replica_set.metadata.deletion_timestamp is not None
    failure: ApiError | None = None
    if not leaving:
        await _settle_claims(replica_set, ctx)
        try:
            await _settle_count(replica_set, ctx)
        except ForbiddenError as error:
            # The namespace goes, or a quota is full: the status says so, and the
            # error brings the key back.
            failure = error
    now = ctx.clock.now()
    active = _active(replica_set, ctx)
    replica_set.status = status_of(replica_set, active, now)
    _report_failure(replica_set, failure, ctx)
    await ctx.update_status(replica_set)
    if failure is not None:
        raise failure
    wait = replica_set.spec.min_ready_seconds
    pending = any(is_ready(p) and not is_available(p, wait, now) for p in active)
    return Result(requeue_after=float(wait)) if pending else None


def _active(replica_set: apps_v1.ReplicaSet, ctx: Context) -> list[core_v1.Pod]:
    owned = ctx.list(pods_by_controller[replica_set.metadata.uid])
    return [pod for pod in owned if is_active(pod)]


async def _settle_claims(replica_set: apps_v1.ReplicaSet, ctx: Context) -> None:
    selector = selector_of(replica_set.spec.selector)
    uid = replica_set.metadata.uid
    owned = ctx.list(pods_by_controller[uid])
    strangers = [p for p in ctx.list(core_v1.Pod, labels=selector) if not _owner(p)]
    claims = claim(uid, selector, [*owned, *strangers])
    for pod in claims.adopt:
        reference = to_dict(
            OwnerReference(
                api_version="apps/v1",
                kind="ReplicaSet",
                name=replica_set.metadata.name,
                uid=uid,
                controller=True,
                block_owner_deletion=True,
            )
        )
        kept = [to_dict(r) for r in pod.metadata.owner_references]
        await _set_owners(pod, [*kept, reference], ctx)
    for pod in claims.release:
        kept = [to_dict(r) for r in pod.metadata.owner_references if r.uid != uid]
        await _set_owners(pod, kept, ctx)


def _owner(pod: core_v1.Pod) -> bool:
    return any(r.controller for r in pod.metadata.owner_references)


async def _set_owners(
    pod: core_v1.Pod, references: list[dict[str, object]], ctx: Context
) -> None:
    meta = pod.metadata
    patch = {
        "metadata": {
            "uid": meta.uid,
            "resourceVersion": meta.resource_version,
            "ownerReferences": references,
        }
    }
    await ctx.client.patch(core_v1.Pod, meta.name, patch, namespace=meta.namespace)


async def _settle_count(replica_set: apps_v1.ReplicaSet, ctx: Context) -> None:
    active = _active(replica_set, ctx)
    wanted = 1 if replica_set.spec.replicas is None else replica_set.spec.replicas
    for _ in range(min(wanted - len(active), BURST)):
        pod = await ctx.create(_pod_of(replica_set), owned=True)
        ctx.event("SuccessfulCreate", f"Created pod: {pod.metadata.name}")
    for pod in victims(active, max(0, min(len(active) - wanted, BURST))):
        await ctx.delete(pod)
        ctx.event("SuccessfulDelete", f"Deleted pod: {pod.metadata.name}")


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


def _report_failure(
    replica_set: apps_v1.ReplicaSet, failure: ApiError | None, ctx: Context
) -> None:
    kept = [c for c in replica_set.status.conditions if c.type != "ReplicaFailure"]
    if failure is not None:
        ctx.event("FailedCreate", failure.message, type="Warning")
        known = [c for c in replica_set.status.conditions if c not in kept]
        kept += known or [
            apps_v1.ReplicaSetCondition(
                type="ReplicaFailure",
                status="True",
                reason="FailedCreate",
                message=failure.message,
                last_transition_time=Time.of(ctx.clock.now()),
            )
        ]
    replica_set.status.conditions = kept
