"""The programs that are compared, each run as a child process of its own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

__all__ = ["OURS", "Outcome", "Program", "programs", "run"]

ROOT: Final = Path(__file__).resolve().parent.parent
BUILT: Final = ROOT / "build" / "bench"
PEERS_PYTHON: Final = ROOT / ".venv-peers" / "bin" / "python"

MOST_SECONDS: Final = float(os.environ.get("BENCH_SECONDS", "600"))
MOST_BYTES: Final = 12 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A client, and how to run it.

    Attributes:
        name: In tables and bars.
        argv: What comes before the benchmark's name.
        does: The benchmarks that it has.
        flavor: What comes after the benchmark's name.
        language: Python, Go or Rust.
    """

    name: str
    argv: tuple[str, ...]
    does: frozenset[str]
    flavor: tuple[str, ...] = ()
    language: str = "Python"

    @property
    def available(self) -> bool:
        """Whether it was built or installed."""
        return Path(self.argv[0]).exists()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run gave.

    Attributes:
        figures: What the program printed, and the CPU of its whole process.
        why_not: Why it gave none, "" when it did.
    """

    figures: dict[str, Any]
    why_not: str = ""


OURS: Final = Program(
    name="homeostat",
    argv=(sys.executable, "-m", "benchmarks"),
    does=frozenset({"sync", "storm", "reconcile", "queue", "get", "list", "requests"}),
)


def programs() -> Sequence[Program]:
    """Return all programs, ours first."""
    go, runtime = str(BUILT / "client-go"), str(BUILT / "controller-runtime")
    rust = str(BUILT / "bench-kube-rs")
    cache = frozenset({"sync", "storm", "get", "list"})
    made = [
        OURS,
        Program(
            name="client-go typed",
            argv=(go,),
            does=cache | {"requests"},
            flavor=("--flavor", "typed"),
            language="Go",
        ),
        Program(
            name="client-go dynamic",
            argv=(go,),
            does=cache,
            flavor=("--flavor", "dynamic"),
            language="Go",
        ),
        Program(
            name="controller-runtime",
            argv=(runtime,),
            does=frozenset({"sync", "reconcile", "queue"}),
            language="Go",
        ),
    ]
    made += [
        Program(
            name=f"kube-rs {flavor}",
            argv=(rust,),
            does=frozenset({"sync", "storm", "reconcile"}),
            flavor=("--flavor", flavor),
            language="Rust",
        )
        for flavor in ("typed", "dynamic")
    ]
    libraries = ("lightkube", "kubernetes", "kubernetes_asyncio", "kr8s", "kopf")
    made += [
        Program(
            name=library,
            argv=(str(PEERS_PYTHON), "-m", "benchmarks.peers", library),
            does=frozenset({"sync"} if library == "kopf" else {"sync", "requests"}),
        )
        for library in libraries
    ]
    return made


def run(program: Program, what: str, *arguments: str) -> Outcome:
    """Run a benchmark in a child, which is ended when it takes too much."""
    argv = [*program.argv, what, *program.flavor, *arguments, "--json"]
    child = subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    stopped = ""
    began = time.monotonic()
    while child.poll() is None and not stopped:
        if time.monotonic() - began > MOST_SECONDS:
            stopped = f"stopped after {MOST_SECONDS:.0f} s"
        elif _resident(child.pid) > MOST_BYTES:
            stopped = f"stopped above {MOST_BYTES >> 30} GiB"
        time.sleep(0.2)
    if stopped:
        child.kill()
    out, err = child.communicate()
    if stopped:
        return Outcome(figures={}, why_not=stopped)
    lines = [line for line in out.splitlines() if line.startswith("{")]
    if child.returncode or not lines:
        last = (err.strip().splitlines() or ["no output"])[-1]
        return Outcome(figures={}, why_not=last[:160])
    return Outcome(figures=json.loads(lines[-1]))


def _resident(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0  # it just ended, or there is no /proc
    return pages * os.sysconf("SC_PAGE_SIZE")
