"""The PodSet operator, on the embedded cluster and on the real control plane."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from examples.podset.podset import PodSet, PodSetSpec, podsets
from homeostat.api import LabelSelector, ObjectMeta, Unstructured, controller_of
from homeostat.client import Client, load_config
from homeostat.errors import InvalidError, NotFoundError
from homeostat.k8s import apiextensions_v1, apps_v1, core_v1
from tests.harness.clusters import AnyCluster, only_real
from tests.harness.kube import ControlPlane

MANIFESTS = Path(__file__).parent / "manifests"


def podset(name: str = "web", size: int = 3) -> PodSet:
    return PodSet(metadata=ObjectMeta(name=name), spec=PodSetSpec(size=size))


class Web:
    """One PodSet and what hangs below it."""

    def __init__(self, cluster: AnyCluster, name: str = "web") -> None:
        self.cluster = cluster
        self.name = name

    def create(self, size: int) -> None:
        self.cluster.call(lambda c: c.create(podset(self.name, size)))

    def patch(self, **spec: object) -> None:
        self.cluster.call(lambda c: c.patch(PodSet, self.name, {"spec": spec}))

    def edit_deployment(self, patch: dict[str, Any]) -> None:
        self.cluster.call(lambda c: c.patch(apps_v1.Deployment, self.name, patch))

    def now(self) -> PodSet:
        return self.cluster.call(lambda c: c.get(PodSet, self.name))

    def deployment(self) -> apps_v1.Deployment:
        return self.cluster.call(lambda c: c.get(apps_v1.Deployment, self.name))

    def pods(self) -> list[core_v1.Pod]:
        labels = {"app": "podSet", "podSet_cr": self.name}
        return self.cluster.call(lambda c: c.list(core_v1.Pod, labels=labels))

    def names(self) -> list[str]:
        return sorted(pod.metadata.name for pod in self.pods())

    def has_converged(self, size: int) -> None:
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
        self.cluster.eventually(lambda: self.has_converged(size))


@pytest.fixture
def web(any_cluster: AnyCluster) -> Web:
    """The operator runs; no PodSet is there."""
    any_cluster.start(podsets)
    return Web(any_cluster)


def test_new_podset_gets_its_deployment_and_pods(web: Web) -> None:
    web.create(3)
    web.converge(3)
    labels = {"app": "podSet", "podSet_cr": "web"}
    child = web.deployment()
    assert child.spec.selector == LabelSelector(match_labels=labels)
    assert child.spec.template.metadata.labels == labels


def test_fields_have_their_defaults(web: Web) -> None:
    sparse = {
        "apiVersion": "apps.jicki.cn/v1alpha1",
        "kind": "PodSet",
        "metadata": {"name": "web"},
        "spec": {"size": 1},
    }
    created = web.cluster.call(lambda c: c.create(sparse))
    assert created["spec"] == {
        "size": 1,
        "image": "busybox",
        "command": ["sleep", "3600"],
        "port": 1234,
    }
    web.converge(1)
    (container,) = web.pods()[0].spec.containers
    assert container.image == "busybox"
    assert container.command == ["sleep", "3600"]
    assert [port.container_port for port in container.ports] == [1234]


def test_size_is_followed_up_and_down(web: Web) -> None:
    web.create(1)
    web.converge(1)
    web.patch(size=4)
    web.converge(4)
    web.patch(size=2)
    web.converge(2)


def test_scale_subresource_scales(web: Web) -> None:
    web.create(1)
    web.converge(1)
    web.cluster.call(lambda c: c.set_scale(PodSet, "web", 3))
    web.converge(3)
    scale = web.cluster.call(lambda c: c.get_scale(PodSet, "web"))
    assert scale.replicas == 3


def test_size_zero_is_ready_without_pods(web: Web) -> None:
    web.create(0)
    web.converge(0)
    web.patch(size=2)
    web.converge(2)
    web.patch(size=0)
    web.converge(0)


def test_change_of_the_image_rolls_the_pods(web: Web) -> None:
    web.create(2)
    web.converge(2)
    before = set(web.names())
    web.patch(image="busybox:2", command=["sleep", "60"], port=80)

    def rolled() -> None:
        web.has_converged(2)
        for pod in web.pods():
            (container,) = pod.spec.containers
            assert container.image == "busybox:2"
            assert container.command == ["sleep", "60"]
            assert [port.container_port for port in container.ports] == [80]
        assert not before & set(web.names())

    web.cluster.eventually(rolled)


@pytest.mark.parametrize(
    "meddling",
    [
        pytest.param({"spec": {"replicas": 1}}, id="replicas"),
        pytest.param({"metadata": {"labels": None}}, id="labels"),
        pytest.param({"metadata": {"ownerReferences": None}}, id="owner"),
        pytest.param(
            {
                "spec": {
                    "template": {
                        "spec": {"containers": [{"name": "pod", "image": "evil"}]}
                    }
                }
            },
            id="image",
        ),
    ],
)
def test_edited_deployment_is_put_right(web: Web, meddling: dict[str, Any]) -> None:
    web.create(2)
    web.converge(2)
    uid = web.deployment().metadata.uid
    web.edit_deployment(meddling)

    def right() -> None:
        web.has_converged(2)
        child = web.deployment()
        assert child.metadata.uid == uid
        assert child.metadata.labels == {"app": "podSet", "podSet_cr": "web"}
        (container,) = child.spec.template.spec.containers
        assert (container.image, container.command) == ("busybox", ["sleep", "3600"])

    web.cluster.eventually(right)


def test_what_others_add_to_the_deployment_is_left_alone(web: Web) -> None:
    web.create(1)
    web.converge(1)
    web.edit_deployment({"metadata": {"annotations": {"team": "a"}}})
    web.patch(size=2)
    web.converge(2)
    assert web.deployment().metadata.annotations["team"] == "a"


def test_deleted_deployment_is_made_again(web: Web) -> None:
    web.create(2)
    web.converge(2)
    uid = web.deployment().metadata.uid
    web.cluster.call(lambda c: c.delete(apps_v1.Deployment, "web"))

    def made_again() -> None:
        web.has_converged(2)
        assert web.deployment().metadata.uid != uid

    web.cluster.eventually(made_again)


def test_nodes_follow_a_pod_that_somebody_kills(web: Web) -> None:
    web.create(3)
    web.converge(3)
    victim = web.names()[0]
    web.cluster.call(lambda c: c.delete(core_v1.Pod, victim))

    def replaced() -> None:
        assert victim not in web.now().status.nodes
        web.has_converged(3)

    web.cluster.eventually(replaced)


def test_nodes_follow_a_pod_that_loses_its_labels(web: Web) -> None:
    web.create(2)
    web.converge(2)
    stray = web.names()[0]
    patch = {"metadata": {"labels": {"podSet_cr": None}}}
    web.cluster.call(lambda c: c.patch(core_v1.Pod, stray, patch))

    def replaced() -> None:
        assert stray not in web.now().status.nodes
        web.has_converged(2)

    web.cluster.eventually(replaced)


def test_deletion_takes_everything(web: Web) -> None:
    web.create(2)
    web.converge(2)
    web.cluster.call(lambda c: c.delete(PodSet, "web"))

    def gone() -> None:
        assert web.cluster.call(lambda c: c.list(apps_v1.Deployment)) == []
        assert web.cluster.call(lambda c: c.list(apps_v1.ReplicaSet)) == []
        assert web.cluster.call(lambda c: c.list(core_v1.Pod)) == []

    web.cluster.eventually(gone)
    with pytest.raises(NotFoundError):
        web.now()


def test_podsets_do_not_disturb_each_other(web: Web) -> None:
    other = Web(web.cluster, "other")
    web.create(2)
    other.create(1)
    web.converge(2)
    other.converge(1)
    other.cluster.call(lambda c: c.delete(PodSet, "other"))
    web.cluster.eventually(lambda: other.names() == [])
    web.has_converged(2)


def test_operator_catches_up_after_a_restart(any_cluster: AnyCluster) -> None:
    operator = any_cluster.start(podsets)
    names = ("scaled", "broken", "deleted", "same")
    webs = {name: Web(any_cluster, name) for name in names}
    for web in webs.values():
        web.create(1)
    for web in webs.values():
        web.converge(1)
    before = webs["same"].now().metadata.resource_version
    operator.stop()
    webs["scaled"].patch(size=3)
    any_cluster.call(lambda c: c.delete(apps_v1.Deployment, "broken"))
    any_cluster.call(lambda c: c.delete(PodSet, "deleted"))
    created = Web(any_cluster, "created")
    created.create(2)
    any_cluster.start(podsets)
    webs["scaled"].converge(3)
    webs["broken"].converge(1)
    created.converge(2)
    any_cluster.eventually(lambda: webs["deleted"].names() == [])
    webs["same"].has_converged(1)
    assert webs["same"].now().metadata.resource_version == before


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            {"size": -1},
            "spec.size: Invalid value: -1: spec.size in body should be greater than",
        ),
        ({}, "spec.size: Required value"),
        ({"size": 1, "port": 0}, "spec.port: Invalid value: 0: "),
        ({"size": "three"}, 'spec.size: Invalid value: "string": '),
    ],
)
def test_server_refuses_an_invalid_spec(
    web: Web, spec: dict[str, Any], message: str
) -> None:
    invalid = {
        "apiVersion": "apps.jicki.cn/v1alpha1",
        "kind": "PodSet",
        "metadata": {"name": "web"},
        "spec": spec,
    }
    with pytest.raises(InvalidError) as caught:
        web.cluster.call(lambda c: c.create(invalid))
    assert message in str(caught.value)


@pytest.fixture
def newer_definition(web: Web) -> Iterator[None]:
    """The definition keeps fields that this operator's types do not know."""
    base = "/spec/versions/0/schema/openAPIV3Schema/properties"
    field = "x-kubernetes-preserve-unknown-fields"
    paths = [f"{base}/{part}/{field}" for part in ("spec", "status")]

    def patch(operations: list[dict[str, Any]]) -> None:
        kind, name = apiextensions_v1.CustomResourceDefinition, "podsets.apps.jicki.cn"
        web.cluster.call(lambda c: c.patch(kind, name, operations, type="json"))

    patch([{"op": "add", "path": path, "value": True} for path in paths])
    yield
    patch([{"op": "remove", "path": path} for path in paths])


