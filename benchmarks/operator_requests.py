"""What an operator asks of the API server: the PodSet example on the embedded one.

The server counts; caches and controllers are those of production, only the socket is
missing. Lists and watches at the start are not counted: an operator makes one of each
per kind, however many objects there are.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from benchmarks._report import Figure
from examples.podset.podset import PodSet, PodSetSpec, podsets
from homeostat._tasks import Group
from homeostat._transport import HttpRequest, HttpResponse, HttpStream, Transport
from homeostat.api import ObjectMeta
from homeostat.client import Client
from homeostat.localcluster import LocalCluster
from homeostat.manager import Manager, install_crds

SIZE = 3
CONVERGE = 60.0  # seconds
STEADY = 3.0  # seconds without any change


class _Recording:
    """Passes requests on and keeps what was asked."""

    def __init__(self, target: Transport) -> None:
        self._target = target
        self.reads = 0
        self.watches = 0
        self.deployment_writes = 0
        self.event_writes = 0
        self.other_writes = 0
        self.statuses: dict[str, list[str]] = defaultdict(list)

    async def request(self, request: HttpRequest) -> HttpResponse:
        answer = await self._target.request(request)
        if request.method == "GET":
            self.reads += 1
        elif request.path.endswith("/status"):
            status = json.loads(answer.body).get("status", {})
            self.statuses[request.path].append(json.dumps(_timeless(status)))
        elif "/deployments/" in request.path:
            self.deployment_writes += 1
        elif "/events" in request.path:
            self.event_writes += 1
        else:
            self.other_writes += 1
        return answer

    @asynccontextmanager
    async def stream(self, request: HttpRequest) -> AsyncGenerator[HttpStream]:
        self.watches += 1
        async with self._target.stream(request) as stream:
            yield stream

    async def close(self) -> None:
        await self._target.close()

    @property
    def requests(self) -> int:
        """Everything that was asked so far."""
        writes = self.deployment_writes + self.event_writes + self.other_writes
        return self.reads + self.watches + writes + self.status_writes

    @property
    def status_writes(self) -> int:
        """How many times a status was written."""
        return sum(len(written) for written in self.statuses.values())


def _timeless(status: dict[str, Any]) -> dict[str, Any]:
    for condition in status.get("conditions", ()):
        condition.pop("lastTransitionTime", None)
    return status


async def _measure(count: int) -> list[Figure]:
    cluster = LocalCluster()
    recording = _Recording(cluster.server.transport())
    async with Client(recording) as client, cluster.client() as user, Group() as tasks:
        running = [tasks.start(cluster.run(), name="cluster")]
        await install_crds(user, [PodSet])
        manager = Manager(controllers=[podsets], client=client, drain_timeout=0.0)
        running.append(tasks.start(manager.run(), name="operator"))
        await manager.wait_ready()
        reads, watches = recording.reads, recording.watches
        for n in range(count):
            podset = PodSet(
                metadata=ObjectMeta(name=f"p{n}"), spec=PodSetSpec(size=SIZE)
            )
            await user.create(podset)
        async with asyncio.timeout(CONVERGE):
            await _converged(user, count)
        await asyncio.sleep(0.5)  # what the last changes set off
        busy = recording.requests
        figures = _of_creation(recording, count, reads)
        await asyncio.sleep(STEADY)
        figures += [
            Figure(
                name=f"requests in {STEADY:g} s of steady state",
                value=recording.requests - busy,
                unit="requests",
                bar=0,
            ),
            Figure(
                name="watches (PodSet, Deployment, Pod)",
                value=watches,
                unit="watches",
                bar=3,
            ),
        ]
        for task in running:
            task.cancel()
    return figures


def _of_creation(recording: _Recording, count: int, reads: int) -> list[Figure]:
    """Return what new PodSets cost; ``reads`` were made before them."""
    return [
        Figure(
            name="Deployment writes per new PodSet",
            value=round(recording.deployment_writes / count, 3),
            unit="writes",
            bar=1,
        ),
        Figure(
            name="status writes per distinct status",
            value=round(
                max(len(w) / len(set(w)) for w in recording.statuses.values()), 3
            ),
            unit="writes",
            bar=1,
        ),
        Figure(
            name="status writes per new PodSet",
            value=round(recording.status_writes / count, 3),
            unit="writes",
        ),
        Figure(
            name="other writes per new PodSet",
            value=(recording.event_writes + recording.other_writes) / count,
            unit="writes",
            bar=0,
        ),
        Figure(
            name="reads per new PodSet",
            value=(recording.reads - reads) / count,
            unit="reads",
            bar=0,
        ),
    ]


async def _converged(client: Client, count: int) -> None:
    while True:
        found = await client.list(PodSet)
        if len(found) == count and all(p.status.ready_replicas == SIZE for p in found):
            return
        await asyncio.sleep(0.05)


def measure(count: int) -> list[Figure]:
    """Return the figures for ``count`` PodSets that are created at once."""
    return asyncio.run(_measure(count))
