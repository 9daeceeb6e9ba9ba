"""The DaemonSet controller: one pod on every node that is to have one.

Source: kubernetes ``pkg/controller/daemon``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from homeostat.api import GroupVersionKind, Request
from homeostat.cache import Reader, Record
from homeostat.client import ALL
from homeostat.controller import (
    Context,
    KindController,
    Result,
    Watch,
    controller,
    labels_changed,
    predicate,
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
from homeostat.localcluster._daemonset_plan import Moves, Place, manage, roll
from homeostat.localcluster._daemonset_pods import (
    daemon_of,
    in_turn,
    limits_of,
    new_pod,
    node_of,
    runs_on,
    status_of,
)
from homeostat.localcluster._failed_pods import FailedPods
from homeostat.localcluster._pod_writes import create_pod, delete_pod
from homeostat.localcluster._refusals import Refusals
from homeostat.localcluster._replicas import is_finished, next_available
from homeostat.localcluster._revisions import (
    REVISION_LABEL,
    Draft,
    Revision,
    claim_history,
    data_of,
    record_revision,
    surplus,
)
from homeostat.localcluster._rollout import template_hash

__all__ = ["daemon_sets"]

# As many pods as one reconcile creates or deletes; the rest waits for the next one.
BURST = 250
_RAW = GroupVersionKind("apps", "v1", "DaemonSet")


@predicate
def _taints_changed(old: Record | None, new: Record | None) -> bool:
    taints = [record.path("spec.taints") if record else None for record in (old, new)]
    return taints[0] != taints[1]


def _every_daemon_set(_record: Record, reader: Reader) -> Iterable[Request]:
    for owner in reader.list(apps_v1.DaemonSet, namespace=ALL):
        yield Request(owner.metadata.namespace, owner.metadata.name)


@dataclass(slots=True)
class State:
    """One DaemonSet and its pods, as one reconcile works on them.

    Attributes:
        owner: The DaemonSet.
        digest: Hash of its present revision.
        pods: Its pods by name.
        places: The nodes by name.
        lost: Pods whose node is gone, by its name.
    """

    owner: apps_v1.DaemonSet
    digest: str
    pods: Mapping[str, core_v1.Pod]
    places: Mapping[str, Place]
    lost: Mapping[str, Place]


def daemon_sets() -> KindController[apps_v1.DaemonSet]:
    """Return a DaemonSet controller."""
    refusals, failures = Refusals(), FailedPods()

    @controller(
        apps_v1.DaemonSet,
        name="daemonset-controller",
        owns=[core_v1.Pod, Revision],
        watches=[
            Watch(core_v1.Pod, to=adopters(apps_v1.DaemonSet)),
            Watch(
                core_v1.Node,
                to=_every_daemon_set,
                predicate=labels_changed | _taints_changed,
            ),
        ],
        max_concurrent_reconciles=2,
    )
    async def daemonset(item: apps_v1.DaemonSet, ctx: Context) -> Result | None:
        """Bring pods where they are to be, then tell in the status where they are."""
        with refusals.asking_for(item):
            return await _reconcile(item, failures, ctx)

    return daemonset


async def _reconcile(
    owner: apps_v1.DaemonSet, failures: FailedPods, ctx: Context
) -> Result | None:
    selector = selector_of(owner.spec.selector)
    if selector.empty:
        text = (
            "This daemon set is selecting all pods. A non-empty selector is required."
        )
        ctx.event("SelectingAll", text, type="Warning")
        return None
    history = await claim_history(owner, selector, ctx)
    found = candidates(owner, selector, pods_by_controller, ctx)
    await settle(owner, claim(owner, selector, found), ctx)
    present, collisions = await _revise(owner, history, ctx)
    digest = present.metadata.labels.get(REVISION_LABEL, "")
    failure: ApiError | None = None
    try:
        await _act(_look(owner, digest, failures, ctx), failures, ctx)
        await _forget(owner, history, present, ctx)
    except ApiError as error:
        # The status tells what there is, and the key comes back for the rest.
        failure = error
    state = _look(owner, digest, failures, ctx)
    owner.status = status_of(owner, state.places, collisions)
    await ctx.update_status(owner)
    if failure is not None:
        raise failure
    return _later(state, failures, ctx)


async def _revise(
    owner: apps_v1.DaemonSet, history: list[Revision], ctx: Context
) -> tuple[Revision, int | None]:
    # Read plain: a typed template may lack what the server wrote of it.
    template = ctx.get(_RAW, owner.metadata.name)["spec"]["template"]
    draft = Draft(
        data=data_of(template),
        labels=owner.spec.template.metadata.labels,
        hash_label=REVISION_LABEL,
        hash_of=lambda collisions: template_hash(template, collisions),
    )
    known = owner.status.collision_count
    present, count = await record_revision(owner, draft, history, known or 0, ctx)
    return present, count or known


def _look(
    owner: apps_v1.DaemonSet, digest: str, failures: FailedPods, ctx: Context
) -> State:
    selector, now = selector_of(owner.spec.selector), ctx.clock.now()
    pods = [
        pod
        for pod in ctx.list(pods_by_controller[owner.metadata.uid])
        if selector.matches(pod.metadata.labels)
        # What has finished and is being deleted is somebody else's affair.
        and not (is_finished(pod) and pod.metadata.deletion_timestamp)
    ]
    by_node: dict[str, list[core_v1.Pod]] = {}
    for pod in in_turn(pods):
        by_node.setdefault(node_of(pod), []).append(pod)

    def place(name: str, *, starts: bool = False, stays: bool = False) -> Place:
        return Place(
            starts=starts,
            stays=stays,
            pods=[daemon_of(p, owner, digest, now) for p in by_node.pop(name, ())],
            waits=failures.left(_spot(owner, name), now) > 0,
        )

    by_node.pop("", None)
    places: dict[str, Place] = {}
    for node in ctx.list(core_v1.Node):
        starts, stays = runs_on(owner, node)
        name = node.metadata.name
        places[name] = place(name, starts=starts, stays=stays)
    return State(
        owner=owner,
        digest=digest,
        pods={pod.metadata.name: pod for pod in pods},
        places=places,
        lost={name: place(name) for name in list(by_node)},
    )


def _spot(owner: apps_v1.DaemonSet, node: str) -> str:
    return f"{owner.metadata.uid}/{owner.status.observed_generation}/{node}"


async def _act(state: State, failures: FailedPods, ctx: Context) -> None:
    desired = sum(place.starts for place in state.places.values())
    limits = limits_of(state.owner, desired)
    moves = manage(state.places, surges=_surges(state.owner))
    # What waits for a node that is gone is never bound.
    moves.delete += [
        pod.name
        for place in state.lost.values()
        for pod in place.pods
        if not state.pods[pod.name].spec.node_name
    ]
    _tell(state, moves, failures, ctx)
    if not moves and limits is not None:
        moves = roll({**state.places, **state.lost}, limits)
    for node in moves.create[:BURST]:
        if not await create_pod(new_pod(state.owner, state.digest, node), ctx):
            break
    for name in moves.delete[:BURST]:
        await delete_pod(state.pods[name], ctx)


def _surges(owner: apps_v1.DaemonSet) -> bool:
    limits = limits_of(owner, 1)
    return limits is not None and limits.surge > 0


def _tell(state: State, moves: Moves, failures: FailedPods, ctx: Context) -> None:
    where, now = state.owner.metadata.namespace, ctx.clock.now()
    for name, node in moves.failed.items():
        failures.note(_spot(state.owner, node), now)
        text = f"Found failed daemon pod {where}/{name} on node {node}"
        ctx.event("FailedDaemonPod", f"{text}, will try to kill it", type="Warning")
    for name, node in moves.succeeded.items():
        text = f"Found succeeded daemon pod {where}/{name} on node {node}"
        ctx.event("SucceededDaemonPod", f"{text}, will try to delete it")


async def _forget(
    owner: apps_v1.DaemonSet, history: list[Revision], present: Revision, ctx: Context
) -> None:
    """Delete revisions beyond the limit that no pod has any more."""
    limit = owner.spec.revision_history_limit
    if limit is None:
        return
    pods = ctx.list(pods_by_controller[owner.metadata.uid])
    hashes = {pod.metadata.labels.get(REVISION_LABEL) for pod in pods}
    old = [r for r in history if r.metadata.name != present.metadata.name]
    live = {
        r.metadata.name for r in old if r.metadata.labels.get(REVISION_LABEL) in hashes
    }
    # Those in use count for the limit here, and stay.
    for revision in surplus(old, max(0, limit - len(live)), live):
        await ctx.delete(revision)


def _later(state: State, failures: FailedPods, ctx: Context) -> Result | None:
    """Return when something is due that no event will tell of."""
    now, owner = ctx.clock.now(), state.owner
    pods = list(state.pods.values())
    due = [next_available(pods, owner.spec.min_ready_seconds, now)]
    due += [
        failures.left(_spot(owner, name), now)
        for name, place in state.places.items()
        if place.waits and any(pod.phase == "Failed" for pod in place.pods)
    ]
    left = min((each for each in due if each is not None), default=None)
    return None if left is None else Result(requeue_after=left)
