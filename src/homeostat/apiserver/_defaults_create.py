"""What registries and admission plugins give to an object that is being written.

Source: kubernetes ``pkg/registry/**/strategy.go`` (PrepareForCreate,
PrepareForUpdate) and
``plugin/pkg/admission``: DefaultTolerationSeconds, Priority, TaintNodesByCondition,
StorageObjectInUseProtection.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from homeostat.api import GroupVersionKind, Quantity
from homeostat.apiserver._defaults import apply_builtin_defaults
from homeostat.apiserver._defaults_access import child, children
from homeostat.apiserver._defaults_kinds import TEMPLATE_GENERATION

__all__ = ["pod_qos_class", "prepare_builtin_create", "prepare_builtin_update"]

Value = dict[str, Any]

_UNREADY = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_RELEVANT = ("cpu", "memory")
_GATED: Final = {
    "type": "PodScheduled",
    "status": "False",
    "lastProbeTime": None,
    "lastTransitionTime": None,
    "reason": "SchedulingGated",
    "message": "Scheduling is blocked due to non-empty scheduling gates",
}


def prepare_builtin_create(gvk: GroupVersionKind, obj: Value, *, now: str) -> None:
    """Bring a new object into the form in which it is stored, in place.

    Allocating addresses and node ports is the server's own business.

    Args:
        gvk: The kind; nothing happens for one that is not built in.
        obj: The object with its defaults, its name, namespace and uid. For a kind with
            a status subresource its status has been taken away, but a Node keeps its
            own.
        now: The time, in RFC 3339.
    """
    prepare = _PREPARE.get((gvk.group, gvk.kind))
    if prepare is not None:
        prepare(obj, now)
    # A status that was taken away comes back with what Go writes of an empty one.
    apply_builtin_defaults(gvk, obj)


def prepare_builtin_update(gvk: GroupVersionKind, new: Value, old: Value) -> None:
    """Bring an object that replaces another into the form that is stored, in place.

    Args:
        gvk: The kind; nothing happens for one that is not built in.
        new: The object with its defaults; it is changed.
        old: What it replaces.
    """
    prepare = _PREPARE_UPDATE.get((gvk.group, gvk.kind))
    if prepare is not None:
        prepare(new, old)


def pod_qos_class(spec: Value) -> str:
    """Return the quality of service of a pod: Guaranteed, Burstable or BestEffort."""
    containers: list[Value] = [
        *children(spec, "containers"),
        *children(spec, "initContainers"),
    ]
    if spec.get("resources"):
        containers = [spec]
    any_set, guaranteed = False, True
    for container in containers:
        resources: Value = child(container, "resources")
        requests = _amounts(child(resources, "requests"))
        limits = _amounts(child(resources, "limits"))
        any_set = any_set or bool(requests or limits)
        if len(limits) < len(_RELEVANT) or (requests and requests != limits):
            guaranteed = False
    if not any_set:
        return "BestEffort"
    return "Guaranteed" if guaranteed else "Burstable"


def _amounts(listed: Value) -> dict[str, Quantity]:
    amounts = {k: Quantity(str(v)) for k, v in listed.items() if k in _RELEVANT}
    return {name: amount for name, amount in amounts.items() if amount > Quantity("0")}


def _pod(value: Value, now: str) -> None:
    spec: Value = value["spec"]
    spec.setdefault("priority", 0)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    _tolerate(spec)
    status: Value = {"phase": "Pending"}
    if spec.get("schedulingGates"):
        status["conditions"] = [{**_GATED, "lastTransitionTime": now}]
    value["status"] = {**status, "qosClass": pod_qos_class(spec)}


def _updated_pod(new: Value, old: Value) -> None:
    spec, before = new["spec"], old["spec"]
    for name in ("priority", "preemptionPolicy"):
        if name not in spec and name in before:
            spec[name] = before[name]
    _tolerate(spec)


def _tolerate(spec: Value) -> None:
    """Let a pod stay for five minutes on a node that fails."""
    tolerations: list[Value] = list(children(spec, "tolerations"))
    for key in _UNREADY:
        if not any(_tolerates(given, key) for given in tolerations):
            tolerations.append(
                {
                    "key": key,
                    "operator": "Exists",
                    "effect": "NoExecute",
                    "tolerationSeconds": 300,
                }
            )
    spec["tolerations"] = tolerations


def _tolerates(toleration: Value, key: str) -> bool:
    named = toleration.get("key") or key
    return named == key and toleration.get("effect", "NoExecute") == "NoExecute"


def _namespace(value: Value, _: str) -> None:
    finalizers: list[str] = value["spec"].setdefault("finalizers", [])
    if "kubernetes" not in finalizers:
        finalizers.append("kubernetes")
    value["status"] = {"phase": "Active"}


def _node(value: Value, _: str) -> None:
    taints: list[Value] = value["spec"].setdefault("taints", [])
    not_ready = {"key": _UNREADY[0], "effect": "NoSchedule"}
    if not any(t.get("key") == _UNREADY[0] for t in taints):
        taints.append(not_ready)


def _job(value: Value, _: str) -> None:
    spec: Value = value["spec"]
    if spec.get("manualSelector"):
        return
    metadata: Value = value["metadata"]
    uid: str = metadata["uid"]
    name: str = metadata.get("name", "")  # without one it is refused after this
    template: Value = spec["template"].setdefault("metadata", {})
    labels: Value = template.setdefault("labels", {})
    own = (not metadata.get("labels")) or metadata["labels"] == labels
    # Two prefixes: controllers before 1.27 look for the old one.
    # A wrong one that is there already is refused after this.
    for prefix in ("", "batch.kubernetes.io/"):
        labels.setdefault(f"{prefix}controller-uid", uid)
        labels.setdefault(f"{prefix}job-name", name)
    if own:
        metadata["labels"] = dict(labels)
    selector: Value = spec.setdefault("selector", {})
    matched: Value = selector.setdefault("matchLabels", {})
    matched.setdefault("batch.kubernetes.io/controller-uid", uid)


def _daemon_set(value: Value, _: str) -> None:
    value["metadata"].setdefault("annotations", {})[TEMPLATE_GENERATION] = "1"


def _updated_daemon_set(new: Value, old: Value) -> None:
    count = child(child(old, "metadata"), "annotations").get(TEMPLATE_GENERATION, "0")
    if child(new, "spec").get("template") != child(old, "spec").get("template"):
        count = str(int(count) + 1 if count.isdecimal() else 1)
    new["metadata"].setdefault("annotations", {})[TEMPLATE_GENERATION] = count


def _stateful_set(value: Value, _: str) -> None:
    # The feature MaxUnavailableStatefulSet is off: the server drops its field.
    strategy = child(child(value, "spec"), "updateStrategy")
    child(strategy, "rollingUpdate").pop("maxUnavailable", None)


def _updated_stateful_set(new: Value, old: Value) -> None:
    del old
    _stateful_set(new, "")


def _claim(value: Value, _: str) -> None:
    _protect(value, "kubernetes.io/pvc-protection")
    value["status"] = {"phase": "Pending"}


def _volume(value: Value, now: str) -> None:
    _protect(value, "kubernetes.io/pv-protection")
    value["status"] = {"phase": "Pending", "lastPhaseTransitionTime": now}


def _protect(value: Value, finalizer: str) -> None:
    finalizers: list[str] = value["metadata"].setdefault("finalizers", [])
    if finalizer not in finalizers:
        finalizers.append(finalizer)


_PREPARE: Final[Mapping[tuple[str, str], Callable[[Value, str], None]]] = {
    ("", "Namespace"): _namespace,
    ("", "Node"): _node,
    ("", "PersistentVolume"): _volume,
    ("", "PersistentVolumeClaim"): _claim,
    ("", "Pod"): _pod,
    ("apps", "DaemonSet"): _daemon_set,
    ("apps", "StatefulSet"): _stateful_set,
    ("batch", "Job"): _job,
}

_PREPARE_UPDATE: Final[Mapping[tuple[str, str], Callable[[Value, Value], None]]] = {
    ("", "Pod"): _updated_pod,
    ("apps", "DaemonSet"): _updated_daemon_set,
    ("apps", "StatefulSet"): _updated_stateful_set,
}
