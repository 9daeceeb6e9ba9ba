"""The PodSet operator, on the embedded cluster and on the real control plane."""

from typing import Any

import pytest

from examples.podset.lab import Web
from examples.podset.podset import PodSet, podsets
from homeostat.api import LabelSelector
from homeostat.errors import NotFoundError
from homeostat.k8s import apps_v1, core_v1
from tests.harness.clusters import AnyCluster


def test_new_podset_gets_its_deployment_and_pods(web: Web) -> None:
    web.create(3)
    web.converge(3)
    labels = {"app": "podSet", "podSet_cr": "web"}
    child = web.deployment()
    assert child.spec.selector == LabelSelector(match_labels=labels)
    assert child.spec.template.metadata.labels == labels


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
