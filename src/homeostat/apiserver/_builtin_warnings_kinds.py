"""Warnings of addresses, storage, nodes and quotas, kind by kind.

Source: kubernetes ``pkg/registry/**/strategy.go`` (WarningsOnCreate and
WarningsOnUpdate), ``pkg/api/{service,persistentvolume,storage}``.
"""

from typing import Final

from homeostat.api import Quantity
from homeostat.apiserver._builtin_warnings_address import (
    address_warnings,
    range_warnings,
)
from homeostat.apiserver._builtin_warnings_common import (
    OLD_LABELS,
    Texts,
    Value,
    term_warnings,
)
from homeostat.apiserver._builtin_warnings_volume import (
    OLD_DRIVERS,
    claim_spec_warnings,
)
from homeostat.apiserver._defaults_access import child, children

__all__ = [
    "capacity",
    "claim",
    "driver",
    "endpoint_slice",
    "endpoints",
    "load_balancer",
    "network_policy",
    "node",
    "pod_status",
    "quota",
    "resource_slice",
    "runtime_class",
    "service",
    "storage_class",
    "volume",
]

_HINTS: Final = "service.kubernetes.io/topology-aware-hints"
_MODE: Final = "service.kubernetes.io/topology-mode"
_CLASS: Final = "volume.beta.kubernetes.io/storage-class"
_OPTIONS: Final = "volume.beta.kubernetes.io/mount-options"
_CLASS_TOLD: Final = 'deprecated since v1.8; use "storageClassName" attribute instead'
_OPTIONS_TOLD: Final = 'deprecated since v1.31; use "mountOptions" attribute instead'
_RECYCLED: Final = (
    "The Recycle reclaim policy is deprecated. Instead, the recommended approach is to "
    "use dynamic provisioning."
)
_TOKENS: Final = (
    "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set "
    "to true to prevent possible logging of tokens in volume attributes"
)
# Their controllers write no address that is odd.
_WRITERS: Final = {
    "endpointslice.kubernetes.io/managed-by": (
        "endpointslice-controller.k8s.io",
        "endpointslicemirroring-controller.k8s.io",
    ),
    "endpoints.kubernetes.io/managed-by": ("endpoint-controller",),
}


def service(value: Value) -> Texts:
    """Return what is told of a Service."""
    spec = child(value, "spec")
    texts: Texts = []
    if _HINTS in child(child(value, "metadata"), "annotations"):
        texts.append(f"annotation {_HINTS} is deprecated, please use {_MODE} instead")
    if spec.get("clusterIP") not in (None, "", "None"):
        texts += _each(spec, "clusterIPs")
    outside = bool(spec.get("externalIPs"))
    headless = spec.get("type") == "ClusterIP" and spec.get("clusterIP") == "None"
    if headless:
        texts += _headless(spec)
    texts += _each(spec, "externalIPs")
    named = spec.get("type") == "ExternalName"
    if outside and not headless and not named:
        told = "is deprecated and may no longer be implemented in some clusters"
        texts.append(f"spec.externalIPs {told}")
    if spec.get("loadBalancerIP"):
        texts += address_warnings(spec["loadBalancerIP"], "spec.loadBalancerIP")
    for index, text in enumerate(spec.get("loadBalancerSourceRanges") or []):
        texts += range_warnings(text, f"spec.loadBalancerSourceRanges[{index}]")
    if named and outside:
        texts.append('spec.externalIPs is ignored when spec.type is "ExternalName"')
    if not named and spec.get("externalName"):
        told = 'is ignored when spec.type is not "ExternalName"'
        texts.append(f"spec.externalName {told}")
    return texts + _distribution(spec)


def _each(spec: Value, name: str) -> Texts:
    given: list[str] = spec.get(name) or []
    found = enumerate(given)
    return [t for i, text in found for t in address_warnings(text, f"spec.{name}[{i}]")]


def _headless(spec: Value) -> Texts:
    given = {
        "loadBalancerIP": spec.get("loadBalancerIP"),
        "externalIPs": spec.get("externalIPs"),
        "SessionAffinity": spec.get("sessionAffinity") != "None",
    }
    told = "is ignored for headless services"
    return [f"spec.{name} {told}" for name, value in given.items() if value]


def _distribution(spec: Value) -> Texts:
    if spec.get("trafficDistribution") != "PreferClose":
        return []
    return [
        'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'
    ]


def load_balancer(value: Value) -> Texts:
    """Return what is told of the status of a Service or an Ingress."""
    texts: Texts = []
    given = children(child(child(value, "status"), "loadBalancer"), "ingress")
    for index, item in enumerate(given):
        path = f"status.loadBalancer.ingress[{index}]"
        texts += address_warnings(item.get("ip", ""), path)
    return texts


def pod_status(value: Value) -> Texts:
    """Return what is told of the status of a Pod."""
    texts: Texts = []
    for name in ("podIPs", "hostIPs"):
        for index, item in enumerate(children(child(value, "status"), name)):
            path = f"status.{name}[{index}].ip"
            texts += address_warnings(item.get("ip", ""), path)
    return texts


def _written(value: Value) -> bool:
    labels = child(child(value, "metadata"), "labels")
    return any(labels.get(key) in names for key, names in _WRITERS.items())


def endpoint_slice(value: Value) -> Texts:
    """Return what is told of an EndpointSlice."""
    texts: Texts = []
    if _written(value):
        return texts
    for index, each in enumerate(children(value, "endpoints")):
        for at, text in enumerate(each.get("addresses") or []):
            texts += address_warnings(text, f"endpoints[{index}].addresses[{at}]")
    return texts


