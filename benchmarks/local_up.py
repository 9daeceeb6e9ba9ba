"""How long ``homeostat local up`` takes, from the shell until it answers."""

import os
import ssl
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from urllib.request import urlopen

from benchmarks._report import Figure

__all__ = ["ready", "start", "starts"]

MAIN = "from homeostat.cli import main; main()"
BAR = 400  # milliseconds


def ready(runs: int) -> list[Figure]:
    """Return the time until /readyz is answered over TLS, with all controllers.

    Cold: the first start of a cluster, which makes its keys. Warm: any later one. Both
    with compiled modules, as pip leaves them.
    """
    with TemporaryDirectory(prefix="homeostat-bench-") as folder:
        warm = _later(folder, runs)
        cold = [start(folder, f"cold-{number}") for number in range(runs)]
    figures: list[Figure] = []
    for name, times in (("later", warm), ("first", cold)):
        what = f"local up, TLS, answers, {name} start"
        best, middle = round(min(times) * 1000), round(median(times) * 1000)
        bar = BAR if name == "later" else None
        figures += [
            Figure(name=f"{what}, best of {runs}", value=best, unit="ms", bar=bar),
            Figure(name=f"{what}, median of {runs}", value=middle, unit="ms"),
        ]
    return figures


def starts(runs: int) -> list[float]:
    """Return the seconds that each later start of a cluster takes."""
    with TemporaryDirectory(prefix="homeostat-bench-") as folder:
        return _later(folder, runs)


def _later(folder: str, runs: int) -> list[float]:
    start(folder, "compiled")
    return [start(folder, "compiled") for _ in range(runs)]


def start(folder: str, name: str) -> float:
    """Return the seconds that a start of a cluster takes, and end it.

    Args:
        folder: For what is kept of clusters: the keys of all but the first start.
        name: Which cluster.
    """
    environment = {
        k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"
    }
    # Whose certificate it is does not matter: what it costs is the server's handshake.
    anyone = ssl.create_default_context()
    anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, "local", "up", "--name", name],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment | {"XDG_STATE_HOME": folder},
    )
    try:
        assert process.stdout is not None
        kubeconfig = process.stdout.readline().partition("=")[2].strip()
        config = Path(kubeconfig).read_text()
        url = config.partition("server: ")[2].split()[0]
        with urlopen(f"{url}/readyz", context=anyone, timeout=10) as answer:
            answer.read()
        return time.perf_counter() - began
    finally:
        process.terminate()
        process.communicate(timeout=10)
