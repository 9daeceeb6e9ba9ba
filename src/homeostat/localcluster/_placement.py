"""Which node a pod goes to: a pure function, deliberately small.

It honours what operators rely on (cordons, node selectors, taints and tolerations) and
spreads what is left; affinity and resource requests do not count.
"""

from collections.abc import Mapping, Sequence

from homeostat.k8s import core_v1

__all__ = ["choose", "fits", "tolerates"]

_HARD_EFFECTS = {"NoSchedule", "NoExecute"}


def choose(
    pod: core_v1.Pod, nodes: Sequence[core_v1.Node], load: Mapping[str, int]
) -> str | None:
    """Return the name of the node for a pod, None when it fits on none.

    Args:
        pod: The pod, not scheduled.
        nodes: Every node.
        load: Pods by node name; a node that is absent has none.
    """
    names = [node.metadata.name for node in nodes if fits(pod, node)]
    return min(names, key=lambda name: (load.get(name, 0), name), default=None)


def fits(pod: core_v1.Pod, node: core_v1.Node) -> bool:
    """Tell whether the pod may run on the node."""
    if node.spec.unschedulable or node.metadata.deletion_timestamp:
        return False
    if not pod.spec.node_selector.items() <= node.metadata.labels.items():
        return False
    return all(
        any(tolerates(toleration, taint) for toleration in pod.spec.tolerations)
        for taint in node.spec.taints
        if taint.effect in _HARD_EFFECTS
    )


def tolerates(toleration: core_v1.Toleration, taint: core_v1.Taint) -> bool:
    """Tell whether the toleration matches the taint.

    Source: component-helpers ``scheduling/corev1`` (Toleration.ToleratesTaint).
    """
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if toleration.key and toleration.key != taint.key:
        return False
    if toleration.operator == "Exists":
        return True
    return bool(toleration.key) and toleration.value == taint.value
