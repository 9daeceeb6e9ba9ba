"""Fill a cache, and follow a storm of updates: what the machine pays for it.

Objects are kept as a user's informer keeps them, with its defaults. CPU is this
process' own, from the start of the informer until the cache is complete.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks._process import Cost, Meter, peak_mb, resident_mb, settled_mb
from benchmarks._target import Target, find_resource, pull
from homeostat._random import Random
from homeostat._tasks import Group
from homeostat.api import Kind, Request, Resource
from homeostat.cache import Delta, Informer, InformerFactory
from homeostat.client import Client
from homeostat.workqueue import WorkQueue

__all__ = ["Running", "storm", "sync", "synced"]

PATIENCE = 5.0  # seconds without an update after which a storm is taken to be over


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """An informer that runs, and what was measured until it was complete.

    Attributes:
        client: Its client.
        resource: What it watches.
        informer: The informer.
        before: Resident memory before it ran, in 10^6 bytes.
        cost: What it took until it was complete.
    """

    client: Client
    resource: Resource
    informer: Informer[Any]
    before: float
    cost: Cost


class _Storm:
    """A handler that queues the keys of updates and counts them."""

    def __init__(self, events: int) -> None:
        self.queue: WorkQueue[Request] = WorkQueue("storm", random=Random())
        self.seen = 0
        self.over = asyncio.Event()
        self._events = events

    def __call__(self, delta: Delta) -> None:
        """Queue the key of an update."""
        if delta.initial:
            return
        record = delta.record
        self.queue.add(Request(record.namespace, record.name))
        self.seen += 1
        if self.seen >= self._events:
            self.over.set()


@asynccontextmanager
async def synced(
    target: Target, *, kind: Kind | None = None, handler: _Storm | None = None
) -> AsyncGenerator[Running]:
    """Run an informer of the target; inside the block it is complete.

    Args:
        target: What to watch.
        kind: Whose objects the lister gives; None for plain dicts.
        handler: Is told of changes.
    """
    async with target.client() as client, Group() as tasks:
        resource = await find_resource(client, target.resource)
        informers = InformerFactory(client)
        informer: Informer[Any] = (
            informers.informer(resource.gvk)
            if kind is None or not isinstance(kind, type)
            else informers.informer(kind)
        )
        if handler is not None:
            informer.add_handler(handler)
        before = settled_mb()
        meter = Meter()
        running = tasks.start(informers.run(), name="informers")
        await informer.wait_synced()
        await _filled(informer, target.count)
        yield Running(
            client=client,
            resource=resource,
            informer=informer,
            before=before,
            cost=Cost(meter),
        )
        running.cancel()


async def _filled(informer: Informer[Any], count: int) -> None:
    """Wait for objects that the server may still be making."""
    try:
        async with asyncio.timeout(PATIENCE):
            while len(informer.indexer) < count:  # noqa: ASYNC110 - no event says so
                await asyncio.sleep(0.01)
    except TimeoutError as error:
        held = len(informer.indexer)
        raise LookupError(f"the server has {held} objects, not {count}") from error


def _figures(running: Running, after: float) -> dict[str, Any]:
    objects = len(running.informer.indexer)
    cost = running.cost
    return {
        "objects": objects,
        "wall_s": round(cost.wall, 3),
        "cpu_s": round(cost.cpu, 3),
        "objects_per_cpu_s": cost.per_cpu_second(objects),
        "rss_before_mb": round(running.before, 1),
        "rss_after_mb": round(after, 1),
        "peak_mb": round(peak_mb(), 1),
        "bytes_per_object": round((after - running.before) * 1e6 / objects),
    }


async def sync(target: Target) -> dict[str, Any]:
    """Return what it costs to fill a cache."""
    async with synced(target) as running:
        return _figures(running, settled_mb())


async def storm(target: Target, events: int, *, trigger: str = "") -> dict[str, Any]:
    """Return what it costs to follow updates, each of which queues a key.

    Args:
        target: What to watch.
        events: How many updates to wait for.
        trigger: Path to POST to when the cache is complete; "" where the server sends
            updates by itself.
    """
    handler = _Storm(events)
    async with synced(target, handler=handler) as running:
        # Where updates come by themselves, nothing but them is measured from here on.
        after = settled_mb() if trigger else resident_mb()
        meter = Meter()
        if trigger:
            await pull(running.client, trigger)
        cost = await _over(handler, meter)
        figures = _figures(running, after)
        final = settled_mb()
        return figures | {
            "events": handler.seen,
            "keys": len(handler.queue),
            "storm_wall_s": round(cost.wall, 3),
            "storm_cpu_s": round(cost.cpu, 3),
            "events_per_cpu_s": cost.per_cpu_second(handler.seen),
            "rss_storm_mb": round(final, 1),
        }


async def _over(handler: _Storm, meter: Meter) -> Cost:
    """Wait for the last update, or for the last that comes."""
    while True:
        cost, seen = Cost(meter), handler.seen
        try:
            async with asyncio.timeout(PATIENCE):
                await handler.over.wait()
        except TimeoutError:
            if seen and seen == handler.seen:
                return cost
        else:
            return Cost(meter)
