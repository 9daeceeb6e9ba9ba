"""A cluster, a Neutron to practise on, and operators between them, for tests."""

import asyncio
import ipaddress
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from cloud import Cloud
from deployments import APPLIED, deployment_controller
from homeostat import Client
from homeostat.api import LabelSelector, ObjectMeta, find_condition
from homeostat.errors import NotFoundError
from homeostat.k8s import apps_v1, core_v1
from homeostat.manager import install_crds
from kinds import Network, NetworkSpec
from network import network_controller
from neutron import Fault, Neutron
from openstack_cloud import OpenStackCloud
from settings import Settings
from tests.harness.clusters import AnyCluster, Service
from tests.harness.processes import free_port

FAST = Settings(resync=600.0, max_age=0.02, backoff=0.05, max_backoff=0.5, timeout=2.0)
QUICK_RESYNC = replace(FAST, resync=0.2)
WRITES = ("POST", "PUT", "DELETE")


class Lab:
    """A cluster, a Neutron, and operators between them."""

    def __init__(self, cluster: AnyCluster) -> None:
        self.cluster = cluster
        self.neutron = Neutron()
        self._clouds: list[OpenStackCloud] = []
        self._operators: list[Service] = []
        self._neutron_service: Service | None = None
        self._port = free_port()
        self.up()

    def up(self) -> None:
        """Start Neutron, where it was before."""
        ready = threading.Event()

        async def serve(_client: Client) -> None:
            async with self.neutron.serve(self._port):
                ready.set()
                await asyncio.Event().wait()

        self._neutron_service = self.cluster.run(serve)
        self._neutron_service.wait_for(ready)

    def down(self) -> None:
        """Stop Neutron: connections are refused from now on."""
        assert self._neutron_service is not None
        self._neutron_service.stop()

    def cloud(self, *, timeout: float = FAST.timeout) -> OpenStackCloud:
        """Return a cloud that is closed with the lab."""
        cloud = OpenStackCloud(f"http://127.0.0.1:{self._port}", timeout=timeout)
        self._clouds.append(cloud)
        return cloud

    def start(
        self, settings: Settings = FAST, *, cloud: Cloud | None = None
    ) -> Service:
        """Start an operator that knows nothing of those before it."""
        networks = network_controller(settings, cloud or self.cloud())
        service = self.cluster.start(networks, deployment_controller(settings))
        self._operators.append(service)
        return service

    def install(self) -> None:
        """Install the definition, for objects that are there before any operator."""
        self.call(lambda c: install_crds(c, [Network]))

    def call(self, action: Callable[[Client], Any]) -> Any:  # noqa: ANN401
        """Run one action with a client."""
        return self.cluster.call(action)

    def create(
        self, name: str = "a", *, cidr: str = "10.0.0.0/24", gateway: str = ""
    ) -> None:
        """Create a Network; its gateway is the first address unless given."""
        first = str(ipaddress.ip_network(cidr)[1])
        spec = NetworkSpec(cidr=cidr, gateway=gateway or first)
        item = Network(metadata=ObjectMeta(name=name), spec=spec)
        self.call(lambda c: c.create(item))

    def get(self, name: str = "a") -> Network:
        """Read a Network."""
        found = self.call(lambda c: c.get(Network, name))
        assert isinstance(found, Network)
        return found

    def patch(self, spec: dict[str, str], name: str = "a") -> None:
        """Change a Network's spec."""
        self.call(lambda c: c.patch(Network, name, {"spec": spec}))

    def ready(self, name: str = "a") -> tuple[str, str, str]:
        """Return status, reason and message of the condition Ready."""
        return self.condition("Ready", name)

    def condition(self, type_: str, name: str = "a") -> tuple[str, str, str]:
        """Return status, reason and message of a condition."""
        found = find_condition(self.get(name).status.conditions, type_)
        assert found is not None
        return found.status, found.reason, found.message

    def in_step(self, name: str = "a") -> None:
        """Assert that Neutron has what the Network asks for, and its status so says."""
        item = self.get(name)
        status = item.status
        assert self.ready(name)[:2] == ("True", "Synced")
        assert status.observed_generation == item.metadata.generation
        assert (status.cidr, status.gateway) == (item.spec.cidr, item.spec.gateway)
        network = self.neutron.networks[status.network_id]
        subnet = self.neutron.subnets[status.subnet_id]
        tag = f"uid-{item.metadata.uid}"
        for each in (network, subnet):
            assert tag in each["tags"]
            assert each["name"] == f"{self.cluster.namespace}-{name}"
        assert network["subnets"] == [subnet["id"]]
        cidr = ipaddress.ip_network(item.spec.cidr)
        assert ipaddress.ip_network(subnet["cidr"]) == cidr
        assert subnet["ip_version"] == cidr.version
        gateway = ipaddress.ip_address(item.spec.gateway)
        assert ipaddress.ip_address(subnet["gateway_ip"]) == gateway

    def settled(self, name: str = "a") -> None:
        """Wait until Neutron is in step."""
        self.eventually(lambda: self.in_step(name))

    def eventually(self, check: Callable[[], object]) -> None:
        """Wait until a check neither raises nor returns False."""

        def checked() -> bool:
            return check() is not False

        self.cluster.eventually(checked)

    def delete(self, name: str = "a") -> None:
        """Delete a Network."""
        self.call(lambda c: c.delete(Network, name))

    def gone(self, name: str = "a") -> None:
        """Assert that a Network is gone."""
        with pytest.raises(NotFoundError):
            self.get(name)

    def writes(self) -> dict[str, int]:
        """Return how many requests changed something, by kind."""
        requests = self.neutron.requests
        return {k: n for k, n in requests.items() if k.startswith(WRITES)}

    def total(self) -> int:
        """Return how many requests Neutron got."""
        return sum(self.neutron.requests.values())

    def fault(self, method: str, path: str, **what: Any) -> None:  # noqa: ANN401
        """Let a request fail."""
        fault = Fault(method=method, path=f"/v2.0/{path}", **what)
        self.neutron.faults.append(fault)

    def close(self) -> None:
        """Let go of what an operator that ends here would hold for ever."""
        with ExitStack() as stack:  # the rest goes on where one of them fails
            stack.callback(lambda: self.call(self._release))
            for cloud in self._clouds:
                stack.callback(cloud.close)
            for operator in self._operators:
                stack.callback(operator.stop)

    async def _release(self, client: Client) -> None:
        try:
            items = await client.list(Network)
        except NotFoundError:  # the definition was never installed
            return
        for item in items:
            if item.metadata.finalizers:
                patch = {"metadata": {"finalizers": None}}
                await client.patch(Network, item.metadata.name, patch)


