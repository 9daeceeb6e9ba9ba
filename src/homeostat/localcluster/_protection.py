"""Storage in use outlasts its deletion: claims that pods have, and bound volumes.

Source: kubernetes ``pkg/controller/volume/pvcprotection`` and ``pvprotection``.
"""

from collections.abc import Iterable

from homeostat.api import Request
from homeostat.cache import Reader, Record
from homeostat.controller import (
    Context,
    KindController,
    Watch,
    controller,
    predicate,
)
from homeostat.k8s import core_v1

__all__ = ["claim_protection", "volume_protection"]

CLAIM_FINALIZER = "kubernetes.io/pvc-protection"
VOLUME_FINALIZER = "kubernetes.io/pv-protection"


def _its_claims(record: Record, reader: Reader) -> Iterable[Request]:
    """Map a pod to those of its claims that are being deleted."""
    volumes: list[dict[str, dict[str, str]]] = record.path("spec.volumes") or []
    names = (v.get("persistentVolumeClaim", {}).get("claimName") for v in volumes)
    for name in filter(None, names):
        claim = reader.find(core_v1.PersistentVolumeClaim, name, record.namespace)
        if claim is not None and claim.metadata.deletion_timestamp:
            yield Request(record.namespace, name)


def claim_protection() -> KindController[core_v1.PersistentVolumeClaim]:
    """Return the controller that keeps a claim until no pod on a node has it."""

    @controller(
        core_v1.PersistentVolumeClaim,
        name="persistentvolumeclaim-protection-controller",
        watches=[Watch(core_v1.Pod, to=_its_claims)],
        reconcile_deleting=True,
    )
    async def protect(claim: core_v1.PersistentVolumeClaim, ctx: Context) -> None:
        meta = claim.metadata
        if not meta.deletion_timestamp:
            if CLAIM_FINALIZER not in meta.finalizers:
                meta.finalizers.append(CLAIM_FINALIZER)
        elif not _uses(ctx.list(core_v1.Pod), meta.name):
            # The cache may not know of the latest pod, and this cannot be undone.
            pods = await ctx.client.list(core_v1.Pod, namespace=meta.namespace)
            if not _uses(pods, meta.name):
                meta.finalizers = [f for f in meta.finalizers if f != CLAIM_FINALIZER]
        await ctx.update(claim)

    return protect


def _uses(pods: Iterable[core_v1.Pod], claim: str) -> bool:
    """Tell whether a pod has the claim; one without a node cannot start any more."""
    return any(
        volume.persistent_volume_claim.claim_name == claim
        for pod in pods
        if pod.spec.node_name
        for volume in pod.spec.volumes
        if volume.persistent_volume_claim
    )


@predicate
def _anything(_old: Record | None, _new: Record | None) -> bool:
    """Pass also what changes in the status alone: whether a volume is bound."""
    return True


def volume_protection() -> KindController[core_v1.PersistentVolume]:
    """Return the controller that keeps a volume while it is bound."""

    @controller(
        core_v1.PersistentVolume,
        name="persistentvolume-protection-controller",
        predicate=_anything,
        reconcile_deleting=True,
    )
    async def protect(volume: core_v1.PersistentVolume, ctx: Context) -> None:
        meta = volume.metadata
        if not meta.deletion_timestamp:
            if VOLUME_FINALIZER not in meta.finalizers:
                meta.finalizers.append(VOLUME_FINALIZER)
        elif volume.status.phase != "Bound":
            meta.finalizers = [f for f in meta.finalizers if f != VOLUME_FINALIZER]
        await ctx.update(volume)

    return protect
