"""The life of a Network and of an annotated Deployment, on both clusters."""

from dataclasses import replace

import pytest

from homeostat.errors import InvalidError
from homeostat.k8s import apps_v1
from kinds import Network, NetworkSpec
from lab import FAST, QUICK_RESYNC, Lab, a_deployment, annotate, applied, reasons

# openstacksdk warns of its own deprecations.
pytestmark = pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")


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
        ({"cidr": "10.0.0.0/31"}, "spec.cidr"),
        ({"cidr": "fd00::/127"}, "spec.cidr"),
        ({"cidr": "fd00::/129"}, "spec.cidr"),
        ({"cidr": "fd00::"}, "spec.cidr"),
        ({"cidr": "fd00:::/64"}, "spec.cidr"),
        ({"cidr": "fd00::1::/64"}, "spec.cidr"),
        ({"cidr": "1:2:3:4:5:6:7/64"}, "spec.cidr"),
        ({"cidr": "fd00::/64 "}, "spec.cidr"),
        ({"gateway": "fd00::12345"}, "spec.gateway"),
        ({"gateway": "fd00::g"}, "spec.gateway"),
        ({"gateway": "1:2:3:4:5:6:7:8:9"}, "spec.gateway"),
        ({"gateway": "1:2:3:4:5:6:7:8::"}, "spec.gateway"),
        ({"gateway": "fe80::1%eth0"}, "spec.gateway"),
        ({"gateway": "::ffff:10.0.0.1"}, "spec.gateway"),
        ({"gateway": "fd00::1/64"}, "spec.gateway"),
        ({"gateway": ""}, "spec.gateway"),
    ],
)
def test_wrong_addresses_are_refused_by_the_schema(
    lab: Lab, spec: dict[str, str], field: str
) -> None:
    lab.install()
    lab.create()
    with pytest.raises(InvalidError, match=field):
        lab.patch(spec)


@pytest.mark.parametrize(
    ("cidr", "gateway"),
    [
        ("fd00:1::/64", "fd00:1::1"),
        ("FD00:00AB::/48", "FD00:AB::0001"),  # Neutron writes it in another way
        ("2001:db8::/126", "2001:db8::"),  # the first address is for routers
        ("1:2:3:4:5:6:7:0/112", "1:2:3:4:5:6:7:8"),
    ],
)
def test_network_of_ipv6(lab: Lab, cidr: str, gateway: str) -> None:
    lab.start(QUICK_RESYNC)
    lab.create(cidr=cidr, gateway=gateway)
    lab.settled()
    made = lab.writes()
    assert made == {"POST networks": 1, "POST subnets": 1}
    first = lab.get().status.last_sync_time
    lab.eventually(lambda: lab.get().status.last_sync_time != first)
    assert lab.writes() == made  # what Neutron writes differently is no difference


def test_gateway_of_ipv6_is_changed(lab: Lab) -> None:
    lab.start()
    lab.create(cidr="fd00::/64")
    lab.settled()
    lab.patch({"gateway": "fd00::ff"})
    lab.settled()


@pytest.mark.parametrize(
    "gateway", ["fd01::1", "10.0.0.1"], ids=["elsewhere", "another family"]
)
def test_wrong_gateway_of_ipv6_is_a_terminal_condition(lab: Lab, gateway: str) -> None:
    lab.start()
    lab.create(cidr="fd00::/64", gateway=gateway)
    lab.eventually(lambda: lab.ready()[:2] == ("False", "InvalidSpec"))
    assert gateway in lab.ready()[2]
    assert not lab.writes()
    lab.patch({"gateway": "fd00::1"})
    lab.settled()


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
    lab.eventually(lambda: applied(lab)[:2] == ("False", "NameTaken"))
    assert not lab.get("web").metadata.owner_references
    annotate(lab, {"samplecrd.k8s.io/network": None})
    lab.patch({"gateway": "10.0.0.9"}, "web")
    lab.settled("web")
    lab.eventually(lambda: unsaid(lab))


def unsaid(lab: Lab) -> None:
    """Assert that the Deployment says nothing of ours any more."""
    with pytest.raises(AssertionError):
        applied(lab)


def test_name_that_is_free_again_is_taken(lab: Lab) -> None:
    lab.start()
    lab.create("web")
    lab.settled("web")
    annotations = {"samplecrd.k8s.io/network": "true"}
    lab.call(lambda c: c.create(a_deployment(annotations)))
    lab.eventually(lambda: applied(lab)[:2] == ("False", "NameTaken"))
    lab.delete("web")
    lab.eventually(lambda: applied(lab)[:2] == ("True", "Applied"))
    lab.settled("web")


def test_annotation_that_makes_no_network_is_an_event(lab: Lab) -> None:
    lab.start()
    annotations = {
        "samplecrd.k8s.io/network": "true",
        "samplecrd.k8s.io/cidr": "everything",
    }
    lab.call(lambda c: c.create(a_deployment(annotations)))
    lab.eventually(lambda: "InvalidNetwork" in reasons(lab))
    lab.eventually(lambda: applied(lab)[:2] == ("False", "InvalidNetwork"))
    assert "spec.cidr" in applied(lab)[2]
    annotate(lab, {"samplecrd.k8s.io/cidr": "fd00:7::/64"})
    lab.settled("web")
    assert lab.get("web").spec.gateway == "fd00:7::1"
    lab.eventually(lambda: applied(lab)[:2] == ("True", "Applied"))
