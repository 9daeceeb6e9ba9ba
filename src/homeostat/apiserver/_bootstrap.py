"""What a fresh server holds."""

from collections.abc import Mapping

from homeostat.apiserver._context import CUSTOM, Cluster, Strategy
from homeostat.apiserver._crd import DefinitionStrategy, InstanceStrategy
from homeostat.apiserver._namespaces import BOOTSTRAP, NAME_LABEL, NamespaceStrategy
from homeostat.apiserver._write import arranged
from homeostat.k8s import resources, schema_of

__all__ = ["bootstrap", "strategies"]

# Read when this module is: later it would block the loop of whoever makes a server.
_BUILTINS = resources()


def strategies() -> Mapping[tuple[str, str], Strategy]:
    """Return the rules of the kinds that have some."""
    return {
        CUSTOM: InstanceStrategy(),
        ("", "namespaces"): NamespaceStrategy(),
        ("apiextensions.k8s.io", "customresourcedefinitions"): DefinitionStrategy(),
    }


def bootstrap(cluster: Cluster) -> None:
    """Serve the built-in kinds, and create the namespaces of every cluster."""
    cluster.registry.install_builtins(_BUILTINS, schema_of)
    served = cluster.registry.find("", "v1", "namespaces")
    if served is None:
        raise LookupError("the built-in table has no Namespace")
    for name in BOOTSTRAP:
        value = {
            "metadata": {
                "name": name,
                "uid": cluster.random.uuid(),
                "creationTimestamp": cluster.now(),
                "labels": {NAME_LABEL: name},
            },
            "spec": {"finalizers": ["kubernetes"]},
            "status": {"phase": "Active"},
        }
        cluster.store.put(served.table, name, arranged(served, value))
