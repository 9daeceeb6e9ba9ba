"""What a comparison has measured, and what it has not."""

import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, Final, NamedTuple

from benchmarks._programs import OURS, Outcome, Program, programs, run

__all__ = ["Subject", "Table"]

SLOW: Final = 30.0  # seconds; what takes longer is run once
# So few take nobody long, on any machine: a program that has to be stopped hangs.
PROOF: Final = 500

Figures = dict[str, Any]


class Subject(NamedTuple):
    """A benchmark, and with how many objects it was run."""

    what: str
    objects: int = 0


class Table:
    """Figures by benchmark, size and program.

    Args:
        only: Names of the programs to run; all of them when empty.
        able: All programs.

    Attributes:
        results: What the programs printed, the median of the rounds.
        missing: Why a program has no figures.
        broken: Those whose programs are there, and failed: no slowness explains it.
    """

    def __init__(
        self, only: Sequence[str] = (), able: Sequence[Program] | None = None
    ) -> None:
        self.results: dict[Subject, dict[str, Figures]] = {}
        self.missing: dict[tuple[Subject, str], str] = {}
        self.broken: dict[tuple[Subject, str], str] = {}
        able = programs() if able is None else able
        self._programs = [p for p in able if not only or p.name in only]

    @property
    def judged(self) -> Mapping[str, Mapping[str, Figures]]:
        """Of each benchmark, the figures with the most objects."""
        return {s.what: self.results[s] for s in sorted(self.results)}

    def measure(
        self, what: str, *arguments: str, objects: int, rounds: int = 1
    ) -> None:
        """Run a benchmark with every program that has it, taking turns."""
        subject = Subject(what, objects)
        runs: dict[str, list[Figures]] = defaultdict(list)
        slow: set[str] = set()
        for _ in range(rounds):
            for program in self._programs:
                if what not in program.does or program.name in slow:
                    continue
                began = time.monotonic()
                if not self._one(program, subject, arguments, runs):
                    slow.add(program.name)
                if time.monotonic() - began > SLOW:
                    slow.add(program.name)
        for name, figures in runs.items():
            self.add(
                subject,
                name,
                {key: median(each[key] for each in figures) for key in figures[0]},
            )

    def add(self, subject: Subject, name: str, figures: Figures) -> None:
        """Take figures of a program."""
        self.results.setdefault(subject, {})[name] = figures

    def fail(self, subject: Subject, name: str, outcome: Outcome) -> None:
        """Take note of a program that gave none."""
        self.missing[subject, name] = outcome.why_not
        hangs = outcome.stopped and (name == OURS.name or subject.objects <= PROOF)
        if outcome.broken or hangs:
            self.broken[subject, name] = outcome.why_not

    def _one(
        self,
        program: Program,
        subject: Subject,
        arguments: tuple[str, ...],
        runs: dict[str, list[Figures]],
    ) -> bool:
        """Run a program once; False when there is no point in running it again."""
        outcome = self._without(program, subject)
        if outcome is None:
            outcome = run(program, subject.what, *arguments)
            said = outcome.why_not or _short(outcome.figures)
            where = f"{subject.what:<10} {subject.objects:>9,}"
            print(f"{where} {program.name:<22} {said}", file=sys.stderr, flush=True)
        if outcome.why_not:
            runs.pop(program.name, None)
            self.fail(subject, program.name, outcome)
            return False
        runs[program.name].append(outcome.figures)
        return True

    def _without(self, program: Program, subject: Subject) -> Outcome | None:
        """Return the outcome that is known without running the program."""
        if not program.available:
            return Outcome(why_not=program.absent)
        for (other, name), why in self.missing.items():
            if (name, other.what) == (program.name, subject.what):
                return Outcome(why_not=f"with {other.objects:,} objects {why}: not run")
        return None


def _short(figures: Figures) -> str:
    wanted = (
        *("objects_per_cpu_s", "bytes_per_object", "peak_mb", "events_per_cpu_s"),
        *("reconciles_per_cpu_s", "typed_us", "unstructured_us", "dynamic_us"),
        *("typed_ms", "unstructured_ms", "dynamic_ms", "indexed_typed_ms"),
        *("sequential_us", "at_once_us", "health_worst_ms", "storm_health_worst_ms"),
    )
    shown = (f"{name} {figures[name]:,.6g}" for name in wanted if name in figures)
    return ", ".join(shown)
