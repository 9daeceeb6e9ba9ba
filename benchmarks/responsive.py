"""What a full loop leaves to others: health probes, and reconciles of another kind.

A manager loads N objects and follows a storm of updates, each reconciled to no effect.
Meanwhile another process probes ``/healthz`` every 10 ms, one namespace is reconciled
every 10 ms, and the loop itself is asked every 5 ms whether it runs.
"""

import asyncio
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from json import loads
from math import ceil
from typing import Any, Final

from benchmarks._programs import ROOT
from benchmarks._target import Target, find_resource, pull
from homeostat._tasks import Group
from homeostat.api import Unstructured
from homeostat.cache import Record
from homeostat.controller import Context, Result, controller, predicate
from homeostat.k8s import core_v1
from homeostat.manager import Manager

__all__ = ["Sample", "percentile", "responsive", "worst"]

EVERY: Final = 0.01  # seconds between two reconciles of the small kind
PULSE: Final = 0.005  # seconds between two looks at the loop

Sample = tuple[float, float]  # when it began, and how long it took, in seconds


@predicate
def every_change(_old: Record | None, _new: Record | None) -> bool:
    """Pass all: a storm changes what is no generation."""
    return True


@dataclass(slots=True)
class _Seen:
    """What the manager's controllers and the loop say.

    Attributes:
        load: How many objects to wait for.
        loaded: That many were reconciled.
        newest: The highest version that was reconciled.
        last: The version to wait for; 0 until it is known.
        over: It was reconciled.
        small: When the small kind was reconciled.
        pulses: How late the loop was, beginning when.
    """

    load: int
    loaded: asyncio.Event = field(default_factory=asyncio.Event)
    newest: int = 0
    last: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)
    small: list[float] = field(default_factory=list[float])
    pulses: list[Sample] = field(default_factory=list[Sample])

    def reconciled(self, version: int) -> None:
        """Take note of a reconcile of the large kind."""
        self.load -= 1
        if self.load <= 0:
            self.loaded.set()
        self.newest = max(self.newest, version)
        if 0 < self.last <= self.newest:
            self.over.set()

    async def until(self, version: int) -> None:
        """Wait until a version was reconciled, which may be long ago."""
        self.last = version
        if self.newest < version:
            await self.over.wait()

    async def beat(self) -> None:
        """Ask the loop whether it runs, until cancelled."""
        while True:
            began = time.monotonic()
            await asyncio.sleep(PULSE)
            self.pulses.append((began, time.monotonic() - began - PULSE))

    def late(self) -> Sequence[Sample]:
        """Return how late the small kind's reconciles were."""
        return [(a, max(0.0, b - a - EVERY)) for a, b in pairwise(self.small)]


async def responsive(target: Target, events: int, *, trigger: str) -> dict[str, Any]:
    """Return how long probes, another kind and the loop had to wait, in milliseconds.

    Args:
        target: What to load; the server has namespaces, too.
        events: Updates to follow.
        trigger: Path to POST to for them.
    """
    seen = _Seen(target.count)
    async with _prober() as prober, target.client() as client, Group() as tasks:
        resource = await find_resource(client, target.resource)

        @controller(resource.gvk, name="large", predicate=every_change)
        async def large(obj: Unstructured, ctx: Context) -> None:
            seen.reconciled(int(obj["metadata"]["resourceVersion"]))

        @controller(core_v1.Namespace, name="small")
        async def small(obj: core_v1.Namespace, ctx: Context) -> Result | None:
            if obj.metadata.name != "default":
                return None
            seen.small.append(time.monotonic())
            return Result(requeue_after=EVERY)

        manager = Manager(
            controllers=[large, small],
            client=client,
            health_address="127.0.0.1:0",
            drain_timeout=0.0,
        )
        running = tasks.start(manager.run(), name="manager")
        while not manager.address:  # noqa: ASYNC110 - no event says so
            await asyncio.sleep(0)
        began = time.monotonic()
        assert prober.stdin is not None  # asked for by _prober
        prober.stdin.write(f"{manager.address}\n".encode())
        beating = tasks.start(seen.beat(), name="pulse")
        await seen.loaded.wait()
        loaded = time.monotonic()
        await seen.until(int(await pull(client, trigger)))
        ended = time.monotonic()
        beating.cancel()
        probes = await _probes(prober)
        running.cancel()
    return {
        "objects": target.count,
        "events": events,
        "wall_s": round(loaded - began, 3),
        "storm_wall_s": round(ended - loaded, 3),
        **_figures("", seen, probes, (began, loaded)),
        **_figures("storm_", seen, probes, (loaded, ended)),
    }


@asynccontextmanager
async def _prober() -> AsyncGenerator[Process]:
    """Run the process that probes; it waits for an address."""
    argv = (sys.executable, "-m", "benchmarks._probe")
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=PIPE, stdout=PIPE, cwd=ROOT
    )
    try:
        assert process.stdout is not None  # asked for above
        await process.stdout.readline()  # it is ready
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _probes(prober: Process) -> Sequence[Sample]:
    assert prober.stdin is not None  # asked for by _prober
    prober.stdin.close()
    said, _ = await prober.communicate()
    if prober.returncode:
        raise RuntimeError("a health probe failed")
    return [(began, took) for began, took in loads(said)]


def _figures(
    prefix: str, seen: _Seen, probes: Sequence[Sample], phase: tuple[float, float]
) -> dict[str, float]:
    answers = [took for at, took in probes if phase[0] <= at < phase[1]]
    return {
        f"{prefix}probes": len(answers),
        f"{prefix}health_p99_ms": _ms(percentile(answers, 0.99)),
        f"{prefix}health_worst_ms": _ms(percentile(answers, 1.0)),
        f"{prefix}late_worst_ms": _ms(worst(seen.late(), phase)),
        f"{prefix}stall_worst_ms": _ms(worst(seen.pulses, phase)),
    }


def percentile(values: Sequence[float], part: float) -> float:
    """Return what a part of the values does not exceed, 0 when there is none."""
    ranked = sorted(values)
    return ranked[max(0, ceil(len(ranked) * part) - 1)] if ranked else 0.0


def worst(samples: Iterable[Sample], phase: tuple[float, float]) -> float:
    """Return the longest that a phase has a part in, 0 when there is none."""
    began, ended = phase
    return max(
        (took for at, took in samples if at < ended and at + took >= began), default=0.0
    )


def _ms(seconds: float) -> float:
    return round(seconds * 1e3, 2)
