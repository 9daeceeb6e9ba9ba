"""Which node a pod goes to: pure functions, deliberately small.

They honour what operators rely on (cordons, node selectors, required node affinity,
taints and tolerations) and spread what is left; other affinity and resource requests do
not count.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from homeostat.k8s import core_v1

__all__ = ["NODE_NAME", "choose", "fits", "is_selected", "is_tolerated", "tolerates"]

NODE_NAME = "metadata.name"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"

_HARD_EFFECTS = frozenset({"NoSchedule", "NoExecute"})


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
    if node.metadata.deletion_timestamp:
        return False
    taints = list(node.spec.taints)
    if node.spec.unschedulable:
        taints.append(core_v1.Taint(key=UNSCHEDULABLE, effect="NoSchedule"))
    return is_selected(pod.spec, node) and is_tolerated(pod.spec.tolerations, taints)


def is_tolerated(
    tolerations: Collection[core_v1.Toleration],
    taints: Iterable[core_v1.Taint],
    effects: Collection[str] = _HARD_EFFECTS,
) -> bool:
    """Tell whether each of the taints with these effects is tolerated."""
    return all(
        any(tolerates(toleration, taint) for toleration in tolerations)
        for taint in taints
        if taint.effect in effects
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


def is_selected(spec: core_v1.PodSpec, node: core_v1.Node) -> bool:
    """Tell whether a node has what the pod's selector and affinity require of it.

    Source: component-helpers ``scheduling/corev1/nodeaffinity``.
    """
    if not spec.node_selector.items() <= node.metadata.labels.items():
        return False
    affinity = spec.affinity.node_affinity if spec.affinity else None
    if affinity is None:
        return True
    required = affinity.required_during_scheduling_ignored_during_execution
    if required is None:
        return True
    return any(_has(node, term) for term in required.node_selector_terms)


def _has(node: core_v1.Node, term: core_v1.NodeSelectorTerm) -> bool:
    fields = {NODE_NAME: node.metadata.name}
    if not term.match_expressions and not term.match_fields:
        return False  # a term that says nothing selects nothing
    return all(_meets(node.metadata.labels, e) for e in term.match_expressions) and all(
        _meets(fields, e) for e in term.match_fields
    )


def _meets(
    labels: Mapping[str, str], requirement: core_v1.NodeSelectorRequirement
) -> bool:
    value = labels.get(requirement.key)
    match requirement.operator:
        case "In":
            return value in requirement.values
        case "NotIn":
            return value not in requirement.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case operator:
            return _compares(value, operator, requirement.values)


def _compares(value: str | None, operator: str, bounds: Sequence[str]) -> bool:
    try:
        found, bound = int(value or ""), int(bounds[0])
    except (ValueError, IndexError):
        return False
    return {"Gt": found > bound, "Lt": found < bound}.get(operator, False)
