"""Child processes that do not outlive the test run."""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["Process", "free_port"]

# A run that is killed runs no clean-up. On Linux the kernel then ends the children of
# its main thread; elsewhere they are left, as with every other test harness.
_DIE_WITH_PARENT = """
import ctypes, os, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL
    if os.getppid() != int(sys.argv[1]):
        sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""


def free_port() -> int:
    """Return a loopback port that nobody has at this moment.

    It is below those that the kernel gives to connections: seconds pass until a server
    listens, and one of them might take it meanwhile.
    """
    while True:
        port = 16_384 + secrets.randbelow(16_384)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Process:
    """One program, its log in a file.

    Start it from the thread that outlives it: on Linux it ends with that thread.
    """

    def __init__(self, program: Path, args: Sequence[str], *, log: Path) -> None:
        self.name = program.name
        self._log = log
        argv = [sys.executable, "-I", "-S", "-c", _DIE_WITH_PARENT]
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                [*argv, str(os.getpid()), str(program), *args],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C goes to the test run, which stops its servers in order.
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Process id, the same from start to end."""
        return self._popen.pid

    @property
    def running(self) -> bool:
        """Whether the process still lives."""
        return self._popen.poll() is None

    def kill(self) -> None:
        """End the process at once and wait for its end; harmless when it is gone."""
        with contextlib.suppress(ProcessLookupError):
            self._popen.send_signal(signal.SIGKILL)
        self._popen.wait(10)

    def end(self) -> int:
        """Ask it to end, as Ctrl-C does, and return its exit status."""
        self._popen.send_signal(signal.SIGINT)
        return self._popen.wait(10)

    def log_tail(self, lines: int = 15) -> str:
        """Return the last lines of the log, for messages."""
        text = self._log.read_text(errors="replace") if self._log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])
