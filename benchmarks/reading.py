"""Reads from a full cache: one object by its name, a few of many by a label."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from statistics import median
from typing import Any

from benchmarks._process import Cost, Meter
from benchmarks._target import Target
from benchmarks._widget import Widget
from benchmarks.sync import synced
from homeostat.api import Resource
from homeostat.cache import Index, Informer, Lister, Record
from homeostat.client import Client

__all__ = ["get", "list_by_label", "requests"]

READS = 20_000
LISTS = 50
INDEXED = 500
REQUESTS = 2_000
ROUNDS = 5
AT_ONCE = 16


def _each_us(work: Callable[[int], object], count: int) -> float:
    """Return the microseconds that one call takes, the median of some rounds."""
    took: list[float] = []
    for part in range(ROUNDS):
        meter = Meter()
        for n in range(part * count // ROUNDS, (part + 1) * count // ROUNDS):
            work(n)
        took.append(meter.cpu / (count // ROUNDS) * 1e6)
    return round(median(took), 2)


def _each_ms(work: Callable[[int], object], count: int) -> float:
    return round(_each_us(work, count) / 1000, 3)


async def get(target: Target) -> dict[str, Any]:
    """Return what it takes to read one object by its name, the reader's own copy."""
    async with synced(target) as running:
        indexer = running.informer.indexer
        names = [(r.name, r.namespace) for r in indexer.records()]
        count = len(names)
        # Each read is of another object: nothing that is kept of the last ones helps.
        step = next(n for n in (7919, 7907, 7901) if count % n)
        listers: dict[str, Lister[Any]] = {
            "unstructured": running.informer.lister,
            "typed": Lister[Widget](indexer, Widget),
        }
        figures: dict[str, Any] = {"objects": count}
        for name, lister in listers.items():
            read = partial(_read_one, lister, names, step)
            figures[f"{name}_us"] = _each_us(read, READS)
            again = partial(_read_one, lister, names[:32], 1)
            figures[f"{name}_again_us"] = _each_us(again, READS)
        return figures


def _read_one(
    lister: Lister[Any], names: list[tuple[str, str]], step: int, n: int
) -> object:
    return lister.get(*names[n * step % len(names)])


async def list_by_label(target: Target) -> dict[str, Any]:
    """Return what it takes to list the few objects of one label's value."""
    async with synced(target, kind=Widget) as running:
        informer: Informer[Any] = running.informer
        records = informer.indexer.records()
        values = sorted({r.labels["app"] for r in records if "app" in r.labels})
        plain = Lister[dict[str, Any]](informer.indexer, running.resource.gvk)
        typed = Lister[Widget](informer.indexer, Widget)
        by_app = Index(Widget, by=_app, name="app")
        informer.add_index(by_app)

        def of(n: int) -> str:
            return values[n * 31 % len(values)]

        hits = list(typed.list(index=by_app[of(1)]))
        return {
            "objects": len(records),
            "hits": len(hits),
            "unstructured_ms": _each_ms(
                lambda n: list(plain.list(labels={"app": of(n)})), LISTS
            ),
            "typed_ms": _each_ms(
                lambda n: list(typed.list(labels={"app": of(n)})), LISTS
            ),
            "indexed_typed_ms": _each_ms(
                lambda n: list(typed.list(index=by_app[of(n)])), INDEXED
            ),
        }


def _app(record: Record) -> object:
    return record.labels.get("app")


async def requests(target: Target) -> dict[str, Any]:
    """Return the CPU that the client takes for one raw read, alone and 16 at once."""
    async with synced(target) as running:
        client, resource = running.client, running.resource
        keys = [(r.name, r.namespace) for r in running.informer.indexer.records()]
    async with target.client() as client:
        resource = await client.resource_for(resource.gvk)

        def reads(count: int) -> Callable[[], Coroutine[Any, Any, None]]:
            return lambda: _read(client, resource, keys, count)

        await reads(100)()
        alone = await _median_cost(reads(REQUESTS), REQUESTS)

        async def at_once() -> None:
            async with asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(reads(REQUESTS // AT_ONCE)())

        return {
            "requests": REQUESTS,
            "sequential_us": alone,
            "at_once_us": await _median_cost(at_once, REQUESTS),
        }


async def _read(
    client: Client, resource: Resource, keys: list[tuple[str, str]], count: int
) -> None:
    for n in range(count):
        name, namespace = keys[n % len(keys)]
        await client.get_raw(resource, name, namespace=namespace)


async def _median_cost(
    work: Callable[[], Coroutine[Any, Any, None]], count: int
) -> float:
    took: list[float] = []
    for _ in range(ROUNDS):
        meter = Meter()
        await work()
        took.append(Cost(meter).cpu / count * 1e6)
    return round(median(took), 1)
