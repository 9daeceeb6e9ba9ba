"""The API servers that are measured: ours in three ways, and the real one."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks import local_up
from tests.harness.kube import ControlPlane

__all__ = ["REAL", "SERVERS", "Running", "real_start"]

MAIN: Final = "from homeostat.cli import main; main()"
REAL: Final = "kube-apiserver"


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A server that runs.

    Attributes:
        kubeconfig: Of its administrator, who has a certificate where there is TLS.
        pids: Whose memory it takes.
    """

    kubeconfig: str
    pids: Sequence[int]

    def resident_mb(self) -> float:
        """Return the resident memory of all its processes, in 10^6 bytes."""
        page = os.sysconf("SC_PAGE_SIZE")
        statms = (Path(f"/proc/{pid}/statm").read_text() for pid in self.pids)
        return sum(int(statm.split()[1]) for statm in statms) * page / 1e6

    def cpu_s(self) -> float:
        """Return what its processes have used so far."""
        tick = os.sysconf("SC_CLK_TCK")
        stats = (Path(f"/proc/{pid}/stat").read_text() for pid in self.pids)
        fields = (stat.rpartition(")")[2].split() for stat in stats)
        return sum(int(each[11]) + int(each[12]) for each in fields) / tick


@contextmanager
def _ours(*flags: str, journal: bool = False) -> Generator[Running]:
    """Run ``local up`` without controllers, as the real server runs alone.

    A later start, as nearly all are: the first alone makes keys, and holds the library
    that it takes.
    """
    with TemporaryDirectory(prefix="homeostat-bench-") as folder:
        local_up.start(folder, "default")
        kept = ("--data-dir", f"{folder}/data") if journal else ()
        process = subprocess.Popen(
            [
                *(sys.executable, "-c", MAIN, "local", "up"),
                *("--profile", "apiserver", *flags, *kept),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "XDG_STATE_HOME": folder},
        )
        try:
            assert process.stdout is not None  # asked for above
            said = process.stdout.readline().partition("=")[2].strip()
            yield Running(kubeconfig=said, pids=[process.pid])
        finally:
            process.terminate()
            process.communicate(timeout=30)


@contextmanager
def _real() -> Generator[Running]:
    with ControlPlane() as plane:
        config = plane.kubeconfig(certificate=True)
        yield Running(kubeconfig=str(config), pids=plane.pids)


def real_start() -> float:
    """Return the seconds from the start of etcd and kube-apiserver to an answer."""
    with ControlPlane() as plane:
        plane.stop()
        began = time.perf_counter()
        plane.wipe()
        return time.perf_counter() - began


SERVERS: Final[dict[str, Callable[[], AbstractContextManager[Running]]]] = {
    "homeostat": _ours,
    "homeostat, journal": partial(_ours, journal=True),
    "homeostat, plain HTTP": partial(_ours, "--no-tls"),
    REAL: _real,
}
