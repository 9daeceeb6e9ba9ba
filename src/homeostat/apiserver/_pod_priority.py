"""The priority of a pod: that of the class which it names, or of the default one.

Source: kubernetes ``plugin/pkg/admission/priority/admission.go``.
"""

from collections.abc import Iterable
from typing import Any, Final

from homeostat.apiserver._context import Cluster
from homeostat.apiserver._defaults_access import child
from homeostat.apiserver._registry import Served
from homeostat.apiserver._status import forbidden

__all__ = ["admit_priority", "check_default_class"]

Value = dict[str, Any]

_GROUP: Final = "scheduling.k8s.io"
_CLASSES: Final = "priorityclasses"
# What a pod has that names no class, where none is the default.
_NONE: Final[Value] = {"value": 0, "preemptionPolicy": "PreemptLowerPriority"}


def admit_priority(cluster: Cluster, served: Served, pod: Value, name: str) -> None:
    """Give a new pod its priority, in place; nobody owns what is added.

    Args:
        cluster: The server.
        served: The resource; nothing happens for one that is not pods.
        pod: The pod.
        name: What the pod is called in errors.

    Raises:
        StatusError: 403, there is no such class, or the pod says another priority.
    """
    if (served.group, served.plural) != ("", "pods"):
        return
    spec = child(pod, "spec")
    found = _class_of(cluster, spec, name)
    if "metadata" in found:
        spec["priorityClassName"] = found["metadata"]["name"]
    priority, policy = found.get("value", 0), found["preemptionPolicy"]
    for field, told, said, computed in (
        ("priority", "integer value of priority", spec.get("priority"), priority),
        (
            "preemptionPolicy",
            "string value of PreemptionPolicy",
            spec.get("preemptionPolicy"),
            policy,
        ),
    ):
        if said is not None and said != computed:
            why = (
                f"the {told} ({said}) must not be provided in pod spec; priority "
                f"admission controller computed {computed} from the given "
                "PriorityClass name"
            )
            raise forbidden("", "pods", name, why)
        spec[field] = computed


def check_default_class(cluster: Cluster, served: Served, value: Value) -> None:
    """Let one class be the default.

    Raises:
        StatusError: 403, another one is.
    """
    if (served.group, served.plural) != (_GROUP, _CLASSES):
        return
    default = _default(cluster) if value.get("globalDefault") else None
    name: str = value["metadata"].get("name", "")
    if default is None or default["metadata"]["name"] == name:
        return
    why = (
        f"PriorityClass {default['metadata']['name']} is already marked as default. "
        "Only one default can exist"
    )
    raise forbidden(_GROUP, _CLASSES, name, why)


def _classes(cluster: Cluster) -> Iterable[Value]:
    table = cluster.store.tables.get(f"{_CLASSES}.{_GROUP}")
    return (entry.value for entry in table.live.values()) if table else ()


def _default(cluster: Cluster) -> Value | None:
    defaults = [each for each in _classes(cluster) if each.get("globalDefault")]
    return min(defaults, key=lambda each: each.get("value", 0), default=None)


def _class_of(cluster: Cluster, spec: Value, name: str) -> Value:
    named: str = spec.get("priorityClassName") or ""
    if not named:
        return _default(cluster) or _NONE
    for each in _classes(cluster):
        if each["metadata"]["name"] == named:
            return each
    why = f"no PriorityClass with name {named} was found"
    raise forbidden("", "pods", name, why)
