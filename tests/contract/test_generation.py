"""metadata.generation counts changes of what is wanted, and of nothing else."""

from typing import Any

import pytest

from tests.harness.objects import config_map, deployment, pod
from tests.harness.server import Server


@pytest.fixture
async def d(server: Server) -> Any:
    """A Deployment of the name d."""
    return (await server.post(server.apps("deployments"), deployment("d"))).ok(201)


def _generation(item: Any) -> Any:
    return item["metadata"].get("generation")


async def test_generation_starts_at_one(d: Any) -> None:
    assert _generation(d) == 1


async def test_kind_without_spec_has_no_generation(server: Server) -> None:
    item = (await server.post(server.core("configmaps"), config_map("a"))).ok(201)
    assert _generation(item) is None


async def test_pod_has_a_generation(server: Server) -> None:
    assert _generation((await server.post(server.core("pods"), pod("p"))).ok(201)) == 1


async def test_create_ignores_a_generation(server: Server) -> None:
    body = deployment("d")
    body["metadata"]["generation"] = 7
    item = (await server.post(server.apps("deployments"), body)).ok(201)
    assert _generation(item) == 1


async def test_spec_change_counts(server: Server, d: Any) -> None:
    assert d
    body = deployment("d", replicas=2)
    assert _generation((await server.put(server.apps("deployments/d"), body)).ok()) == 2


@pytest.mark.parametrize(
    "patch",
    [
        {"metadata": {"labels": {"a": "b"}}},
        {"metadata": {"finalizers": ["example.com/hold"]}},
        {"spec": {"replicas": 1}},
        {"metadata": {"generation": 9}},
    ],
)
async def test_other_changes_do_not_count(server: Server, d: Any, patch: Any) -> None:
    assert d
    item = (await server.merge(server.apps("deployments/d"), patch)).ok()
    assert _generation(item) == 1


async def test_annotation_of_a_deployment_counts(server: Server, d: Any) -> None:
    # Rollbacks are made through annotations, so they are part of what is wanted.
    assert d
    patch = {"metadata": {"annotations": {"a": "b"}}}
    item = (await server.merge(server.apps("deployments/d"), patch)).ok()
    assert _generation(item) == 2


async def test_status_does_not_count(server: Server, d: Any) -> None:
    body = {**d, "status": {"replicas": 3, "observedGeneration": 1}}
    item = (await server.put(server.apps("deployments/d/status"), body)).ok()
    assert _generation(item) == 1


async def test_scale_counts(server: Server, d: Any) -> None:
    assert d
    patch = {"spec": {"replicas": 4}}
    await server.merge(server.apps("deployments/d/scale"), patch)
    assert _generation((await server.get(server.apps("deployments/d"))).ok()) == 2


async def test_apply_counts(server: Server, d: Any) -> None:
    assert d
    body = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d"},
        "spec": {"replicas": 5},
    }
    item = (await server.apply(server.apps("deployments/d"), body, force=True)).ok()
    assert _generation(item) == 2


async def test_mark_of_deletion_counts(server: Server, d: Any) -> None:
    assert d
    patch = {"metadata": {"finalizers": ["example.com/hold"]}}
    await server.merge(server.apps("deployments/d"), patch)
    item = (await server.delete(server.apps("deployments/d"))).ok()
    assert _generation(item) == 2


async def test_second_mark_of_deletion_does_not_count(server: Server, d: Any) -> None:
    assert d
    patch = {"metadata": {"finalizers": ["example.com/hold"]}}
    await server.merge(server.apps("deployments/d"), patch)
    await server.delete(server.apps("deployments/d"))
    item = (await server.delete(server.apps("deployments/d"))).ok()
    assert _generation(item) == 2


async def test_labels_of_an_endpoint_slice_count(server: Server) -> None:
    path = server.path("discovery.k8s.io/v1", "endpointslices")
    body = {"metadata": {"name": "e"}, "addressType": "IPv4", "endpoints": []}
    assert _generation((await server.post(path, body)).ok(201)) == 1
    patch: Any = {"metadata": {"labels": {"a": "b"}}}
    assert _generation((await server.merge(f"{path}/e", patch)).ok()) == 2
    patch = {"metadata": {"annotations": {"a": "b"}}}
    assert _generation((await server.merge(f"{path}/e", patch)).ok()) == 2


async def test_put_of_the_same_daemon_set_does_not_count(server: Server) -> None:
    body = {**deployment("d"), "kind": "DaemonSet"}
    await server.post(server.apps("daemonsets"), body)
    item = (await server.put(server.apps("daemonsets/d"), body)).ok()
    assert _generation(item) == 1
    key = "deprecated.daemonset.template.generation"
    assert item["metadata"]["annotations"] == {key: "1"}


async def test_template_of_a_daemon_set_counts_twice(server: Server) -> None:
    body: Any = {**deployment("d"), "kind": "DaemonSet"}
    await server.post(server.apps("daemonsets"), body)
    body["spec"]["template"]["spec"]["containers"][0]["image"] = "i:2"
    item = (await server.put(server.apps("daemonsets/d"), body)).ok()
    assert _generation(item) == 2
    key = "deprecated.daemonset.template.generation"
    assert item["metadata"]["annotations"] == {key: "2"}


async def test_put_of_the_same_stateful_set_does_not_count(server: Server) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 2}}
    body = {**deployment("s", updateStrategy=strategy), "kind": "StatefulSet"}
    await server.post(server.apps("statefulsets"), body)
    item = (await server.put(server.apps("statefulsets/s"), body)).ok()
    assert _generation(item) == 1
    assert "maxUnavailable" not in item["spec"]["updateStrategy"]["rollingUpdate"]


async def test_put_of_the_same_pod_does_not_count(server: Server) -> None:
    await server.post(server.core("pods"), pod("p"))
    body = pod("p")
    body["metadata"]["labels"] = {"a": "b"}
    item = (await server.put(server.core("pods/p"), body)).ok()
    assert _generation(item) == 1
    assert len(item["spec"]["tolerations"]) == 2


async def test_forced_apply_of_a_pod(server: Server) -> None:
    own = {"key": "k", "operator": "Exists"}
    await server.post(server.core("pods"), pod("p", tolerations=[own]))
    body = pod("p", tolerations=[own])
    item = (await server.apply(server.core("pods/p"), body, force=True)).ok()
    assert _generation(item) == 1
    assert len(item["spec"]["tolerations"]) == 3


async def test_annotations_by_way_of_the_status_do_not_count(
    server: Server, d: Any
) -> None:
    assert d
    patch = {"metadata": {"annotations": {"a": "b"}}}
    item = (await server.merge(server.apps("deployments/d/status"), patch)).ok()
    assert item["metadata"]["annotations"] == {"a": "b"}
    assert _generation(item) == 1
