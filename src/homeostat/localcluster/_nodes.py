"""Simulated nodes: they register, and their pods run, as far as anyone can tell."""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

from homeostat._clock import Clock
from homeostat.api import MicroTime, ObjectMeta, Time, to_dict
from homeostat.cache import Record
from homeostat.client import Client
from homeostat.controller import (
    Context,
    KindController,
    Result,
    annotations_changed,
    controller,
    generation_changed,
    predicate,
)
from homeostat.errors import (
    AlreadyExistsError,
    ApiError,
    NotFoundError,
    TransportError,
)
from homeostat.k8s import coordination_v1, core_v1
from homeostat.localcluster._node_status import node_labels, node_status
from homeostat.localcluster._pod_life import PodLife, PodLives, life_of
from homeostat.localcluster._pod_status import KILLED, Report, ended_status
from homeostat.localcluster._pod_steps import Step, next_step, stage_of
from homeostat.localcluster._scheduler import node_changed

__all__ = ["Nodes"]

logger = logging.getLogger(__name__)

# A kubelet renews its lease every 10 s, and its node's status every 5 min.
LEASE_PERIOD = 10.0  # seconds
LEASE_DURATION = 40  # seconds
# Pods whose statuses are on their way to the server at the same time.
WORKERS = 16
LEASE_NAMESPACE = "kube-node-lease"

# By uid, of the pods whose lives go on: their stage, and the loop's time of its start.
Stages: TypeAlias = dict[str, tuple[str, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Nodes:
    """A set of simulated nodes.

    Attributes:
        names: Their names.
        start_delay: Seconds from the binding of a pod until it is ready.
        clock: Wall time of the timestamps.
        lives: What pods live through, besides what their annotations say.
    """

    names: tuple[str, ...]
    start_delay: float
    clock: Clock
    lives: PodLives | None = None

    def address_of(self, name: str) -> str:
        """Return the IP address of a node."""
        return f"192.168.0.{self.names.index(name) + 1}"

    async def run(self, client: Client) -> None:
        """Register the nodes, then keep their leases, until cancelled.

        A lease that cannot be renewed is tried again when the next is due.

        Raises:
            ApiError: The server does not let a node register.
            TransportError: There is no server to register with.
        """
        for name in self.names:
            await self._register(client, name)
        while True:
            await asyncio.sleep(LEASE_PERIOD)
            for name in self.names:
                try:
                    await self._renew(client, name)
                except (ApiError, TransportError) as error:
                    logger.warning("node %s did not renew its lease: %s", name, error)

    async def _register(self, client: Client, name: str) -> None:
        node = core_v1.Node(
            metadata=ObjectMeta(name=name, labels=node_labels(name)),
            spec=core_v1.NodeSpec(provider_id=f"simulated://{name}"),
        )
        # A second run on the same cluster takes its nodes over, as they are.
        with suppress(AlreadyExistsError):
            await client.create(node)
            # A node that registers carries the not-ready taint; a kubelet that reports
            # Ready would have a controller remove it, which may not run here.
            await client.patch(core_v1.Node, name, {"spec": {"taints": None}})
        now = Time.of(self.clock.now())
        status = to_dict(node_status(name, self.address_of(name), now))
        patch = {"status": status}
        await client.patch(core_v1.Node, name, patch, subresource="status")
        await self._renew(client, name)

    async def _renew(self, client: Client, name: str) -> None:
        lease = coordination_v1.Lease(
            metadata=ObjectMeta(name=name, namespace=LEASE_NAMESPACE),
            spec=coordination_v1.LeaseSpec(
                holder_identity=name,
                lease_duration_seconds=LEASE_DURATION,
                renew_time=MicroTime.of(self.clock.now()),
            ),
        )
        await client.apply(lease, field_manager="kubelet", force=True)

    def kubelet(self) -> KindController[core_v1.Pod]:
        """Return the controller that runs the pods of these nodes."""
        stages: Stages = {}

        @controller(
            core_v1.Pod,
            name="kubelet",
            predicate=generation_changed | annotations_changed | node_changed | _gated,
            max_concurrent_reconciles=WORKERS,
            reconcile_deleting=True,
        )
        async def kubelet(pod: core_v1.Pod, ctx: Context) -> Result | None:
            """Take the pod a step further, or end it when it is being deleted."""
            if pod.spec.node_name not in self.names:
                return None
            if pod.metadata.deletion_timestamp:
                stages.pop(pod.metadata.uid, None)
                if _is_awaited(pod):
                    pod.status = ended_status(self._report(pod), KILLED)
                    with suppress(NotFoundError):
                        await ctx.update_status(pod)
                await _end(pod, ctx)
                return None
            with suppress(NotFoundError):  # it was killed meanwhile
                return await self._advance(pod, ctx, stages)
            return None

        return kubelet

    async def _advance(
        self, pod: core_v1.Pod, ctx: Context, stages: Stages
    ) -> Result | None:
        life = _life(pod, ctx, self.lives)
        step = self._step(pod, life, stages)
        if step.event is not None:
            reason, message = step.event
            ctx.event(reason, message, type="Warning")
        if step.status is not None:
            pod.status = step.status
            await ctx.update_status(pod)
            # That does not trigger the kubelet, and something may be due at once.
            step = self._step(pod, life, stages)
        wait = step.wait if step.status is None else 0.0
        if wait is None:
            stages.pop(pod.metadata.uid, None)
            return None
        return Result(requeue_after=wait)

    def _step(self, pod: core_v1.Pod, life: PodLife, stages: Stages) -> Step:
        uid = pod.metadata.uid
        now = asyncio.get_running_loop().time()
        stage, began = stages.get(uid, ("", now))
        if stage != stage_of(pod):
            began = now
            stages[uid] = (stage_of(pod), now)
        report = self._report(pod)
        return next_step(report, life, since=now - began, start=self.start_delay)

    def _report(self, pod: core_v1.Pod) -> Report:
        number = int(pod.metadata.uid[:4], 16)
        return Report(
            pod=pod,
            host_ip=self.address_of(pod.spec.node_name),
            pod_ip=f"10.244.{number >> 8}.{number & 0xFF}",
            now=Time.of(self.clock.now()),
        )


def _is_awaited(pod: core_v1.Pod) -> bool:
    """Tell whether somebody holds a pod that runs, to learn how its work ended."""
    works = pod.status.phase == "Running" and pod.spec.restart_policy != "Always"
    return works and bool(pod.metadata.finalizers)


def _life(pod: core_v1.Pod, ctx: Context, lives: PodLives | None) -> PodLife:
    try:
        return life_of(pod, lives)
    except ValueError as error:
        ctx.event("InvalidLife", str(error), type="Warning")
        return PodLife()


@predicate
def _gated(_old: Record | None, new: Record | None) -> bool:
    """Pass a pod whose readiness hangs on conditions that others write."""
    return bool(new and new.path("spec.readinessGates"))


async def _end(pod: core_v1.Pod, ctx: Context) -> None:
    meta = pod.metadata
    with suppress(NotFoundError):
        await ctx.client.delete(
            core_v1.Pod,
            meta.name,
            namespace=meta.namespace,
            uid=meta.uid,
            grace_period_seconds=0,
        )
