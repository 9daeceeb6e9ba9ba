"""The namespace controller: empties a namespace that is being deleted, then ends it."""

from homeostat.api import Resource
from homeostat.controller import Context, Result, controller
from homeostat.errors import ApiError, NotFoundError
from homeostat.k8s import core_v1

__all__ = ["namespaces"]

FINALIZER = "kubernetes"
# How soon a namespace that is not empty yet is looked at again, in seconds.
RETRY = 0.05
_NEEDED = {"deletecollection", "list"}


@controller(core_v1.Namespace, name="namespace", reconcile_deleting=True)
async def namespaces(namespace: core_v1.Namespace, ctx: Context) -> Result | None:
    """Delete what is in a namespace that is being deleted; finalize an empty one."""
    if not namespace.metadata.deletion_timestamp:
        return None
    if FINALIZER not in namespace.spec.finalizers:
        return None
    name = namespace.metadata.name
    remaining: dict[str, int] = {}
    for resource in (await ctx.client.discover()).resources:
        if resource.namespaced and set(resource.verbs) >= _NEEDED:
            left = await _empty(resource, name, ctx)
            if left:
                remaining[f"{resource.plural}.{resource.gvk.group}"] = left
    if remaining:
        await _report(namespace, remaining, ctx)
        return Result(requeue_after=RETRY)
    namespace.spec.finalizers = [f for f in namespace.spec.finalizers if f != FINALIZER]
    await ctx.client.update(namespace, subresource="finalize")
    return None


async def _empty(resource: Resource, namespace: str, ctx: Context) -> int:
    """Delete the objects of one resource; return how many are still there."""
    client = ctx.client
    page = await client.list_page(resource, namespace=namespace, limit=1)
    if not page.items:
        return 0
    try:
        await client.delete_collection(resource.gvk, namespace=namespace)
    except NotFoundError:
        return 0  # its definition went meanwhile, and it with it
    except ApiError as error:
        ctx.logger.warning("cannot empty %s of %s: %s", namespace, resource, error)
    page = await client.list_page(resource, namespace=namespace)
    return len(page.items)


async def _report(
    namespace: core_v1.Namespace, remaining: dict[str, int], ctx: Context
) -> None:
    what = ", ".join(
        f"{kind} has {count} resource instances"
        for kind, count in sorted(remaining.items())
    )
    message = f"Some resources are remaining: {what}"
    kept = [
        c for c in namespace.status.conditions if c.type != "NamespaceContentRemaining"
    ]
    namespace.status.conditions = [
        *kept,
        core_v1.NamespaceCondition(
            type="NamespaceContentRemaining",
            status="True",
            reason="SomeResourcesRemain",
            message=message,
        ),
    ]
    await ctx.update_status(namespace)
