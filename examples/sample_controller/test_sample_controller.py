"""The sample controller, on the embedded cluster and on the real control plane."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from examples.sample_controller.sample_controller import (
    ERR_RESOURCE_EXISTS,
    SYNCED,
    Foo,
    FooController,
    FooSpec,
    deployment_for,
)
from homeostat.api import ObjectMeta, controller_of
from homeostat.client import Client
from homeostat.errors import InvalidError, NotFoundError
from homeostat.k8s import apps_v1, core_v1
from homeostat.manager import install_crds
from tests.harness.clusters import AnyCluster

MANIFEST = Path(__file__).parent / "manifests" / "foo.yaml"


def make_foo(name: str = "example", *, deployment: str = "web", size: int = 2) -> Foo:
    spec = FooSpec(deployment_name=deployment, replicas=size)
    return Foo(metadata=ObjectMeta(name=name), spec=spec)


def deployment_of_nobody(*, size: int) -> apps_v1.Deployment:
    foo = make_foo(size=size)
    foo.metadata.uid = "none"
    deployment = deployment_for(foo)
    deployment.metadata.owner_references = []
    return deployment


async def operate(client: Client) -> None:
    await FooController(client).run()


class World:
    """The controller's work, seen from outside."""

    def __init__(self, cluster: AnyCluster) -> None:
        self.cluster = cluster

    def create(self, foo: Foo) -> None:
        self.cluster.call(lambda c: c.create(foo))

    def foo(self, name: str = "example") -> Foo:
        return self.cluster.call(lambda c: c.get(Foo, name))

    def deployment(self, name: str = "web") -> apps_v1.Deployment:
        return self.cluster.call(lambda c: c.get(apps_v1.Deployment, name))

    def edit_deployment(self, spec: dict[str, Any]) -> None:
        patch = {"spec": spec}
        self.cluster.call(lambda c: c.patch(apps_v1.Deployment, "web", patch))

    def events(self, foo: str = "example") -> set[tuple[str, str, str]]:
        found = self.cluster.call(lambda c: c.list(core_v1.Event))
        return {
            (event.type, event.reason, event.message)
            for event in found
            if event.involved_object.kind == "Foo" and event.involved_object.name == foo
        }

    def has_converged(self, size: int) -> None:
        foo, child = self.foo(), self.deployment()
        owner = controller_of(child)
        assert owner is not None
        assert owner.uid == foo.metadata.uid
        assert child.spec.replicas == size
        assert foo.status.available_replicas == size

    def converge(self, size: int) -> None:
        self.cluster.eventually(lambda: self.has_converged(size))


@pytest.fixture
def world(any_cluster: AnyCluster) -> World:
    """The controller runs; no Foo is there."""
    any_cluster.call(lambda client: install_crds(client, [Foo]))
    any_cluster.run(operate)
    return World(any_cluster)


def test_foo_gets_a_deployment_that_it_controls(world: World) -> None:
    world.create(make_foo(size=2))
    world.converge(2)


def test_success_is_recorded(world: World) -> None:
    world.create(make_foo())
    wanted = ("Normal", SYNCED, "Foo synced successfully")
    world.cluster.eventually(lambda: wanted in world.events())


def test_status_counts_the_available_replicas(world: World) -> None:
    world.create(make_foo(size=1))
    world.converge(1)
    patch = {"spec": {"replicas": 3}}
    world.cluster.call(lambda c: c.patch(Foo, "example", patch))
    world.converge(3)


def test_replicas_are_brought_back(world: World) -> None:
    world.create(make_foo(size=2))
    world.converge(2)
    uid = world.deployment().metadata.uid
    world.edit_deployment({"replicas": 5})

    def brought_back() -> None:
        world.has_converged(2)
        assert world.deployment().status.replicas == 2

    world.cluster.eventually(brought_back)
    assert world.deployment().metadata.uid == uid


def test_deleted_deployment_is_made_again(world: World) -> None:
    world.create(make_foo(size=1))
    world.converge(1)
    uid = world.deployment().metadata.uid
    world.cluster.call(lambda c: c.delete(apps_v1.Deployment, "web"))

    def made_again() -> None:
        assert world.deployment().metadata.uid != uid
        world.has_converged(1)

    world.cluster.eventually(made_again)


def test_deployment_of_somebody_else_is_not_touched(world: World) -> None:
    foreign = deployment_of_nobody(size=4)
    before = world.cluster.call(lambda c: c.create(foreign))
    world.create(make_foo(size=2))
    message = "Deployment 'web' already exists and is not managed by Foo"
    wanted = ("Warning", ERR_RESOURCE_EXISTS, message)
    world.cluster.eventually(lambda: wanted in world.events())
    now = world.deployment()
    assert now.spec == before.spec
    assert now.metadata.owner_references == []
    assert world.foo().status.available_replicas == 0
    assert {reason for _, reason, _ in world.events()} == {ERR_RESOURCE_EXISTS}


def test_deployment_has_one_foo_alone(world: World) -> None:
    world.create(make_foo(size=1))
    world.converge(1)
    world.create(make_foo("second", size=3))
    world.cluster.eventually(
        lambda: ERR_RESOURCE_EXISTS in {r for _, r, _ in world.events("second")}
    )
    world.has_converged(1)


def test_deletion_takes_the_deployment(world: World) -> None:
    world.create(make_foo(size=1))
    world.converge(1)
    world.cluster.call(lambda c: c.delete(Foo, "example"))

    def gone() -> None:
        assert world.cluster.call(lambda c: c.list(apps_v1.Deployment)) == []
        assert world.cluster.call(lambda c: c.list(core_v1.Pod)) == []

    world.cluster.eventually(gone)
    with pytest.raises(NotFoundError):
        world.foo()


def test_controller_catches_up_after_a_restart(any_cluster: AnyCluster) -> None:
    any_cluster.call(lambda client: install_crds(client, [Foo]))
    world = World(any_cluster)
    first = any_cluster.run(operate)
    world.create(make_foo(size=1))
    world.converge(1)
    first.stop()
    world.edit_deployment({"replicas": 3})
    any_cluster.run(operate)
    world.converge(1)


def test_server_refuses_too_many_replicas(world: World) -> None:
    with pytest.raises(InvalidError, match=r"spec\.replicas: Invalid value: 11: "):
        world.create(make_foo(size=11))


def test_manifest_converges(world: World) -> None:
    sample = yaml.safe_load(MANIFEST.read_text())
    del sample["metadata"]["namespace"]
    world.cluster.call(lambda c: c.create(sample))
    world.cluster.eventually(
        lambda: world.foo("example-foo").status.available_replicas == 1
    )
    assert world.deployment("example-foo").spec.replicas == 1
