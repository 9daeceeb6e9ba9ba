"""Where a DaemonSet's pods belong, and what they are like: pure functions.

Source: kubernetes ``pkg/controller/daemon`` (NodeShouldRunDaemonPod, updateDaemonSet
Status) and ``pkg/controller/daemon/util``.
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from datetime import datetime
from math import ceil

from homeostat.api import ObjectMeta
from homeostat.k8s import apps_v1, core_v1
from homeostat.localcluster._daemonset_plan import Daemon, Limits, Place
from homeostat.localcluster._placement import NODE_NAME, is_selected, is_tolerated
from homeostat.localcluster._replicas import is_available, is_ready
from homeostat.localcluster._revisions import REVISION_LABEL
from homeostat.localcluster._rollout import share_of

__all__ = [
    "daemon_of",
    "in_turn",
    "limits_of",
    "new_pod",
    "node_of",
    "runs_on",
    "status_of",
]

GENERATION = "deprecated.daemonset.template.generation"
GENERATION_LABEL = "pod-template-generation"

_TOLERATED = (
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
)
_OF_HOST_NETWORK = ("node.kubernetes.io/network-unavailable", "NoSchedule")


def _tolerations(spec: core_v1.PodSpec) -> list[core_v1.Toleration]:
    """Return the tolerations of a pod that is to run whatever happens to its node."""
    wanted = (*_TOLERATED, _OF_HOST_NETWORK) if spec.host_network else _TOLERATED
    found = list(spec.tolerations)
    for key, effect in wanted:
        toleration = core_v1.Toleration(key=key, operator="Exists", effect=effect)
        alike = [
            n
            for n, t in enumerate(found)
            if (t.key, t.operator, t.effect, t.value) == (key, "Exists", effect, "")
        ]
        for n in alike:
            found[n] = toleration
        if not alike:
            found.append(toleration)
    return found


def runs_on(owner: apps_v1.DaemonSet, node: core_v1.Node) -> tuple[bool, bool]:
    """Tell whether a pod is to be on a node, and whether one that is there may stay."""
    spec = owner.spec.template.spec
    if spec.node_name not in {"", node.metadata.name} or not is_selected(spec, node):
        return False, False
    tolerations = _tolerations(spec)
    if is_tolerated(tolerations, node.spec.taints):
        return True, True
    return False, is_tolerated(tolerations, node.spec.taints, {"NoExecute"})


def new_pod(owner: apps_v1.DaemonSet, digest: str, node: str) -> core_v1.Pod:
    """Return the pod for a node; the scheduler binds it there and nowhere else.

    Args:
        owner: The DaemonSet.
        digest: Hash of its present revision.
        node: Name of the node.
    """
    template = owner.spec.template
    labels = {**template.metadata.labels, REVISION_LABEL: digest}
    generation = owner.metadata.annotations.get(GENERATION, "")
    if generation.isdecimal():
        labels[GENERATION_LABEL] = generation
    spec = deepcopy(template.spec)
    spec.tolerations = _tolerations(spec)
    _require(spec, node)
    return core_v1.Pod(
        metadata=ObjectMeta(
            generate_name=f"{owner.metadata.name}-",
            namespace=owner.metadata.namespace,
            labels=labels,
            annotations=dict(template.metadata.annotations),
            finalizers=list(template.metadata.finalizers),
        ),
        spec=spec,
    )


def _require(spec: core_v1.PodSpec, node: str) -> None:
    """Put the name of the node in place of whatever else nodes are chosen by."""
    named = core_v1.NodeSelectorRequirement(key=NODE_NAME, operator="In", values=[node])
    term = core_v1.NodeSelectorTerm(match_fields=[named])
    affinity = spec.affinity or core_v1.Affinity()
    of_node = affinity.node_affinity or core_v1.NodeAffinity()
    of_node.required_during_scheduling_ignored_during_execution = core_v1.NodeSelector(
        node_selector_terms=[term]
    )
    affinity.node_affinity = of_node
    spec.affinity = affinity


def node_of(pod: core_v1.Pod) -> str:
    """Return the name of the node that a pod is on, or is meant for; "" for none."""
    if pod.spec.node_name:
        return pod.spec.node_name
    affinity = pod.spec.affinity.node_affinity if pod.spec.affinity else None
    required = (
        affinity.required_during_scheduling_ignored_during_execution
        if affinity
        else None
    )
    for term in required.node_selector_terms if required else ():
        for field in term.match_fields:
            if (field.key, field.operator) == (NODE_NAME, "In"):
                return field.values[0] if len(field.values) == 1 else ""
    return ""


def in_turn(pods: Iterable[core_v1.Pod]) -> list[core_v1.Pod]:
    """Return pods in the order in which they count on a node."""

    def place(pod: core_v1.Pod) -> tuple[bool, float, str]:
        created = pod.metadata.creation_timestamp
        since = created.timestamp() if created else 0.0
        return not pod.spec.node_name, since, pod.metadata.name

    return sorted(pods, key=place)


def daemon_of(
    pod: core_v1.Pod, owner: apps_v1.DaemonSet, digest: str, now: datetime
) -> Daemon:
    """Return what counts of a pod."""
    labels = pod.metadata.labels
    generation = owner.metadata.annotations.get(GENERATION)
    return Daemon(
        name=pod.metadata.name,
        is_new=labels.get(REVISION_LABEL) == digest
        or (generation is not None and labels.get(GENERATION_LABEL) == generation),
        phase=pod.status.phase,
        ready=is_ready(pod),
        available=is_available(pod, owner.spec.min_ready_seconds, now),
        terminating=pod.metadata.deletion_timestamp is not None,
    )


def limits_of(owner: apps_v1.DaemonSet, desired: int) -> Limits | None:
    """Return how a rolling update may go, None where users replace the pods.

    Args:
        owner: The DaemonSet.
        desired: On how many nodes its pods are to be.
    """
    strategy = owner.spec.update_strategy
    if strategy.type == "OnDelete":
        return None
    rolling = strategy.rolling_update or apps_v1.RollingUpdateDaemonSet()
    surge = ceil(share_of(rolling.max_surge or 0, desired))
    unavailable = ceil(share_of(rolling.max_unavailable or 0, desired))
    # An update that may take no step at all takes one at a time.
    return Limits(surge=surge, unavailable=unavailable or (0 if surge else 1))


def status_of(
    owner: apps_v1.DaemonSet, places: Mapping[str, Place], collisions: int | None
) -> apps_v1.DaemonSetStatus:
    """Return the status that its pods give a DaemonSet.

    Args:
        owner: The DaemonSet.
        places: The nodes by name.
        collisions: How often the name of a revision was taken.
    """
    wanted = [place for place in places.values() if place.starts]
    # The first pod of a node stands for it.
    firsts: Sequence[Daemon] = [place.pods[0] for place in wanted if place.pods]
    available = sum(pod.ready and pod.available for pod in firsts)
    return apps_v1.DaemonSetStatus(
        observed_generation=owner.metadata.generation or 0,
        desired_number_scheduled=len(wanted),
        current_number_scheduled=len(firsts),
        number_misscheduled=sum(
            bool(place.pods) for place in places.values() if not place.starts
        ),
        number_ready=sum(pod.ready for pod in firsts),
        updated_number_scheduled=sum(pod.is_new for pod in firsts),
        number_available=available,
        number_unavailable=len(wanted) - available,
        collision_count=collisions,
        conditions=owner.status.conditions,
    )
