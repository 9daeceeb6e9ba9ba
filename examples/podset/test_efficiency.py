"""What the PodSet operator asks of the API server, in virtual time."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import pairwise
from typing import Any

from examples.podset.podset import PodSet, PodSetSpec, podsets
from homeostat import Client, Manager
from homeostat._transport import HttpRequest, HttpResponse, HttpStream, Transport
from homeostat.api import ObjectMeta
from homeostat.k8s import apps_v1, core_v1
from homeostat.localcluster import LocalCluster
from homeostat.manager import install_crds
from homeostat.testing import LoopClock, run_virtual

PODSETS = "/apis/apps.jicki.cn/v1alpha1/namespaces/default/podsets"
# Read once at the start: a server that lost its data is told from one that restarted.
IDENTITY = "/api/v1/namespaces/kube-system"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
HOUR = 3600.0


class Counting:
    """A transport that keeps what an operator has sent.

    Attributes:
        requests: Without the watches.
        watches: Paths of the watches.
    """

    def __init__(self, target: Transport) -> None:
        self._target = target
        self.requests: list[HttpRequest] = []
        self.watches: list[str] = []

    async def request(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        return await self._target.request(request)

    def stream(self, request: HttpRequest) -> AbstractAsyncContextManager[HttpStream]:
        self.watches.append(request.path)
        return self._target.stream(request)

    async def close(self) -> None:
        """Leave the target open: the next operator takes it over."""

    def sent(self) -> list[str]:
        """Return verb and path of every request."""
        return [f"{request.method} {request.path}" for request in self.requests]


class World:
    """A cluster, an operator whose requests are counted, and everybody else."""

    def __init__(self) -> None:
        clock = LoopClock(asyncio.get_running_loop())
        self.cluster = LocalCluster(clock=clock)
        self.counting = Counting(self.cluster.server.transport())
        self.outsider = self.cluster.client(user_agent="outsider")

    @asynccontextmanager
    async def operating(self) -> AsyncGenerator[None]:
        """Run the operator inside the block."""
        async with Client(self.counting) as client:
            manager = Manager(controllers=[podsets], client=client, drain_timeout=0.0)
            async with asyncio.TaskGroup() as tasks:
                running = tasks.create_task(manager.run())
                await manager.wait_ready()
                yield
                running.cancel()

    async def create(self, name: str, size: int) -> None:
        meta = ObjectMeta(name=name)
        await self.outsider.create(PodSet(metadata=meta, spec=PodSetSpec(size=size)))

    async def settle(self) -> None:
        """Let everything happen that is due; it takes no time of ours."""
        await asyncio.sleep(60)


def play(scenario: Callable[[World], Awaitable[None]]) -> None:
    """Run a scenario on a cluster of its own that knows PodSets."""

    async def main() -> None:
        world = World()
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(world.cluster.run())
            async with asyncio.timeout(2 * HOUR):
                await install_crds(world.outsider, [PodSet])
                await scenario(world)
            running.cancel()

    run_virtual(main())


def status_writes(world: World) -> list[Any]:
    """Return the bodies of the status writes, in order."""
    return [
        json.loads(request.body)
        for request in world.counting.requests
        if request.path.startswith(PODSETS) and request.path.endswith("/status")
    ]


def test_new_podset_costs_one_write_of_its_deployment_and_no_read() -> None:
    async def scenario(world: World) -> None:
        async with world.operating():
            world.counting.requests.clear()
            await world.create("web", 3)
            await world.settle()
            sent = world.counting.sent()
            assert sent.count(f"PATCH {DEPLOYMENTS}/web") == 1
            assert set(sent) == {
                f"PATCH {DEPLOYMENTS}/web",
                f"PATCH {PODSETS}/web/status",
            }

    play(scenario)


def test_each_distinct_status_is_written_once() -> None:
    async def scenario(world: World) -> None:
        statuses: list[Any] = []

        async def record() -> None:
            async with world.outsider.watch(PodSet) as events:
                async for event in events:
                    statuses.append(event.object.status)  # noqa: PERF401 -- it never ends

        async with world.operating(), asyncio.TaskGroup() as tasks:
            recording = tasks.create_task(record())
            await world.create("web", 3)
            await world.settle()
            recording.cancel()
        # Each write is one event, and no event shows the status of the one before.
        assert len(statuses) == 1 + len(status_writes(world))
        assert all(before != after for before, after in pairwise(statuses))
        assert statuses[-1].ready_replicas == 3

    play(scenario)


def test_start_reads_no_object_by_itself() -> None:
    async def scenario(world: World) -> None:
        for name in ("a", "b", "c"):
            await world.create(name, 1)
        async with world.operating():
            await world.settle()
            reads = [r.path for r in world.counting.requests if r.method == "GET"]
            assert reads == [IDENTITY]
            assert len(world.counting.watches) == 3

    play(scenario)


def test_steady_state_renews_watches_and_asks_for_nothing() -> None:
    async def scenario(world: World) -> None:
        async with world.operating():
            await world.create("web", 3)
            await world.settle()
            world.counting.requests.clear()
            world.counting.watches.clear()
            before = world.cluster.server.revision
            await asyncio.sleep(HOUR / 2)
            assert world.counting.sent() == []
            renewed = Counter(world.counting.watches)
            assert len(renewed) == 3
            assert all(2 <= count <= 8 for count in renewed.values())
            # Nodes renew their leases; nobody touches anything of the PodSet.
            web = await world.outsider.get(PodSet, "web")
            assert int(web.metadata.resource_version) <= before

    play(scenario)


def test_restart_writes_nothing_that_changes_anything() -> None:
    async def scenario(world: World) -> None:
        async def versions() -> list[str]:
            return [
                item.metadata.resource_version
                for kind in (PodSet, apps_v1.Deployment, core_v1.Pod)
                for item in await world.outsider.list(kind)
            ]

        async with world.operating():
            await world.create("web", 2)
            await world.settle()
        before = await versions()
        world.counting.requests.clear()
        async with world.operating():
            await world.settle()
        assert await versions() == before
        # What was applied before the restart is not known any more: one no-op apply.
        assert world.counting.sent() == [f"GET {IDENTITY}", f"PATCH {DEPLOYMENTS}/web"]

    play(scenario)
