"""Commands of homeostat in processes of their own."""

import json
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from homeostat.testing import eventually
from tests.harness.kubectl import Kubectl

__all__ = [
    "START_SECONDS",
    "Started",
    "kubeconfig_of",
    "kubectl_for",
    "one_line",
    "run",
    "wait_until",
]

START_SECONDS = 30.0  # of a process, on a busy machine
STOP_SECONDS = 10.0


def command(*args: str) -> list[str]:
    return [sys.executable, "-m", "homeostat", *args]


def run(*args: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command(*args),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class Started:
    """A command that runs until it is told to stop."""

    def __init__(self, folder: Path, *args: str) -> None:
        self._log = folder / "stderr"
        with self._log.open("w") as log:
            self._popen = subprocess.Popen(
                command(*args), stdout=subprocess.PIPE, stderr=log, text=True
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._popen.kill()
        self._popen.communicate()

    def line(self) -> str:
        """Return the next line of stdout."""
        assert self._popen.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._popen.stdout, selectors.EVENT_READ)
            assert selector.select(START_SECONDS), self.log()
        return self._popen.stdout.readline().rstrip("\n")

    def log(self) -> str:
        return self._log.read_text()

    def records(self) -> list[dict[str, Any]]:
        """Return the whole lines of a log in JSON."""
        whole, _, _ = self.log().rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]

    def wait_for(self, text: str) -> None:
        def said() -> bool:
            assert self._popen.poll() is None, self.log()
            return text in self.log()

        wait_until(said)

    def ended(self) -> int:
        """Wait until it ends by itself and return the exit status."""
        return self._popen.wait(START_SECONDS)

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send a signal and return the exit status."""
        self._popen.send_signal(number)
        return self._popen.wait(STOP_SECONDS)


def kubeconfig_of(line: str) -> Path:
    """Return the path in ``export KUBECONFIG=PATH``."""
    head, _, path = line.partition("=")
    assert head == "export KUBECONFIG"
    return Path(path)


def kubectl_for(kubeconfig: Path, tmp_path: Path, namespace: str) -> Kubectl:
    return Kubectl(kubeconfig, tmp_path / "cache", namespace)


def wait_until(check: Callable[[], object]) -> None:
    """Wait for what a process does, from its start on; see ``eventually``."""
    eventually(check, within=START_SECONDS, every=0.02)


def one_line(done: "subprocess.CompletedProcess[str]") -> str:
    """Return the only line on stderr."""
    (line,) = done.stderr.splitlines()
    return line
