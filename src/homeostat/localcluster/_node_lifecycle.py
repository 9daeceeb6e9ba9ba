"""The node controller, as far as nodes live on: taints and labels follow their state.

It keeps pods from nodes that are cordoned, not ready or short of something. Nodes whose
heartbeat stops stay as they are: simulated ones fail when they are told to.

Source: kubernetes ``pkg/controller/nodelifecycle/node_lifecycle_controller.go``
(doNoScheduleTaintingPass, reconcileNodeLabels).
"""

from collections.abc import Mapping, Sequence
from typing import Final

from homeostat.api import Time
from homeostat.cache import Record
from homeostat.controller import Context, KindController, controller, predicate
from homeostat.k8s import core_v1

__all__ = ["node_labels_of", "nodes", "taints_of"]

_NO_SCHEDULE: Final = "NoSchedule"
_PREFIX: Final = "node.kubernetes.io/"
_UNSCHEDULABLE: Final = f"{_PREFIX}unschedulable"
# What a condition of a status means for pods that are still to come.
_TAINTS: Final[Mapping[tuple[str, str], str]] = {
    ("Ready", "False"): f"{_PREFIX}not-ready",
    ("Ready", "Unknown"): f"{_PREFIX}unreachable",
    ("MemoryPressure", "True"): f"{_PREFIX}memory-pressure",
    ("DiskPressure", "True"): f"{_PREFIX}disk-pressure",
    ("NetworkUnavailable", "True"): f"{_PREFIX}network-unavailable",
    ("PIDPressure", "True"): f"{_PREFIX}pid-pressure",
}
_OWN: Final = frozenset({*_TAINTS.values(), _UNSCHEDULABLE})
# Old names of labels, which are kept for those who select by them.
_OLD_NAMES: Final[Mapping[str, str]] = {
    "kubernetes.io/os": "beta.kubernetes.io/os",
    "kubernetes.io/arch": "beta.kubernetes.io/arch",
}


def taints_of(node: core_v1.Node, now: Time) -> Sequence[core_v1.Taint]:
    """Return the taints that a node is to have: others' stay as they are."""
    conditions = [(each.type, each.status) for each in node.status.conditions]
    wanted = [_TAINTS[each] for each in conditions if each in _TAINTS]
    if node.spec.unschedulable:
        wanted.append(_UNSCHEDULABLE)
    kept = [
        taint
        for taint in node.spec.taints
        if taint.effect != _NO_SCHEDULE or taint.key not in _OWN or taint.key in wanted
    ]
    there = {taint.key for taint in kept if taint.effect == _NO_SCHEDULE}
    added = [
        core_v1.Taint(key=key, effect=_NO_SCHEDULE, time_added=now)
        for key in wanted
        if key not in there
    ]
    return [*kept, *added]


def node_labels_of(node: core_v1.Node) -> Mapping[str, str]:
    """Return the labels that a node is to have: old names say what the new ones do."""
    labels = node.metadata.labels
    old = {old: labels[new] for new, old in _OLD_NAMES.items() if new in labels}
    return {**labels, **old}


@predicate
def _always(_old: Record | None, _new: Record | None) -> bool:
    """Pass changes of the status as well: it has the conditions."""
    return True


def nodes() -> KindController[core_v1.Node]:
    """Return the node controller."""
    known: set[str] = set()

    @controller(core_v1.Node, name="node-controller", predicate=_always)
    async def node(item: core_v1.Node, ctx: Context) -> None:
        name, uid = item.metadata.name, item.metadata.uid
        if uid not in known:
            known.add(uid)
            text = f"Node {name} event: Registered Node {name} in Controller"
            ctx.event("RegisteredNode", text)
        item.spec.taints = list(taints_of(item, Time.of(ctx.clock.now())))
        item.metadata.labels = dict(node_labels_of(item))
        await ctx.update(item)

    return node
