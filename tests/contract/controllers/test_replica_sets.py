"""Which pods a ReplicaSet counts, adopts, releases and gives up first."""

from typing import Any

from tests.contract.controllers.workload import POD, REPLICA_SET, Workload
from tests.harness.clusters import AnyCluster, with_ours

pytestmark = with_ours

HELD = {"metadata": {"finalizers": ["example.com/hold"]}}
RELEASED = {"metadata": {"finalizers": None}}
LABELS = {"app": "web"}


def relabelled(app: str) -> dict[str, Any]:
    return {"metadata": {"labels": {"app": app}}}


class Bare:
    """A ReplicaSet without a Deployment; its pods are numbered as they are seen."""

    def __init__(self, cluster: AnyCluster, replicas: int) -> None:
        self.web = Workload(cluster)
        self.cluster = cluster
        self._names: list[str] = []
        self.web.create_set("web", LABELS, replicas)
        self.counts(replicas)

    def status(self) -> dict[str, Any]:
        item = self.cluster.call(lambda client: client.get(REPLICA_SET, "web"))
        status: dict[str, Any] = item["status"]
        assert status["observedGeneration"] == item["metadata"]["generation"]
        return status

    def counts(self, replicas: int, *, terminating: int = 0) -> None:
        def check() -> None:
            status = self.status()
            assert status["replicas"] == status.get("availableReplicas", 0) == replicas
            assert status["terminatingReplicas"] == terminating
            self.look()

        self.cluster.eventually(check)

    def look(self) -> dict[int, bool]:
        """Return whether the ReplicaSet controls each pod that is there."""
        found = self.cluster.call(lambda client: client.list(POD))
        owned: dict[int, bool] = {}
        for item in found:
            name = item["metadata"]["name"]
            if name not in self._names:
                self._names.append(name)
            references = item["metadata"].get("ownerReferences", [])
            owned[self._names.index(name)] = any(r["controller"] for r in references)
        return owned

    def owns(self, **pods: bool) -> None:
        """Wait until these pods, as ``p0``, are there and controlled or not."""
        expected = {int(name[1:]): owned for name, owned in pods.items()}

        def check() -> None:
            found = self.look()
            assert {n: found.get(n) for n in expected} == expected

        self.cluster.eventually(check)

    def change(self, pod: int, patch: dict[str, Any], subresource: str = "") -> None:
        self.web.change_pod(self._names[pod], patch, subresource=subresource)

    def resize(self, replicas: int) -> None:
        patch = {"spec": {"replicas": replicas}}
        self.cluster.call(lambda client: client.patch(REPLICA_SET, "web", patch))

    def delete(self, pod: int) -> None:
        name = self._names[pod]
        self.cluster.call(lambda client: client.delete(POD, name))


def test_finished_pod_is_replaced_and_stays_the_owners(any_cluster: AnyCluster) -> None:
    bare = Bare(any_cluster, 2)
    bare.change(0, {"status": {"phase": "Failed"}}, "status")
    bare.owns(p0=True, p1=True, p2=True)
    bare.counts(2)
    bare.change(0, relabelled("other"))
    bare.change(1, relabelled("other"))
    # What runs is released, and what has finished is not.
    bare.owns(p0=True, p1=False, p2=True, p3=True)
    bare.counts(2)
    # Nor is it adopted.
    bare.change(1, {"status": {"phase": "Succeeded"}}, "status")
    bare.change(1, relabelled("web"))
    bare.delete(2)
    bare.owns(p1=False, p3=True, p4=True)
    bare.counts(2)


def test_pod_on_its_way_out_is_not_adopted_and_not_released(
    any_cluster: AnyCluster,
) -> None:
    bare = Bare(any_cluster, 2)
    for pod in (0, 1):
        bare.change(pod, HELD)
    bare.change(0, relabelled("other"))
    bare.owns(p0=False, p1=True, p2=True)
    bare.delete(0)
    bare.change(0, relabelled("web"))
    bare.delete(1)
    bare.counts(2, terminating=1)
    bare.change(1, relabelled("other"))
    bare.counts(2)
    bare.owns(p0=False, p1=True, p2=True, p3=True)
    for pod in (0, 1):
        bare.change(pod, RELEASED)


def test_owner_on_its_way_out_lets_its_pods_be(any_cluster: AnyCluster) -> None:
    bare = Bare(any_cluster, 2)
    bare.cluster.call(lambda client: client.patch(REPLICA_SET, "web", HELD))
    bare.cluster.call(lambda client: client.delete(REPLICA_SET, "web"))
    bare.counts(2)
    bare.change(0, relabelled("other"))
    bare.counts(1)
    bare.owns(p0=True, p1=True)
    bare.cluster.call(lambda client: client.patch(REPLICA_SET, "web", RELEASED))


def test_pod_that_serves_least_goes_first(any_cluster: AnyCluster) -> None:
    bare = Bare(any_cluster, 5)
    cost = "controller.kubernetes.io/pod-deletion-cost"
    unready = {"conditions": [{"type": "Ready", "status": "False"}]}
    bare.change(2, {"status": unready}, "status")
    bare.change(1, {"metadata": {"annotations": {cost: "-1"}}})
    bare.change(4, {"metadata": {"annotations": {cost: "-2"}}})

    def told() -> None:
        assert bare.status()["readyReplicas"] == 4

    bare.cluster.eventually(told)
    for size, left in (4, {0, 1, 3, 4}), (3, {0, 1, 3}), (2, {0, 3}):
        bare.resize(size)

        def check(left: set[int] = left) -> None:
            assert set(bare.look()) == left

        bare.cluster.eventually(check)
        bare.counts(size)
