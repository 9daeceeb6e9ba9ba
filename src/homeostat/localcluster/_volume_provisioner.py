"""What gives simulated nodes their volumes: the class ``standard``, as kind has it.

A claim of that class waits for its first pod. Once that has a node, a volume is made
there, on a path of the node, and it goes with its claim.

Source: the provisioner rancher.io/local-path, which kind installs.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from homeostat.api import ObjectMeta, Request
from homeostat.cache import Reader, Record
from homeostat.client import Client
from homeostat.controller import (
    Context,
    KindController,
    Watch,
    controller,
    predicate,
)
from homeostat.errors import AlreadyExistsError
from homeostat.k8s import core_v1, storage_v1
from homeostat.localcluster._scheduler import node_changed
from homeostat.localcluster._volume_matching import SELECTED_NODE, WAITS, class_of
from homeostat.localcluster._volumes import PROVISIONER, claim_reference

__all__ = ["CLASS", "provision_class", "provisioner"]

CLASS = "standard"
NAME = "homeostat.dev/simulated-path"
_PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
_FOLDER = "/var/local-path-provisioner"


async def provision_class(client: Client) -> None:
    """Make the class, unless there is one of its name."""
    notes = {"storageclass.kubernetes.io/is-default-class": "true"}
    item = storage_v1.StorageClass(
        metadata=ObjectMeta(name=CLASS, annotations=notes),
        provisioner=NAME,
        reclaim_policy="Delete",
        volume_binding_mode=WAITS,
    )
    with suppress(AlreadyExistsError):
        await client.create(item)


def provisioner() -> Sequence[KindController[Any]]:
    """Return the controllers that make volumes and take them away."""
    return [_provision, _remove]


def _claims_of(record: Record, _reader: Reader) -> Iterable[Request]:
    """Map a pod on a node to its claims."""
    if record.path("spec.nodeName"):
        volumes: list[dict[str, dict[str, str]]] = record.path("spec.volumes") or []
        for volume in volumes:
            name = volume.get("persistentVolumeClaim", {}).get("claimName")
            if name:
                yield Request(record.namespace, name)


@controller(
    core_v1.PersistentVolumeClaim,
    name="provisioner",
    watches=[Watch(core_v1.Pod, to=_claims_of, predicate=node_changed)],
    reads=[storage_v1.StorageClass],
)
async def _provision(claim: core_v1.PersistentVolumeClaim, ctx: Context) -> None:
    """Make a volume for the claim, when it is due."""
    found = ctx.find(storage_v1.StorageClass, class_of(claim))
    if claim.spec.volume_name or found is None or found.provisioner != NAME:
        return
    notes = claim.metadata.annotations
    if SELECTED_NODE not in notes and found.volume_binding_mode == WAITS:
        node = _node_of(claim, ctx)
        if node is None:
            return
        notes[SELECTED_NODE] = node
        await ctx.update(claim)
    if notes.get(PROVISIONER) == NAME:
        volume = _volume_for(claim, found)
        name = f"{claim.metadata.namespace}/{claim.metadata.name}"
        text = f'External provisioner is provisioning volume for claim "{name}"'
        ctx.event("Provisioning", text)
        with suppress(AlreadyExistsError):
            await ctx.create(volume)
        text = f"Successfully provisioned volume {volume.metadata.name}"
        ctx.event("ProvisioningSucceeded", text)


def _node_of(claim: core_v1.PersistentVolumeClaim, ctx: Context) -> str | None:
    for pod in ctx.list(core_v1.Pod):
        for volume in pod.spec.volumes:
            source = volume.persistent_volume_claim
            has_it = source is not None and source.claim_name == claim.metadata.name
            if has_it and pod.spec.node_name:
                return pod.spec.node_name
    return None


def _volume_for(
    claim: core_v1.PersistentVolumeClaim, found: storage_v1.StorageClass
) -> core_v1.PersistentVolume:
    meta, name = claim.metadata, f"pvc-{claim.metadata.uid}"
    node = meta.annotations.get(SELECTED_NODE)
    return core_v1.PersistentVolume(
        metadata=ObjectMeta(name=name, annotations={_PROVISIONED_BY: NAME}),
        spec=core_v1.PersistentVolumeSpec(
            capacity=claim.spec.resources.requests,
            access_modes=claim.spec.access_modes,
            persistent_volume_reclaim_policy=found.reclaim_policy or "Delete",
            storage_class_name=found.metadata.name,
            volume_mode=claim.spec.volume_mode,
            claim_ref=claim_reference(claim),
            host_path=core_v1.HostPathVolumeSource(
                path=f"{_FOLDER}/{name}_{meta.namespace}_{meta.name}",
                type="DirectoryOrCreate",
            ),
            node_affinity=_only_on(node) if node else None,
        ),
    )


def _only_on(node: str) -> core_v1.VolumeNodeAffinity:
    here = core_v1.NodeSelectorRequirement(
        key="kubernetes.io/hostname", operator="In", values=[node]
    )
    term = core_v1.NodeSelectorTerm(match_expressions=[here])
    return core_v1.VolumeNodeAffinity(
        required=core_v1.NodeSelector(node_selector_terms=[term])
    )


@predicate
def _released(_old: Record | None, new: Record | None) -> bool:
    return new is not None and new.path("status.phase") == "Released"


@controller(core_v1.PersistentVolume, name="provisioner-volumes", predicate=_released)
async def _remove(volume: core_v1.PersistentVolume, ctx: Context) -> None:
    """Delete a volume of this provisioner's that is not needed any more."""
    if volume.metadata.annotations.get(_PROVISIONED_BY) != NAME:
        return
    is_released = volume.status.phase == "Released"
    if is_released and volume.spec.persistent_volume_reclaim_policy == "Delete":
        await ctx.delete(volume)
