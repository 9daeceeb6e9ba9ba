"""CustomResourceDefinitions: accepted, established, served, and removed.

What the real server's controllers do in the background is done here in the same step as
the write: a definition that was accepted is served when its creation has been answered.

Source: apiextensions-apiserver ``pkg/controller/{status,establish,finalizer}``.
"""

from collections.abc import Sequence
from typing import Any

from homeostat.apiserver._access import items
from homeostat.apiserver._arrange import arranged
from homeostat.apiserver._context import Cluster, Strategy
from homeostat.apiserver._crd_check import check_definition
from homeostat.apiserver._crd_names import accept_names
from homeostat.apiserver._crd_serve import serve_definition, table_name
from homeostat.apiserver._delete import delete_entry
from homeostat.apiserver._managed import track
from homeostat.apiserver._options import DeleteOptions
from homeostat.apiserver._registry import Served
from homeostat.apiserver._status import forbidden
from homeostat.apiserver._store import Entry
from homeostat.apiserver._write import remove
from homeostat.schema import FieldError

__all__ = ["DefinitionStrategy", "InstanceStrategy", "serve_definitions"]

Value = dict[str, Any]

GROUP = "apiextensions.k8s.io"
CLEANUP = "customresourcecleanup.apiextensions.k8s.io"
MANAGER = "kube-apiserver"
PENDING = "InstanceDeletionPending"


class DefinitionStrategy(Strategy):
    """Rules of the CustomResourceDefinition."""

    def default(self, new: Value, old: Value | None) -> None:
        """Fill in the names that follow from others."""
        spec = new.setdefault("spec", {})
        names = spec.setdefault("names", {})
        kind = names.get("kind")
        if kind:
            names.setdefault("singular", kind.lower())
            names.setdefault("listKind", f"{kind}List")
        spec.setdefault("conversion", {"strategy": "None"})
        del old

    def prepare(self, cluster: Cluster, new: Value, old: Value | None) -> None:
        """Record under which versions objects may be stored."""
        del cluster
        storage = [
            version["name"]
            for version in items(new["spec"], "versions")
            if version.get("storage")
        ][:1]
        if old is None:
            new["status"] = {
                "acceptedNames": {"plural": "", "kind": ""},
                "storedVersions": storage,
            }
            return
        stored = new.setdefault("status", {}).setdefault("storedVersions", [])
        if storage and storage[0] not in stored:
            new["status"]["storedVersions"] = [*stored, *storage]

    def check(self, new: Value, old: Value | None) -> list[FieldError]:
        """Check the definition and its schemas."""
        return check_definition(new, old)

    def deleting(self, cluster: Cluster, entry: Entry, value: Value) -> None:
        """Hold the definition until its objects are gone."""
        del entry
        metadata = value["metadata"]
        finalizers = items(metadata, "finalizers")
        if metadata.get("deletionTimestamp"):
            return
        if CLEANUP not in finalizers:
            metadata["finalizers"] = [*finalizers, CLEANUP]
        condition = _terminating("True", PENDING, cluster)
        condition["message"] = (
            "CustomResourceDefinition marked for deletion; CustomResource deletion "
            "will begin soon"
        )
        conditions = items(value["status"], "conditions")
        value["status"]["conditions"] = [*conditions, condition]

    def committed(self, cluster: Cluster, entry: Entry) -> None:
        """Accept, establish and serve the definition, or wind it up."""
        value = entry.value
        if value["metadata"].get("deletionTimestamp"):
            _terminate(cluster, entry)
            return
        before = entry.value["status"]
        conditions = accept_names(value, _others(cluster, entry.name), cluster.now())
        serve_definition(cluster, value, established=conditions)
        if value["status"] != before:
            _put_status(cluster, entry, value)

    def removed(self, cluster: Cluster, entry: Entry) -> None:
        """Serve the kind no longer, and let others have its names."""
        spec = entry.value["spec"]
        group, plural = spec["group"], spec["names"]["plural"]
        cluster.registry.remove(group, plural, custom=True)
        table = cluster.store.tables.get(table_name(group, plural))
        if table is not None:
            cluster.store.drop(table)
        definitions = _definitions(cluster).table
        for other in list(definitions.live.values()):
            if other.value["spec"]["group"] == group:
                self.committed(cluster, other)


