"""What the server adds to claims and volumes: the default class, and times.

Source: kubernetes ``plugin/pkg/admission/storage/storageclass/setdefault``,
``pkg/registry/core/persistentvolume/strategy.go``.
"""

from typing import Any

from homeostat.apiserver._access import child
from homeostat.apiserver._context import Cluster, Strategy

__all__ = ["ClaimStrategy", "VolumeStrategy"]

Value = dict[str, Any]

_DEFAULT = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)
_CLASS = "volume.beta.kubernetes.io/storage-class"


class ClaimStrategy(Strategy):
    """A claim that names no class gets the default one, where there is one."""

    def prepare(self, cluster: Cluster, new: Value, old: Value | None) -> None:
        """Name the class; an empty name stands for none."""
        spec = child(new, "spec")
        annotations = child(new["metadata"], "annotations")
        if old is None and "storageClassName" not in spec and _CLASS not in annotations:
            name = _default_class(cluster)
            if name is not None:
                new["spec"] = {**spec, "storageClassName": name}


def _default_class(cluster: Cluster) -> str | None:
    """Return the latest of the classes that say that they are the default."""
    served = cluster.registry.find("storage.k8s.io", "v1", "storageclasses")
    found: list[tuple[str, str]] = []
    for entry in served.table.live.values() if served else ():
        meta = entry.value["metadata"]
        annotations = child(meta, "annotations")
        if any(annotations.get(key) == "true" for key in _DEFAULT):
            found.append((meta["creationTimestamp"], entry.name))
    latest = max((created for created, _ in found), default="")
    return min((name for created, name in found if created == latest), default=None)


class VolumeStrategy(Strategy):
    """A volume says since when it has been in its phase."""

    def prepare(self, cluster: Cluster, new: Value, old: Value | None) -> None:
        """Note the time of a new phase."""
        phase = child(new, "status").get("phase")
        before = None if old is None else child(old, "status").get("phase")
        if phase is not None and phase != before:
            status = {**child(new, "status"), "lastPhaseTransitionTime": cluster.now()}
            new["status"] = status
