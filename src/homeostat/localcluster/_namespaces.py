"""The namespace controller: empties a namespace that is being deleted, then ends it.

Source: kubernetes ``pkg/controller/namespace/deletion``.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import msgspec

from homeostat.api import Resource
from homeostat.client import Client
from homeostat.controller import Context, Result, controller
from homeostat.errors import ApiError, NotFoundError
from homeostat.k8s import core_v1
from homeostat.localcluster._namespace_status import Remains, namespace_conditions

__all__ = ["namespaces"]

Metadata: TypeAlias = dict[str, Any]

FINALIZER = "kubernetes"
# How soon a namespace that is not empty yet is looked at again: after an eighth of the
# time that it has been waiting for, within these bounds, in seconds.
RETRY, RETRY_CAP = 0.05, 5.0
_NEEDED = {"deletecollection", "list"}


@controller(core_v1.Namespace, name="namespace-controller", reconcile_deleting=True)
async def namespaces(namespace: core_v1.Namespace, ctx: Context) -> Result | None:
    """Delete what is in a namespace that is being deleted; finalize an empty one."""
    since = namespace.metadata.deletion_timestamp
    if since is None or not namespace.spec.finalizers:
        return None
    name = namespace.metadata.name
    found = await ctx.client.discover()
    remains = Remains(undiscovered=found.failed)
    pods, others = _sorted_out(found.resources)
    for resource in pods:
        await _empty(resource, name, remains, ctx.client)
    # What pods may need to end in good order goes after them.
    counted = not remains.counts
    for resource in others if counted else ():
        await _empty(resource, name, remains, ctx.client)
    namespace.status.conditions = namespace_conditions(
        namespace.status.conditions, remains, counted=counted, now=ctx.clock.now()
    )
    await ctx.update_status(namespace)
    if not remains.is_nothing:
        waited = (ctx.clock.now() - since).total_seconds()
        return Result(requeue_after=min(RETRY_CAP, max(RETRY, waited / 8)))
    namespace.spec.finalizers = [f for f in namespace.spec.finalizers if f != FINALIZER]
    await ctx.client.update(namespace, subresource="finalize")
    return None


def _sorted_out(found: Sequence[Resource]) -> tuple[list[Resource], list[Resource]]:
    """Return pods, and whatever else can be in a namespace; each kind once."""
    kinds: dict[tuple[str, str], Resource] = {}
    for resource in found:
        if resource.namespaced and set(resource.verbs) >= _NEEDED:
            kinds.setdefault((resource.gvk.group, resource.plural), resource)
    pods = kinds.pop(("", "pods"), None)
    return [pods] if pods else [], list(kinds.values())


async def _empty(
    resource: Resource, namespace: str, remains: Remains, client: Client
) -> None:
    """Delete the objects of one resource; note those that are still there."""
    try:
        page = await client.list_page(resource, namespace=namespace, limit=1)
        if not page.items:
            return
        await client.delete_collection(
            resource.gvk, namespace=namespace, propagation="Background"
        )
        page = await client.list_page(resource, namespace=namespace)
    except NotFoundError:
        return  # its definition went meanwhile, and it with it
    except ApiError as error:
        remains.failures.append(error.message)
        return
    if not page.items:
        return
    gvk = resource.gvk
    left: list[Metadata] = [msgspec.json.decode(i)["metadata"] for i in page.items]
    remains.counts[f"{resource.plural}.{gvk.group}"] = len(left)
    remains.finalizers.update(_finalizers(left))
    if not _is_expected(left):
        remains.failures.append(
            f"unexpected items still remain in namespace: {namespace} for gvr: "
            f"{gvk.group}/{gvk.version}, Resource={resource.plural}"
        )


def _finalizers(left: Sequence[Metadata]) -> list[str]:
    return [name for metadata in left for name in metadata.get("finalizers") or ()]


def _is_expected(left: Sequence[Metadata]) -> bool:
    """Tell whether objects may still be there: held, or ending in their own time."""
    return bool(_finalizers(left)) or any(
        metadata.get("deletionGracePeriodSeconds") for metadata in left
    )
