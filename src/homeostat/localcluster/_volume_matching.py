"""Which volume a claim gets: pure decisions.

Source: kubernetes ``pkg/controller/volume/persistentvolume``, component-helpers
``storage/volume``.
"""

from collections.abc import Iterable

from homeostat.api import Quantity, Selector
from homeostat.k8s import core_v1, storage_v1

__all__ = [
    "BIND_COMPLETED",
    "BOUND_BY_CONTROLLER",
    "SELECTED_NODE",
    "WAITS",
    "best_match",
    "class_of",
    "default_class",
    "is_bound_to",
    "is_reserved_for",
    "mismatch",
]

BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
WAITS = "WaitForFirstConsumer"
_CLASS = "volume.beta.kubernetes.io/storage-class"
_DEFAULT = "storageclass.kubernetes.io/is-default-class"


def class_of(item: core_v1.PersistentVolumeClaim | core_v1.PersistentVolume) -> str:
    """Return the name of the class of a claim or a volume, "" for none."""
    name = item.metadata.annotations.get(_CLASS)
    return name if name is not None else item.spec.storage_class_name or ""


def default_class(classes: Iterable[storage_v1.StorageClass]) -> str | None:
    """Return the name of the class that claims get which name none: the latest."""
    found = [c for c in classes if c.metadata.annotations.get(_DEFAULT) == "true"]
    latest = max(found, key=_age, default=None)
    return latest.metadata.name if latest else None


def _age(item: storage_v1.StorageClass) -> tuple[float, str]:
    created = item.metadata.creation_timestamp
    return created.timestamp() if created else 0.0, item.metadata.name


def is_reserved_for(
    volume: core_v1.PersistentVolume, claim: core_v1.PersistentVolumeClaim
) -> bool:
    """Tell whether the volume names the claim, be it before anybody bound it."""
    ref, meta = volume.spec.claim_ref, claim.metadata
    if ref is None or (ref.namespace, ref.name) != (meta.namespace, meta.name):
        return False
    return ref.uid in {"", meta.uid}


def is_bound_to(
    volume: core_v1.PersistentVolume, claim: core_v1.PersistentVolumeClaim
) -> bool:
    """Tell whether the volume names this claim, and no other of its name."""
    ref = volume.spec.claim_ref
    return ref is not None and ref.uid == claim.metadata.uid


def mismatch(
    volume: core_v1.PersistentVolume, claim: core_v1.PersistentVolumeClaim
) -> str:
    """Return why the volume cannot serve the claim, "" when it can."""
    if _size(volume) < _wanted(claim):
        return "requested PV is too small"
    if class_of(volume) != class_of(claim):
        return "storageClassName does not match"
    modes = (volume.spec.volume_mode, claim.spec.volume_mode)
    if len({mode or "Filesystem" for mode in modes}) > 1:
        return "incompatible volumeMode"
    if not set(claim.spec.access_modes) <= set(volume.spec.access_modes):
        return "incompatible accessMode"
    return ""


def _size(volume: core_v1.PersistentVolume) -> Quantity:
    return volume.spec.capacity.get("storage", Quantity("0"))


def _wanted(claim: core_v1.PersistentVolumeClaim) -> Quantity:
    return claim.spec.resources.requests.get("storage", Quantity("0"))


def best_match(
    claim: core_v1.PersistentVolumeClaim,
    volumes: Iterable[core_v1.PersistentVolume],
    *,
    waits: bool,
) -> core_v1.PersistentVolume | None:
    """Return the volume that serves a claim best: one that names it, or the smallest.

    Args:
        claim: The claim, which names no volume.
        volumes: All.
        waits: Take only one that names it: the first pod decides about others.
    """
    living = [v for v in volumes if not v.metadata.deletion_timestamp]
    fitting = [v for v in living if not mismatch(v, claim)]
    for volume in fitting:
        if is_reserved_for(volume, claim):
            return volume
    if waits:
        return None
    selector = Selector.of(claim.spec.selector) if claim.spec.selector else None
    free = [
        volume
        for volume in fitting
        if volume.spec.claim_ref is None
        and volume.status.phase == "Available"
        and (selector is None or selector.matches(volume.metadata.labels))
    ]
    return min(free, key=_size, default=None)
