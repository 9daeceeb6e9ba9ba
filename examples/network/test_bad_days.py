"""Bad days of Neutron and of the operator."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from cloud import CloudNetwork, CloudSubnet, Collection, Marks
from lab import QUICK_RESYNC, Lab
from neutron import Fault
from openstack_cloud import OpenStackCloud

# openstacksdk warns of its own deprecations.
pytestmark = pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")

# Bad days: Neutron.


@pytest.mark.parametrize(
    "fault",
    [
        Fault(code=404),
        Fault(code=409),
        Fault(code=429, retry_after=0.1),
        Fault(code=500),
        Fault(code=503),
        Fault(delay=0.8),
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
    lab.start(cloud=lab.cloud(timeout=0.5) if fault.delay else None)
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


def test_neutron_stops_amid_a_request(embedded_lab: Lab) -> None:
    lab = embedded_lab
    lab.fault("GET", "networks", delay=60.0)
    lab.start()
    lab.create()
    lab.eventually(lambda: not lab.neutron.faults)
    lab.down()
    lab.up()
    lab.settled()


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
    lab.fault("GET", "networks", code=429, retry_after=3.0)
    lab.start()
    for n in range(5):
        lab.create(f"n{n}")
    lab.eventually(lambda: lab.ready("n4")[0] == "Unknown")
    # The subnets were listed, then the 429 came: not a request since, for 3 seconds.
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
    before = lab.writes()
    edit(lab)
    lab.eventually(lambda: lab.writes() != before)
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
