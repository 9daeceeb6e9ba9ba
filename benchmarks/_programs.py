"""The programs that are compared, each run as a child process of its own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

__all__ = ["OURS", "Outcome", "Program", "programs", "run"]

ROOT: Final = Path(__file__).resolve().parent.parent
BUILT: Final = ROOT / "build" / "bench"
PEERS_PYTHON: Final = ROOT / ".venv-peers" / "bin" / "python"
# The one peer that needs a newer Python than the others are pinned for.
PEERS_PYTHON_314: Final = ROOT / ".venv-peers-3.14" / "bin" / "python"

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
        absent: What to say where it is not there.
    """

    name: str
    argv: tuple[str, ...]
    does: frozenset[str]
    flavor: tuple[str, ...] = ()
    absent: str = "not built here"

    @property
    def available(self) -> bool:
        """Whether it was built or installed."""
        return Path(self.argv[0]).exists()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run gave.

    Attributes:
        figures: What the program printed.
        why_not: Why it gave none, "" when it did.
        stopped: It took too much.
        broken: It ended by itself, without figures.
    """

    figures: dict[str, Any] = field(default_factory=dict[str, Any])
    why_not: str = ""
    stopped: bool = False
    broken: bool = False


OURS: Final = Program(
    name="homeostat",
    argv=(sys.executable, "-m", "benchmarks"),
    does=frozenset(
        {
            *("sync", "storm", "reconcile", "queue", "get", "list", "requests"),
            *("pods", "responsive", "million", "long storm"),
        }
    ),
)
# What programs call a benchmark that differs from another in its server or size.
_COMMANDS: Final = {"pods": "sync", "million": "sync", "long storm": "storm"}


def programs() -> Sequence[Program]:
    """Return all programs, ours first."""
    return [OURS, *_go(), *_rust(), *_python()]


def _go() -> Sequence[Program]:
    client, runtime = str(BUILT / "client-go"), str(BUILT / "controller-runtime")
    cache = frozenset({"sync", "storm", "get", "list", "pods"})
    return [
        Program(
            name="client-go typed",
            argv=(client,),
            does=cache | {"requests"},
            flavor=("--flavor", "typed"),
        ),
        Program(
            name="client-go dynamic",
            argv=(client,),
            does=cache,
            flavor=("--flavor", "dynamic"),
        ),
        Program(
            name="controller-runtime",
            argv=(runtime,),
            does=frozenset({"sync", "reconcile", "queue", "pods"}),
        ),
        Program(
            name="controller-runtime, logger",
            argv=(runtime,),
            does=frozenset({"queue"}),
            flavor=("--logs",),
        ),
    ]


def _rust() -> Sequence[Program]:
    return [
        Program(
            name=f"kube-rs {flavor}",
            argv=(str(BUILT / "bench-kube-rs"),),
            does=frozenset({"sync", "storm", "reconcile", "pods"}),
            flavor=("--flavor", flavor),
        )
        for flavor in ("typed", "dynamic")
    ]


def _python() -> Sequence[Program]:
    module = ("-m", "benchmarks.peers")
    libraries = ("lightkube", "kubernetes", "kubernetes_asyncio", "kr8s", "kopf")
    return [
        *(
            Program(
                name=library,
                argv=(str(PEERS_PYTHON), *module, library),
                does=frozenset({"sync"} if library == "kopf" else {"sync", "requests"}),
            )
            for library in libraries
        ),
        Program(
            name="cloudcoil",
            argv=(str(PEERS_PYTHON_314), *module, "cloudcoil"),
            does=frozenset({"sync"}),
            absent="not installed here: its informer needs Python 3.14",
        ),
    ]


def run(program: Program, what: str, *arguments: str) -> Outcome:
    """Run a benchmark in a child, which is ended when it takes too much."""
    command = _COMMANDS.get(what, what)
    argv = [*program.argv, command, *program.flavor, *arguments, "--json"]
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
        return Outcome(why_not=stopped, stopped=True)
    lines = [line for line in out.splitlines() if line.startswith("{")]
    if child.returncode or not lines:
        last = (err.strip().splitlines() or ["no output"])[-1]
        return Outcome(why_not=last[:160], broken=True)
    return Outcome(figures=json.loads(lines[-1]))


def _resident(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0  # it just ended, or there is no /proc
    return pages * os.sysconf("SC_PAGE_SIZE")
