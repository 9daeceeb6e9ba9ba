"""Who a StatefulSet's pods are, and which storage is whose: pure functions.

Source: kubernetes ``pkg/controller/statefulset/stateful_set_utils.go``.
"""

import re
from collections.abc import Sequence
from copy import deepcopy

from homeostat.api import Object, ObjectMeta, OwnerReference, kind_of
from homeostat.k8s import apps_v1, core_v1
from homeostat.localcluster._claims import controlling_reference
from homeostat.localcluster._revisions import REVISION_LABEL

__all__ = [
    "claims_of",
    "fits",
    "has_other_controller",
    "is_member",
    "new_pod",
    "ordinal_of",
    "ordinals_of",
    "partition_of",
    "refit",
    "retained_owners",
    "waits_for_old_claim",
]

POD_NAME_LABEL = "statefulset.kubernetes.io/pod-name"
POD_INDEX_LABEL = "apps.kubernetes.io/pod-index"

_NAME = re.compile(r"(.*)-([0-9]+)")
_MAX_ORDINAL = 2**31 - 1


def _parsed(name: str) -> tuple[str, int]:
    """Return the name of a pod's StatefulSet, and its ordinal; -1 if it has none."""
    match = _NAME.fullmatch(name)
    if match is None:
        return "", -1
    ordinal = int(match[2])
    return match[1], ordinal if ordinal <= _MAX_ORDINAL else -1


def ordinal_of(pod: core_v1.Pod) -> int:
    """Return the ordinal in a pod's name, -1 when there is none."""
    return _parsed(pod.metadata.name)[1]


def is_member(owner: apps_v1.StatefulSet, pod: core_v1.Pod) -> bool:
    """Tell whether a pod has the name of one of the StatefulSet's."""
    return _parsed(pod.metadata.name)[0] == owner.metadata.name


def ordinals_of(owner: apps_v1.StatefulSet) -> range:
    """Return the ordinals of the pods that a StatefulSet asks for."""
    spec = owner.spec
    start = spec.ordinals.start if spec.ordinals else 0
    return range(start, start + (1 if spec.replicas is None else spec.replicas))


def partition_of(owner: apps_v1.StatefulSet) -> int | None:
    """Return how many of the first pods a rolling update leaves as they are.

    None where users replace the pods, by deleting them.
    """
    strategy = owner.spec.update_strategy
    if strategy.type == "OnDelete":
        return None
    return (strategy.rolling_update.partition if strategy.rolling_update else 0) or 0


def _name(owner: apps_v1.StatefulSet, ordinal: int) -> str:
    return f"{owner.metadata.name}-{ordinal}"


def new_pod(
    owner: apps_v1.StatefulSet,
    template: core_v1.PodTemplateSpec,
    revision: str,
    ordinal: int,
) -> core_v1.Pod:
    """Return the pod of an ordinal.

    Args:
        owner: The StatefulSet.
        template: Its pod template in this revision.
        revision: Name of the revision.
        ordinal: Of the pod.
    """
    name = _name(owner, ordinal)
    pod = core_v1.Pod(
        metadata=ObjectMeta(
            name=name,
            generate_name=f"{owner.metadata.name}-",
            namespace=owner.metadata.namespace,
            labels={**template.metadata.labels, REVISION_LABEL: revision},
            annotations=dict(template.metadata.annotations),
            finalizers=list(template.metadata.finalizers),
        ),
        spec=deepcopy(template.spec),
    )
    pod.spec.hostname = name
    pod.spec.subdomain = owner.spec.service_name
    refit(owner, pod)
    return pod


def fits(owner: apps_v1.StatefulSet, pod: core_v1.Pod) -> bool:
    """Tell whether a pod bears the label of its name, and has its own storage."""
    named = pod.metadata.labels.get(POD_NAME_LABEL) == pod.metadata.name
    wanted = _claim_names(owner, ordinal_of(pod)).items()
    return named and wanted <= _claimed(pod).items()


def refit(owner: apps_v1.StatefulSet, pod: core_v1.Pod) -> None:
    """Give a pod back the labels and the storage of its ordinal, in place."""
    ordinal = ordinal_of(pod)
    pod.metadata.labels[POD_NAME_LABEL] = pod.metadata.name
    pod.metadata.labels[POD_INDEX_LABEL] = str(ordinal)
    claims = _claim_names(owner, ordinal)
    if claims.items() <= _claimed(pod).items():
        return
    pod.spec.volumes = [
        *(
            core_v1.Volume(
                name=name,
                persistent_volume_claim=core_v1.PersistentVolumeClaimVolumeSource(
                    claim_name=claim
                ),
            )
            for name, claim in claims.items()
        ),
        *(volume for volume in pod.spec.volumes if volume.name not in claims),
    ]