@pytest.mark.usefixtures("newer_definition")
def test_unknown_fields_survive_a_status_write(web: Web) -> None:
    kind = PodSet.__resource__.gvk
    web.create(1)
    web.converge(1)

    def stored() -> Unstructured:
        return web.cluster.call(lambda c: c.get(kind, "web"))

    async def invent(client: Client) -> None:
        for part, subresource in (("spec", ""), ("status", "status")):
            change = {part: {"future": {"x": 1}}}
            await client.patch(kind, "web", change, subresource=subresource)

    def known_to_the_server() -> None:
        # A changed definition takes a moment to be obeyed.
        web.cluster.call(invent)
        assert stored()["spec"]["future"] == stored()["status"]["future"] == {"x": 1}

    web.cluster.eventually(known_to_the_server)
    web.patch(size=2)
    web.converge(2)
    assert stored()["spec"]["future"] == {"x": 1}
    assert stored()["status"]["future"] == {"x": 1}


def manifest(name: str) -> list[Any]:
    return list(yaml.safe_load_all((MANIFESTS / name).read_text()))


def test_manifest_converges(web: Web) -> None:
    (sample,) = manifest("podset.yaml")
    sample["metadata"]["namespace"] = web.cluster.namespace
    web.cluster.call(lambda c: c.create(sample))
    web.converge(sample["spec"]["size"])


