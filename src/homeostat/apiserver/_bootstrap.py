"""What a fresh server holds."""

from collections.abc import Mapping
from typing import Any

from homeostat.apiserver._arrange import arranged
from homeostat.apiserver._context import CUSTOM, Cluster, Strategy
from homeostat.apiserver._crd import DefinitionStrategy, InstanceStrategy
from homeostat.apiserver._namespaces import BOOTSTRAP, NAME_LABEL, NamespaceStrategy
from homeostat.apiserver._services import KUBERNETES_IP, ServiceStrategy
from homeostat.k8s import resources, schema_of

__all__ = ["bootstrap", "strategies"]

# Read when this module is: later it would block the loop of whoever makes a server.
_BUILTINS = resources()


def strategies() -> Mapping[tuple[str, str], Strategy]:
    """Return the rules of the kinds that have some."""
    return {
        CUSTOM: InstanceStrategy(),
        ("", "namespaces"): NamespaceStrategy(),
        ("", "services"): ServiceStrategy(),
        ("apiextensions.k8s.io", "customresourcedefinitions"): DefinitionStrategy(),
    }


def bootstrap(cluster: Cluster) -> None:
    """Serve the built-in kinds, and create the namespaces of every cluster."""
    cluster.registry.install_builtins(_BUILTINS, schema_of)
    for name in BOOTSTRAP:
        labels = {NAME_LABEL: name}
        parts = {"spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}
        _create(cluster, "namespaces", {"name": name, "labels": labels}, parts)
    labels = {"component": "apiserver", "provider": "kubernetes"}
    metadata = {"name": "kubernetes", "namespace": "default", "labels": labels}
    _create(cluster, "services", metadata, _kubernetes_service())


def _kubernetes_service() -> dict[str, Any]:
    port = {"name": "https", "protocol": "TCP", "port": 443, "targetPort": 6443}
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


def _create(
    cluster: Cluster, plural: str, metadata: dict[str, Any], parts: dict[str, Any]
) -> None:
    served = cluster.registry.find("", "v1", plural)
    if served is None:
        raise LookupError(f"the built-in table has no {plural}")
    metadata["uid"] = cluster.random.uuid()
    metadata["creationTimestamp"] = cluster.now()
    key = served.key(metadata.get("namespace", ""), metadata["name"])
    value = arranged(served, {"metadata": metadata, **parts})
    cluster.store.put(served.table, key, value)
