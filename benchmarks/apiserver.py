"""The API server beside the real one: how much they do, how fast, how large they are.

The generator of the load is a program in Go, which shares the machine with the server
that it asks. It makes the same objects on each.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from statistics import median
from typing import Any, Final

from benchmarks import local_up
from benchmarks._apiserver_servers import REAL, SERVERS, Running, real_start
from benchmarks._programs import BUILT, MOST_SECONDS, OURS, Outcome
from benchmarks._table import Subject, Table
from tests.harness import binaries
from tests.harness.kube import ControlPlaneError

__all__ = ["apiserver"]

GENERATOR: Final = BUILT / "load"
# First answers of servers of a process; its first is the one that counts.
INSIDE: Final = """
import asyncio, time
from homeostat._transport import HttpRequest
from homeostat.localcluster import LocalCluster

async def main():
    began = time.perf_counter()
    transport = LocalCluster().server.transport()
    answer = await transport.request(HttpRequest(method="GET", path="/readyz"))
    assert answer.status == 200, answer
    print(time.perf_counter() - began)

asyncio.run(main())
"""


def apiserver(
    *, objects: int, seconds: float, clients: int, runs: int, only: Sequence[str] = ()
) -> Table:
    """Measure.

    Args:
        objects: To create, of each kind.
        seconds: For each other kind of requests.
        clients: Connections.
        runs: Starts, whose median counts.
        only: Servers; all of them when empty.
    """
    table = Table()
    size = ("--objects", objects, "--seconds", seconds, "--clients", clients)
    for name in only or SERVERS:
        if name == REAL and binaries.missing():
            why = f"not built here: {binaries.REMEDY}"
            table.missing[Subject("server", objects), name] = why
            continue
        outcome = _loaded(name, *map(str, size))
        _sort(table, name, objects, outcome)
        if not outcome.why_not:
            started = Subject("server start")
            table.add(started, name, _starts(name, runs, outcome.figures))
    return table


def _sort(table: Table, name: str, objects: int, outcome: Outcome) -> None:
    """Put what the generator printed into the tables of its parts."""
    parts = (
        *(("server", "configmap_"), ("server custom", "custom_")),
        *(("server times", ""), ("server memory", "")),
    )
    for what, prefix in parts:
        subject = Subject(what, objects)
        if outcome.why_not:
            table.fail(subject, name, outcome)
            continue
        figures = {
            field.removeprefix(prefix): value
            for field, value in outcome.figures.items()
            if field.startswith(prefix)
        }
        table.add(subject, name, figures)


def _loaded(name: str, *size: str) -> Outcome:
    """Load a server that is there for this alone."""
    if not GENERATOR.exists():
        return Outcome(why_not="the generator is not built here: `make bench-go`")
    print(f"load {name}", file=sys.stderr, flush=True)
    try:
        with SERVERS[name]() as server:
            return _load(server, *size)
    except (ControlPlaneError, OSError, subprocess.SubprocessError) as error:
        return Outcome(why_not=str(error)[:300], broken=True)


def _load(server: Running, *size: str) -> Outcome:
    before, cpu = server.resident_mb(), server.cpu_s()
    done = subprocess.run(
        [GENERATOR, "--kubeconfig", server.kubeconfig, *size],
        capture_output=True,
        text=True,
        check=False,
        timeout=MOST_SECONDS,
    )
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no output"])[-1]
        return Outcome(why_not=said[:300], broken=True)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    figures |= {
        "idle_mb": before,
        "loaded_mb": server.resident_mb(),
        "server_cpu_s": server.cpu_s() - cpu,
    }
    return Outcome(figures=figures)


def _starts(name: str, runs: int, figures: dict[str, Any]) -> dict[str, Any]:
    if name == REAL:
        return {"shell_ms": median(real_start() for _ in range(runs)) * 1000}
    if name != OURS.name:
        return {}
    return {
        "shell_ms": median(local_up.starts(runs)) * 1000,
        "inside_ms": median(_inside() for _ in range(runs)) * 1000,
    }


def _inside() -> float:
    argv = [sys.executable, "-c", INSIDE]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    return float(done.stdout)
