"""Simulated pods through the real kubectl: what they print, run and refuse."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from homeostat.api import ObjectMeta
from homeostat.client import Client
from homeostat.k8s import core_v1
from homeostat.testing import Cluster, eventually
from tests.harness.kubectl import Kubectl

pytestmark = pytest.mark.kube


def pod(name: str, **annotations: str) -> core_v1.Pod:
    said = {f"homeostat.dev/{k.replace('_', '-')}": v for k, v in annotations.items()}
    container = core_v1.Container(name="c", image="nginx")
    return core_v1.Pod(
        metadata=ObjectMeta(name=name, annotations=said),
        spec=core_v1.PodSpec(containers=[container]),
    )


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster(nodes=1) as running:
        yield running


@pytest.fixture
def kubectl(cluster: Cluster, tmp_path: Path) -> Kubectl:
    return Kubectl(cluster.kubeconfig, tmp_path, "default")


def started(cluster: Cluster, item: core_v1.Pod, *, restarts: int = 0) -> None:
    """Create a pod and wait until it runs."""

    async def is_running(client: Client) -> bool:
        found = await client.get(core_v1.Pod, item.metadata.name)
        return any(
            each.restart_count >= restarts and each.state != core_v1.ContainerState()
            for each in found.status.container_statuses
        )

    async def create(client: Client) -> None:
        await client.create(item)

    cluster.call(create)
    eventually(lambda: cluster.call(is_running))


FIRST = "simulated container c of nginx runs"
LAST = "simulated container c exits with 3"


def test_log_of_a_pod_that_runs(cluster: Cluster, kubectl: Kubectl) -> None:
    started(cluster, pod("web", log="hello\nworld"))
    assert kubectl("logs", "web").out.splitlines() == [FIRST, "hello", "world"]
    assert kubectl("logs", "web", "--tail=2").out == "hello\nworld\n"
    refused = kubectl("logs", "web", "-c", "x")
    assert refused.code == 1
    assert "container x is not valid for pod web" in refused.err


def test_log_is_followed_until_the_end(cluster: Cluster, kubectl: Kubectl) -> None:
    item = pod("web", log="hello", exit_code="3", run_for="300ms")
    item.spec.restart_policy = "Never"
    cluster.call(lambda client: client.create(item))

    def followed() -> None:
        found = kubectl("logs", "-f", "web", "--limit-bytes=1000")
        assert found.out.splitlines() == [FIRST, "hello", LAST]

    eventually(followed)  # before its start a log is refused


def test_log_of_the_run_before(cluster: Cluster, kubectl: Kubectl) -> None:
    started(cluster, pod("web", exit_code="3", run_for="100ms"), restarts=1)
    found = kubectl("logs", "--previous", "web", "--timestamps")
    texts = [line.split(" ", 1)[1] for line in found.out.splitlines()]
    assert texts == [FIRST, LAST]


def test_commands_follow_the_script(cluster: Cluster, kubectl: Kubectl) -> None:
    script = json.dumps({"cat /etc/hostname": "web-0\n"})
    started(cluster, pod("web", commands=script))
    found = kubectl("exec", "web", "--", "cat", "/etc/hostname")
    assert (found.code, found.out) == (0, "web-0\n")
    found = kubectl("exec", "web", "--", "ls")
    assert found.code == 127
    assert "ls: not found in the pod's script" in found.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("exec", "web", "--", "ls"), "exec is not supported by simulated pods"),
        (("attach", "web"), "attach is not supported by simulated pods"),
        (
            ("port-forward", "web", "80"),
            "port-forward is not supported by simulated pods",
        ),
        (("cp", "web:/x", "x"), "exec is not supported by simulated pods"),
    ],
)
def test_what_needs_a_process_is_refused(
    cluster: Cluster, kubectl: Kubectl, words: tuple[str, ...], says: str
) -> None:
    started(cluster, pod("web"))
    found = kubectl(*words)
    assert found.code == 1
    assert says in found.err
