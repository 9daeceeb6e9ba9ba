"""Nodes and pods for an API server that has none: the embedded one or a real one."""

from typing import final

from homeostat._clock import Clock, SystemClock
from homeostat._random import Random
from homeostat._tasks import Group
from homeostat.client import Client
from homeostat.localcluster._nodes import Nodes
from homeostat.localcluster._pod_life import PodLives
from homeostat.localcluster._scheduler import scheduler
from homeostat.localcluster._volume_provisioner import provision_class, provisioner
from homeostat.manager import Manager

__all__ = ["Simulation"]


@final
class Simulation:
    """Simulated nodes, the scheduler that fills them, and pods that become ready.

    It is what a kubelet and a scheduler would do, as far as the API shows: pods are
    bound to nodes, become ready after ``start_delay``, and end when they are deleted;
    what else they live through is scripted. No container runs.

    Args:
        client: Of any API server; the caller closes it.
        nodes: How many nodes.
        start_delay: Seconds from the binding of a pod until it is ready.
        clock: Wall time of the timestamps.
        random: Source of ids and jitter.
        pods: Gives pods their lives; see ``PodLife``.
    """

    def __init__(
        self,
        client: Client,
        *,
        nodes: int = 2,
        start_delay: float = 0.02,
        clock: Clock | None = None,
        random: Random | None = None,
        pods: PodLives | None = None,
    ) -> None:
        self._client = client
        self._clock = clock or SystemClock()
        self._random = random
        self._nodes = Nodes(
            names=tuple(f"node-{n}" for n in range(1, nodes + 1)),
            start_delay=start_delay,
            clock=self._clock,
            lives=pods,
        )

    async def run(self) -> None:
        """Run until cancelled. Pods that run go on as they are."""
        manager = Manager(
            controllers=[scheduler, self._nodes.kubelet(), *provisioner()],
            client=self._client,
            drain_timeout=0.0,
            clock=self._clock,
            random=self._random,
        )
        await provision_class(self._client)
        async with Group() as tasks:
            tasks.start(self._nodes.run(self._client), name="simulation/nodes")
            tasks.start(manager.run(), name="simulation/controllers")
