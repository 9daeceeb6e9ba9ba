"""Warnings that the registry of a built-in kind tells of an object that it takes.

Source: kubernetes ``pkg/registry/**/strategy.go`` (WarningsOnCreate and
WarningsOnUpdate).
"""

from collections.abc import Callable, Mapping
from typing import Final

from homeostat.api import GroupVersionKind
from homeostat.apiserver._builtin_warnings_common import Texts, Value
from homeostat.apiserver._builtin_warnings_kinds import (
    capacity,
    claim,
    driver,
    endpoint_slice,
    endpoints,
    load_balancer,
    network_policy,
    node,
    pod_status,
    quota,
    resource_slice,
    runtime_class,
    service,
    storage_class,
    volume,
)
from homeostat.apiserver._builtin_warnings_pod import pod_warnings
from homeostat.apiserver._builtin_warnings_volume import claim_spec_warnings
from homeostat.apiserver._defaults_access import child, children
from homeostat.apiserver._meta import label_errors

__all__ = ["builtin_warnings"]

_Told = Callable[[Value, Value | None], Texts]

_INGRESS_CLASS: Final = "kubernetes.io/ingress.class"
_MOUNTABLE: Final = "kubernetes.io/enforce-mountable-secrets"
_NAMED: Final = "which can result in surprising behavior; a DNS label is recommended"
_TRACKED: Final = (
    "In Indexed Jobs with a number of completions higher than 10^5 and a parallelism "
    "higher than 10^4, Kubernetes might not be able to track completedIndexes when a "
    "big number of indexes fail"
)
_MANY_COMPLETIONS: Final = 100_000
_MANY_AT_ONCE: Final = 10_000
_STATIC: Final = ".static.k8s.io"


def builtin_warnings(
    gvk: GroupVersionKind, new: Value, old: Value | None, *, subresource: str = ""
) -> list[str]:
    """Return what is told of an object of a built-in kind that is right.

    Args:
        gvk: The kind that is stored; of one that is not built in nothing is told.
        new: The object as it would be stored.
        old: What it replaces, None when it is created.
        subresource: Where it was written; "" is the object itself.
    """
    table = _STATUS if subresource == "status" else _TOLD
    told = table.get(gvk.group_kind)
    return told(new, old) if told is not None else []


def _always(told: Callable[[Value], Texts]) -> _Told:
    return lambda new, _: told(new)


def _created(told: Callable[[Value], Texts]) -> _Told:
    return lambda new, old: told(new) if old is None else []


def _changed(new: Value, old: Value) -> bool:
    """Tell whether the spec has changed; who only writes metadata is told nothing."""
    return child(new, "metadata").get("generation") != (
        child(old, "metadata").get("generation")
    )


def _name(value: Value, used: str) -> Texts:
    name = child(value, "metadata").get("name", "")
    faults = label_errors(name)
    if not faults:
        return []
    return [f"metadata.name: this is used in {used}, {_NAMED}: [{' '.join(faults)}]"]


def _pod(value: Value) -> Texts:
    texts = _name(value, "the Pod's hostname") + pod_warnings(value)
    # Annotations that make a pod's fields are told of when they do, before all else.
    return sorted(texts, key=lambda text: "container.apparmor" not in text)


def _template(value: Value) -> Texts:
    return pod_warnings(child(child(value, "spec"), "template"), "spec.template")


def _workload(new: Value, old: Value | None) -> Texts:
    """Return what is told of a Deployment or a ReplicaSet."""
    if old is None:
        return _name(new, "Pod names and hostnames") + _template(new)
    return _template(new) if _changed(new, old) else []


def _controller(new: Value, old: Value | None) -> Texts:
    """Return what is told of a ReplicationController: updates name the old template."""
    if old is None:
        return _workload(new, None)
    return _template(old) if _changed(new, old) else []


def _daemon_set(new: Value, old: Value | None) -> Texts:
    before = child(old or {}, "spec").get("template")
    same = before == child(new, "spec").get("template")
    return [] if same else _template(new)


def _stateful_set(new: Value, old: Value | None) -> Texts:
    spec = child(new, "spec")
    texts = _template(new) if old is None or _changed(new, old) else []
    # An update names the struct's field.
    field = "" if old is None else ".Spec"
    for index, each in enumerate(children(spec, "volumeClaimTemplates")):
        path = f"spec.volumeClaimTemplates[{index}]{field}"
        texts += claim_spec_warnings(child(each, "spec"), path)
    if (spec.get("revisionHistoryLimit") or 0) < 0:
        told = "a negative value retains all historical revisions; a value >= 0 is"
        texts.append(f"spec.revisionHistoryLimit: {told} recommended")
    return texts


def _pod_template(new: Value, old: Value | None) -> Texts:
    if old is not None and not _changed(new, old):
        return []
    return pod_warnings(child(new, "template"), "template")


