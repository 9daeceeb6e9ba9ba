"""What the schemas do not say about built-in kinds: rules of their registries.

Source: kubernetes ``pkg/registry/**/strategy.go``.
"""

from collections.abc import Callable, Mapping
from typing import Any

from homeostat.apiserver._access import at_path, child, items

__all__ = [
    "CREATE_ON_UPDATE",
    "DEPRECATIONS",
    "GENERATION_KINDS",
    "NEEDS_VERSION",
    "RETURNS_DELETED",
    "SYSTEM_PRIORITIES",
    "selectable",
    "spec_of",
    "texts",
]

GroupResource = tuple[str, str]
FieldValues = Mapping[str, str]

# What is said of kinds on their way out, whatever is asked of them.
DEPRECATIONS: Mapping[GroupResource, str] = {
    ("", "componentstatuses"): "v1 ComponentStatus is deprecated in v1.19+",
    ("", "endpoints"): (
        "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"
    ),
}

# Kinds that carry metadata.generation, by (group, plural).
GENERATION_KINDS: frozenset[GroupResource] = frozenset(
    {
        ("", "pods"),
        ("", "podtemplates"),
        ("", "replicationcontrollers"),
        ("admissionregistration.k8s.io", "mutatingadmissionpolicies"),
        ("admissionregistration.k8s.io", "mutatingadmissionpolicybindings"),
        ("admissionregistration.k8s.io", "mutatingwebhookconfigurations"),
        ("admissionregistration.k8s.io", "validatingadmissionpolicies"),
        ("admissionregistration.k8s.io", "validatingadmissionpolicybindings"),
        ("admissionregistration.k8s.io", "validatingwebhookconfigurations"),
        ("apiextensions.k8s.io", "customresourcedefinitions"),
        ("apps", "daemonsets"),
        ("apps", "deployments"),
        ("apps", "replicasets"),
        ("apps", "statefulsets"),
        ("batch", "cronjobs"),
        ("batch", "jobs"),
        ("discovery.k8s.io", "endpointslices"),
        ("flowcontrol.apiserver.k8s.io", "flowschemas"),
        ("flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations"),
        ("networking.k8s.io", "ingressclasses"),
        ("networking.k8s.io", "ingresses"),
        ("networking.k8s.io", "networkpolicies"),
        ("policy", "poddisruptionbudgets"),
        ("resource.k8s.io", "deviceclasses"),
        ("resource.k8s.io", "resourceslices"),
        ("scheduling.k8s.io", "priorityclasses"),
    }
)

# A PUT of a name that does not exist creates it.
CREATE_ON_UPDATE: frozenset[GroupResource] = frozenset(
    {
        ("", "endpoints"),
        ("", "events"),
        ("", "limitranges"),
        ("", "services"),
        ("coordination.k8s.io", "leases"),
        ("node.k8s.io", "runtimeclasses"),
        ("rbac.authorization.k8s.io", "clusterrolebindings"),
        ("rbac.authorization.k8s.io", "clusterroles"),
        ("rbac.authorization.k8s.io", "rolebindings"),
        ("rbac.authorization.k8s.io", "roles"),
    }
)

# A PUT must carry the resourceVersion, as it must for custom resources.
NEEDS_VERSION: frozenset[GroupResource] = frozenset(
    {
        ("admissionregistration.k8s.io", "mutatingadmissionpolicies"),
        ("admissionregistration.k8s.io", "mutatingadmissionpolicybindings"),
        ("admissionregistration.k8s.io", "mutatingwebhookconfigurations"),
        ("admissionregistration.k8s.io", "validatingadmissionpolicies"),
        ("admissionregistration.k8s.io", "validatingadmissionpolicybindings"),
        ("admissionregistration.k8s.io", "validatingwebhookconfigurations"),
        ("apiextensions.k8s.io", "customresourcedefinitions"),
        ("apiregistration.k8s.io", "apiservices"),
        ("coordination.k8s.io", "leases"),
        ("node.k8s.io", "runtimeclasses"),
        ("policy", "poddisruptionbudgets"),
        ("storage.k8s.io", "csidrivers"),
        ("storage.k8s.io", "csinodes"),
        ("storage.k8s.io", "csistoragecapacities"),
        ("storage.k8s.io", "volumeattachments"),
        ("storage.k8s.io", "volumeattributesclasses"),
    }
)

