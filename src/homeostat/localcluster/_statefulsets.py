"""The StatefulSet controller: one pod for each ordinal, with storage of its own.

Source: kubernetes ``pkg/controller/statefulset``.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from homeostat.api import GroupVersionKind
from homeostat.controller import (
    Context,
    KindController,
    Requeue,
    Result,
    Watch,
    controller,
)
from homeostat.errors import ApiError
from homeostat.k8s import apps_v1, core_v1
from homeostat.localcluster._claims import (
    adopters,
    candidates,
    claim,
    pods_by_controller,
    selector_of,
    settle,
)
from homeostat.localcluster._refusals import Refusals
from homeostat.localcluster._replicas import next_available
from homeostat.localcluster._revisions import (
    REVISION_LABEL,
    Draft,
    Revision,
    claim_history,
    data_of,
    record_revision,
    revision_hash,
    surplus,
)
from homeostat.localcluster._statefulset_plan import Member, Wish, plan
from homeostat.localcluster._statefulset_pods import (
    fits,
    is_member,
    ordinal_of,
    ordinals_of,
    partition_of,
)
from homeostat.localcluster._statefulset_status import member_of, status_of
from homeostat.localcluster._statefulset_writes import Writer

__all__ = ["stateful_sets"]

HASH_LABEL = "controller.kubernetes.io/hash"
_RAW = GroupVersionKind("apps", "v1", "StatefulSet")


@dataclass(slots=True)
class State:
    """One StatefulSet, as one reconcile works on it.

    Attributes:
        owner: The StatefulSet.
        current: The revision that it has come from, or has reached.
        update: The revision of its template.
        collisions: How often the name of a revision was taken.
    """

    owner: apps_v1.StatefulSet
    current: Revision
    update: Revision
    collisions: int


def stateful_sets() -> KindController[apps_v1.StatefulSet]:
    """Return a StatefulSet controller."""
    refusals = Refusals()

    @controller(
        apps_v1.StatefulSet,
        name="statefulset-controller",
        owns=[core_v1.Pod],
        watches=[Watch(core_v1.Pod, to=adopters(apps_v1.StatefulSet))],
        reads=[apps_v1.ControllerRevision, core_v1.PersistentVolumeClaim],
        max_concurrent_reconciles=4,
        reconcile_deleting=True,
    )
    async def statefulset(item: apps_v1.StatefulSet, ctx: Context) -> Result | None:
        """Take it one step further, then tell in the status where it is."""
        with refusals.asking_for(item):
            return await _reconcile(item, ctx)

    return statefulset


async def _reconcile(owner: apps_v1.StatefulSet, ctx: Context) -> Result | None:
    selector = selector_of(owner.spec.selector)
    history = await claim_history(owner, selector, ctx)
    await _settle_pods(owner, ctx)
    state = await _revise(owner, history, ctx)
    failure: ApiError | Requeue | None = None
    if not owner.metadata.deletion_timestamp:
        try:
            await _act(state, ctx)
        except (ApiError, Requeue) as error:
            # The status tells what there is, and the key comes back for the rest.
            failure = error
    now = ctx.clock.now()
    pods = _pods(owner, ctx)
    wait = owner.spec.min_ready_seconds
    owner.status = status_of(
        owner,
        [member_of(pod, wait, now, fits=True) for pod in pods.values()],
        current=state.current.metadata.name,
        update=state.update.metadata.name,
        collisions=state.collisions,
    )
    await ctx.update_status(owner)
    await _forget(state, history, pods.values(), ctx)
    if failure is not None:
        raise failure
    left = next_available(list(pods.values()), wait, now)
    return None if left is None else Result(requeue_after=left)


async def _settle_pods(owner: apps_v1.StatefulSet, ctx: Context) -> None:
    """Adopt pods and release them: by their labels and by their names."""
    selector = selector_of(owner.spec.selector)
    found = candidates(owner, selector, pods_by_controller, ctx)
    claims = claim(owner, selector, found, among=lambda pod: is_member(owner, pod))
    await settle(owner, claims, ctx)


def _pods(owner: apps_v1.StatefulSet, ctx: Context) -> dict[int, core_v1.Pod]:
    """Return the pods of a StatefulSet by ordinal."""
    selector = selector_of(owner.spec.selector)
    return {
        ordinal_of(pod): pod
        for pod in ctx.list(pods_by_controller[owner.metadata.uid])
        if selector.matches(pod.metadata.labels)
        and is_member(owner, pod)
        and ordinal_of(pod) >= 0
    }


async def _revise(
    owner: apps_v1.StatefulSet, history: list[Revision], ctx: Context
) -> State:
    # Read plain: a typed template may lack what the server wrote of it.
    written = ctx.get(_RAW, owner.metadata.name)["spec"]["template"]
    data = data_of(written)
    draft = Draft(
        data=data,
        labels=owner.spec.template.metadata.labels,
        hash_label=HASH_LABEL,
        hash_of=lambda collisions: revision_hash(data, collisions),
    )
    collisions = owner.status.collision_count or 0
    update, collisions = await record_revision(owner, draft, history, collisions, ctx)
    named = owner.status.current_revision
    current = next((r for r in history if r.metadata.name == named), update)
    return State(owner=owner, current=current, update=update, collisions=collisions)


async def _act(state: State, ctx: Context) -> None:
    """Do what is due; the first refusal is the last."""
    owner = state.owner
    pods = _pods(owner, ctx)
    writer = Writer(owner, state.current, state.update, ctx)
    ordinals = ordinals_of(owner)
    wish = Wish(
        ordinals=ordinals,
        revision=state.update.metadata.name,
        ordered=owner.spec.pod_management_policy != "Parallel",
        partition=partition_of(owner),
        held=frozenset(o for o in ordinals if o not in pods and writer.is_held(o)),
    )
    now, wait = ctx.clock.now(), owner.spec.min_ready_seconds
    members: dict[int, Member] = {}
    for ordinal, pod in pods.items():
        known = ordinal not in ordinals or fits(owner, pod)
        good = known and writer.claims_fit(pod)
        members[ordinal] = member_of(pod, wait, now, fits=good)
    for step in plan(wish, members):
        await writer.take(step, pods.get(step.ordinal))


async def _forget(
    state: State, history: list[Revision], pods: Iterable[core_v1.Pod], ctx: Context
) -> None:
    """Delete revisions beyond the limit that no pod has any more."""
    limit = state.owner.spec.revision_history_limit
    if limit is None or limit < 0:
        return
    live = {pod.metadata.labels.get(REVISION_LABEL, "") for pod in pods}
    live |= {state.current.metadata.name, state.update.metadata.name}
    for revision in surplus(history, limit, live):
        await ctx.delete(revision)
