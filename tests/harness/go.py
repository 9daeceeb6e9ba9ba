"""Programs in Go, built from the modules in tests/go."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.harness.binaries import find

__all__ = ["build_tests", "find_go"]

_ROOT = Path(__file__).resolve().parents[2]
_ENVIRONMENT = {
    "CGO_ENABLED": "0",
    "GOTOOLCHAIN": "local",
    "GOFLAGS": "-mod=readonly",
    "GOWORK": "off",
}


def find_go() -> str | None:
    """Return the compiler on PATH, or the one that built the real control plane."""
    kept = find("kube-apiserver")
    own = kept.parent / ".go" / "bin" / "go" if kept else None
    return shutil.which("go") or (str(own) if own and own.exists() else None)


def build_tests(go: str, name: str) -> Path:
    """Build the suite in tests/go/NAME; a minute at first, an instant from then on."""
    out = _ROOT / "build" / "go" / name
    # As the peers of the benchmarks are built: the packages that they share are built
    # once.
    flags = ["-c", "-trimpath", "-buildvcs=false", "-o", str(out)]
    subprocess.run(
        [go, "test", *flags, "."],
        cwd=_ROOT / "tests" / "go" / name,
        env=os.environ | _ENVIRONMENT,
        check=True,
    )
    return out
