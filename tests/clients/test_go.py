"""Programs of others in Go, as their modules have them, and an operator as small."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from homeostat.api import GroupVersionKind
from homeostat.errors import NotFoundError
from homeostat.k8s import apps_v1, coordination_v1, core_v1
from tests.clients import given
from tests.harness.clusters import AnyCluster
from tests.harness.commands import wait_until
from tests.harness.go import folder_of
from tests.harness.processes import Process

FOO = GroupVersionKind("samplecontroller.k8s.io", "v1alpha1", "Foo")

# Who has built the real server can build them.
pytestmark = [
    pytest.mark.clients,
    pytest.mark.kube,
    pytest.mark.xdist_group("go"),
]

Run = Callable[..., Process]


def reasons(box: AnyCluster, kind: str) -> set[str | None]:
    """Return why there are events about objects of a kind."""
    events = box.call(lambda client: client.list(core_v1.Event))
    return {each.reason for each in events if each.involved_object.kind == kind}


def gone(box: AnyCluster, kind: Any, name: str) -> None:
    with pytest.raises(NotFoundError):
        box.call(lambda client: client.get(kind, name))


def test_sample_controller_keeps_deployments(
    box: AnyCluster, go: str, programs: Path, run: Run
) -> None:
    module = folder_of(go, "programs", "k8s.io/sample-controller")
    examples = module / "artifacts" / "examples"
    crd, foo = (
        yaml.safe_load((examples / name).read_text())
        for name in ("crd-status-subresource.yaml", "example-foo.yaml")
    )
    box.call(lambda client: client.create(crd))
    wait_until(lambda: box.call(lambda client: client.list(FOO)))
    controller = run(programs / "sample-controller", "-kubeconfig", str(box.kubeconfig))
    made = box.call(lambda client: client.create(foo))
    name = made["metadata"]["name"]

    def available(count: int) -> bool:
        assert controller.running, controller.log_tail()
        found = box.call(lambda client: client.get(FOO, name))
        return bool(found["status"]["availableReplicas"] == count)

    wait_until(lambda: available(1))
    web = box.call(lambda client: client.get(apps_v1.Deployment, name))
    (owner,) = web.metadata.owner_references
    assert (owner.uid, owner.controller) == (made["metadata"]["uid"], True)
    more = {"spec": {"replicas": 2}}
    box.call(lambda client: client.patch(FOO, name, more))
    wait_until(lambda: available(2))
    wait_until(lambda: reasons(box, "Foo") == {"Synced"})
    box.call(lambda client: client.delete(FOO, name))
    wait_until(lambda: gone(box, apps_v1.Deployment, name))


def test_leader_of_client_go_hands_over(
    box: AnyCluster, programs: Path, run: Run
) -> None:
    lock = ("-lease-lock-name", "example", "-lease-lock-namespace", box.namespace)
    program = programs / "leader-election"

    def begin(name: str) -> Process:
        return run(program, "-kubeconfig", str(box.kubeconfig), *lock, "-id", name)

    def led_by(name: str) -> bool:
        lease = box.call(lambda client: client.get(coordination_v1.Lease, "example"))
        return bool(lease.spec.holder_identity == name)

    one = begin("one")
    wait_until(lambda: led_by("one"))
    two = begin("two")
    wait_until(lambda: "new leader elected: one" in two.log_tail())
    assert one.end() == 0
    assert "leader lost: one" in one.log_tail()
    # It tries every 5 to 11 s.
    wait_until(lambda: led_by("two"))


def test_operator_of_controller_runtime_takes_over(
    box: AnyCluster, programs: Path, run: Run
) -> None:
    where = ("--kubeconfig", str(box.kubeconfig), "--namespace", box.namespace)

    def begin(name: str) -> Process:
        return run(programs / "operator", *where, "--id", name)

    def made_by(name: str) -> bool:
        found = box.call(lambda client: client.get(core_v1.Service, "web"))
        return found.metadata.labels == {"made-by": name}

    one = begin("one")
    box.call(lambda client: client.create(given.deployment(box.namespace)))
    wait_until(lambda: made_by("one"))
    two = begin("two")
    wait_until(lambda: "Attempting to acquire leader lease" in two.log_tail())
    one.kill()
    box.call(lambda client: client.delete(core_v1.Service, "web"))
    wait_until(lambda: made_by("two"))
    wait_until(lambda: "Exposed" in reasons(box, "Deployment"))
    box.call(lambda client: client.delete(apps_v1.Deployment, "web"))
    wait_until(lambda: gone(box, apps_v1.Deployment, "web"))
    wait_until(lambda: gone(box, core_v1.Service, "web"))