# A delete answers with the object even when nothing of it is left.
RETURNS_DELETED: frozenset[GroupResource] = frozenset(
    {
        ("", "namespaces"),
        ("", "persistentvolumeclaims"),
        ("", "persistentvolumes"),
        ("", "pods"),
        ("", "podtemplates"),
        ("", "resourcequotas"),
        ("", "serviceaccounts"),
        ("", "services"),
        ("resource.k8s.io", "deviceclasses"),
        ("resource.k8s.io", "resourceclaims"),
        ("resource.k8s.io", "resourceclaimtemplates"),
        ("resource.k8s.io", "resourceslices"),
        ("storage.k8s.io", "csidrivers"),
        ("storage.k8s.io", "csinodes"),
        ("storage.k8s.io", "storageclasses"),
        ("storage.k8s.io", "volumeattachments"),
        ("storage.k8s.io", "volumeattributesclasses"),
    }
)

_NOT_SPEC = frozenset({"apiVersion", "kind", "metadata", "status"})


def spec_of(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of an object whose change makes a new generation.

    For most kinds that is ``spec``; webhook configurations, priority classes and
    endpoint slices keep theirs at the top.
    """
    return {key: item for key, item in value.items() if key not in _NOT_SPEC}


def _at(value: Mapping[str, Any], path: str) -> str:
    item = at_path(value, path)
    if item is None or isinstance(item, dict | list):
        return ""
    if isinstance(item, bool):
        return "true" if item else "false"
    return str(item)


def _pod(value: Mapping[str, Any]) -> dict[str, str]:
    fields = {path: _at(value, path) for path in _POD_TEXTS}
    fields["spec.hostNetwork"] = _at(value, "spec.hostNetwork") or "false"
    ips = items(child(value, "status"), "podIPs")
    fields["status.podIP"] = ips[0].get("ip", "") if ips else ""
    fields["status.podIPs"] = ""
    return fields


_POD_TEXTS = (
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "status.phase",
    "status.nominatedNodeName",
)


def _event(value: Mapping[str, Any]) -> dict[str, str]:
    fields = {path: _at(value, path) for path in _EVENT_TEXTS}
    source = _at(value, "source.component")
    fields["source"] = source or _at(value, "reportingComponent")
    return fields


_EVENT_TEXTS = (
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "type",
)


def texts(*paths: str, missing: str = "") -> Callable[[dict[str, Any]], FieldValues]:
    """Return a function that reads scalars at ``paths`` as text."""

    def read(value: dict[str, Any]) -> FieldValues:
        return {path: _at(value, path) or missing for path in paths}

    return read


def _job(value: Mapping[str, Any]) -> dict[str, str]:
    return {"status.successful": _at(value, "status.succeeded") or "0"}


_SELECTABLE: dict[GroupResource, Callable[[dict[str, Any]], FieldValues]] = {
    ("", "pods"): _pod,
    ("", "events"): _event,
    ("", "nodes"): texts("spec.unschedulable", missing="false"),
    ("", "namespaces"): texts("status.phase"),
    ("", "secrets"): texts("type"),
    ("", "services"): texts("spec.clusterIP", "spec.type"),
    ("", "replicationcontrollers"): texts("status.replicas", missing="0"),
    ("batch", "jobs"): _job,
    ("certificates.k8s.io", "certificatesigningrequests"): texts("spec.signerName"),
    ("resource.k8s.io", "resourceslices"): texts("spec.nodeName", "spec.driver"),
}


def _none(_: dict[str, Any]) -> FieldValues:
    return {}


# Value and description of the priority classes that every cluster has.
SYSTEM_PRIORITIES: Mapping[str, tuple[int, str]] = {
    "system-cluster-critical": (
        2_000_000_000,
        (
            "Used for system critical pods that must run in the cluster, but can be "
            "moved to another node if necessary."
        ),
    ),
    "system-node-critical": (
        2_000_001_000,
        "Used for system critical pods that must not be moved from their current node.",
    ),
}


def selectable(group: str, resource: str) -> Callable[[dict[str, Any]], FieldValues]:
    """Return the function that reads a built-in resource's own selectable fields."""
    return _SELECTABLE.get((group, resource), _none)
