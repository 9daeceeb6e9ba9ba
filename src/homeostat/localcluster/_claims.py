"""Who controls what: a workload adopts what it selects and releases what it does not.

Source: kubernetes ``pkg/controller/controller_ref_manager.go``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from homeostat.api import (
    LabelSelector,
    Object,
    OwnerReference,
    Selector,
    controller_of,
    kind_of,
    to_dict,
)
from homeostat.controller import Context
from homeostat.errors import ApiError, InvalidError, NotFoundError

__all__ = ["Claims", "claim", "selector_of", "settle"]

T = TypeVar("T", bound=Object)

NOTHING = Selector.parse("none,!none")


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


def claim(owner: Object, selector: Selector, found: Iterable[T]) -> Claims[T]:
    """Sort the objects of a namespace by what their owner has to do with them.

    An owner that is being deleted neither adopts nor releases.

    Args:
        owner: The workload.
        selector: Its label selector.
        found: Objects of its namespace.
    """
    claims: Claims[T] = Claims(owned=[], adopt=[], release=[])
    leaving = owner.metadata.deletion_timestamp is not None
    for each in found:
        controller = controller_of(each)
        matches = selector.matches(each.metadata.labels)
        if controller is not None:
            if controller.uid == owner.metadata.uid:
                (claims.owned if matches else claims.release).append(each)
        elif matches and not each.metadata.deletion_timestamp:
            claims.adopt.append(each)
    if leaving:
        return Claims(owned=claims.owned, adopt=[], release=[])
    return claims


async def settle(owner: Object, claims: Claims[T], ctx: Context) -> None:
    """Adopt and release, one object after the other.

    What one of them refuses does not keep the others waiting.

    Raises:
        ApiError: The first refusal, once all were tried.
    """
    refused: list[ApiError] = []
    adopt: Sequence[T] = claims.adopt
    if adopt and not await _lives(owner, ctx):
        adopt = ()  # gone, or on its way out, which the cache does not know yet
    for each in adopt:
        references = [*each.metadata.owner_references, _reference(owner)]
        refused += await _set_owners(each, references, ctx)
    for each in claims.release:
        uid = owner.metadata.uid
        references = [r for r in each.metadata.owner_references if r.uid != uid]
        refused += await _set_owners(each, references, ctx)
    if refused:
        raise refused[0]


async def _lives(owner: Object, ctx: Context) -> bool:
    meta = owner.metadata
    try:
        live = await ctx.client.get(type(owner), meta.name, namespace=meta.namespace)
    except NotFoundError:
        return False
    return live.metadata.uid == meta.uid and not live.metadata.deletion_timestamp


def _reference(owner: Object) -> OwnerReference:
    gvk = kind_of(owner)
    return OwnerReference(
        api_version=gvk.api_version,
        kind=gvk.kind,
        name=owner.metadata.name,
        uid=owner.metadata.uid,
        controller=True,
        block_owner_deletion=True,
    )


async def _set_owners(
    item: Object, references: Iterable[OwnerReference], ctx: Context
) -> list[ApiError]:
    meta = item.metadata
    patch = {
        "metadata": {
            "uid": meta.uid,
            "resourceVersion": meta.resource_version,
            "ownerReferences": [to_dict(r) for r in references],
        }
    }
    try:
        await ctx.client.patch(type(item), meta.name, patch, namespace=meta.namespace)
    except (NotFoundError, InvalidError):
        return []  # gone, or another object has its name by now
    except ApiError as error:
        return [error]
    return []