def a_deployment(annotations: dict[str, str]) -> apps_v1.Deployment:
    """Return a Deployment of no pods with annotations."""
    labels = {"app": "web"}
    return apps_v1.Deployment(
        metadata=ObjectMeta(name="web", annotations=annotations),
        spec=apps_v1.DeploymentSpec(
            replicas=0,
            selector=LabelSelector(match_labels=labels),
            template=core_v1.PodTemplateSpec(
                metadata=ObjectMeta(labels=labels),
                spec=core_v1.PodSpec(
                    containers=[core_v1.Container(name="c", image="nginx")]
                ),
            ),
        ),
    )


def annotate(lab: Lab, annotations: dict[str, str | None]) -> None:
    """Change annotations of the Deployment; None removes one."""
    patch = {"metadata": {"annotations": annotations}}
    lab.call(lambda c: c.patch(apps_v1.Deployment, "web", patch))


def applied(lab: Lab) -> tuple[str, str, str]:
    """Return status, reason and message of our condition of the Deployment."""
    deployment = lab.call(lambda c: c.get(apps_v1.Deployment, "web"))
    found = next((c for c in deployment.status.conditions if c.type == APPLIED), None)
    assert found is not None
    return found.status, found.reason, found.message


def reasons(lab: Lab) -> list[str]:
    """Return the reasons of all events."""
    events: Sequence[core_v1.Event] = lab.call(lambda c: c.list(core_v1.Event))
    return [event.reason for event in events]
