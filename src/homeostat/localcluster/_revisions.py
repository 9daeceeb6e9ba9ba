"""The history of a workload's pod template: ControllerRevisions.

StatefulSets and DaemonSets share the form of what is kept, so that this controller and
the one of kube-controller-manager go on from each other's histories.

Source: kubernetes ``pkg/controller/history`` (controller_history.go),
``pkg/controller/statefulset`` (getStatefulSetRevisions, truncateHistory) and
``pkg/controller/daemon/update.go`` (constructHistory, cleanupHistory).
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec

from homeostat._random import NAME_ALPHABET
from homeostat.api import (
    Object,
    ObjectMeta,
    Selector,
    from_dict,
    set_controller_reference,
    to_dict,
)
from homeostat.cache import Index
from homeostat.controller import Context
from homeostat.errors import AlreadyExistsError
from homeostat.k8s import apps_v1, core_v1
from homeostat.localcluster._claims import by_controller, candidates, claim, settle

__all__ = [
    "REVISION_LABEL",
    "Draft",
    "Revision",
    "claim_history",
    "data_of",
    "in_order",
    "record_revision",
    "revision_hash",
    "surplus",
    "template_of",
]

Revision: TypeAlias = apps_v1.ControllerRevision
Data: TypeAlias = dict[str, Any]

REVISION_LABEL = "controller-revision-hash"
# What a name may have, less the longest hash, as the real controller cuts it.
_PREFIX_LENGTH = 223
_FNV_OFFSET, _FNV_PRIME = 0x811C9DC5, 0x01000193
# Go writes these characters of a JSON text as escapes.
_ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


_by_controller = Index(Revision, by=by_controller, name="controller")


def data_of(template: Data) -> Data:
    """Return what a revision keeps of a pod template: a patch that brings it back.

    Args:
        template: As the server wrote it: a revision of the same content is found by
            comparing all of it.
    """
    return {"spec": {"template": {**template, "$patch": "replace"}}}


def template_of(revision: Revision) -> core_v1.PodTemplateSpec:
    """Return the pod template that a revision keeps."""
    template = dict(revision.data["spec"]["template"])
    template.pop("$patch", None)
    return from_dict(core_v1.PodTemplateSpec, template)


def revision_hash(data: Data, collisions: int) -> str:
    """Return the hash of a StatefulSet's revision, the real controller's to the letter.

    It is FNV-1 of the JSON text with the number of collisions behind it.
    """
    value = _FNV_OFFSET
    for byte in _as_go_writes(data) + str(collisions).encode():
        value = (value * _FNV_PRIME & 0xFFFFFFFF) ^ byte
    return "".join(NAME_ALPHABET[ord(c) % len(NAME_ALPHABET)] for c in str(value))


def _as_go_writes(data: Data) -> bytes:
    """Return the JSON text of a revision's data, as Go's encoder has it.

    The real server compares it byte by byte with what comes of a patch of the object,
    which would change what may not change if it had another order, or other escapes.
    """
    text = msgspec.json.encode(data, order="sorted").decode()
    return text.translate(_ESCAPES).encode()


def in_order(revisions: Iterable[Revision]) -> list[Revision]:
    """Return revisions from the first to the last one."""

    def place(revision: Revision) -> tuple[int, float, str]:
        created = revision.metadata.creation_timestamp
        since = created.timestamp() if created else 0.0
        return revision.revision, since, revision.metadata.name

    return sorted(revisions, key=place)


async def claim_history(
    owner: Object, selector: Selector, ctx: Context
) -> list[Revision]:
    """Return the revisions of a workload in order, those that it adopts included.

    Args:
        owner: The workload.
        selector: Its label selector.
        ctx: Of the reconcile.
    """

    def found() -> list[Revision]:
        return candidates(owner, selector, _by_controller, ctx)

    await settle(owner, claim(owner, selector, found()), ctx)
    return in_order(r for r in found() if selector.matches(r.metadata.labels))


def surplus(
    history: Sequence[Revision], limit: int, live: Collection[str]
) -> list[Revision]:
    """Return the revisions to delete, the first ones, so that ``limit`` dead ones stay.

    Args:
        history: Revisions in order.
        limit: ``revisionHistoryLimit``.
        live: Names of those that are in use.
    """
    dead = [each for each in history if each.metadata.name not in live]
    return dead[: max(0, len(dead) - limit)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A revision of the present template, which may be there already.

    Attributes:
        data: What it keeps.
        labels: Its labels, but for that of its hash.
        hash_label: Name of the label with its hash.
        hash_of: Gives the hash for a number of collisions.
    """

    data: Data
    labels: dict[str, str]
    hash_label: str
    hash_of: Callable[[int], str]


async def record_revision(
    owner: Object,
    draft: Draft,
    history: Sequence[Revision],
    collisions: int,
    ctx: Context,
) -> tuple[Revision, int]:
    """Make the present template's revision the last one of the history.

    A template that was there before takes its revision up again, under a new number.

    Args:
        owner: The workload.
        draft: Of its present template.
        history: Its revisions in order.
        collisions: How often a name was taken so far.
        ctx: Of the reconcile.

    Returns:
        The revision, and how often a name was taken by now.
    """
    equal = [each for each in history if each.data == draft.data]
    number = 1 + (history[-1].revision if history else 0)
    if equal:
        found = equal[-1]
        if found is not history[-1]:
            patch = {"revision": number}
            name, namespace = found.metadata.name, found.metadata.namespace
            found = await ctx.client.patch(Revision, name, patch, namespace=namespace)
        return found, collisions
    while True:
        wanted = _new(owner, draft, number, collisions)
        try:
            return await _create(wanted, ctx), collisions
        except AlreadyExistsError:
            meta = wanted.metadata
            taken = await ctx.client.get(Revision, meta.name, namespace=meta.namespace)
            if taken.data == draft.data:
                return taken, collisions
        collisions += 1


async def _create(revision: Revision, ctx: Context) -> Revision:
    body = to_dict(revision)
    body["data"] = msgspec.Raw(_as_go_writes(revision.data))
    return from_dict(Revision, await ctx.client.create(body))


def _new(owner: Object, draft: Draft, number: int, collisions: int) -> Revision:
    digest = draft.hash_of(collisions)
    meta = owner.metadata
    revision = apps_v1.ControllerRevision(
        metadata=ObjectMeta(
            name=f"{meta.name[:_PREFIX_LENGTH]}-{digest}",
            namespace=meta.namespace,
            labels={**draft.labels, draft.hash_label: digest},
            annotations=dict(meta.annotations),
        ),
        data=draft.data,
        revision=number,
    )
    set_controller_reference(owner, revision)
    return revision
