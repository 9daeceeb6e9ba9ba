"""Who controls what: a workload adopts what it selects and releases what it does not.

Source: kubernetes ``pkg/controller/controller_ref_manager.go``.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from homeostat.api import (
    LabelSelector,
    Object,
    OwnerReference,
    Request,
    Selector,
    controller_of,
    kind_of,
    to_dict,
)
from homeostat.cache import Index, Reader, Record
from homeostat.controller import Context
from homeostat.errors import ApiError, NotFoundError
from homeostat.k8s import apps_v1, batch_v1, core_v1

__all__ = [
    "Claims",
    "adopters",
    "by_controller",
    "candidates",
    "claim",
    "controlling_reference",
    "pods_by_controller",
    "selector_of",
    "sets_by_controller",
    "settle",
]

T = TypeVar("T", bound=Object)

Workload: TypeAlias = (
    apps_v1.DaemonSet
    | apps_v1.Deployment
    | apps_v1.ReplicaSet
    | apps_v1.StatefulSet
    | batch_v1.Job
)

NOTHING = Selector.parse("none,!none")


def by_controller(record: Record) -> str:
    """Return the uid of an object's controller; what has none is found as an orphan."""
    return record.controller_uid or _orphans(record.namespace)


def _orphans(namespace: str) -> str:
    return f"orphan/{namespace}"


pods_by_controller = Index(core_v1.Pod, by=by_controller, name="controller")
sets_by_controller = Index(apps_v1.ReplicaSet, by=by_controller, name="controller")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims(Generic[T]):
    """Whose objects are whose.

    Attributes:
        owned: What the owner controls and selects.
        adopt: What nobody controls and it selects.
        release: What it controls and no longer selects.
    """

    owned: list[T]
    adopt: list[T]
    release: list[T]


def selector_of(selector: LabelSelector | None) -> Selector:
    """Return the selector of a workload; one without a selector selects nothing."""
    return NOTHING if selector is None else Selector.of(selector)


def adopters(
    kind: type[Workload],
) -> Callable[[Record, Reader], Iterable[Request]]:
    """Return what maps an object that nobody controls to those that select it.

    Args:
        kind: Of those that select.
    """

    def to(record: Record, reader: Reader) -> Iterable[Request]:
        if record.controller_uid:
            return
        for workload in reader.list(kind, namespace=record.namespace):
            if selector_of(workload.spec.selector).matches(record.labels):
                yield Request(workload.metadata.namespace, workload.metadata.name)

    return to


def candidates(
    owner: Object, selector: Selector, index: Index[T], ctx: Context
) -> list[T]:
    """Return what an owner controls, and what it selects and nobody controls.

    Args:
        owner: The workload.
        selector: Its label selector.
        index: Of the objects, with ``by_controller``.
        ctx: Of the reconcile.
    """
    meta = owner.metadata
    orphans = ctx.list(index[_orphans(meta.namespace)], labels=selector)
    return [*ctx.list(index[meta.uid]), *orphans]


def claim(
    owner: Object,
    selector: Selector,
    found: Iterable[T],
    *,
    among: Callable[[T], bool] = lambda _: True,
) -> Claims[T]:
    """Sort the objects of a namespace by what their owner has to do with them.

    An owner that is being deleted neither adopts nor releases.

    Args:
        owner: The workload.
        selector: Its label selector.
        found: Its candidates.
        among: What else than their labels makes them its own.
    """
    claims: Claims[T] = Claims(owned=[], adopt=[], release=[])
    leaving = owner.metadata.deletion_timestamp is not None
    for each in found:
        controller = controller_of(each)
        matches = selector.matches(each.metadata.labels) and among(each)
        if controller is not None:
            if controller.uid == owner.metadata.uid:
                (claims.owned if matches else claims.release).append(each)
        elif matches and not each.metadata.deletion_timestamp:
            claims.adopt.append(each)
    if leaving:
        return Claims(owned=claims.owned, adopt=[], release=[])
    return claims


async def settle(
    owner: Object, claims: Claims[T], ctx: Context, *, finalizer: str = ""
) -> None:
    """Adopt and release, one object after the other.

    What one of them refuses does not keep the others waiting.

    Args:
        owner: The workload.
        claims: What it has to do with which objects.
        ctx: Of the reconcile.
        finalizer: What the owner keeps on what it owns, "" for none.

    Raises:
        ApiError: The first refusal, once all were tried.
    """
    refused: list[ApiError] = []
    adopt: Sequence[T] = claims.adopt
    if adopt and not await _lives(owner, ctx):
        adopt = ()  # gone, or on its way out, which the cache does not know yet
    for each in adopt:
        references = [*each.metadata.owner_references, controlling_reference(owner)]
        kept = _without(each, finalizer) + ([finalizer] if finalizer else [])
        refused += await _set_owners(each, references, kept, ctx)
    for each in claims.release:
        uid = owner.metadata.uid
        references = [r for r in each.metadata.owner_references if r.uid != uid]
        kept = _without(each, finalizer)
        refused += await _set_owners(each, references, kept, ctx)
    if refused:
        raise refused[0]


async def _lives(owner: Object, ctx: Context) -> bool:
    meta = owner.metadata
    try:
        live = await ctx.client.get(type(owner), meta.name, namespace=meta.namespace)
    except NotFoundError:
        return False
    return live.metadata.uid == meta.uid and not live.metadata.deletion_timestamp


def controlling_reference(owner: Object) -> OwnerReference:
    """Return the reference by which an object controls another."""
    gvk = kind_of(owner)
    return OwnerReference(
        api_version=gvk.api_version,
        kind=gvk.kind,
        name=owner.metadata.name,
        uid=owner.metadata.uid,
        controller=True,
        block_owner_deletion=True,
    )


def _without(item: Object, finalizer: str) -> list[str]:
    return [name for name in item.metadata.finalizers if name != finalizer]


async def _set_owners(
    item: Object,
    references: Iterable[OwnerReference],
    finalizers: Sequence[str],
    ctx: Context,
) -> list[ApiError]:
    meta = item.metadata
    changed: dict[str, Any] = {
        "uid": meta.uid,
        "resourceVersion": meta.resource_version,
        "ownerReferences": [to_dict(r) for r in references],
    }
    if finalizers != meta.finalizers:
        changed["finalizers"] = list(finalizers)
    patch = {"metadata": changed}
    try:
        await ctx.client.patch(type(item), meta.name, patch, namespace=meta.namespace)
    except NotFoundError:
        return []
    except ApiError as error:
        return [error]
    return []