def _job_spec(spec: Value, path: str) -> Texts:
    texts: Texts = []
    if (
        spec.get("completionMode") == "Indexed"
        and (spec.get("completions") or 0) > _MANY_COMPLETIONS
        and (spec.get("parallelism") or 0) > _MANY_AT_ONCE
    ):
        texts.append(f"{path}: {_TRACKED}")
    return texts + pod_warnings(child(spec, "template"), f"{path}.template")


def _job(new: Value, old: Value | None) -> Texts:
    texts = _name(new, "Pod names and hostnames") if old is None else []
    if old is None or _changed(new, old):
        texts += _job_spec(child(new, "spec"), "spec")
    return texts


def _cron_job(new: Value, old: Value | None) -> Texts:
    texts = _name(new, "Pod names and hostnames") if old is None else []
    spec = child(new, "spec")
    if old is None or _changed(new, old):
        path = "spec.jobTemplate.spec"
        texts += _job_spec(child(child(spec, "jobTemplate"), "spec"), path)
    if old is not None and "TZ" in spec.get("schedule", ""):
        told = "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead"
        page = "kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/"
        texts.append(f"{told}, see https://{page} for more details")
    return texts


def _ingress(value: Value) -> Texts:
    notes = child(child(value, "metadata"), "annotations")
    if _INGRESS_CLASS not in notes or child(value, "spec").get("ingressClassName"):
        return []
    told = "is deprecated, please use 'spec.ingressClassName' instead"
    return [f'annotation "{_INGRESS_CLASS}" {told}']


def _slice(new: Value, old: Value | None) -> Texts:
    texts: Texts = []
    if old is None and new.get("addressType") == "FQDN":
        texts.append("spec.addressType: FQDN endpoints are deprecated")
    return texts + endpoint_slice(new)


def _account(new: Value, old: Value | None) -> Texts:
    both = [child(child(each or {}, "metadata"), "annotations") for each in (new, old)]
    if _MOUNTABLE not in both[0] or _MOUNTABLE in both[1]:
        return []
    told = "prefer separate namespaces to isolate access to mounted secrets"
    return [f"metadata.annotations[{_MOUNTABLE}]: deprecated in v1.32+; {told}"]


def _secret(value: Value) -> Texts:
    if value.get("type") != "kubernetes.io/tls":
        return []
    # Reading certificates takes a library that few servers ever need.
    from homeostat.apiserver._builtin_warnings_tls import (  # noqa: PLC0415
        tls_warnings,
    )

    return tls_warnings(child(value, "data"))


def _static(value: Value) -> Texts:
    if not child(value, "metadata").get("name", "").endswith(_STATIC):
        return []
    told = "are reserved for static manifest-based configurations and cannot be managed"
    return [f'metadata.name: names ending with "{_STATIC}" {told} via the API']


_NETWORKING: Final = "networking.k8s.io"
_ADMISSION: Final = "admissionregistration.k8s.io"
_TOLD: Final[Mapping[tuple[str, str], _Told]] = {
    ("", "Endpoints"): _always(endpoints),
    ("", "Node"): _always(node),
    ("", "PersistentVolume"): _always(volume),
    ("", "PersistentVolumeClaim"): _always(claim),
    ("", "Pod"): _created(_pod),
    ("", "PodTemplate"): _pod_template,
    ("", "ReplicationController"): _controller,
    ("", "ResourceQuota"): _created(quota),
    ("", "Secret"): _always(_secret),
    ("", "Service"): _always(service),
    ("", "ServiceAccount"): _account,
    (_ADMISSION, "MutatingAdmissionPolicy"): _always(_static),
    (_ADMISSION, "MutatingAdmissionPolicyBinding"): _always(_static),
    (_ADMISSION, "MutatingWebhookConfiguration"): _always(_static),
    (_ADMISSION, "ValidatingAdmissionPolicy"): _always(_static),
    (_ADMISSION, "ValidatingAdmissionPolicyBinding"): _always(_static),
    (_ADMISSION, "ValidatingWebhookConfiguration"): _always(_static),
    ("apps", "DaemonSet"): _daemon_set,
    ("apps", "Deployment"): _workload,
    ("apps", "ReplicaSet"): _workload,
    ("apps", "StatefulSet"): _stateful_set,
    ("batch", "CronJob"): _cron_job,
    ("batch", "Job"): _job,
    ("discovery.k8s.io", "EndpointSlice"): _slice,
    (_NETWORKING, "Ingress"): _created(_ingress),
    (_NETWORKING, "NetworkPolicy"): _always(network_policy),
    ("node.k8s.io", "RuntimeClass"): _always(runtime_class),
    ("resource.k8s.io", "ResourceSlice"): _always(resource_slice),
    ("storage.k8s.io", "CSIDriver"): driver,
    ("storage.k8s.io", "CSIStorageCapacity"): _always(capacity),
    ("storage.k8s.io", "StorageClass"): _always(storage_class),
}
_STATUS: Final[Mapping[tuple[str, str], _Told]] = {
    ("", "Pod"): _always(pod_status),
    ("", "Service"): _always(load_balancer),
    (_NETWORKING, "Ingress"): _always(load_balancer),
}
