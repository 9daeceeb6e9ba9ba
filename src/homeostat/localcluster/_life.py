"""What makes an API server a cluster: importing this imports all controllers."""

from homeostat._clock import Clock
from homeostat._random import Random
from homeostat._tasks import Group
from homeostat.apiserver import ApiServer
from homeostat.client import Client
from homeostat.localcluster._controllers import (
    GARBAGE_COLLECTOR,
    Settings,
    built_in,
    select,
)
from homeostat.localcluster._garbage import GarbageCollector
from homeostat.localcluster._pod_life import PodLives
from homeostat.localcluster._simulation import Simulation
from homeostat.manager import Manager

__all__ = ["live"]

AGENT = "kube-controller-manager"


async def live(  # noqa: PLR0913 - what a cluster is made of
    server: ApiServer,
    *,
    controllers: str,
    ca: str,
    nodes: int,
    start_delay: float,
    pods: PodLives | None,
    clock: Clock,
    random: Random,
) -> None:
    """Run controllers, nodes and pods until cancelled, as ``LocalCluster`` says."""

    def client() -> Client:
        return Client(server.transport(), user_agent=AGENT, clock=clock, random=random)

    selected = select(controllers)
    chosen = built_in(selected, Settings(ca=ca))
    async with client() as worker, client() as watcher, Group() as tasks:
        if chosen:
            # One manager, for caches that all of it shares.
            manager = Manager(
                controllers=chosen,
                client=worker,
                drain_timeout=0.0,
                clock=clock,
                random=random,
            )
            tasks.start(manager.run(), name="localcluster/controllers")
        if GARBAGE_COLLECTOR in selected:
            garbage = GarbageCollector(
                worker, watcher=watcher, clock=clock, random=random
            )
            tasks.start(garbage.run(), name="localcluster/garbage-collector")
        simulation = Simulation(
            worker,
            nodes=nodes,
            start_delay=start_delay,
            pods=pods,
            clock=clock,
            random=random,
        )
        tasks.start(simulation.run(), name="localcluster/simulation")
