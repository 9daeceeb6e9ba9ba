"""Run the real kubectl."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.harness import binaries

__all__ = ["Kubectl", "Outcome"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What kubectl said, and how it ended."""

    code: int
    out: str
    err: str


class Kubectl:
    """The real kubectl with one kubeconfig and a discovery cache of its own.

    It blocks: beside a server in the same process, call it from another thread.

    Args:
        kubeconfig: Whom to talk to.
        cache: Folder for the discovery cache, which must not be shared by servers.
        namespace: The default namespace.
        program: Which kubectl; None for the one that was built.
        folder: Where it finds files that a command names; None for this process's own.
    """

    def __init__(
        self,
        kubeconfig: Path,
        cache: Path,
        namespace: str,
        *,
        program: Path | None = None,
        folder: Path | None = None,
    ) -> None:
        self._kubeconfig = kubeconfig
        self._cache = cache
        self._namespace = namespace
        self._program = program
        self._folder = folder

    def __call__(
        self, *args: str, stdin: str = "", env: Mapping[str, str] | None = None
    ) -> Outcome:
        """Run one command to its end, a minute at most."""
        program = self._program or binaries.find("kubectl")
        if program is None:
            raise FileNotFoundError(f"no kubectl: {binaries.REMEDY}")
        options = ["--kubeconfig", str(self._kubeconfig), "--cache-dir"]
        options += [str(self._cache), "--namespace", self._namespace]
        done = subprocess.run(
            [str(program), *options, *args],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=self._folder,
            env={**os.environ, **(env or {})},
        )
        return Outcome(done.returncode, done.stdout, done.stderr)
