"""The command line as a person uses it: processes, signals, kubectl."""

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from homeostat.testing import eventually
from tests.harness.clusters import AnyCluster, only_real
from tests.harness.commands import (
    START_SECONDS,
    Started,
    kubeconfig_of,
    kubectl_for,
    one_line,
    run,
)
from tests.harness.kubectl import Kubectl

ROOT = Path(__file__).resolve().parents[2]
PODSET = str(ROOT / "examples" / "podset" / "podset.py")
SAMPLE = str(ROOT / "examples" / "podset" / "manifests" / "podset.yaml")


def converged(kubectl: Kubectl, size: int) -> None:
    """Assert that kubectl shows the sample with its pods."""
    shown = kubectl("get", "podset", "web", "-o", "json")
    assert shown.code == 0, shown.err
    podset = json.loads(shown.out)
    assert podset["status"]["readyReplicas"] == size
    pods = kubectl("get", "pods", "-l", "podSet_cr=web", "-o", "name")
    assert len(pods.out.split()) == size


# With no cluster.


def test_run_local_announces_its_cluster_and_ends_cleanly(
    start: Callable[..., Started],
) -> None:
    process = start("run", PODSET, "--local")
    kubeconfig = kubeconfig_of(process.line())
    assert kubeconfig.is_file()
    assert process.stop() == 0
    assert not kubeconfig.exists()
    assert "Traceback" not in process.log()


def test_run_ends_cleanly_on_sigterm(start: Callable[..., Started]) -> None:
    process = start("run", PODSET, "--local")
    process.line()
    assert process.stop(signal.SIGTERM) == 0


@pytest.mark.kube
def test_run_local_serves_kubectl(
    start: Callable[..., Started], tmp_path: Path
) -> None:
    process = start("run", PODSET, "--local")
    kubectl = kubectl_for(kubeconfig_of(process.line()), tmp_path, "default")

    def apply() -> None:  # the line comes before the definition is installed
        done = kubectl("apply", "-f", SAMPLE)
        assert done.code == 0, done.err
        assert done.out == "podset.apps.jicki.cn/web created\n"

    eventually(apply, within=START_SECONDS)
    eventually(lambda: converged(kubectl, 3), within=START_SECONDS)
    assert kubectl("scale", "podset", "web", "--replicas=1").code == 0
    eventually(lambda: converged(kubectl, 1), within=START_SECONDS)
    process.wait_for("podsets default/web reconciled: success")
    assert process.stop() == 0


@pytest.mark.kube
def test_json_log_has_the_fields_of_a_reconcile(
    start: Callable[..., Started], tmp_path: Path
) -> None:
    process = start("run", PODSET, "--local", "--log-format", "json")
    kubectl = kubectl_for(kubeconfig_of(process.line()), tmp_path, "default")
    eventually(lambda: kubectl("apply", "-f", SAMPLE).code == 0, within=START_SECONDS)

    def reconciled() -> dict[str, Any]:
        # An IndexError, while there is none, means "not yet".
        return [r for r in process.records() if r.get("outcome") == "success"][0]  # noqa: RUF015

    record = eventually(reconciled, within=START_SECONDS)
    assert record["level"] == "info"
    assert record["msg"] == "reconciled"
    assert record["controller"] == "podsets"
    assert (record["namespace"], record["name"]) == ("default", "web")
    assert record["ts"].endswith("Z")
    assert record["reconcile_id"]
    assert record["duration_s"] >= 0
    assert record["reasons"][0].startswith("PodSet")
    assert process.stop() == 0
    for line in process.records():
        assert {"ts", "level", "msg"} <= line.keys()


def test_demo_converges() -> None:
    done = run("demo", PODSET)
    assert done.returncode == 0, done.stdout
    assert "delete PodSet web" in done.stdout
    assert "not converged" not in done.stdout


# On the real server.


@only_real
def test_crd_is_accepted_by_kubectl(any_cluster: AnyCluster, tmp_path: Path) -> None:
    printed = run("crd", PODSET)
    assert printed.returncode == 0
    kubectl = kubectl_for(any_cluster.kubeconfig, tmp_path, any_cluster.namespace)
    arguments = ("--server-side", "--force-conflicts", "--dry-run=server")
    done = kubectl("apply", *arguments, "-f", "-", stdin=printed.stdout)
    assert done.code == 0, done.err
    assert "podsets.apps.jicki.cn serverside-applied" in done.out


def sample_for(namespace: str) -> str:
    return Path(SAMPLE).read_text().replace("default", namespace)


