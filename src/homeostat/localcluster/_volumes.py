"""The controller that binds claims and volumes to each other.

Volumes come from outside, as from the provisioner of a simulation, and who provisioned
a volume takes it away. One that nobody provisioned stays, released, whatever its
reclaim policy says: there is no disk to wipe.

Source: kubernetes ``pkg/controller/volume/persistentvolume/pv_controller.go``.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from homeostat.api import Request
from homeostat.cache import Index, Reader, Record
from homeostat.client import ALL
from homeostat.controller import Context, KindController, Watch, controller
from homeostat.errors import NotFoundError
from homeostat.k8s import core_v1, storage_v1
from homeostat.localcluster._volume_matching import (
    BIND_COMPLETED,
    BOUND_BY_CONTROLLER,
    SELECTED_NODE,
    WAITS,
    best_match,
    class_of,
    default_class,
    is_bound_to,
    is_reserved_for,
    mismatch,
)

__all__ = ["PROVISIONER", "claim_reference", "volume_binder"]

PROVISIONER = "volume.kubernetes.io/storage-provisioner"
_OLD_PROVISIONER = "volume.beta.kubernetes.io/storage-provisioner"


def _claim_key(record: Record) -> str | None:
    ref: dict[str, str] = record.path("spec.claimRef") or {}
    return f"{ref.get('namespace', '')}/{ref['name']}" if "name" in ref else None


def _is_pending(record: Record) -> bool | None:
    return None if BIND_COMPLETED in record.annotations else True


_volumes_by_claim = Index(core_v1.PersistentVolume, by=_claim_key, name="claim")
_pending_claims = Index(core_v1.PersistentVolumeClaim, by=_is_pending, name="pending")


def _claims_of(record: Record, reader: Reader) -> Iterable[Request]:
    """Map a volume to the claim that it names, or to all that wait for one."""
    ref: dict[str, str] = record.path("spec.claimRef") or {}
    if "name" in ref:
        yield Request(ref.get("namespace", ""), ref["name"])
        return
    for claim in reader.list(_pending_claims[True], namespace=ALL):
        yield Request(claim.metadata.namespace, claim.metadata.name)


def _pending(_record: Record, reader: Reader) -> Iterable[Request]:
    """Map a class to the claims that may have waited for it."""
    for claim in reader.list(_pending_claims[True], namespace=ALL):
        yield Request(claim.metadata.namespace, claim.metadata.name)


def _volumes_of(record: Record, reader: Reader) -> Iterable[Request]:
    """Map a claim to the volumes that name it."""
    key = f"{record.namespace}/{record.name}"
    for volume in reader.list(_volumes_by_claim[key], namespace=ALL):
        yield Request("", volume.metadata.name)


def volume_binder() -> Sequence[KindController[Any]]:
    """Return the controller: what binds claims, and what follows their end."""
    return [_bind_claim, _follow_claim]


@controller(
    core_v1.PersistentVolumeClaim,
    name="persistentvolume-controller",  # as events have it
    watches=[
        Watch(core_v1.PersistentVolume, to=_claims_of),
        Watch(storage_v1.StorageClass, to=_pending),
    ],
    reconcile_deleting=True,
)
async def _bind_claim(claim: core_v1.PersistentVolumeClaim, ctx: Context) -> None:
    """Bind the claim, or say what it waits for."""
    if BIND_COMPLETED in claim.metadata.annotations:
        await _keep_bound(claim, ctx)
    elif claim.spec.volume_name:
        await _bind_named(claim, ctx)
    else:
        await _bind_any(claim, ctx)


async def _keep_bound(claim: core_v1.PersistentVolumeClaim, ctx: Context) -> None:
    name = claim.spec.volume_name
    volume = ctx.find(core_v1.PersistentVolume, name) if name else None
    if volume is None:
        what = "its PersistentVolume" if name else "reference to PersistentVolume"
        text = f"Bound claim has lost {what}. Data on the volume is lost!"
        await _lose(claim, "ClaimLost", text, ctx)
    elif volume.spec.claim_ref is None or is_bound_to(volume, claim):
        await _bind(claim, volume, ctx)
    else:
        text = "Two claims are bound to the same volume, this one is bound incorrectly"
        await _lose(claim, "ClaimMisbound", text, ctx)


async def _lose(
    claim: core_v1.PersistentVolumeClaim, reason: str, text: str, ctx: Context
) -> None:
    if claim.status.phase == "Lost":
        return
    claim.status = core_v1.PersistentVolumeClaimStatus(phase="Lost")
    await ctx.update_status(claim)
    ctx.event(reason, text, type="Warning")


async def _bind_named(claim: core_v1.PersistentVolumeClaim, ctx: Context) -> None:
    volume = ctx.find(core_v1.PersistentVolume, claim.spec.volume_name)
    if volume is None:
        return  # it may come yet
    name = volume.metadata.name
    if volume.spec.claim_ref is None:
        why = mismatch(volume, claim)
        if not why:
            await _bind(claim, volume, ctx)
            return
        text = f'Cannot bind to requested volume "{name}": {why}'
        ctx.event("VolumeMismatch", text, type="Warning")
    elif is_reserved_for(volume, claim):
        await _bind(claim, volume, ctx)
    else:
        text = f'volume "{name}" already bound to a different claim.'
        ctx.event("FailedBinding", text, type="Warning")


async def _bind_any(claim: core_v1.PersistentVolumeClaim, ctx: Context) -> None:
    name = class_of(claim)
    found = ctx.find(storage_v1.StorageClass, name) if name else None
    waits = found is not None and found.volume_binding_mode == WAITS
    waits = waits and SELECTED_NODE not in claim.metadata.annotations
    volumes = ctx.list(core_v1.PersistentVolume, namespace=ALL)
    volume = best_match(claim, volumes, waits=waits)
    if volume is not None:
        await _bind(claim, volume, ctx)
    elif claim.spec.storage_class_name is None and not name:
        await _give_class(claim, ctx)
    elif waits:
        text = "waiting for first consumer to be created before binding"
        ctx.event(WAITS, text)
    elif name:
        await _ask_for_volume(claim, name, found, ctx)
    else:
        _say_there_is_none(ctx)


def _say_there_is_none(ctx: Context) -> None:
    text = "no persistent volumes available for this claim and no storage class is set"
    ctx.event("FailedBinding", text)


async def _give_class(claim: core_v1.PersistentVolumeClaim, ctx: Context) -> None:
    """Give the claim the class that is the default by now."""
    name = default_class(ctx.list(storage_v1.StorageClass, namespace=ALL))
    if name is None:
        _say_there_is_none(ctx)
        return
    claim.spec.storage_class_name = name
    await ctx.update(claim)


async def _ask_for_volume(
    claim: core_v1.PersistentVolumeClaim,
    name: str,
    found: storage_v1.StorageClass | None,
    ctx: Context,
) -> None:
    if found is None:
        text = f'storageclass.storage.k8s.io "{name}" not found'
        ctx.event("ProvisioningFailed", text, type="Warning")
        return
    provisioner, notes = found.provisioner, claim.metadata.annotations
    notes[PROVISIONER] = notes[_OLD_PROVISIONER] = provisioner
    await ctx.update(claim)
    ctx.event(
        "ExternalProvisioning",
        "Waiting for a volume to be created either by the external provisioner "
        f"'{provisioner}' or manually by the system administrator. If volume creation "
        "is delayed, please verify that the provisioner is running and correctly "
        "registered.",
    )


async def _bind(
    claim: core_v1.PersistentVolumeClaim,
    volume: core_v1.PersistentVolume,
    ctx: Context,
) -> None:
    """Bind the two, one write after the other: each can be repeated."""
    if not is_bound_to(volume, claim):
        if not is_reserved_for(volume, claim):
            volume.metadata.annotations[BOUND_BY_CONTROLLER] = "yes"
        volume.spec.claim_ref = claim_reference(claim)
        await ctx.update(volume)
    await _set_phase(volume, "Bound", ctx)
    notes = claim.metadata.annotations
    if claim.spec.volume_name != volume.metadata.name:
        claim.spec.volume_name = volume.metadata.name
        notes[BOUND_BY_CONTROLLER] = "yes"
    notes[BIND_COMPLETED] = "yes"
    await ctx.update(claim)
    claim.status.phase = "Bound"
    claim.status.access_modes = volume.spec.access_modes
    claim.status.capacity = volume.spec.capacity
    await ctx.update_status(claim)


def claim_reference(claim: core_v1.PersistentVolumeClaim) -> core_v1.ObjectReference:
    """Return the reference of a volume to its claim."""
    meta = claim.metadata
    return core_v1.ObjectReference(
        api_version="v1",
        kind="PersistentVolumeClaim",
        namespace=meta.namespace,
        name=meta.name,
        uid=meta.uid,
        resource_version=meta.resource_version,
    )


async def _set_phase(
    volume: core_v1.PersistentVolume, phase: str, ctx: Context
) -> None:
    volume.status.phase = phase
    await ctx.update_status(volume)


@controller(
    core_v1.PersistentVolume,
    name="persistentvolume-controller-volumes",
    watches=[Watch(core_v1.PersistentVolumeClaim, to=_volumes_of)],
    reconcile_deleting=True,
)
async def _follow_claim(volume: core_v1.PersistentVolume, ctx: Context) -> None:
    """Say in the phase of the volume what became of its claim."""
    ref = volume.spec.claim_ref
    if ref is None or not ref.uid:
        await _set_phase(volume, "Available", ctx)
        return
    claim = await _claim_of(ref, ctx)
    if claim is None:
        if volume.status.phase != "Failed":
            await _set_phase(volume, "Released", ctx)
    elif claim.spec.volume_name == volume.metadata.name:
        await _set_phase(volume, "Bound", ctx)
    elif claim.spec.volume_name:
        await _unbind(volume, ref, ctx)


async def _claim_of(
    ref: core_v1.ObjectReference, ctx: Context
) -> core_v1.PersistentVolumeClaim | None:
    kind = core_v1.PersistentVolumeClaim
    claim = ctx.find(kind, ref.name, namespace=ref.namespace)
    if claim is None or claim.metadata.uid != ref.uid:
        # The cache may be behind, and who releases a volume may lose what is on it.
        try:
            claim = await ctx.client.get(kind, ref.name, namespace=ref.namespace)
        except NotFoundError:
            return None
    return claim if claim.metadata.uid == ref.uid else None


async def _unbind(
    volume: core_v1.PersistentVolume, ref: core_v1.ObjectReference, ctx: Context
) -> None:
    """Let go of a claim that got another volume."""
    if volume.metadata.annotations.pop(BOUND_BY_CONTROLLER, None):
        volume.spec.claim_ref = None
    else:
        ref.uid = ""
    await ctx.update(volume)
    await _set_phase(volume, "Available", ctx)
