"""What the garbage collector writes: its verdicts, on objects that are still the same.

Source: kubernetes ``pkg/controller/garbagecollector/operations.go``.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from homeostat.api import GroupVersionKind, Unstructured
from homeostat.client import Client
from homeostat.errors import NotFoundError
from homeostat.localcluster._ownership import (
    Action,
    Delete,
    Dependent,
    DropFinalizer,
    DropOwners,
    Propagation,
)

__all__ = ["act"]


async def act(client: Client, item: Dependent, action: Action) -> None:
    """Do what was decided, if the object is still the one that was judged.

    Raises:
        ConflictError: It was changed at this very moment: judge it again.
    """
    # Gone, or another object has its name by now: both are what was wanted.
    with suppress(NotFoundError):
        match action:
            case Delete(propagation=propagation, unblock=unblock):
                if unblock:
                    await _rewrite(client, item, "ownerReferences", _unblocked)
                await _delete(client, item, propagation)
            case DropOwners(uids=uids):
                await _rewrite(
                    client,
                    item,
                    "ownerReferences",
                    lambda found: [r for r in found if r["uid"] not in uids],
                )
            case DropFinalizer(finalizer=finalizer):
                await _rewrite(
                    client,
                    item,
                    "finalizers",
                    lambda found: [name for name in found if name != finalizer],
                )


async def _delete(client: Client, item: Dependent, propagation: Propagation) -> None:
    """Delete an object whose owners are still those that were judged.

    Raises:
        ConflictError: It was changed at this very moment: judge it again.
    """
    kind, namespace = _kind(item), item.namespace or None
    live = await client.get(kind, item.name, namespace=namespace)
    metadata = live["metadata"]
    now = Dependent.of(item.api_version, item.kind, metadata)
    if now.uid != item.uid or {o.uid for o in now.owners} != {
        o.uid for o in item.owners
    }:
        return  # the watch will tell, and then it is judged again
    await client.delete(
        kind,
        item.name,
        namespace=namespace,
        uid=item.uid,
        resource_version=metadata["resourceVersion"],
        propagation=propagation,
    )


async def _rewrite(
    client: Client,
    item: Dependent,
    field: str,
    change: Callable[[list[Any]], list[Any]],
) -> None:
    """Change a list in the metadata, if it is still that object."""
    kind, namespace = _kind(item), item.namespace or None
    live: Unstructured = await client.get(kind, item.name, namespace=namespace)
    metadata = live["metadata"]
    found: list[Any] = metadata.get(field) or []
    kept = change(found)
    if metadata["uid"] != item.uid or kept == found:
        return
    patch = {
        "metadata": {
            "uid": item.uid,
            "resourceVersion": metadata["resourceVersion"],
            field: kept or None,
        }
    }
    await client.patch(kind, item.name, patch, namespace=namespace)


def _kind(item: Dependent) -> GroupVersionKind:
    return GroupVersionKind.of(item.api_version, item.kind)


def _unblocked(references: list[Any]) -> list[Any]:
    return [{**each, "blockOwnerDeletion": False} for each in references]
