"""How long a suite waits between two tests: ``cluster.restore()`` after changes."""

import time
from collections.abc import Sequence
from statistics import median

from benchmarks._report import Figure
from homeostat.api import Unstructured
from homeostat.client import Client
from homeostat.localcluster import Profile
from homeostat.testing import Cluster

__all__ = ["restore"]

# Changes, and the milliseconds that undoing them should not exceed.
BARS = {0: 5.0, 10: 5.0, 50: 5.0, 500: None}
PROFILES: tuple[Profile, ...] = ("apiserver", "cluster")


def restore(runs: int) -> list[Figure]:
    """Return what it takes to undo what a test has made, half Pods, half ConfigMaps.

    Where controllers run there is more to undo, as the events of each Pod; and they go
    on with what they see after ``restore`` has returned.
    """
    figures: list[Figure] = []
    for profile in PROFILES:
        with Cluster(profile=profile) as cluster:
            cluster.settle()
            _run(cluster, 1)  # loads what is loaded on first use
            for count, bar in BARS.items():
                measured = [_run(cluster, count) for _ in range(runs)]
                figures += _figures(f"{profile}, {count} changes", measured, bar)
    return figures


def _run(cluster: Cluster, count: int) -> tuple[float, float, float]:
    """Return milliseconds: wall and CPU until it returns, and CPU until all rests."""
    before = cluster.snapshot()
    cluster.call(lambda client: _change(client, count))
    cluster.settle()
    began, cpu = time.perf_counter(), time.process_time()
    cluster.restore(before)
    wall, returned = time.perf_counter() - began, time.process_time() - cpu
    cluster.settle()
    return wall * 1e3, returned * 1e3, (time.process_time() - cpu) * 1e3


async def _change(client: Client, count: int) -> None:
    for number in range(count):
        await client.create(_made(number))


def _made(number: int) -> Unstructured:
    metadata = {"name": f"made-{number}", "namespace": "default"}
    if number % 2:
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": metadata,
            "data": {"number": str(number)},
        }
    containers = [{"name": "app", "image": "nginx"}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"containers": containers},
    }


def _figures(
    what: str, measured: Sequence[tuple[float, float, float]], bar: float | None
) -> list[Figure]:
    walls, returned, rested = zip(*measured, strict=True)
    return [
        Figure(name=f"{what}: best", value=_round(min(walls)), unit="ms", bar=bar),
        Figure(name=f"{what}: median", value=_round(median(walls)), unit="ms"),
        Figure(name=f"{what}: CPU", value=_round(median(returned)), unit="ms"),
        Figure(
            name=f"{what}: CPU until all rests", value=_round(median(rested)), unit="ms"
        ),
    ]


def _round(milliseconds: float) -> float:
    return round(milliseconds, 2)
