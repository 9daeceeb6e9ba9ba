"""Namespaces: what lives in them, and how they end.

A namespace that is deleted stays, Terminating, until its ``spec.finalizers`` are gone;
emptying it is the namespace controller's work, not the server's.

Source: apiserver ``pkg/admission/plugin/namespace/lifecycle``, kubernetes
``pkg/registry/core/namespace``.
"""

from typing import Any

from homeostat.apiserver._access import child, items
from homeostat.apiserver._context import Cluster, Strategy
from homeostat.apiserver._registry import Served
from homeostat.apiserver._status import forbidden, not_found
from homeostat.apiserver._store import Entry
from homeostat.schema import FieldError

__all__ = ["BOOTSTRAP", "NamespaceStrategy", "admit", "name_told"]

Value = dict[str, Any]

BOOTSTRAP = ("default", "kube-node-lease", "kube-public", "kube-system")
_UNDELETABLE = frozenset({"default", "kube-system", "kube-public"})
NAME_LABEL = "kubernetes.io/metadata.name"


def name_told(metadata: Value) -> str:
    """Return what refusals call a new object, which may have no name yet."""
    return metadata.get("name") or metadata.get("generateName") or "Unknown"


def admit(cluster: Cluster, served: Served, metadata: Value) -> None:
    """Refuse a create in a namespace that is missing or ends.

    Raises:
        StatusError: 404 or 403.
    """
    if not served.namespaced:
        return
    namespace = metadata.get("namespace", "")
    table = cluster.store.tables.get("namespaces.")
    entry = table.live.get(namespace) if table else None
    if entry is None:
        raise not_found("", "namespaces", namespace)
    if entry.fields.get("status.phase") != "Terminating":
        return
    raise forbidden(
        served.group,
        served.plural,
        name_told(metadata),
        f"unable to create new content in namespace {namespace} because it is being "
        "terminated",
        cause={
            "reason": "NamespaceTerminating",
            "message": f"namespace {namespace} is being terminated",
            "field": "metadata.namespace",
        },
    )


class NamespaceStrategy(Strategy):
    """Rules of the Namespace itself."""

    def default(self, new: Value, old: Value | None) -> None:
        """Label the namespace with its name."""
        name = new["metadata"].get("name")
        if name:
            labels = child(new["metadata"], "labels")
            new["metadata"]["labels"] = {**labels, NAME_LABEL: name}

    def prepare(self, cluster: Cluster, new: Value, old: Value | None) -> None:
        """Keep ``spec.finalizers`` in the hands of the finalize subresource."""
        del cluster
        if old is None:
            given = items(child(new, "spec"), "finalizers")
            new["spec"] = {"finalizers": given} if given else {}
        else:
            new["spec"] = child(old, "spec")

    def check(self, new: Value, old: Value | None) -> list[FieldError]:
        """Let the phase follow the deletion."""
        del old
        phase = child(new, "status").get("phase", "")
        ends = bool(new["metadata"].get("deletionTimestamp"))
        if phase == ("Terminating" if ends else "Active") or not phase:
            return []
        text = "may only be 'Active' if `deletionTimestamp` is empty"
        if ends:
            text = "may only be 'Terminating' if `deletionTimestamp` is not empty"
        return [FieldError("FieldValueInvalid", "status.Phase", phase, text)]

    def deleting(self, cluster: Cluster, entry: Entry, value: Value) -> None:
        """Refuse for the namespaces that the cluster stands on; end the others."""
        del cluster
        if entry.name in _UNDELETABLE:
            text = "this namespace may not be deleted"
            raise forbidden("", "namespaces", entry.name, text)
        value.setdefault("status", {})["phase"] = "Terminating"
