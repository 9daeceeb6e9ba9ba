"""The pods of the benchmark are as large as those that run, on the real server."""

import json
from collections.abc import Iterator

import pytest

from benchmarks.pods import pods
from homeostat.api import GroupVersionKind
from homeostat.client import ALL, Client, ClusterConfig, load_config

pytestmark = pytest.mark.kube

PODS = 60


@pytest.fixture
def config() -> Iterator[ClusterConfig]:
    with pods(PODS) as kubeconfig:
        yield load_config(kubeconfig)


async def test_every_pod_is_there_and_has_run(config: ClusterConfig) -> None:
    async with Client(config) as client:
        found = await client.list(GroupVersionKind("", "v1", "Pod"), namespace=ALL)
    assert len({pod["metadata"]["uid"] for pod in found}) == PODS
    for pod in found:
        assert len(pod["metadata"]["managedFields"]) == 2
        assert pod["status"]["phase"] == "Running"
        assert 4_500 < len(json.dumps(pod, separators=(",", ":"))) < 6_500