@only_real
def test_run_takes_a_kubeconfig_and_keeps_to_its_namespaces(
    any_cluster: AnyCluster, start: Callable[..., Started], tmp_path: Path
) -> None:
    mine, other = any_cluster.namespace, f"{any_cluster.namespace}-other"
    path = str(any_cluster.kubeconfig)
    arguments = ("--kubeconfig", path, "--namespace", mine, "--install-crds")
    process = start("run", PODSET, *arguments, "--log-format", "json")
    kubectl = kubectl_for(Path(path), tmp_path, mine)
    assert kubectl("create", "namespace", other).code == 0

    def apply(namespace: str) -> bool:
        sample = sample_for(namespace)
        return kubectl("-n", namespace, "apply", "-f", "-", stdin=sample).code == 0

    try:
        # First the one that must not be seen: what is seen later proves that the
        # operator has had its chance.
        eventually(lambda: apply(other), within=START_SECONDS)
        eventually(lambda: apply(mine), within=START_SECONDS)
        eventually(lambda: converged(kubectl, 3), within=START_SECONDS, every=0.1)
        assert process.stop() == 0
        namespaces = {r["namespace"] for r in process.records() if "namespace" in r}
        assert namespaces == {mine}
        left = kubectl("-n", other, "get", "deployments", "-o", "name")
        assert left.out == ""
    finally:
        kubectl("delete", "namespace", other, "--wait=false")


# What a user can mend.


@pytest.fixture(scope="module")
def nowhere(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A kubeconfig whose server nobody listens at."""
    path = tmp_path_factory.mktemp("nowhere") / "kubeconfig"
    path.write_text(
        "{apiVersion: v1, kind: Config, current-context: a, "
        "clusters: [{name: a, cluster: {server: 'http://127.0.0.1:1'}}], "
        "users: [{name: a, user: {}}], "
        "contexts: [{name: a, context: {cluster: a, user: a}}]}"
    )
    return str(path)


def test_file_that_is_not_there(tmp_path: Path) -> None:
    file = tmp_path / "operator.py"
    done = run("run", str(file), "--local")
    assert done.returncode == 1
    message = "does not exist; name a Python file that defines controllers"
    assert one_line(done) == f"Error: {file} {message}"
    assert done.stdout == ""


def test_crd_of_a_file_without_resources(tmp_path: Path) -> None:
    file = tmp_path / "operator.py"
    file.write_text("")
    done = run("crd", str(file))
    assert done.returncode == 1
    assert "no @custom_resource class at the top level of" in one_line(done)


def test_missing_context_names_those_that_are_there(nowhere: str) -> None:
    done = run("run", PODSET, "--kubeconfig", nowhere, "--context", "b")
    assert done.returncode == 1
    assert one_line(done) == f"Error: {nowhere}: there is no context 'b'; there are a"


def test_missing_kubeconfig(tmp_path: Path) -> None:
    path = str(tmp_path / "none")
    done = run("run", PODSET, "--kubeconfig", path)
    assert done.returncode == 1
    assert one_line(done) == f"Error: kubeconfig {path} does not exist"


class Stranded(NamedTuple):
    """Commands whose server is not there, started together: each tries for 11 s."""

    installs: Started
    waits: Started


@pytest.fixture(scope="module")
def stranded(
    nowhere: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stranded]:
    plain = ("run", PODSET, "--kubeconfig", nowhere)
    with (
        Started(tmp_path_factory.mktemp("i"), *plain, "--install-crds") as installs,
        Started(tmp_path_factory.mktemp("w"), *plain) as waits,
    ):
        yield Stranded(installs, waits)


@pytest.mark.xdist_group("stranded")
def test_definitions_cannot_be_installed_on_a_server_that_is_not_there(
    stranded: Stranded,
) -> None:
    assert stranded.installs.ended() == 1
    # The client tries for some seconds first, and what it waits for may be told before.
    log = stranded.installs.log()
    last = log.splitlines()[-1]
    assert last.startswith("Error: ")
    assert "cannot connect to http://127.0.0.1:1" in last
    assert "Traceback" not in log


@pytest.mark.xdist_group("stranded")
def test_operator_waits_for_a_server_that_is_not_there(stranded: Stranded) -> None:
    # As an operator in a cluster that is being started: it says so and tries again.
    stranded.waits.wait_for("cannot connect to http://127.0.0.1:1")
    assert stranded.waits.stop() == 0
    assert "Traceback" not in stranded.waits.log()


def test_wrong_command_line_ends_with_2() -> None:
    done = run("run", PODSET, "--bogus")
    assert done.returncode == 2
    assert done.stderr.startswith("Usage: ")
    assert "Traceback" not in done.stderr


def test_version_and_help() -> None:
    assert run("--version").stdout.startswith("homeostat ")
    for args in ([], ["run"], ["local", "up"], ["crd"], ["demo"]):
        assert run(*args, "--help").stdout.startswith("Usage: ")