def _claim_names(owner: apps_v1.StatefulSet, ordinal: int) -> dict[str, str]:
    """Return the names of a pod's claims by those of its volumes."""
    pod = _name(owner, ordinal)
    names = [claim.metadata.name for claim in owner.spec.volume_claim_templates]
    return {name: f"{name}-{pod}" for name in names}


def _claimed(pod: core_v1.Pod) -> dict[str, str]:
    return {
        volume.name: volume.persistent_volume_claim.claim_name
        for volume in pod.spec.volumes
        if volume.persistent_volume_claim
    }


def claims_of(
    owner: apps_v1.StatefulSet, ordinal: int
) -> list[core_v1.PersistentVolumeClaim]:
    """Return the claims that the pod of an ordinal needs."""
    names = _claim_names(owner, ordinal)
    selector = owner.spec.selector
    claims = deepcopy(owner.spec.volume_claim_templates)
    for claim in claims:
        claim.metadata.name = names[claim.metadata.name]
        claim.metadata.namespace = owner.metadata.namespace
        claim.metadata.labels.update(selector.match_labels if selector else {})
    return claims


def waits_for_old_claim(
    owner: apps_v1.StatefulSet,
    ordinal: int,
    claims: Sequence[core_v1.PersistentVolumeClaim],
) -> bool:
    """Tell whether a pod to be made has to wait until its old claims are gone.

    Where claims go with their pods, one that belongs to a former pod of the name is on
    its way out.
    """
    if not claims or not _policy(owner)[1]:
        return False
    pod = core_v1.Pod(metadata=ObjectMeta(name=_name(owner, ordinal)))
    return any(_is_stale(claim, pod) for claim in claims)


def retained_owners(
    claim: core_v1.PersistentVolumeClaim,
    owner: apps_v1.StatefulSet,
    pod: core_v1.Pod,
) -> list[OwnerReference] | None:
    """Return whom a claim is to belong to, None where that is so already.

    Either to nobody of these, which keeps it; or to the StatefulSet, with which it
    goes; or to its pod, once that is beyond the StatefulSet's size. A claim that
    belongs to a former object of these names, or to another controller, is left alone.

    Args:
        claim: The claim.
        owner: The StatefulSet.
        pod: The pod whose claim it is.
    """
    if _is_stale(claim, owner) or _is_stale(claim, pod):
        return None
    references = claim.metadata.owner_references
    ours = [r for r in references if _means(r, owner) or _means(r, pod)]
    others = [r for r in references if r not in ours]
    if has_other_controller(claim, owner, pod):
        return others if ours else None
    wanted = _wanted_owners(owner, pod)
    uids = {r.uid for r in ours}
    if uids == {o.metadata.uid for o in wanted} and all(r.controller for r in ours):
        return None
    return [*others, *map(controlling_reference, wanted)]


def has_other_controller(
    claim: core_v1.PersistentVolumeClaim,
    owner: apps_v1.StatefulSet,
    pod: core_v1.Pod,
) -> bool:
    """Tell whether a claim that is to go with its owners is controlled by another."""
    return any(_policy(owner)) and any(
        r.controller and not (_means(r, owner) or _means(r, pod))
        for r in claim.metadata.owner_references
    )


def _wanted_owners(owner: apps_v1.StatefulSet, pod: core_v1.Pod) -> list[Object]:
    with_set, with_pod = _policy(owner)
    if with_pod and ordinal_of(pod) not in ordinals_of(owner):
        return [pod]
    return [owner] if with_set else []


def _policy(owner: apps_v1.StatefulSet) -> tuple[bool, bool]:
    """Return whether claims go with the StatefulSet, and with surplus pods."""
    policy = owner.spec.persistent_volume_claim_retention_policy
    if policy is None:
        return False, False
    return policy.when_deleted == "Delete", policy.when_scaled == "Delete"


def _means(reference: OwnerReference, item: Object) -> bool:
    gvk = kind_of(item)
    return (reference.api_version, reference.kind, reference.name) == (
        gvk.api_version,
        gvk.kind,
        item.metadata.name,
    )


def _is_stale(claim: core_v1.PersistentVolumeClaim, item: Object) -> bool:
    return any(
        _means(r, item) and r.uid != item.metadata.uid
        for r in claim.metadata.owner_references
    )
