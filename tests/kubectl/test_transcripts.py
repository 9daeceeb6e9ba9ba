"""The same commands of kubectl on both servers: what it prints, and how it ends.

``HOMEOSTAT_SLOW=full`` takes every kubectl on the machine from 1.30 on through all of
the transcripts; otherwise the oldest of them sees one.
"""

import itertools
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from difflib import unified_diff
from pathlib import Path
from typing import Any

import pytest

from homeostat.testing import eventually
from tests.harness import binaries
from tests.harness.certificates import write_certificates
from tests.harness.kube import ControlPlane
from tests.harness.kubectl import Kubectl, Outcome
from tests.harness.kubectl_masks import masked
from tests.harness.kubectl_steps import Step, steps_of
from tests.harness.secure import SecureCluster
from tests.kubectl.known import KNOWN

_FOLDER = Path(__file__).parent
_CONFORMANCE = _FOLDER.parents[1] / "docs" / "conformance.md"

_SETTLE_SECONDS = 3.0  # controllers may be that late, on either side


def _cases() -> Iterator[Any]:
    paths = sorted((_FOLDER / "transcripts").glob("*.txt"))
    for path in paths:
        yield pytest.param(path, None, id=path.stem)
    older = binaries.older_kubectls()
    whole = os.environ.get("HOMEOSTAT_SLOW") == "full"
    for program in older if whole else older[:1]:
        for path in paths:
            if whole or path.stem == "access":
                yield pytest.param(path, program, id=f"{path.stem}-{program.name}")


# One worker has the real control plane.
pytestmark = [pytest.mark.kube, pytest.mark.xdist_group("kube-e2e")]

_numbers = itertools.count(1)


class _Pair:
    """Kubectl on the two servers, in one namespace of each that has the same name.

    Attributes:
        namespace: Its name.
        is_newest: Whether it has all the flags that the transcripts use.
    """

    def __init__(
        self,
        clusters: Sequence[SecureCluster | ControlPlane],
        folder: Path,
        program: Path | None,
    ) -> None:
        self.is_newest = program is None
        self.namespace = f"t-{os.getpid()}-{next(_numbers)}"
        self._threads = ThreadPoolExecutor(len(clusters))
        self._kubectls = [
            Kubectl(
                cluster.kubeconfig(),
                cluster.folder / (program.name if program else "cache"),
                self.namespace,
                program=program,
                folder=folder,
            )
            for cluster in clusters
        ]

    def run(self, step: Step) -> list[Outcome]:
        """Return the outcomes on both, the embedded one first."""
        return [
            masked(each, self.namespace, prose=step.has_prose)
            for each in self._threads.map(
                lambda kubectl: kubectl(*step.words, stdin=step.stdin, env=step.env),
                self._kubectls,
            )
        ]

    def agree(self, step: Step) -> None:
        """Fail while the outcomes differ."""
        ours, theirs = self.run(step)
        assert ours == theirs

    def close(self) -> None:
        """Leave both servers with nothing to do."""
        for kubectl in self._kubectls:
            kubectl("delete", "namespace", self.namespace, "--wait=false")
        self._threads.shutdown()


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the commands read: ``files``, and certificates."""
    folder = tmp_path_factory.mktemp("kubectl") / "files"
    shutil.copytree(_FOLDER / "files", folder)
    write_certificates(folder)
    return folder


@pytest.mark.parametrize(("path", "program"), list(_cases()))
def test_kubectl_says_the_same(
    whole_cluster: SecureCluster,
    bare_plane: ControlPlane,
    files: Path,
    path: Path,
    program: Path | None,
) -> None:
    pair = _Pair((whole_cluster, bare_plane), files, program)
    try:
        steps = steps_of(path, pair.namespace)
        found = [_difference(pair, step, path.stem) for step in steps]
    finally:
        pair.close()
    told = "\n".join(each for each in found if each)
    assert not told, f"the servers differ:\n{told}"


def _difference(pair: _Pair, step: Step, title: str) -> str:
    """Take one step on both; return what of it differs, "" for nothing."""
    name = f"{title}: {step.text.replace(pair.namespace, 'NS')}"
    ours, theirs = pair.run(step)
    if step.reads and ours != theirs and name not in KNOWN:
        with suppress(AssertionError):
            eventually(lambda: pair.agree(step), within=_SETTLE_SECONDS, every=0.1)
        ours, theirs = pair.run(step)
    if step.mark == "~":
        ours, theirs = (Outcome(each.code, "", "") for each in (ours, theirs))
    if pair.is_newest and (theirs.code != 0) != (step.mark == "!"):
        return f"{name} (line {step.line})\n  the real one ends so:\n{_told(theirs)}"
    if ours == theirs:
        stale = name in KNOWN and pair.is_newest
        return f"{name} (line {step.line})\n  does not differ any more" if stale else ""
    if name in KNOWN:
        return ""
    expected, found = (_told(each).splitlines() for each in (theirs, ours))
    lines = unified_diff(expected, found, "real", "embedded", n=1, lineterm="")
    return "\n".join([f"{name} (line {step.line})", *lines])


def _told(outcome: Outcome) -> str:
    return f"exit status {outcome.code}\n{outcome.out}{outcome.err}"


def test_what_differs_is_written_down() -> None:
    row = re.compile(r"^\| `(\w+: .+)` \| (.+) \|$", re.MULTILINE)
    assert dict(row.findall(_CONFORMANCE.read_text())) == KNOWN
