"""The pod collector: what ran on a node that is gone goes, too.

Source: kubernetes ``pkg/controller/podgc`` (gcOrphaned).
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress

from homeostat.api import Request, Time
from homeostat.cache import Reader, Record
from homeostat.client import ALL
from homeostat.controller import (
    Context,
    KindController,
    Result,
    Watch,
    controller,
    predicate,
)
from homeostat.errors import NotFoundError
from homeostat.k8s import core_v1
from homeostat.localcluster._replicas import is_finished
from homeostat.localcluster._scheduler import node_changed, pods_by_node

__all__ = ["stray_pods"]

QUARANTINE = 40.0  # seconds in which a node may come back
# Seconds in which the pods that it had are collected: one that is bound to that name
# later, by whoever does not know better, waits for the node anew.
ROUND = 20.0


@predicate
def _gone(_old: Record | None, new: Record | None) -> bool:
    return new is None


def _its_pods(record: Record, reader: Reader) -> Iterable[Request]:
    for pod in reader.list(pods_by_node[record.name], namespace=ALL):
        yield Request(pod.metadata.namespace, pod.metadata.name)


def stray_pods() -> KindController[core_v1.Pod]:
    """Return the controller that deletes the pods of nodes that are gone."""
    missed: dict[str, float] = {}  # nodes, and since when

    @controller(
        core_v1.Pod,
        name="pod-garbage-collector-controller",
        watches=[Watch(core_v1.Node, to=_its_pods, predicate=_gone)],
        predicate=node_changed,
        reconcile_deleting=True,
    )
    async def collect(pod: core_v1.Pod, ctx: Context) -> Result | None:
        name = pod.spec.node_name
        if not name:
            return None
        if ctx.find(core_v1.Node, name) is not None:
            missed.pop(name, None)
            return None
        now = asyncio.get_running_loop().time()
        if now > missed.setdefault(name, now) + QUARANTINE + ROUND:
            missed[name] = now
        left = missed[name] + QUARANTINE - now
        if left > 0:
            return Result(requeue_after=left)
        if await _lives(name, ctx):
            return Result(requeue_after=QUARANTINE)  # the cache will have it by then
        await _delete(pod, ctx)
        return None

    return collect


async def _lives(node: str, ctx: Context) -> bool:
    try:
        await ctx.client.get(core_v1.Node, node)
    except NotFoundError:
        return False
    return True


async def _delete(pod: core_v1.Pod, ctx: Context) -> None:
    """Say that the pod failed, for no kubelet ever will, and delete it at once."""
    meta = pod.metadata
    with suppress(NotFoundError):
        if not is_finished(pod):
            pod.status.phase = "Failed"
            condition = core_v1.PodCondition(
                type="DisruptionTarget",
                status="True",
                reason="DeletionByPodGC",
                message="PodGC: node no longer exists",
                last_transition_time=Time.of(ctx.clock.now()),
            )
            others = [c for c in pod.status.conditions if c.type != condition.type]
            pod.status.conditions = [*others, condition]
            await ctx.update_status(pod)
        await ctx.client.delete(
            core_v1.Pod,
            meta.name,
            namespace=meta.namespace,
            uid=meta.uid,
            grace_period_seconds=0,
        )
