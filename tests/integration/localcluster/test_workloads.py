import logging
from collections.abc import Callable
from typing import Any

import pytest

from homeostat.api import LabelSelector, ObjectMeta
from homeostat.client import Propagation
from homeostat.errors import NotFoundError
from homeostat.k8s import apps_v1, core_v1
from homeostat.testing import Cluster, eventually

LABELS = {"app": "web"}


def template(image: str = "busybox:1", **spec: Any) -> core_v1.PodTemplateSpec:
    return core_v1.PodTemplateSpec(
        metadata=ObjectMeta(labels=LABELS),
        spec=core_v1.PodSpec(
            containers=[core_v1.Container(name="c", image=image)], **spec
        ),
    )


def deployment(replicas: int = 3, **spec: Any) -> apps_v1.Deployment:
    return apps_v1.Deployment(
        metadata=ObjectMeta(name="web"),
        spec=apps_v1.DeploymentSpec(
            replicas=replicas,
            selector=LabelSelector(match_labels=LABELS),
            template=template(),
            **spec,
        ),
    )


class Web:
    """One Deployment and what hangs below it."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def create(self, item: apps_v1.Deployment) -> None:
        self.cluster.call(lambda c: c.create(item))

    def patch(self, spec: dict[str, Any]) -> None:
        patch = {"spec": spec}
        self.cluster.call(lambda c: c.patch(apps_v1.Deployment, "web", patch))

    def set_image(self, image: str) -> None:
        containers = [{"name": "c", "image": image}]
        self.patch({"template": {"spec": {"containers": containers}}})

    def now(self) -> apps_v1.Deployment:
        return self.cluster.call(lambda c: c.get(apps_v1.Deployment, "web"))

    def sets(self) -> list[apps_v1.ReplicaSet]:
        return self.cluster.call(lambda c: c.list(apps_v1.ReplicaSet))

    def pods(self) -> list[core_v1.Pod]:
        return self.cluster.call(lambda c: c.list(core_v1.Pod))

    def condition(self, name: str) -> tuple[str, str]:
        for each in self.now().status.conditions:
            if each.type == name:
                return each.status, each.reason
        raise LookupError(name)

    def rolled_out(self, replicas: int) -> None:
        found = self.now()
        status = found.status
        assert status.observed_generation == found.metadata.generation
        assert status.updated_replicas == replicas
        assert status.replicas == replicas
        assert status.available_replicas == replicas
        assert len(self.pods()) == replicas

    def wait(self, replicas: int) -> None:
        eventually(lambda: self.rolled_out(replicas))


def holds(check: Callable[[], bool]) -> None:
    eventually(check)


def test_deployment_brings_up_its_pods(cluster: Cluster) -> None:
    web = Web(cluster)
    web.create(deployment(3))
    web.wait(3)
    holds(lambda: web.condition("Available") == ("True", "MinimumReplicasAvailable"))
    holds(lambda: web.condition("Progressing") == ("True", "NewReplicaSetAvailable"))
    assert web.now().metadata.annotations["deployment.kubernetes.io/revision"] == "1"


def test_scaling_keeps_the_replica_set(cluster: Cluster) -> None:
    web = Web(cluster)
    web.create(deployment(1))
    web.wait(1)
    web.patch({"replicas": 4})
    web.wait(4)
    web.patch({"replicas": 0})
    web.wait(0)
    assert len(web.sets()) == 1


def test_rolling_update_makes_a_new_replica_set(cluster: Cluster) -> None:
    web = Web(cluster)
    web.create(deployment(4))
    web.wait(4)
    web.set_image("busybox:2")
    web.wait(4)
    assert {p.spec.containers[0].image for p in web.pods()} == {"busybox:2"}
    assert sorted(s.spec.replicas or 0 for s in web.sets()) == [0, 4]
    holds(
        lambda: (
            web.now().metadata.annotations["deployment.kubernetes.io/revision"] == "2"
        )
    )


def test_going_back_reuses_the_old_replica_set(cluster: Cluster) -> None:
    web = Web(cluster)
    web.create(deployment(2))
    web.wait(2)
    web.set_image("busybox:2")
    web.wait(2)
    web.set_image("busybox:1")
    web.wait(2)
    assert len(web.sets()) == 2
    holds(
        lambda: (
            web.now().metadata.annotations["deployment.kubernetes.io/revision"] == "3"
        )
    )


def test_history_is_limited(cluster: Cluster) -> None:
    web = Web(cluster)
    web.create(deployment(1, revision_history_limit=1))
    web.wait(1)
    for tag in ("2", "3", "4"):
        web.set_image(f"busybox:{tag}")
        web.wait(1)
    holds(lambda: len(web.sets()) == 2)


def test_recreate_never_runs_both(cluster: Cluster) -> None:
    web = Web(cluster)
    web.create(deployment(2, strategy=apps_v1.DeploymentStrategy(type="Recreate")))
    web.wait(2)
    seen: list[set[str]] = []
    web.set_image("busybox:2")

    def done() -> None:
        seen.append({p.spec.containers[0].image for p in web.pods()})
        web.rolled_out(2)

    eventually(done, every=0.002)
    assert {"busybox:1", "busybox:2"} not in seen


def test_paused_deployment_scales_and_does_not_roll(cluster: Cluster) -> None:
    web = Web(cluster)
    web.create(deployment(1))
    web.wait(1)
    web.patch({"paused": True})
    web.set_image("busybox:2")
    web.patch({"replicas": 2})
    holds(lambda: len(web.pods()) == 2)
    assert {p.spec.containers[0].image for p in web.pods()} == {"busybox:1"}
    holds(lambda: web.condition("Progressing")[1] == "DeploymentPaused")
    web.patch({"paused": False})
    web.wait(2)
    assert {p.spec.containers[0].image for p in web.pods()} == {"busybox:2"}


def test_killed_pod_is_replaced(cluster: Cluster) -> None:
    web = Web(cluster)
    web.create(deployment(2))
    web.wait(2)
    victim = web.pods()[0].metadata.name
    cluster.call(lambda c: c.delete(core_v1.Pod, victim))
    holds(lambda: victim not in {p.metadata.name for p in web.pods()})
    web.wait(2)


def test_orphan_pod_is_adopted_and_lost_pod_released(cluster: Cluster) -> None:
    web = Web(cluster)
    web.create(deployment(2))
    web.wait(2)
    name = web.pods()[0].metadata.name
    cluster.call(
        lambda c: c.patch(core_v1.Pod, name, {"metadata": {"labels": {"app": "x"}}})
    )

    def released() -> None:
        pod = cluster.call(lambda c: c.get(core_v1.Pod, name))
        assert not pod.metadata.owner_references
        assert len(web.pods()) == 3

    eventually(released)
    back = {"metadata": {"labels": {"app": "web"}}}
    cluster.call(lambda c: c.patch(core_v1.Pod, name, back))
    holds(lambda: len(web.pods()) == 2)


def test_unschedulable_pod_says_why_and_heals(cluster: Cluster) -> None:
    web = Web(cluster)
    item = deployment(1)
    item.spec.template.spec.node_selector = {"disk": "fast"}
    web.create(item)

    def waits() -> None:
        assert [
            (c.status, c.reason)
            for pod in web.pods()
            for c in pod.status.conditions
            if c.type == "PodScheduled"
        ] == [("False", "Unschedulable")]

    eventually(waits)
    label = {"metadata": {"labels": {"disk": "fast"}}}
    cluster.call(lambda c: c.patch(core_v1.Node, "node-2", label))
    web.wait(1)
    assert web.pods()[0].spec.node_name == "node-2"


def delete(cluster: Cluster, propagation: Propagation) -> None:
    cluster.call(lambda c: c.delete(apps_v1.Deployment, "web", propagation=propagation))


def gone(web: Web) -> bool:
    try:
        web.now()
    except NotFoundError:
        return True
    return False


def test_background_deletion_takes_everything(cluster: Cluster) -> None:
    web = Web(cluster)
    web.create(deployment(2))
    web.wait(2)
    delete(cluster, "Background")
    assert gone(web)
    holds(lambda: not web.sets() and not web.pods())


def test_foreground_deletion_keeps_the_owner_until_the_end(cluster: Cluster) -> None:
    web = Web(cluster)
    web.create(deployment(2))
    web.wait(2)
    delete(cluster, "Foreground")
    holds(lambda: gone(web))
    assert not web.sets()
    assert not web.pods()


def test_orphaning_keeps_the_dependents(cluster: Cluster) -> None:
    web = Web(cluster)
    web.create(deployment(2))
    web.wait(2)
    delete(cluster, "Orphan")
    holds(lambda: gone(web))
    (orphan,) = web.sets()
    assert not orphan.metadata.owner_references
    assert len(web.pods()) == 2


def test_namespace_goes_with_all_that_is_in_it(cluster: Cluster) -> None:
    name = "team"
    namespace = core_v1.Namespace(metadata=ObjectMeta(name=name))
    cluster.call(lambda c: c.create(namespace))
    item = deployment(2)
    cluster.call(lambda c: c.create(item, namespace=name))

    def pods() -> list[core_v1.Pod]:
        return cluster.call(lambda c: c.list(core_v1.Pod, namespace=name))

    holds(lambda: len(pods()) == 2)
    cluster.call(lambda c: c.delete(core_v1.Namespace, name))

    def is_gone() -> bool:
        try:
            cluster.call(lambda c: c.get(core_v1.Namespace, name))
        except NotFoundError:
            return True
        return False

    eventually(is_gone)
    assert pods() == []


def warnings_of(log: pytest.LogCaptureFixture) -> list[str]:
    found = [r for r in log.records if r.levelno >= logging.WARNING]
    assert not any(r.exc_info for r in found)
    # A machine that is busy is said to be.
    said = [r.getMessage() for r in found]
    return [each for each in said if "blocked the event loop" not in each]


def test_pods_that_are_refused_are_said_once_for_each_template(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    web = Web(cluster)
    gates = [core_v1.PodSchedulingGate(name="example.com/gate")]
    item = deployment(1)
    item.spec.template = template(node_name="node-1", scheduling_gates=gates)
    web.create(item)

    def refused() -> int:
        events = cluster.call(lambda c: c.list(core_v1.Event))
        return sum(e.count or 1 for e in events if e.reason == "FailedCreate")

    holds(lambda: refused() > 2)
    (said,) = warnings_of(caplog)
    assert "refuses what ReplicaSet default/web-" in said
    assert "cannot be set until all schedulingGates have been cleared" in said
    web.patch({"template": {"spec": {"nodeName": None, "schedulingGates": None}}})
    web.wait(1)
    assert warnings_of(caplog) == [said]


# Room for it in a Deployment, and none in a ReplicaSet, which has more of its own.
TOO_LONG = "x" * (262144 - 42)


def annotate(cluster: Cluster, value: str | None) -> None:
    patch = {"metadata": {"annotations": {"a/b": value}}}
    cluster.call(lambda c: c.patch(apps_v1.Deployment, "web", patch))


def test_replica_set_that_is_refused_is_said_once(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    web = Web(cluster)
    item = deployment(1)
    item.metadata.annotations = {"a/b": TOO_LONG}
    web.create(item)
    holds(lambda: web.condition("Progressing") == ("False", "ReplicaSetCreateError"))
    holds(lambda: len(warnings_of(caplog)) == 1)
    (said,) = warnings_of(caplog)
    assert "refuses what Deployment default/web asks for: create apps/v1 repl" in said
    annotate(cluster, None)
    web.wait(1)
    assert warnings_of(caplog) == [said]


def test_change_of_a_replica_set_that_is_refused_is_said_once(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    web = Web(cluster)
    web.create(deployment(1))
    web.wait(1)
    annotate(cluster, TOO_LONG)
    holds(lambda: len(warnings_of(caplog)) == 1)
    (said,) = warnings_of(caplog)
    assert "refuses what Deployment default/web asks for: update apps/v1 repl" in said
    annotate(cluster, None)
    web.patch({"replicas": 2})
    web.wait(2)
    assert warnings_of(caplog) == [said]
