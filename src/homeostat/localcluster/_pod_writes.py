"""How controllers create and delete pods, and tell of it.

Source: kubernetes ``pkg/controller/controller_utils.go`` (RealPodControl).
"""

from homeostat.controller import Context
from homeostat.errors import ApiError
from homeostat.k8s import core_v1

__all__ = ["create_pod", "delete_pod"]


async def create_pod(pod: core_v1.Pod, ctx: Context) -> bool:
    """Create a pod of the reconciled object.

    Returns:
        False where none can be created ever again: the namespace is being deleted.

    Raises:
        ApiError: The server refuses it; an event tells.
    """
    try:
        created = await ctx.create(pod, owned=True)
    except ApiError as error:
        if error.is_namespace_terminating:
            return False
        text = f"Error creating: {error.message}"
        ctx.event("FailedCreate", text, type="Warning")
        raise
    ctx.event("SuccessfulCreate", f"Created pod: {created.metadata.name}")
    return True


async def delete_pod(pod: core_v1.Pod, ctx: Context) -> None:
    """Delete a pod of the reconciled object.

    Raises:
        ApiError: The server refuses it; an event tells.
    """
    try:
        deleted = await ctx.delete(pod)
    except ApiError as error:
        text = f"Error deleting: {error.message}"
        ctx.event("FailedDelete", text, type="Warning")
        raise
    if deleted:
        ctx.event("SuccessfulDelete", f"Deleted pod: {pod.metadata.name}")
