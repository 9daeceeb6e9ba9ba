"""One suite of controller-runtime's envtest, on whatever server it is given."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.harness.binaries import find
from tests.harness.commands import Started, kubeconfig_of, one_line, run
from tests.harness.go import build_tests, find_go

GO = find_go()
SUITE = Path(__file__).resolve().parents[1] / "go" / "envtest"
TESTS = 5

pytestmark = [
    pytest.mark.kube,
    pytest.mark.skipif(GO is None, reason="needs Go"),
]


@pytest.fixture(scope="session")
def suite() -> Path:
    """The suite, built."""
    assert GO is not None
    return build_tests(GO, "envtest")


def passed(suite: Path, **environment: str) -> int:
    """Return how many tests of the suite pass; none may fail."""
    done = subprocess.run(
        [suite, "-test.v"],
        cwd=SUITE,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return len(re.findall(r"^--- PASS", done.stdout, re.MULTILINE))


def test_suite_passes_on_the_real_binaries(suite: Path) -> None:
    found = find("kube-apiserver")
    assert found is not None
    assert passed(suite, KUBEBUILDER_ASSETS=str(found.parent)) == TESTS


def test_suite_passes_on_ours(suite: Path, tmp_path: Path) -> None:
    done = run("envtest-assets", str(tmp_path / "bin"))
    assert done.stdout == f"export KUBEBUILDER_ASSETS={tmp_path}/bin\n"
    attached = {"KUBEBUILDER_ATTACH_CONTROL_PLANE_OUTPUT": "true"}
    assert passed(suite, KUBEBUILDER_ASSETS=f"{tmp_path}/bin", **attached) == TESTS


def test_suite_passes_on_a_cluster_that_runs(
    suite: Path, start: Callable[..., Started]
) -> None:
    process = start("local", "up")
    kubeconfig = kubeconfig_of(process.line())
    existing = {"USE_EXISTING_CLUSTER": "true", "KUBECONFIG": str(kubeconfig)}
    # Two tests are about a server of the suite's own.
    assert passed(suite, **existing) == TESTS - 2


def test_programs_of_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "etcd").write_text("theirs")
    done = run("envtest-assets", str(tmp_path))
    assert done.returncode == 1
    assert one_line(done).endswith(
        "is there, and not of homeostat: name another folder"
    )
    assert (tmp_path / "etcd").read_text() == "theirs"


def test_server_says_what_it_cannot_use(tmp_path: Path) -> None:
    run("envtest-assets", str(tmp_path))
    missing = f"--client-ca-file={tmp_path}/none"
    done = subprocess.run(
        [tmp_path / "kube-apiserver", "--feature-gates=A=true", missing],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    first, second = done.stderr.splitlines()
    assert first == "kube-apiserver: --feature-gates has no effect here"
    assert second.startswith("kube-apiserver: [Errno 2] No such file")
