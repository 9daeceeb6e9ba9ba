"""Programs in Go, built from the modules in tests/go."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tests.harness.binaries import find

__all__ = ["build_programs", "build_tests", "find_go", "folder_of"]

_ROOT = Path(__file__).resolve().parents[2]
_OUT = _ROOT / "build" / "go"
_ENVIRONMENT = {
    "CGO_ENABLED": "0",
    "GOTOOLCHAIN": "local",
    "GOFLAGS": "-mod=readonly",
    "GOWORK": "off",
}
# As the peers of the benchmarks are built: the packages that they share are built once.
_BUILD = ("-trimpath", "-buildvcs=false")


def find_go() -> str | None:
    """Return the compiler on PATH, or the one that built the real control plane."""
    kept = find("kube-apiserver")
    own = kept.parent / ".go" / "bin" / "go" if kept else None
    return shutil.which("go") or (str(own) if own and own.exists() else None)


def build_tests(go: str, name: str) -> Path:
    """Build the suite in tests/go/NAME; a minute at first, an instant from then on."""
    out = _OUT / name
    with _alone():
        _go(go, name, "test", "-c", *_BUILD, "-o", str(out), ".")
    return out


def build_programs(go: str, name: str) -> Path:
    """Build the programs in tests/go/NAME, and the tools that its go.mod names."""
    out = _OUT / name
    with _alone():
        out.mkdir(exist_ok=True)
        _go(go, name, "build", *_BUILD, "-o", str(out), "./...", "tool")
    return out


def folder_of(go: str, name: str, module: str) -> Path:
    """Return where the sources are of a module that tests/go/NAME needs."""
    return Path(_go(go, name, "list", "-m", "-f", "{{.Dir}}", module).strip())


@contextmanager
def _alone() -> Generator[None]:
    """Let the other workers of a run wait, and find built what is built here."""
    _OUT.mkdir(parents=True, exist_ok=True)
    with (_OUT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _go(go: str, name: str, *args: str) -> str:
    done = subprocess.run(
        [go, *args],
        cwd=_ROOT / "tests" / "go" / name,
        env=os.environ | _ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout
