"""Simulated nodes: they register, and their pods run, as far as anyone can tell."""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass

from homeostat._clock import Clock
from homeostat.api import MicroTime, ObjectMeta, Time, to_dict
from homeostat.cache import Record
from homeostat.client import Client
from homeostat.controller import (
    Context,
    KindController,
    Result,
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
from homeostat.localcluster._kubelet import (
    ended_status,
    is_ending,
    is_starting,
    node_labels,
    node_status,
    running_status,
)

__all__ = ["Nodes"]

logger = logging.getLogger(__name__)

# A kubelet renews its lease every 10 s, and its node's status every 5 min.
LEASE_PERIOD = 10.0  # seconds
LEASE_DURATION = 40  # seconds
# Pods that start at the same time: each waits for its delay in a worker.
STARTING = 64
LEASE_NAMESPACE = "kube-node-lease"
KILLED = 137  # the exit code of what was sent SIGKILL


@dataclass(frozen=True, slots=True, kw_only=True)
class Nodes:
    """A set of simulated nodes.

    Attributes:
        names: Their names.
        start_delay: Seconds from the binding of a pod until it is ready.
        clock: Wall time of the timestamps.
    """

    names: tuple[str, ...]
    start_delay: float
    clock: Clock

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
        # A second run on the same cluster takes its nodes over.
        with suppress(AlreadyExistsError):
            await client.create(node)
        # A node that registers carries the not-ready taint; a kubelet that reports
        # Ready would have a controller remove it, which may not run here.
        await client.patch(core_v1.Node, name, {"spec": {"taints": None}})
        status = to_dict(node_status(self.address_of(name), Time.of(self.clock.now())))
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

        @controller(
            core_v1.Pod,
            name="kubelet",
            predicate=generation_changed | _moved,
            max_concurrent_reconciles=STARTING,
            reconcile_deleting=True,
        )
        async def kubelet(pod: core_v1.Pod, ctx: Context) -> Result | None:
            """Start the pod, let it do its work, or end it when it is deleted."""
            if pod.spec.node_name not in self.names:
                return None
            if pod.metadata.deletion_timestamp:
                if is_ending(pod) and pod.metadata.finalizers:
                    # Who holds it wants to know how it ended.
                    await self._finish(pod, ctx, exit_code=KILLED)
                await _end(pod, ctx)
            elif is_starting(pod):
                await asyncio.sleep(self.start_delay)
                await self._start(pod, ctx)
                if pod.spec.restart_policy != "Always":
                    return Result(requeue_after=self.start_delay)
            elif is_ending(pod):
                await self._finish(pod, ctx, exit_code=0)
            return None

        return kubelet

    async def _finish(self, pod: core_v1.Pod, ctx: Context, *, exit_code: int) -> None:
        now = Time.of(self.clock.now())
        pod.status = ended_status(pod, exit_code=exit_code, now=now)
        with suppress(NotFoundError):
            await ctx.update_status(pod)

    async def _start(self, pod: core_v1.Pod, ctx: Context) -> None:
        number = int(pod.metadata.uid[:4], 16)
        pod.status = running_status(
            pod,
            host_ip=self.address_of(pod.spec.node_name),
            pod_ip=f"10.244.{number >> 8}.{number & 0xFF}",
            now=Time.of(self.clock.now()),
        )
        with suppress(NotFoundError):  # it was killed meanwhile
            await ctx.update_status(pod)


@predicate
def _moved(old: Record | None, new: Record | None) -> bool:
    """Pass a pod that was bound: that changes its spec and not its generation."""
    places = [record.path("spec.nodeName") if record else None for record in (old, new)]
    return places[0] != places[1]


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
