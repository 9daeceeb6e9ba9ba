"""Pods and ReplicaSets that are left alone."""

import logging

import pytest

from homeostat.api import LabelSelector, ObjectMeta
from homeostat.k8s import apps_v1, core_v1
from homeostat.localcluster._replicasets import replica_sets
from homeostat.testing import Cluster, eventually
from tests.integration.controller.support import World, settle, virtual


def pod(name: str, **spec: str) -> core_v1.Pod:
    container = core_v1.Container(name="c", image="busybox")
    return core_v1.Pod(
        metadata=ObjectMeta(name=name),
        spec=core_v1.PodSpec(containers=[container], **spec),  # type: ignore[arg-type]
    )


def runs(cluster: Cluster, name: str) -> bool:
    found = cluster.call(lambda c: c.get(core_v1.Pod, name))
    return found.status.phase == "Running"


def warnings_of(log: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in log.records if r.levelno > logging.INFO]


def test_pods_of_other_schedulers_and_nodes_are_left_alone(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    cluster.call(lambda c: c.create(pod("other", scheduler_name="other")))
    cluster.call(lambda c: c.create(pod("elsewhere", node_name="elsewhere")))
    cluster.call(lambda c: c.create(pod("ours")))
    eventually(lambda: runs(cluster, "ours"))
    other = cluster.call(lambda c: c.get(core_v1.Pod, "other"))
    assert not other.spec.node_name
    assert not runs(cluster, "elsewhere")
    assert warnings_of(caplog) == []


@virtual
async def test_pods_of_a_namespace_that_ends_are_no_failure(world: World) -> None:
    labels = {"app": "web"}
    meta = ObjectMeta(name="web", namespace="team")
    template = core_v1.PodTemplateSpec(
        metadata=ObjectMeta(labels=labels), spec=pod("x").spec
    )
    spec = apps_v1.ReplicaSetSpec(
        replicas=0, selector=LabelSelector(match_labels=labels), template=template
    )
    async with world.running(replica_sets()):
        await world.outsider.create(core_v1.Namespace(metadata=ObjectMeta(name="team")))
        await world.outsider.create(apps_v1.ReplicaSet(metadata=meta, spec=spec))
        await world.outsider.delete(core_v1.Namespace, "team")
        patch = {"spec": {"replicas": 20}}
        await world.outsider.patch(apps_v1.ReplicaSet, "web", patch, namespace="team")
        await settle()
        found = await world.outsider.get(apps_v1.ReplicaSet, "web", namespace="team")
    assert found.status.observed_generation == found.metadata.generation
    assert found.status.conditions == []
    asked = [r for r in world.wire.writes() if r == "POST /api/v1/namespaces/team/pods"]
    assert len(asked) <= 3  # once for each reconcile, not once for each pod
