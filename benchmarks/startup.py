"""What it costs to have homeostat: import time, and the memory of an idle operator."""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from urllib.error import URLError
from urllib.request import urlopen

from benchmarks._report import Figure
from homeostat.testing import eventually

ROOT = Path(__file__).resolve().parent.parent
# Every name of the package is resolved: nothing hides behind a lazy import.
IMPORT = (
    "import time; began = time.perf_counter(); "
    "from homeostat import Context, CustomResource, Field, Spec, Status, controller; "
    "print(time.perf_counter() - began)"
)


def import_time(runs: int) -> list[Figure]:
    """Return the time that the imports of a controller take, in fresh processes."""
    _run_import()  # as pip leaves it: compiled
    times = [_run_import() for _ in range(runs)]
    return [
        Figure(
            name=f"import of homeostat, best of {runs}",
            value=round(min(times) * 1000),
            unit="ms",
            bar=150,
        ),
        Figure(
            name=f"import of homeostat, median of {runs}",
            value=round(median(times) * 1000),
            unit="ms",
        ),
    ]


def _environment() -> dict[str, str]:
    """Return the environment without what keeps Python from using compiled modules."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def _run_import() -> float:
    done = subprocess.run(
        [sys.executable, "-c", IMPORT],
        capture_output=True,
        text=True,
        check=True,
        env=_environment(),
    )
    return float(done.stdout)


# What ``pip install homeostat`` brings has no uvloop; a None keeps it from being found.
MAIN = "from homeostat.cli import main; main()"
WITHOUT_UVLOOP = f"import sys; sys.modules['uvloop'] = None; {MAIN}"


@contextmanager
def _homeostat(
    *arguments: str, program: str = MAIN
) -> Generator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env=_environment(),
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()


def idle_memory() -> list[Figure]:
    """Return the resident memory of the PodSet operator when it has nothing to do.

    It talks to the embedded server over HTTP and serves its health endpoint.
    """
    cluster = f"bench-{os.getpid()}"
    up = ("local", "up", "--name", cluster, "--profile", "apiserver", "--no-tls")
    with _homeostat(*up) as server:
        assert server.stdout is not None
        kubeconfig = server.stdout.readline().partition("=")[2].strip()
        plain = _idle_operator(kubeconfig, WITHOUT_UVLOOP)
        with_uvloop = _idle_operator(kubeconfig, MAIN)
    name = "idle operator with health endpoint, resident"
    figures = [Figure(name=name, value=round(plain, 1), unit="MB", bar=50)]
    if find_spec("uvloop"):
        figures.append(
            Figure(name=f"{name}, uvloop", value=round(with_uvloop, 1), unit="MB")
        )
    return figures


def _idle_operator(kubeconfig: str, program: str) -> float:
    port = _free_port()
    arguments = (
        *("run", "examples/podset/podset.py", "--install-crds"),
        *("--kubeconfig", kubeconfig, "--health-address", f"127.0.0.1:{port}"),
    )
    with _homeostat(*arguments, program=program) as operator:
        eventually(lambda: _is_ready(port), within=20, every=0.1)
        return _resident_mb(operator.pid)


def _free_port() -> int:
    import socket  # noqa: PLC0415

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _is_ready(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _resident_mb(pid: int) -> float:
    if not Path("/proc").exists():
        command = ["ps", "-o", "rss=", "-p", str(pid)]
        return int(subprocess.check_output(command, text=True)) / 1024
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
