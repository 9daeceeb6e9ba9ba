"""Ours beside others, in one run on one machine: the table of docs/benchmarks.md."""

import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from benchmarks._programs import OURS, ROOT, Outcome
from benchmarks._table import Subject, Table
from benchmarks.pods import RESOURCE, pods
from benchmarks.react import REACTIONS, react
from tests.harness import binaries
from tests.harness.kube import ControlPlaneError

__all__ = ["Scale", "compare"]

FEW: Final = 20_000  # objects of whatever the number hardly matters for
KEYS: Final = 100_000  # of a queue without objects
LONG_STORM: Final = 500_000
MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much is measured.

    Attributes:
        counts: Objects of a cache, one or several times; bars are for the most.
        events: Updates of the storm.
        pods: On the real API server; 0 for none of it.
        reactions: To writes, on the real API server, in each round.
        rounds: Of what is quick; the median counts.
        long: A million objects and 500,000 updates, too, for ours alone.
    """

    counts: Sequence[int]
    events: int
    pods: int = FEW
    reactions: int = REACTIONS
    rounds: int = 3
    long: bool = False

    @property
    def most(self) -> int:
        """The largest of the counts."""
        return max(self.counts)

    @property
    def few(self) -> int:
        """Objects where their number hardly matters."""
        return min(self.most, FEW)


@contextmanager
def _replay(count: int) -> Generator[tuple[str, ...]]:
    """Run the replay server; gives the options that lead to it."""
    argv = [sys.executable, "-m", "benchmarks.replay", "--count", str(count)]
    server = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert server.stdout is not None  # asked for above
        address = server.stdout.readline().strip()
        yield "--server", address, "--count", str(count)
    finally:
        server.terminate()
        server.wait(10)
        if server.stdout is not None:
            server.stdout.close()


def _storm(events: int) -> tuple[str, ...]:
    return "--events", str(events), "--trigger", f"/bench/storm?events={events}"


def compare(scale: Scale, only: Sequence[str] = ()) -> Table:
    """Measure everything.

    Args:
        scale: How much.
        only: Programs to run; all of them when empty.
    """
    table = Table(only)
    rounds = scale.rounds
    # Ascending: who is stopped with few objects is not tried with more.
    for count in sorted(set(scale.counts)):
        with _replay(count) as where:
            table.measure("sync", *where, objects=count, rounds=rounds)
            table.measure("reconcile", *where, objects=count, rounds=rounds)
    _with_few(table, scale)
    storm = _storm(scale.events)
    with _replay(scale.most) as where:
        table.measure("responsive", *where, *storm, objects=scale.most)
    keys = ("--count", str(KEYS))
    table.measure("queue", *keys, objects=KEYS, rounds=rounds)
    _real(table, scale, react_too=not only)
    if scale.long:
        _long(table)
    return table


def _with_few(table: Table, scale: Scale) -> None:
    few, rounds = scale.few, scale.rounds
    with _replay(few) as where:
        storm = _storm(scale.events)
        table.measure("storm", *where, *storm, objects=few, rounds=rounds)
        for what in ("get", "list", "requests"):
            table.measure(what, *where, objects=few)


def _real(table: Table, scale: Scale, *, react_too: bool) -> None:
    """Measure on the real API server, where it was built."""
    subjects = [Subject("pods", scale.pods)] if scale.pods else []
    if react_too:
        subjects.append(Subject("react"))
    if binaries.missing():
        for subject in subjects:
            absent = Outcome(why_not=f"not built here: {binaries.REMEDY}")
            table.missing[subject, "kube-apiserver"] = absent.why_not
        return
    for subject in subjects:
        try:
            _on_real(table, subject, scale)
        except (ControlPlaneError, TimeoutError) as error:
            why = str(error) or "no reaction came"
            table.fail(subject, OURS.name, Outcome(why_not=why, broken=True))


def _on_real(table: Table, subject: Subject, scale: Scale) -> None:
    if subject.what == "react":
        for name, figures in react(scale.rounds, scale.reactions).items():
            table.add(subject, name, figures)
        return
    count = subject.objects
    with pods(count) as kubeconfig:
        where = ("--kubeconfig", kubeconfig, "--resource", RESOURCE)
        size = ("--count", str(count))
        table.measure("pods", *where, *size, objects=count, rounds=scale.rounds)


def _long(table: Table) -> None:
    with _replay(FEW) as where:
        table.measure("long storm", *where, *_storm(LONG_STORM), objects=FEW)
    with _replay(MILLION) as where:
        table.measure("million", *where, objects=MILLION)
    name = OURS.name
    found, beside = table.judged.get("million", {}), table.judged.get("sync", {})
    if name in found and name in beside:
        per_second = beside[name]["objects_per_cpu_s"]
        found[name]["slower"] = per_second / found[name]["objects_per_cpu_s"]
