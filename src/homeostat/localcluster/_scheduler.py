"""The scheduler: every pod gets a node that it fits on."""

from collections import Counter
from collections.abc import Iterable

from homeostat.api import Request
from homeostat.cache import Index, Reader, Record
from homeostat.client import ALL
from homeostat.controller import Context, Watch, controller, predicate
from homeostat.errors import ConflictError, ForbiddenError, NotFoundError
from homeostat.k8s import core_v1
from homeostat.localcluster._placement import choose
from homeostat.localcluster._replicas import is_finished

__all__ = ["node_changed", "pods_by_node", "scheduler"]

SCHEDULER_NAME = "default-scheduler"

pods_by_node = Index(core_v1.Pod, path="spec.nodeName", name="node")


@predicate
def node_changed(old: Record | None, new: Record | None) -> bool:
    """Pass a pod that was bound: that changes its spec and not its generation."""
    places = [record.path("spec.nodeName") if record else None for record in (old, new)]
    return places[0] != places[1]


def _waiting(record: Record) -> bool | None:
    return None if record.path("spec.nodeName") else True


_waiting_pods = Index(core_v1.Pod, by=_waiting, name="waiting")


def _waiting_for_room(_record: Record, reader: Reader) -> Iterable[Request]:
    """Map a node to the pods that found none: it may be the one."""
    for pod in reader.list(_waiting_pods[True], namespace=ALL):
        yield Request(pod.metadata.namespace, pod.metadata.name)


@controller(
    core_v1.Pod,
    name=SCHEDULER_NAME,
    watches=[Watch(core_v1.Node, to=_waiting_for_room)],
)
async def scheduler(pod: core_v1.Pod, ctx: Context) -> None:
    """Bind the pod to a node, or say why it waits."""
    if pod.spec.node_name or pod.spec.scheduling_gates or is_finished(pod):
        return
    if pod.spec.scheduler_name not in {"", SCHEDULER_NAME}:
        return
    nodes = ctx.list(core_v1.Node)
    load = Counter(
        {
            n.metadata.name: len(ctx.list(pods_by_node[n.metadata.name], namespace=ALL))
            for n in nodes
        }
    )
    node = choose(pod, nodes, load)
    if node is None:
        await _say_unschedulable(pod, len(nodes), ctx)
        return
    meta = pod.metadata
    binding = {
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": meta.name, "namespace": meta.namespace, "uid": meta.uid},
        "target": {"apiVersion": "v1", "kind": "Node", "name": node},
    }
    try:
        await ctx.client.create_subresource(
            core_v1.Pod, meta.name, "binding", binding, namespace=meta.namespace
        )
    except (ConflictError, NotFoundError):
        return  # bound by another scheduler, or gone: either way the watch will tell
    except ForbiddenError as error:
        if not error.is_namespace_terminating:
            raise
        return  # the pod goes with its namespace
    ctx.event(
        "Scheduled", f"Successfully assigned {meta.namespace}/{meta.name} to {node}"
    )


async def _say_unschedulable(pod: core_v1.Pod, nodes: int, ctx: Context) -> None:
    message = f"0/{nodes} nodes are available"
    known = {c.type: c for c in pod.status.conditions}.get("PodScheduled")
    if known and (known.status, known.message) == ("False", message):
        return
    kept = [c for c in pod.status.conditions if c.type != "PodScheduled"]
    condition = core_v1.PodCondition(
        type="PodScheduled", status="False", reason="Unschedulable", message=message
    )
    pod.status.conditions = [*kept, condition]
    try:
        await ctx.update_status(pod)
    except NotFoundError:
        return
    ctx.event("FailedScheduling", message, type="Warning")