class InstanceStrategy(Strategy):
    """Rules of the objects of all custom kinds."""

    def admit(self, served: Served, name: str) -> None:
        """Refuse a new object of a kind that ends."""
        if served.terminating:
            text = "create not allowed while custom resource definition is terminating"
            raise forbidden(served.group, served.plural, name, text)

    def removed(self, cluster: Cluster, entry: Entry) -> None:
        """Finish a definition that waits for its last object."""
        value = entry.value
        group = value["apiVersion"].partition("/")[0]
        for definition in list(_definitions(cluster).table.live.values()):
            crd = definition.value
            names = crd["spec"]
            if (names["group"], names["names"]["kind"]) == (group, value["kind"]):
                if crd["metadata"].get("deletionTimestamp"):
                    _finish(cluster, definition)
                return


def serve_definitions(cluster: Cluster) -> None:
    """Serve the definitions that are stored, and go on with what had been begun."""
    strategy = DefinitionStrategy()
    live = _definitions(cluster).table.live
    for entry in list(live.values()):
        value = entry.value
        if value["metadata"].get("deletionTimestamp"):
            conditions = items(value["status"], "conditions")
            established = any(
                c["type"] == "Established" and c["status"] == "True" for c in conditions
            )
            serve_definition(cluster, value, established=established)
            _delete_instances(cluster, value)
        # The last of its instances may have taken it along.
        if entry.key in live:
            strategy.committed(cluster, live[entry.key])


def _definitions(cluster: Cluster) -> Served:
    served = cluster.registry.find(GROUP, "v1", "customresourcedefinitions")
    if served is None:
        raise LookupError("the built-in table has no CustomResourceDefinition")
    return served


def _others(cluster: Cluster, name: str) -> Sequence[Value]:
    live = _definitions(cluster).table.live
    return [entry.value for key, entry in live.items() if key != name]


def _put_status(cluster: Cluster, entry: Entry, value: Value) -> Entry:
    served = _definitions(cluster)
    track(
        served,
        entry.value,
        value,
        manager=MANAGER,
        now=cluster.now(),
        subresource="status",
    )
    return cluster.store.put(served.table, entry.key, arranged(served, value))


def _terminate(cluster: Cluster, entry: Entry) -> None:
    """Delete the objects of a definition; without any left, it is gone."""
    value = entry.value
    if CLEANUP not in (items(value["metadata"], "finalizers")):
        return
    for condition in items(value["status"], "conditions"):
        if condition["type"] == "Terminating" and condition["reason"] == PENDING:
            condition["reason"] = "InstanceDeletionInProgress"
            condition["message"] = "CustomResource deletion is in progress"
            entry = _put_status(cluster, entry, value)
            serve_definition(cluster, value, established=True)
            _delete_instances(cluster, value)
            break
    _finish(cluster, entry)


def _terminating(status: str, reason: str, cluster: Cluster) -> Value:
    return {
        "type": "Terminating",
        "status": status,
        "lastTransitionTime": cluster.now(),
        "reason": reason,
        "message": "",
    }


def _delete_instances(cluster: Cluster, value: Value) -> None:
    spec = value["spec"]
    group, plural = spec["group"], spec["names"]["plural"]
    table = cluster.store.tables.get(table_name(group, plural))
    served = next((s for s in cluster.registry if s.custom and s.table is table), None)
    if table is None or served is None:
        return
    for instance in list(table.live.values()):
        if instance.key in table.live:
            delete_entry(cluster, served, instance, DeleteOptions())


def _finish(cluster: Cluster, entry: Entry) -> None:
    """Let go of a definition whose objects are gone."""
    served = _definitions(cluster)
    live = served.table.live.get(entry.key)
    if live is None:
        return
    value = live.value
    spec = value["spec"]
    table = cluster.store.tables.get(table_name(spec["group"], spec["names"]["plural"]))
    finalizers = items(value["metadata"], "finalizers")
    if (table is not None and table.live) or CLEANUP not in finalizers:
        return
    rest = [name for name in finalizers if name != CLEANUP]
    if not rest:
        remove(cluster, served, live)
        return
    for condition in value["status"]["conditions"]:
        if condition["type"] == "Terminating":
            condition.update(
                status="False",
                reason="InstanceDeletionCompleted",
                message="removed all instances",
                lastTransitionTime=cluster.now(),
            )
    value["metadata"]["finalizers"] = rest
    _put_status(cluster, live, value)
