"""The disruption controller: budgets know how many of their pods may be evicted.

Source: kubernetes ``pkg/controller/disruption``.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from homeostat.api import (
    GroupVersionKind,
    Object,
    OwnerReference,
    Request,
    Time,
    controller_of,
)
from homeostat.cache import Reader, Record
from homeostat.controller import (
    Context,
    KindController,
    Result,
    Watch,
    controller,
    predicate,
)
from homeostat.errors import NotFoundError, UndeclaredKindError
from homeostat.k8s import apps_v1, core_v1, policy_v1
from homeostat.localcluster._claims import selector_of
from homeostat.localcluster._disruption_state import (
    TARGET,
    TIMEOUT,
    budget_status,
    failed_status,
    needs_scale,
    printed,
    stale_in,
    still_disrupted,
)

__all__ = ["disruptions"]


class _UnknownScaleError(Exception):
    """Nobody says how many pods there should be; the text says of which controller."""


def disruptions() -> Sequence[KindController[Any]]:
    """Return the disruption controller: its budgets, and pods left undisrupted."""
    return [_budget, _undisrupted]


def _selecting(record: Record, reader: Reader) -> Iterable[Request]:
    """Map a pod to the budgets that select it."""
    for budget in reader.list(
        policy_v1.PodDisruptionBudget, namespace=record.namespace
    ):
        if selector_of(budget.spec.selector).matches(record.labels):
            yield Request(record.namespace, budget.metadata.name)


@predicate
def _always(_old: Record | None, _new: Record | None) -> bool:
    """Pass changes of the status as well: evictions write it."""
    return True


@controller(
    policy_v1.PodDisruptionBudget,
    name="controllermanager",  # as events have it
    watches=[Watch(core_v1.Pod, to=_selecting)],
    reads=[apps_v1.ReplicaSet, apps_v1.Deployment],
    predicate=_always,
    max_concurrent_reconciles=4,
)
async def _budget(budget: policy_v1.PodDisruptionBudget, ctx: Context) -> Result | None:
    """Count the healthy pods, and say how many of them may go."""
    now = ctx.clock.now()
    selector = selector_of(budget.spec.selector)
    pods = list(ctx.list(core_v1.Pod, labels=selector))
    if not pods:
        ctx.event("NoPods", "No matching pods found")
    disrupted, late = still_disrupted(budget, pods, now)
    try:
        expected = await _expected(budget, pods, ctx)
    except _UnknownScaleError as error:
        text = f"Failed to calculate the number of expected pods: {error}"
        ctx.event("CalculateExpectedPodCountFailed", text, type="Warning")
        await _write(budget, failed_status(budget, str(error), now), ctx)
        return None
    for pod in late:
        namespace = budget.metadata.namespace
        text = f"Pod was expected by PDB {namespace}/{namespace} to be deleted but it "
        ctx.event("NotDeleted", f"{text}wasn't", type="Warning", obj=pod)
    status = budget_status(budget, pods, expected, disrupted, now)
    await _write(budget, status, ctx)
    return _recheck(disrupted.values(), now)


def _recheck(times: Iterable[Time], now: datetime) -> Result | None:
    first = min(times, default=None)
    if first is None:
        return None
    return Result(requeue_after=max((TIMEOUT - (now - first)).total_seconds(), 0.0))


async def _write(
    budget: policy_v1.PodDisruptionBudget,
    status: policy_v1.PodDisruptionBudgetStatus,
    ctx: Context,
) -> None:
    if status == budget.status:
        return
    budget.status = status
    # The whole status with its version, not what changed in it: an eviction that came
    # between has counted on what was there.
    await ctx.client.update(budget, subresource="status")


async def _expected(
    budget: policy_v1.PodDisruptionBudget, pods: Sequence[core_v1.Pod], ctx: Context
) -> int:
    """Return how many pods there should be.

    Raises:
        _UnknownScaleError: A controller of theirs does not say.
    """
    if not needs_scale(budget):
        return len(pods)
    scales: dict[str, int] = {}
    unmanaged = False
    for pod in pods:
        owner = controller_of(pod)
        if owner is None:
            unmanaged = True
        elif owner.uid not in scales:
            uid, scale = await _scale(owner, pod, ctx)
            scales[owner.uid] = 0
            scales[uid] = scale
    if unmanaged:
        ctx.event(
            "UnmanagedPods",
            f"Pods selected by this PodDisruptionBudget (selector: "
            f"{printed(budget.spec.selector)}) were found to be unmanaged. As a "
            "result, the status of the PDB cannot be calculated correctly, which may "
            "result in undefined behavior. To account for these pods please set "
            '".spec.minAvailable" field of the PDB to an integer value.',
            type="Warning",
        )
    return sum(scales.values())


async def _scale(
    owner: OwnerReference, pod: core_v1.Pod, ctx: Context
) -> tuple[str, int]:
    """Return who says how many pods there should be, by uid, and how many."""
    found: tuple[str, int] | None = None
    if (owner.kind, owner.api_version) == ("ReplicaSet", "apps/v1"):
        found = _scale_of_set(owner, ctx)
    if found is None:
        found = await _live_scale(owner, ctx)
    if found is None:
        text = f'found no controllers for pod "{pod.metadata.name}"'
        raise _UnknownScaleError(text)
    return found


def _scale_of_set(owner: OwnerReference, ctx: Context) -> tuple[str, int] | None:
    """Return the scale of a ReplicaSet, or of the Deployment that it belongs to."""
    replica_set = ctx.find(apps_v1.ReplicaSet, owner.name)
    if replica_set is None or replica_set.metadata.uid != owner.uid:
        return None
    above = controller_of(replica_set)
    if above is None or above.kind != "Deployment":
        return _sized(replica_set, replica_set.spec.replicas)
    deployment = ctx.find(apps_v1.Deployment, above.name)
    if deployment is None or deployment.metadata.uid != above.uid:
        return None
    return _sized(deployment, deployment.spec.replicas)


def _sized(item: Object, replicas: int | None) -> tuple[str, int]:
    return item.metadata.uid, 1 if replicas is None else replicas


async def _live_scale(owner: OwnerReference, ctx: Context) -> tuple[str, int] | None:
    kind = GroupVersionKind.of(owner.api_version, owner.kind)
    namespace = ctx.request.namespace
    try:
        resource = await ctx.client.resource_for(kind)
    except (NotFoundError, UndeclaredKindError):
        text = f'no matches for kind "{kind.kind}" in version "{kind.api_version}"'
        raise _UnknownScaleError(text) from None
    if "scale" not in resource.subresources:
        name = f"{resource.plural}.{kind.group}" if kind.group else resource.plural
        text = f"{name} does not implement the scale subresource"
        raise _UnknownScaleError(text)
    try:
        scale = await ctx.client.get_subresource(
            kind, owner.name, "scale", namespace=namespace
        )
    except NotFoundError:
        return None
    if scale["metadata"]["uid"] != owner.uid:
        return None
    replicas: int = scale.get("spec", {}).get("replicas", 0)
    return owner.uid, replicas


@predicate
def _is_target(_old: Record | None, new: Record | None) -> bool:
    """Pass a pod of which it is said that it will be disrupted."""
    if new is None or new.deleting:
        return False
    conditions = new.path("status.conditions") or ()
    return any((c["type"], c["status"]) == (TARGET, "True") for c in conditions)


@controller(core_v1.Pod, name="controllermanager-undisrupted", predicate=_is_target)
async def _undisrupted(pod: core_v1.Pod, ctx: Context) -> Result | None:
    """Take back that a pod will be disrupted, when nobody has done it in time."""
    now = ctx.clock.now()
    left = stale_in(pod, now)
    if left is None:
        return None
    if left:
        return Result(requeue_after=left)
    for condition in pod.status.conditions:
        if condition.type == TARGET:
            condition.status, condition.reason, condition.message = "False", "", ""
            condition.last_transition_time = Time.of(now)
    await ctx.update_status(pod)
    return None
