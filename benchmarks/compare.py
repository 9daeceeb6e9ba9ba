"""Ours beside others, in one run on one machine: the table of docs/benchmarks.md."""

import subprocess
import sys
from collections import defaultdict
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from statistics import median
from typing import Any

from benchmarks._programs import OURS, ROOT, Program, programs, run
from benchmarks.react import react
from tests.harness import binaries
from tests.harness.kube import ControlPlaneError

__all__ = ["compare", "million", "replay"]

STORM_OBJECTS = 20_000
ROUNDS = 3  # of what is cheap
SLOW = 60.0  # seconds; what takes longer is run once


@contextmanager
def replay(count: int) -> Generator[str]:
    """Run the replay server; gives its address."""
    argv = [sys.executable, "-m", "benchmarks.replay", "--count", str(count)]
    server = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert server.stdout is not None  # asked for above
        yield server.stdout.readline().strip()
    finally:
        server.terminate()
        server.wait(10)
        if server.stdout is not None:
            server.stdout.close()


class Table:
    """What was measured: figures by benchmark and program, and what was not."""

    def __init__(self, only: Sequence[str] = ()) -> None:
        self.results: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
        self.missing: dict[tuple[str, str], str] = {}
        self._only = only

    def measure(self, what: str, *arguments: str, rounds: int = 1) -> None:
        """Run a benchmark with every program that has it, taking turns."""
        runs: dict[str, list[dict[str, Any]]] = defaultdict(list)
        able = [p for p in programs() if what in p.does and self._wanted(p)]
        for _ in range(rounds):
            for program in able:
                slow = any(
                    each.get("wall_s", 0.0) > SLOW for each in runs[program.name]
                )
                if not slow and (what, program.name) not in self.missing:
                    self._one(program, what, arguments, runs)
        for name, figures in runs.items():
            if not figures:
                continue
            self.results[what][name] = {
                key: median(each[key] for each in figures) for key in figures[0]
            }

    def _wanted(self, program: Program) -> bool:
        return not self._only or program.name in self._only

    def _one(
        self,
        program: Program,
        what: str,
        arguments: tuple[str, ...],
        runs: dict[str, list[dict[str, Any]]],
    ) -> None:
        if not program.available:
            self.missing[what, program.name] = "not built here"
            return
        outcome = run(program, what, *arguments)
        said = outcome.why_not or _short(outcome.figures)
        print(f"{what:<10} {program.name:<20} {said}", file=sys.stderr, flush=True)
        if outcome.why_not:
            self.missing[what, program.name] = outcome.why_not
        else:
            runs[program.name].append(outcome.figures)


def compare(
    count: int, *, events: int, only: Sequence[str] = (), rounds: int = ROUNDS
) -> Table:
    """Measure everything.

    Args:
        count: Objects of sync and reconcile.
        events: Updates of the storm.
        only: Programs to run; all of them when empty.
        rounds: Of what is cheap; the median counts.
    """
    table = Table(only)
    if count > STORM_OBJECTS:
        rounds = 1
    with replay(count) as server:
        where = ("--server", server, "--count", str(count))
        table.measure("sync", *where, rounds=rounds)
        table.measure("reconcile", *where)
    few = min(count, STORM_OBJECTS)
    with replay(few) as server:
        where = ("--server", server, "--count", str(few))
        trigger = f"/bench/storm?events={events}"
        asked = ("--events", str(events), "--trigger", trigger)
        table.measure("storm", *where, *asked)
        table.measure("get", *where)
        table.measure("list", *where)
        table.measure("requests", *where)
    table.measure("queue", "--count", "100000", rounds=rounds)
    if not only:
        _react(table)
    return table


def _react(table: Table) -> None:
    """Measure on the real API server, where it was built."""
    if binaries.missing():
        table.missing["react", "kube-apiserver"] = "not built here: make kube"
        return
    try:
        table.results["react"] = react()
    except (ControlPlaneError, TimeoutError) as error:
        table.missing["react", OURS.name] = str(error) or "no reaction came"


def million(table: Table, count: int = 1_000_000) -> None:
    """Add our figures at a million objects."""
    with replay(count) as server:
        outcome = run(OURS, "sync", "--server", server, "--count", str(count))
    if outcome.why_not:
        table.missing["million", OURS.name] = outcome.why_not
        return
    figures = outcome.figures
    few = table.results["sync"][OURS.name]["objects_per_cpu_s"]
    slower = few / figures["objects_per_cpu_s"]
    table.results["million"][OURS.name] = figures | {"slower": slower}


def _short(figures: dict[str, Any]) -> str:
    wanted = (
        *("objects_per_cpu_s", "bytes_per_object", "peak_mb", "events_per_cpu_s"),
        *("reconciles_per_cpu_s", "typed_us", "unstructured_us", "dynamic_us"),
        *("typed_ms", "unstructured_ms", "dynamic_ms", "indexed_typed_ms"),
        *("sequential_us", "at_once_us"),
    )
    shown = (f"{name} {figures[name]:,.6g}" for name in wanted if name in figures)
    return ", ".join(shown)