def test_manifest_grants_what_the_operator_declares() -> None:
    (role,) = (item for item in manifest("rbac.yaml") if item["kind"] == "ClusterRole")
    granted = {
        (group, resource, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    needed = {
        (rule.group, resource, verb)
        for rule in podsets.rules()
        for resource in rule.resources
        for verb in rule.verbs
    }
    assert granted == needed


@only_real
def test_granted_permissions_are_enough(
    any_cluster: AnyCluster, simulated_plane: ControlPlane
) -> None:
    (role,) = (item for item in manifest("rbac.yaml") if item["kind"] == "ClusterRole")
    role["metadata"]["name"] = any_cluster.namespace
    group = "rbac.authorization.k8s.io"
    binding = {
        "apiVersion": f"{group}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "jane"},
        "roleRef": {
            "apiGroup": group,
            "kind": "ClusterRole",
            "name": role["metadata"]["name"],
        },
        "subjects": [{"apiGroup": group, "kind": "User", "name": "jane"}],
    }
    any_cluster.call(lambda c: c.create(role))
    any_cluster.call(lambda c: c.create(binding))
    jane = load_config(str(simulated_plane.kubeconfig("jane")))
    any_cluster.start(podsets, config=jane)
    web = Web(any_cluster)
    web.create(2)
    web.converge(2)
    web.cluster.call(lambda c: c.delete(apps_v1.Deployment, "web"))
    web.cluster.eventually(lambda: web.has_converged(2))
    any_cluster.call(lambda c: c.delete(PodSet, "web"))
    any_cluster.eventually(lambda: web.names() == [])
