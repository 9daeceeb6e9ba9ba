"""Measure one library."""

import argparse
import asyncio
import json
import os
import urllib.request
from collections.abc import Awaitable, Callable, Coroutine
from importlib import import_module
from statistics import median
from typing import Any, NoReturn

from benchmarks._process import Cost, Meter, peak_mb, settled_mb
from benchmarks.peers._library import GROUP, PLURAL, VERSION, Library, Read, key_of

LIBRARIES = (
    *("kopf", "kubernetes", "kubernetes_asyncio", "kr8s", "lightkube", "cloudcoil"),
)
REQUESTS = 500
ROUNDS = 5
AT_ONCE = 16


async def sync(library: Library, server: str, count: int) -> dict[str, Any]:
    """Return what it costs to fill what the library has of a cache."""
    before = settled_mb()
    meter = Meter()
    held = await library.fill(server, count)
    cost = Cost(meter)
    after = settled_mb()
    return {
        "objects": len(held),
        "wall_s": round(cost.wall, 3),
        "cpu_s": round(cost.cpu, 3),
        "objects_per_cpu_s": cost.per_cpu_second(len(held)),
        "rss_before_mb": round(before, 1),
        "rss_after_mb": round(after, 1),
        "peak_mb": round(peak_mb(), 1),
        "bytes_per_object": round((after - before) * 1e6 / len(held)),
    }


async def requests(library: Library, server: str) -> dict[str, Any]:
    """Return the CPU that the client takes for one read, alone and 16 at once."""
    if library.reader is None:
        raise SystemExit("it has no client")
    url = f"{server}/apis/{GROUP}/{VERSION}/{PLURAL}?limit=500"
    with urllib.request.urlopen(url) as answer:  # noqa: ASYNC210
        keys = [key_of(obj) for obj in json.load(answer)["items"]]
    read = await library.reader(server)

    async def alone() -> None:
        await _read(read, keys, REQUESTS)

    async def at_once() -> None:
        part = REQUESTS // AT_ONCE
        if library.blocking:
            each = (
                asyncio.to_thread(asyncio.run, _read(read, keys, part))
                for _ in range(AT_ONCE)
            )
        else:
            each = (_read(read, keys, part) for _ in range(AT_ONCE))
        await asyncio.gather(*each)

    await _read(read, keys, 50)
    return {
        "requests": REQUESTS,
        "sequential_us": await _median(alone, REQUESTS),
        "at_once_us": await _median(at_once, REQUESTS // AT_ONCE * AT_ONCE),
    }


async def _read(read: Read, keys: list[tuple[str, str]], count: int) -> None:
    for n in range(count):
        await read(*keys[n % len(keys)])


async def _median(work: Callable[[], Awaitable[None]], count: int) -> float:
    took: list[float] = []
    for _ in range(ROUNDS):
        meter = Meter()
        await work()
        took.append(meter.cpu / count * 1e6)
    return round(median(took), 1)


async def _report(work: Coroutine[Any, Any, dict[str, Any]]) -> NoReturn:
    print(json.dumps(await work), flush=True)
    # Threads of libraries need not end by themselves, nor operators when cancelled.
    os._exit(0)


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers")
    parser.add_argument("library", choices=LIBRARIES)
    parser.add_argument("what", choices=["sync", "requests"])
    parser.add_argument("--server", required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--json", action="store_true", help="as ever")
    options = parser.parse_args()
    library: Library = import_module(f"benchmarks.peers._{options.library}").LIBRARY
    work = (
        requests(library, options.server)
        if options.what == "requests"
        else sync(library, options.server, options.count)
    )
    asyncio.run(_report(work))


if __name__ == "__main__":
    main()
