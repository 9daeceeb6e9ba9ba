"""What a fresh server holds."""

from collections.abc import Mapping
from typing import Any

from homeostat.apiserver._arrange import arranged
from homeostat.apiserver._context import CUSTOM, Cluster, Strategy
from homeostat.apiserver._crd import (
    DefinitionStrategy,
    InstanceStrategy,
    serve_definitions,
)
from homeostat.apiserver._event_ttl import EventStrategy
from homeostat.apiserver._kinds import SYSTEM_PRIORITIES
from homeostat.apiserver._namespaces import BOOTSTRAP, NAME_LABEL, NamespaceStrategy
from homeostat.apiserver._registry import Served
from homeostat.apiserver._services import KUBERNETES_IP, ServiceStrategy
from homeostat.apiserver._storage import ClaimStrategy, VolumeStrategy
from homeostat.apiserver._write import finished, remove
from homeostat.k8s import resources, schema_of

__all__ = ["bootstrap", "strategies"]

# Read when this module is: later it would block the loop of whoever makes a server.
_BUILTINS = resources()
_SCHEDULING = "scheduling.k8s.io"
# Where the server would be beside simulated nodes: like theirs, nothing is sent there.
_ADDRESS, _PORT = "192.168.0.254", 6443


def strategies() -> Mapping[tuple[str, str], Strategy]:
    """Return the rules of the kinds that have some."""
    return {
        CUSTOM: InstanceStrategy(),
        ("", "events"): EventStrategy(),
        ("", "namespaces"): NamespaceStrategy(),
        ("", "persistentvolumeclaims"): ClaimStrategy(),
        ("", "persistentvolumes"): VolumeStrategy(),
        ("", "services"): ServiceStrategy(),
        ("apiextensions.k8s.io", "customresourcedefinitions"): DefinitionStrategy(),
    }


def bootstrap(cluster: Cluster) -> None:
    """Serve the built-in kinds and what was kept, and create what every cluster has.

    Raises:
        ConfigError: What was kept cannot be read.
        StatusError: The journal cannot be written.
    """
    cluster.registry.install_builtins(_BUILTINS, schema_of)
    cluster.store.load()
    _finish_deletes(cluster)
    serve_definitions(cluster)
    for name in BOOTSTRAP:
        labels = {NAME_LABEL: name}
        parts = {"spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}
        _create(cluster, "namespaces", {"name": name, "labels": labels}, parts)
    labels = {"component": "apiserver", "provider": "kubernetes"}
    metadata = {"name": "kubernetes", "namespace": "default", "labels": labels}
    _create(cluster, "services", metadata, _kubernetes_service())
    _create_endpoints(cluster)
    for name, (value, text) in SYSTEM_PRIORITIES.items():
        what: dict[str, Any] = {"value": value, "description": text}
        what["preemptionPolicy"] = "PreemptLowerPriority"
        head = {"name": name, "generation": 1}
        _create(cluster, "priorityclasses", head, what, _SCHEDULING)


def _finish_deletes(cluster: Cluster) -> None:
    """Remove the pods whose end was announced, and whose removal came too late."""
    pods = _served(cluster, "pods")
    for entry in list(pods.table.live.values()):
        if b'"deletionTimestamp"' in entry.data and finished(entry.value):
            remove(cluster, pods, entry)


def _kubernetes_service() -> dict[str, Any]:
    port = {"name": "https", "protocol": "TCP", "port": 443, "targetPort": _PORT}
    return {
        "spec": {
            "ports": [port],
            "clusterIP": KUBERNETES_IP,
            "clusterIPs": [KUBERNETES_IP],
            "type": "ClusterIP",
            "sessionAffinity": "None",
            "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
            "internalTrafficPolicy": "Cluster",
        },
        "status": {"loadBalancer": {}},
    }


def _create_endpoints(cluster: Cluster) -> None:
    """Say where the Service of the server leads, in either way."""
    port = {"name": "https", "port": _PORT, "protocol": "TCP"}
    head: dict[str, Any] = {"name": "kubernetes", "namespace": "default"}
    alone = {**head, "labels": {"endpointslice.kubernetes.io/skip-mirror": "true"}}
    subset = {"addresses": [{"ip": _ADDRESS}], "ports": [port]}
    _create(cluster, "endpoints", alone, {"subsets": [subset]})
    labels = {"kubernetes.io/service-name": "kubernetes"}
    sliced = {**head, "generation": 1, "labels": labels}
    endpoint = {"addresses": [_ADDRESS], "conditions": {"ready": True}}
    parts = {"addressType": "IPv4", "endpoints": [endpoint], "ports": [port]}
    _create(cluster, "endpointslices", sliced, parts, "discovery.k8s.io")


def _create(
    cluster: Cluster,
    plural: str,
    metadata: dict[str, Any],
    parts: dict[str, Any],
    group: str = "",
) -> None:
    served = _served(cluster, plural, group)
    key = served.key(metadata.get("namespace", ""), metadata["name"])
    if key in served.table.live:
        return
    metadata["uid"] = cluster.random.uuid()
    metadata["creationTimestamp"] = cluster.now()
    value = arranged(served, {"metadata": metadata, **parts})
    cluster.store.put(served.table, key, value)


def _served(cluster: Cluster, plural: str, group: str = "") -> Served:
    served = cluster.registry.find(group, "v1", plural)
    if served is None:
        raise LookupError(f"the built-in table has no {plural}")
    return served
