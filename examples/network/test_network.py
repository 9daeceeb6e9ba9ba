"""The operator, both clusters, and a Neutron that has bad days."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from cloud import Cloud, CloudNetwork, CloudSubnet, Collection, Marks
from deployments import deployment_controller
from homeostat import Client
from homeostat.api import LabelSelector, ObjectMeta, find_condition
from homeostat.errors import InvalidError, NotFoundError
from homeostat.k8s import apps_v1, core_v1
from homeostat.manager import install_crds
from homeostat.testing import Cluster, eventually
from kinds import Network, NetworkSpec
from network import network_controller
from neutron import Fault, Neutron
from openstack_cloud import OpenStackCloud
from settings import Settings
from tests.harness.clusters import AnyCluster, Service

# openstacksdk warns of its own deprecations.
pytestmark = pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")

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
        self._port = 0
        self.up()

    def up(self) -> None:
        """Start Neutron, where it was before."""
        ready = threading.Event()

        async def serve(_client: Client) -> None:
            async with self.neutron.serve(self._port) as url:
                self._port = int(url.rpartition(":")[2])
                ready.set()
                await asyncio.Event().wait()

        self._neutron_service = self.cluster.run(serve)
        assert ready.wait(5)

    def down(self) -> None:
        """Stop Neutron: connections are refused from now on."""
        assert self._neutron_service is not None
        self._neutron_service.stop()

    def cloud(self) -> OpenStackCloud:
        cloud = OpenStackCloud(f"http://127.0.0.1:{self._port}", timeout=1.0)
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
        self.call(lambda c: install_crds(c, [Network]))

    def call(self, action: Callable[[Client], Any]) -> Any:  # noqa: ANN401
        return self.cluster.call(action)

    def create(self, name: str = "a", *, cidr: str = "10.0.0.0/24") -> None:
        spec = NetworkSpec(cidr=cidr, gateway=cidr.rpartition(".")[0] + ".1")
        item = Network(metadata=ObjectMeta(name=name), spec=spec)
        self.call(lambda c: c.create(item))

    def get(self, name: str = "a") -> Network:
        found = self.call(lambda c: c.get(Network, name))
        assert isinstance(found, Network)
        return found

    def patch(self, spec: dict[str, str], name: str = "a") -> None:
        self.call(lambda c: c.patch(Network, name, {"spec": spec}))

    def ready(self, name: str = "a") -> tuple[str, str, str]:
        """Return status, reason and message of the condition Ready."""
        found = find_condition(self.get(name).status.conditions, "Ready")
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
        assert (subnet["cidr"], subnet["gateway_ip"]) == (
            item.spec.cidr,
            item.spec.gateway,
        )

    def settled(self, name: str = "a") -> None:
        self.eventually(lambda: self.in_step(name))

    def eventually(self, check: Callable[[], object]) -> None:
        def checked() -> bool:
            return check() is not False

        self.cluster.eventually(checked)

    def delete(self, name: str = "a") -> None:
        self.call(lambda c: c.delete(Network, name))

    def gone(self, name: str = "a") -> None:
        with pytest.raises(NotFoundError):
            self.get(name)

    def writes(self) -> dict[str, int]:
        requests = self.neutron.requests
        return {k: n for k, n in requests.items() if k.startswith(WRITES)}

    def total(self) -> int:
        return sum(self.neutron.requests.values())

    def fault(self, method: str, path: str, **what: Any) -> None:  # noqa: ANN401
        fault = Fault(method=method, path=f"/v2.0/{path}", **what)
        self.neutron.faults.append(fault)

    def close(self) -> None:
        """Let go of what an operator that ends here would hold for ever."""
        for operator in self._operators:
            operator.stop()
        for cloud in self._clouds:
            cloud.close()
        self.call(self._release)

    async def _release(self, client: Client) -> None:
        try:
            items = await client.list(Network)
        except NotFoundError:  # the definition was never installed
            return
        for item in items:
            if item.metadata.finalizers:
                patch = {"metadata": {"finalizers": None}}
                await client.patch(Network, item.metadata.name, patch)


@pytest.fixture
def lab(any_cluster: AnyCluster) -> Iterator[Lab]:
    lab = Lab(any_cluster)
    try:
        yield lab
    finally:
        lab.close()


@pytest.fixture
def embedded_lab(cluster: Cluster) -> Iterator[Lab]:
    """What concerns Neutron more than Kubernetes needs one cluster only."""
    embedded = AnyCluster(
        "embedded",
        lambda namespace: cluster.client(namespace=namespace),
        lambda: cluster.kubeconfig,
    )
    with embedded:
        lab = Lab(embedded)
        try:
            yield lab
        finally:
            lab.close()


# Life of a Network, on both clusters.


def test_network_is_created_and_deleted(lab: Lab) -> None:
    lab.start()
    lab.create()
    lab.settled()
    assert lab.writes() == {"POST networks": 1, "POST subnets": 1}
    lab.delete()
    lab.eventually(lab.gone)
    assert not lab.neutron.networks
    assert not lab.neutron.subnets


def test_changed_gateway_is_applied(lab: Lab) -> None:
    lab.start()
    lab.create()
    lab.settled()
    before = lab.get().status
    lab.patch({"gateway": "10.0.0.254"})
    lab.settled()
    after = lab.get().status
    assert after.gateway == "10.0.0.254"
    assert (after.network_id, after.subnet_id) == (before.network_id, before.subnet_id)


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"cidr": "10.0.0.0"}, "spec.cidr"),
        ({"cidr": "10.0.0.0/33"}, "spec.cidr"),
        ({"cidr": "300.0.0.0/24"}, "spec.cidr"),
        ({"gateway": "router"}, "spec.gateway"),
        ({"gateway": "10.0.0.256"}, "spec.gateway"),
    ],
)
def test_wrong_addresses_are_refused_by_the_schema(
    lab: Lab, spec: dict[str, str], field: str
) -> None:
    lab.install()
    lab.create()
    with pytest.raises(InvalidError, match=field):
        lab.patch(spec)


def test_gateway_outside_of_the_cidr_is_a_terminal_condition(lab: Lab) -> None:
    lab.start()
    lab.create()
    lab.settled()
    lab.patch({"gateway": "10.9.9.9"})
    lab.eventually(lambda: lab.ready()[:2] == ("False", "InvalidSpec"))
    lab.patch({"gateway": "10.0.0.3"})
    lab.settled()


def test_changed_cidr_is_refused(lab: Lab) -> None:
    lab.start()
    lab.create()
    lab.settled()
    lab.patch({"cidr": "10.1.0.0/24", "gateway": "10.1.0.1"})
    lab.eventually(lambda: lab.ready()[:2] == ("False", "CidrImmutable"))
    assert lab.writes() == {"POST networks": 1, "POST subnets": 1}
    lab.patch({"cidr": "10.0.0.0/24", "gateway": "10.0.0.1"})
    lab.settled()


def test_changed_cidr_recreates_the_subnet(lab: Lab) -> None:
    lab.start(replace(FAST, cidr_change="recreate"))
    lab.create()
    lab.settled()
    before = lab.get().status
    lab.patch({"cidr": "10.1.0.0/24", "gateway": "10.1.0.1"})
    lab.settled()
    after = lab.get().status
    assert after.network_id == before.network_id
    assert after.subnet_id != before.subnet_id
    assert len(lab.neutron.subnets) == 1


def test_restart_makes_no_request_for_what_is_in_step(lab: Lab) -> None:
    operator = lab.start()
    for name in ("a", "b", "c"):
        lab.create(name)
        lab.settled(name)
    operator.stop()
    before = lab.total()
    lab.start()
    lab.create("d")
    lab.settled("d")  # the three of before were in the queue ahead of it
    # One list of each kind for the new one, and its two creates; discovery is free.
    assert lab.total() - before == 4


def test_deployment_gets_a_network_of_its_own(lab: Lab) -> None:
    lab.start()
    deployment = a_deployment({"samplecrd.k8s.io/network": "true"})
    lab.call(lambda c: c.create(deployment))
    lab.settled("web")
    network = lab.get("web")
    assert (network.spec.cidr, network.spec.gateway) == (
        "192.168.0.0/24",
        "192.168.0.1",
    )
    assert network.metadata.owner_references[0].kind == "Deployment"

    annotate(lab, {"samplecrd.k8s.io/gateway": "192.168.0.9"})
    lab.eventually(lambda: lab.get("web").spec.gateway == "192.168.0.9")
    lab.settled("web")

    lab.call(lambda c: c.delete(Network, "web"))  # somebody else does
    lab.eventually(lambda: lab.get("web").metadata.uid != network.metadata.uid)
    lab.settled("web")

    annotate(lab, {"samplecrd.k8s.io/network": None})
    lab.eventually(lambda: lab.gone("web"))
    assert not lab.neutron.networks
    assert lab.writes() == {
        "POST networks": 2,
        "POST subnets": 2,
        "PUT subnets": 1,
        "DELETE subnets": 2,
        "DELETE networks": 2,
    }


def test_network_goes_with_its_deployment(lab: Lab) -> None:
    lab.start()
    annotations = {
        "samplecrd.k8s.io/network": "true",
        "samplecrd.k8s.io/cidr": "10.7.0.0/16",
    }
    lab.call(lambda c: c.create(a_deployment(annotations)))
    lab.settled("web")
    assert lab.get("web").spec == NetworkSpec(cidr="10.7.0.0/16", gateway="10.7.0.1")
    lab.call(lambda c: c.delete(apps_v1.Deployment, "web"))
    lab.eventually(lambda: lab.gone("web"))
    assert not lab.neutron.networks


def test_network_of_somebody_else_is_not_taken(lab: Lab) -> None:
    lab.start()
    lab.create("web")
    lab.settled("web")
    annotations = {"samplecrd.k8s.io/network": "true"}
    lab.call(lambda c: c.create(a_deployment(annotations)))
    lab.eventually(lambda: "NameTaken" in reasons(lab))
    assert not lab.get("web").metadata.owner_references
    annotate(lab, {"samplecrd.k8s.io/network": None})
    lab.patch({"gateway": "10.0.0.9"}, "web")
    lab.settled("web")


def test_annotation_that_makes_no_network_is_an_event(lab: Lab) -> None:
    lab.start()
    annotations = {
        "samplecrd.k8s.io/network": "true",
        "samplecrd.k8s.io/cidr": "everything",
    }
    lab.call(lambda c: c.create(a_deployment(annotations)))
    lab.eventually(lambda: "InvalidNetwork" in reasons(lab))
    annotate(lab, {"samplecrd.k8s.io/cidr": "10.7.0.0/16"})
    lab.settled("web")


def a_deployment(annotations: dict[str, str]) -> apps_v1.Deployment:
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
    patch = {"metadata": {"annotations": annotations}}
    lab.call(lambda c: c.patch(apps_v1.Deployment, "web", patch))


def reasons(lab: Lab) -> list[str]:
    events: Sequence[core_v1.Event] = lab.call(lambda c: c.list(core_v1.Event))
    return [event.reason for event in events]


# Bad days: Neutron.


@pytest.mark.parametrize(
    "fault",
    [
        Fault(code=404),
        Fault(code=409),
        Fault(code=429),
        Fault(code=500),
        Fault(code=503),
        Fault(delay=1.5),
        Fault(lose_answer=True),
        Fault(nonsense=True),
    ],
    ids=["404", "409", "429", "500", "503", "slow", "lost", "nonsense"],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "networks"),
        ("GET", "subnets"),
        ("POST", "networks"),
        ("POST", "subnets"),
    ],
)
def test_one_fault_never_makes_two_networks(
    embedded_lab: Lab, fault: Fault, method: str, path: str
) -> None:
    lab = embedded_lab
    lab.neutron.faults.append(
        replace(fault, method=method, path=f"/v2.0/{path}", times=1)
    )
    lab.start()
    lab.create()
    lab.settled()
    assert len(lab.neutron.networks) == len(lab.neutron.subnets) == 1
    assert not lab.neutron.faults


@pytest.mark.parametrize("what", ["networks", "subnets"])
@pytest.mark.parametrize(
    "fault",
    [Fault(code=409), Fault(code=500), Fault(lose_answer=True), Fault(code=404)],
    ids=["409", "500", "lost", "404"],
)
def test_fault_while_deleting_is_retried(
    embedded_lab: Lab, fault: Fault, what: str
) -> None:
    lab = embedded_lab
    lab.start()
    lab.create()
    lab.settled()
    lab.neutron.faults.append(
        replace(fault, method="DELETE", path=f"/v2.0/{what}", times=1)
    )
    lab.delete()
    lab.eventually(lab.gone)
    if fault.code == 404:  # absent is done, and Neutron had it there all the same
        return
    assert not lab.neutron.networks
    assert not lab.neutron.subnets


def test_neutron_down_is_unknown_and_nothing_is_made_again(embedded_lab: Lab) -> None:
    lab = embedded_lab
    lab.start(QUICK_RESYNC)
    lab.create()
    lab.settled()
    writes = lab.writes()
    lab.down()
    lab.eventually(lambda: lab.ready()[:2] == ("Unknown", "NeutronUnavailable"))
    lab.delete()
    lab.eventually(lambda: lab.get().metadata.deletion_timestamp is not None)
    assert lab.get().metadata.finalizers  # nobody knows whether it is gone
    assert lab.writes() == writes
    lab.up()
    lab.eventually(lab.gone)
    assert not lab.neutron.networks


def test_neutron_may_be_down_at_start(embedded_lab: Lab) -> None:
    lab = embedded_lab
    lab.down()
    lab.start()
    lab.create()
    lab.eventually(lambda: lab.ready()[:2] == ("Unknown", "NeutronUnavailable"))
    assert "at 0x" not in lab.ready()[2]
    lab.up()
    lab.settled()


def test_429_stops_everything_until_its_time(embedded_lab: Lab) -> None:
    lab = embedded_lab
    lab.fault("GET", "networks", code=429)
    lab.start()
    for n in range(5):
        lab.create(f"n{n}")
    lab.eventually(lambda: lab.ready("n4")[0] == "Unknown")
    # The subnets were listed, then the 429 came: not a request since, for a second.
    assert lab.total() <= 1
    for n in range(5):
        lab.settled(f"n{n}")


@pytest.mark.parametrize(
    ("method", "path", "status", "what"),
    [
        ("GET", "networks", "Unknown", "list networks"),
        ("POST", "networks", "False", "create networks"),
        ("POST", "subnets", "False", "create subnets"),
    ],
)
def test_missing_permission_is_named(
    embedded_lab: Lab,
    caplog: pytest.LogCaptureFixture,
    method: str,
    path: str,
    status: str,
    what: str,
) -> None:
    lab = embedded_lab
    lab.fault(method, path, code=403, times=3)
    lab.start()
    lab.create()
    lab.eventually(lambda: lab.ready()[:2] == (status, "Forbidden"))
    assert what in lab.ready()[2]
    assert any(what in r.getMessage() for r in caplog.records if r.levelname == "ERROR")
    lab.settled()


def test_missing_permission_to_update_and_delete_is_named(embedded_lab: Lab) -> None:
    lab = embedded_lab
    lab.start()
    lab.create()
    lab.settled()
    lab.fault("PUT", "subnets", code=403, times=3)
    lab.patch({"gateway": "10.0.0.7"})
    lab.eventually(lambda: "update subnets" in lab.ready()[2])
    lab.settled()
    lab.fault("DELETE", "subnets", code=403, times=5)
    lab.delete()
    lab.eventually(lambda: "delete subnets" in lab.ready()[2])
    lab.eventually(lab.gone)


def test_neutron_that_takes_no_tags_in_a_create(embedded_lab: Lab) -> None:
    lab = embedded_lab
    lab.neutron.takes_tags = False
    operator = lab.start()
    lab.create("a")
    lab.eventually(lambda: lab.ready()[0] == "True")
    operator.stop()
    lab.start(QUICK_RESYNC)
    lab.settled()  # the tags came at the next look
    assert len(lab.neutron.networks) == 1


# Bad days: behind the controller's back.


def edit_gateway(lab: Lab) -> None:
    lab.neutron.subnets[lab.get().status.subnet_id]["gateway_ip"] = "10.0.0.99"


def edit_name(lab: Lab) -> None:
    lab.neutron.networks[lab.get().status.network_id]["name"] = "mine now"


def edit_tags(lab: Lab) -> None:
    lab.neutron.networks[lab.get().status.network_id]["tags"] = []


def remove_every_mark(lab: Lab) -> None:
    status = lab.get().status
    for item in (
        lab.neutron.networks[status.network_id],
        lab.neutron.subnets[status.subnet_id],
    ):
        item.update(name="", description="", tags=[])


def delete_subnet(lab: Lab) -> None:
    lab.neutron.handle("DELETE", f"/v2.0/subnets/{lab.get().status.subnet_id}", {}, {})


def delete_network(lab: Lab) -> None:
    id_ = lab.get().status.network_id
    lab.neutron.handle("DELETE", f"/v2.0/networks/{id_}", {}, {})


@pytest.mark.parametrize(
    "edit",
    [
        edit_gateway,
        edit_name,
        edit_tags,
        remove_every_mark,
        delete_subnet,
        delete_network,
    ],
)
def test_what_others_do_in_neutron_is_repaired(
    embedded_lab: Lab, edit: Callable[[Lab], None]
) -> None:
    lab = embedded_lab
    lab.start(QUICK_RESYNC)
    lab.create()
    lab.settled()
    edit(lab)
    with pytest.raises((AssertionError, LookupError)):
        lab.in_step()
    lab.settled()
    assert len(lab.neutron.networks) == len(lab.neutron.subnets) == 1


def test_network_deleted_twice_is_gone(embedded_lab: Lab) -> None:
    lab = embedded_lab
    lab.start()
    lab.create()
    lab.settled()
    delete_network(lab)
    lab.delete()
    lab.eventually(lab.gone)


# Bad days: the operator.


class Deadly:
    """A cloud after one of whose creates the process dies, as far as anyone can see.

    The thread hangs with the answer in its hands until the test lets it go.
    """

    def __init__(self, cloud: OpenStackCloud, after: str) -> None:
        self._cloud = cloud
        self._after = after
        self.reached = threading.Event()
        self.released = threading.Event()

    def _die(self, where: str) -> None:
        if where == self._after:
            self.reached.set()
            assert self.released.wait(10)

    def create_network(self, marks: Marks) -> CloudNetwork:
        made = self._cloud.create_network(marks)
        self._die("create_network")
        return made

    def create_subnet(
        self, marks: Marks, *, network_id: str, cidr: str, gateway: str
    ) -> CloudSubnet:
        made = self._cloud.create_subnet(
            marks, network_id=network_id, cidr=cidr, gateway=gateway
        )
        self._die("create_subnet")
        return made

    def networks(self) -> Sequence[CloudNetwork]:
        return self._cloud.networks()

    def subnets(self) -> Sequence[CloudSubnet]:
        return self._cloud.subnets()

    def mark(self, collection: Collection, id_: str, marks: Marks) -> None:
        raise NotImplementedError

    def set_tags(self, collection: Collection, id_: str, tags: frozenset[str]) -> None:
        raise NotImplementedError

    def set_gateway(self, id_: str, *, cidr: str, gateway: str) -> None:
        raise NotImplementedError

    def delete(self, collection: Collection, id_: str) -> None:
        raise NotImplementedError


@pytest.mark.parametrize("takes_tags", [True, False])
@pytest.mark.parametrize("after", ["create_network", "create_subnet"])
def test_crash_between_create_and_status_adopts(
    lab: Lab, after: str, *, takes_tags: bool
) -> None:
    lab.neutron.takes_tags = takes_tags
    deadly = Deadly(lab.cloud(), after)
    operator = lab.start(cloud=deadly)
    lab.create()
    try:
        assert deadly.reached.wait(20)
        operator.stop()
    finally:
        deadly.released.set()
    assert not lab.get().status.network_id
    lab.start(QUICK_RESYNC)
    lab.settled()
    assert len(lab.neutron.networks) == len(lab.neutron.subnets) == 1


def test_deleted_while_the_operator_is_down(lab: Lab) -> None:
    operator = lab.start()
    lab.create()
    lab.settled()
    operator.stop()
    lab.delete()
    assert lab.neutron.networks
    lab.start()
    lab.eventually(lab.gone)
    assert not lab.neutron.networks


# Many of them.


@pytest.mark.parametrize(
    "count", [100, pytest.param(1000, marks=pytest.mark.slow)], ids=str
)
def test_many_networks_at_start_cost_a_bounded_number_of_requests(
    embedded_lab: Lab, count: int
) -> None:
    lab = embedded_lab
    lab.install()
    names = [f"n{n}" for n in range(count)]
    for name in names:
        lab.create(name)
    settings = replace(FAST, max_age=10.0)

    def all_ready() -> None:
        items = lab.call(lambda c: c.list(Network))
        ready = [find_condition(i.status.conditions, "Ready") for i in items]
        assert len(ready) == count
        assert all(c is not None and c.status == "True" for c in ready)

    operator = lab.start(settings)
    eventually(all_ready, within=10.0 + count / 20, every=0.1)
    assert lab.writes() == {"POST networks": count, "POST subnets": count}
    assert lab.total() - 2 * count <= 20
    operator.stop()

    before = lab.total()
    lab.start(settings)
    lab.create("last")
    lab.settled("last")
    assert lab.total() - before == 4