def endpoints(value: Value) -> Texts:
    """Return what is told of Endpoints."""
    texts: Texts = []
    if _written(value):
        return texts
    for index, subset in enumerate(children(value, "subsets")):
        for name in ("addresses", "notReadyAddresses"):
            for at, each in enumerate(children(subset, name)):
                path = f"subsets[{index}].{name}[{at}].ip"
                texts += address_warnings(each.get("ip", ""), path)
    return texts


def network_policy(value: Value) -> Texts:
    """Return what is told of a NetworkPolicy."""
    texts: Texts = []
    for name, peers in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(children(child(value, "spec"), name)):
            for at, peer in enumerate(children(rule, peers)):
                block = child(peer, "ipBlock")
                path = f"spec.{name}[{index}].{peers}[{at}].ipBlock"
                texts += range_warnings(block.get("cidr", ""), f"{path}.cidr")
                for n, text in enumerate(block.get("except") or []):
                    texts += range_warnings(text, f"{path}.except[{n}]")
    return texts


def node(value: Value) -> Texts:
    """Return what is told of a Node."""
    spec = child(value, "spec")
    texts: Texts = []
    if spec.get("externalID"):
        told = "this field is deprecated, and is unused by Kubernetes"
        texts.append(f"spec.externalID: {told}")
    for index, text in enumerate(spec.get("podCIDRs") or []):
        texts += range_warnings(text, f"spec.podCIDRs[{index}]")
    return texts


def claim(value: Value) -> Texts:
    """Return what is told of a PersistentVolumeClaim."""
    texts: Texts = []
    if _CLASS in child(child(value, "metadata"), "annotations"):
        texts.append(f"metadata.annotations[{_CLASS}]: {_CLASS_TOLD}")
    return texts + claim_spec_warnings(child(value, "spec"), "spec")


def volume(value: Value) -> Texts:
    """Return what is told of a PersistentVolume."""
    notes, spec = child(child(value, "metadata"), "annotations"), child(value, "spec")
    texts = [
        f"metadata.annotations[{key}]: {told}"
        for key, told in ((_CLASS, _CLASS_TOLD), (_OPTIONS, _OPTIONS_TOLD))
        if key in notes
    ]
    if spec.get("persistentVolumeReclaimPolicy") == "Recycle":
        texts.append(f"spec.persistentVolumeReclaimPolicy: {_RECYCLED}")
    needed = child(child(spec, "nodeAffinity"), "required")
    path = "spec.nodeAffinity.required.nodeSelectorTerms"
    for index, term in enumerate(children(needed, "nodeSelectorTerms")):
        texts += term_warnings(term, f"{path}[{index}]")
    for name, told in OLD_DRIVERS.items():
        if spec.get(name) is not None:
            # Go's name of it; all others are written alike.
            shown = "storageOS" if name == "storageos" else name
            texts.append(f"spec.{shown}: {told}")
    return texts


def quota(value: Value) -> Texts:
    """Return what is told of a ResourceQuota: no more can be asked for than allowed."""
    hard = child(child(value, "spec"), "hard")
    texts: Texts = []
    for name in ("cpu", "memory", "storage", "ephemeral-storage"):
        asked, allowed = f"requests.{name}", f"limits.{name}"
        if asked not in hard and name in ("cpu", "memory"):
            asked = name
        if asked not in hard or allowed not in hard:
            continue
        request, limit = Quantity(str(hard[asked])), Quantity(str(hard[allowed]))
        if request > limit:
            told = f"{asked} ({request}) should be less than {allowed} ({limit})"
            texts.append(f"ResourceQuota {told}")
    return texts


def runtime_class(value: Value) -> Texts:
    """Return what is told of a RuntimeClass."""
    chosen = child(child(value, "scheduling"), "nodeSelector")
    texts = [OLD_LABELS[key] for key in chosen if key in OLD_LABELS]
    return [f"scheduling.nodeSelector: {told}" for told in texts]


def storage_class(value: Value) -> Texts:
    """Return what is told of a StorageClass."""
    texts: Texts = []
    for index, term in enumerate(children(value, "allowedTopologies")):
        for at, each in enumerate(children(term, "matchLabelExpressions")):
            told = OLD_LABELS.get(each.get("key", ""))
            if told:
                path = f"allowedTopologies[{index}].matchLabelExpressions[{at}].key"
                texts.append(f"{path}: {told}")
    return texts


def capacity(value: Value) -> Texts:
    """Return what is told of a CSIStorageCapacity."""
    topology = child(value, "nodeTopology")
    texts = term_warnings(topology, "nodeTopology")
    for key in child(topology, "matchLabels"):
        if key in OLD_LABELS:
            texts.append(f"nodeTopology.matchLabels.{key}: {OLD_LABELS[key]}")
    return texts


def driver(value: Value, old: Value | None) -> Texts:
    """Return what is told of a CSIDriver."""
    spec, before = child(value, "spec"), child(old or {}, "spec")
    asked = children(spec, "tokenRequests")
    if not asked or spec.get("serviceAccountTokenInSecrets") is not None:
        return []
    return [] if asked == children(before, "tokenRequests") else [_TOKENS]


def resource_slice(value: Value) -> Texts:
    """Return what is told of a ResourceSlice."""
    name: str = child(value, "spec").get("driver", "")
    if name == name.lower():
        return []
    told = f'driver names should be lowercase; "{name}" contains uppercase characters'
    return [f"spec.driver: {told}"]
