"""A PodSet on a cluster, for tests."""

from pathlib import Path
from typing import Any

import yaml

from examples.podset.podset import PodSet, PodSetSpec
from homeostat.api import ObjectMeta, controller_of
from homeostat.k8s import apps_v1, core_v1
from tests.harness.clusters import AnyCluster

MANIFESTS = Path(__file__).parent / "manifests"


def manifest(name: str) -> list[Any]:
    """Return the documents of one of the operator's manifests."""
    return list(yaml.safe_load_all((MANIFESTS / name).read_text()))


def podset(name: str = "web", size: int = 3) -> PodSet:
    """Return a PodSet whose other fields are defaults."""
    return PodSet(metadata=ObjectMeta(name=name), spec=PodSetSpec(size=size))


class Web:
    """One PodSet and what hangs below it."""

    def __init__(self, cluster: AnyCluster, name: str = "web") -> None:
        self.cluster = cluster
        self.name = name

    def create(self, size: int) -> None:
        """Create the PodSet."""
        self.cluster.call(lambda c: c.create(podset(self.name, size)))

    def patch(self, **spec: object) -> None:
        """Change its spec."""
        self.cluster.call(lambda c: c.patch(PodSet, self.name, {"spec": spec}))

    def edit_deployment(self, patch: dict[str, Any]) -> None:
        """Meddle with its Deployment, as a third party does."""
        self.cluster.call(lambda c: c.patch(apps_v1.Deployment, self.name, patch))

    def now(self) -> PodSet:
        """Return it as it is stored."""
        return self.cluster.call(lambda c: c.get(PodSet, self.name))

    def deployment(self) -> apps_v1.Deployment:
        """Return its Deployment."""
        return self.cluster.call(lambda c: c.get(apps_v1.Deployment, self.name))

    def pods(self) -> list[core_v1.Pod]:
        """Return the pods with its labels."""
        labels = {"app": "podSet", "podSet_cr": self.name}
        return self.cluster.call(lambda c: c.list(core_v1.Pod, labels=labels))

    def names(self) -> list[str]:
        """Return the names of its pods, as the status lists them."""
        return sorted(pod.metadata.name for pod in self.pods())

    def has_converged(self, size: int) -> None:
        """Assert that everything is as a PodSet of ``size`` wants it."""
        found, child = self.now(), self.deployment()
        assert found.status.observed_generation == found.metadata.generation
        assert found.status.ready_replicas == size
        assert found.status.nodes == self.names()
        assert len(found.status.nodes) == size
        (ready,) = found.status.conditions
        assert (ready.type, ready.status) == ("Ready", "True")
        assert ready.reason == "AllPodsReady"
        assert ready.observed_generation == found.metadata.generation
        assert child.spec.replicas == size
        owner = controller_of(child)
        assert owner is not None
        assert owner.uid == found.metadata.uid

    def converge(self, size: int) -> None:
        """Wait until it has converged."""
        self.cluster.eventually(lambda: self.has_converged(size))
