"""Reconciles that do nothing: what the runtime itself takes."""

import asyncio
from typing import Any

from benchmarks._process import Cost, Meter, peak_mb, settled_mb
from benchmarks._target import Target, find_resource
from homeostat._tasks import Group
from homeostat.api import Request, Unstructured
from homeostat.controller import Context, Controller, Run, controller
from homeostat.manager import Manager

__all__ = ["queue", "reconcile"]

WORKERS = 1  # both runtimes' default


async def reconcile(target: Target) -> dict[str, Any]:
    """Return what it costs from start until every object was reconciled once."""
    done = asyncio.Event()
    seen = 0

    async with target.client() as client, Group() as tasks:
        resource = await find_resource(client, target.resource)

        @controller(resource.gvk, name="nothing", max_concurrent_reconciles=WORKERS)
        async def nothing(obj: Unstructured, ctx: Context) -> None:
            nonlocal seen
            seen += 1
            if seen >= target.count:
                done.set()

        manager = Manager(controllers=[nothing], client=client, drain_timeout=0.0)
        before = settled_mb()
        meter = Meter()
        running = tasks.start(manager.run(), name="manager")
        await done.wait()
        cost = Cost(meter)
        after = settled_mb()
        running.cancel()
    return {
        "objects": target.count,
        "wall_s": round(cost.wall, 3),
        "cpu_s": round(cost.cpu, 3),
        "reconciles_per_cpu_s": cost.per_cpu_second(target.count),
        "rss_before_mb": round(before, 1),
        "rss_after_mb": round(after, 1),
        "peak_mb": round(peak_mb(), 1),
    }


async def queue(count: int) -> dict[str, Any]:
    """Return what a controller and its queue take, without objects or a server."""
    done = asyncio.Event()
    seen = 0

    async def nothing(_key: Request, _run: Run[Request]) -> None:
        nonlocal seen
        seen += 1
        if seen >= count:
            done.set()

    engine: Controller[Request] = Controller(
        "nothing", nothing, max_concurrent_reconciles=WORKERS
    )
    keys = [Request(f"team-{n % 50}", f"web-{n:06d}") for n in range(count)]
    async with Group() as tasks:
        meter = Meter()
        for key in keys:
            engine.queue.add(key)
        running = tasks.start(engine.run(), name="controller")
        await done.wait()
        cost = Cost(meter)
        running.cancel()
    return {
        "reconciles": count,
        "wall_s": round(cost.wall, 3),
        "cpu_s": round(cost.cpu, 3),
        "reconciles_per_cpu_s": cost.per_cpu_second(count),
    }
