"""What the operator decides, without a cluster and without a Neutron."""

from dataclasses import replace

import pytest

from cloud import (
    Absent,
    CloudNetwork,
    CloudSubnet,
    Marks,
    Observed,
    UnavailableError,
    Unknown,
)
from homeostat.errors import ConfigError
from inventory import Snapshot
from openstack_cloud import pools
from plan import (
    CreateNetwork,
    CreateSubnet,
    Delete,
    Found,
    Mark,
    Observation,
    Operation,
    Refuse,
    SetGateway,
    SetTags,
    Wanted,
    plan,
    plan_removal,
)
from settings import CidrChange, Settings

TAGS = frozenset({"mine", "uid-1"})
MARKS = Marks(name="default-a", description="mine uid-1", tags=TAGS)
WANTED = Wanted(cidr="10.0.0.0/24", gateway="10.0.0.1", marks=MARKS)
NETWORK = CloudNetwork(id="n1", name="default-a", description="mine uid-1", tags=TAGS)
SUBNET = CloudSubnet(
    id="s1",
    network_id="n1",
    name="default-a",
    cidr="10.0.0.0/24",
    gateway="10.0.0.1",
    description="mine uid-1",
    tags=TAGS,
)
UNKNOWN = Unknown(UnavailableError("down"))


def found(
    network: CloudNetwork = NETWORK, subnet: CloudSubnet | None = SUBNET
) -> Observed[Found]:
    subnets = () if subnet is None else (subnet,)
    return Observed(Found(networks=(network,), subnets=subnets))


def test_unknown_is_never_acted_on() -> None:
    for policy in ("refuse", "recreate"):
        assert plan(WANTED, UNKNOWN, policy) == ()
    assert plan_removal(UNKNOWN) == ()


@pytest.mark.parametrize(
    ("observed", "operations"),
    [
        pytest.param(Absent(), (CreateNetwork(), CreateSubnet()), id="absent"),
        pytest.param(found(), (), id="in step"),
        pytest.param(found(subnet=None), (CreateSubnet(),), id="no subnet"),
        pytest.param(
            found(subnet=replace(SUBNET, gateway="10.0.0.9")),
            (SetGateway("s1"),),
            id="gateway edited",
        ),
        pytest.param(
            found(replace(NETWORK, name="other")),
            (Mark("networks", "n1"),),
            id="network renamed",
        ),
        pytest.param(
            found(replace(NETWORK, tags=frozenset({"mine", "theirs"}))),
            (SetTags("networks", "n1", TAGS | {"theirs"}),),
            id="tag lost, another's kept",
        ),
        pytest.param(
            found(replace(NETWORK, tags=TAGS | {"theirs"})), (), id="tag of another"
        ),
        pytest.param(
            found(subnet=replace(SUBNET, name="x", tags=frozenset[str]())),
            (Mark("subnets", "s1"), SetTags("subnets", "s1", TAGS)),
            id="subnet lost its marks",
        ),
        pytest.param(
            found(replace(NETWORK, name="x"), None),
            (Mark("networks", "n1"), CreateSubnet()),
            id="renamed and no subnet",
        ),
    ],
)
def test_what_is_there_decides(
    observed: Observation, operations: tuple[Operation, ...]
) -> None:
    assert plan(WANTED, observed, "refuse") == operations
    assert plan(WANTED, observed, "recreate") == operations


@pytest.mark.parametrize("policy", ["refuse", "recreate"])
def test_changed_cidr_is_a_matter_of_policy(policy: CidrChange) -> None:
    operations = plan(WANTED, found(subnet=replace(SUBNET, cidr="10.9.0.0/24")), policy)
    if policy == "recreate":
        assert operations == (Delete("subnets", "s1"), CreateSubnet())
    else:
        (refusal,) = operations
        assert isinstance(refusal, Refuse)
        assert refusal.reason == "CidrImmutable"
        assert "10.9.0.0/24" in refusal.message


@pytest.mark.parametrize(
    ("cidr", "gateway"),
    [
        ("10.0.0.0/24", "10.0.1.1"),
        ("10.0.0.0/24", "10.0.0.0"),
        ("10.0.0.0/24", "10.0.0.255"),
        ("10.0.0.7/24", "10.0.0.1"),
        ("10.0.0.0/24", "fd00::1"),
        ("fd00::/64", "10.0.0.1"),
        ("fd00::/64", "fd00:0:0:1::1"),
        ("fd00::7/64", "fd00::1"),
        ("fd00::/64", ""),
    ],
)
def test_impossible_addresses_are_refused(cidr: str, gateway: str) -> None:
    wanted = replace(WANTED, cidr=cidr, gateway=gateway)
    (refusal,) = plan(wanted, Absent(), "recreate")
    assert isinstance(refusal, Refuse)
    assert refusal.reason == "InvalidSpec"


@pytest.mark.parametrize(
    ("cidr", "gateway", "there"),
    [
        ("fd00::/64", "FD00::0001", "fd00::1"),
        ("fd00::/64", "fd00::", "fd00::"),
        ("fd00::/64", "fd00::ffff:ffff:ffff:ffff", "fd00::ffff:ffff:ffff:ffff"),
    ],
)
def test_ipv6_is_compared_as_addresses(cidr: str, gateway: str, there: str) -> None:
    wanted = replace(WANTED, cidr=cidr, gateway=gateway)
    subnet = replace(SUBNET, cidr="fd00::/64", gateway=there)
    assert plan(wanted, found(subnet=subnet), "refuse") == ()
    without = found(subnet=replace(subnet, gateway=""))
    assert plan(wanted, without, "refuse") == (SetGateway("s1"),)


@pytest.mark.parametrize(
    ("cidr", "gateway", "ranges"),
    [
        ("10.0.0.0/24", "10.0.0.1", [("10.0.0.2", "10.0.0.254")]),
        ("10.0.0.0/24", "10.0.0.254", [("10.0.0.1", "10.0.0.253")]),
        (
            "10.0.0.0/29",
            "10.0.0.3",
            [("10.0.0.1", "10.0.0.2"), ("10.0.0.4", "10.0.0.6")],
        ),
        ("10.0.0.0/30", "10.0.0.2", [("10.0.0.1", "10.0.0.1")]),
        ("fd00::/126", "fd00::", [("fd00::1", "fd00::3")]),
        ("::/126", "::", [("::1", "::3")]),
        ("fd00::/126", "fd00::2", [("fd00::1", "fd00::1"), ("fd00::3", "fd00::3")]),
    ],
)
def test_pools_leave_the_gateway_out(
    cidr: str, gateway: str, ranges: list[tuple[str, str]]
) -> None:
    assert pools(cidr, gateway) == [{"start": a, "end": b} for a, b in ranges]


def test_removal_takes_subnets_first() -> None:
    assert plan_removal(found()) == (Delete("subnets", "s1"), Delete("networks", "n1"))
    assert plan_removal(Absent()) == ()


@pytest.mark.parametrize(
    ("network", "network_id", "there"),
    [
        pytest.param(NETWORK, "", True, id="by tags"),
        pytest.param(replace(NETWORK, tags=frozenset[str]()), "", True, id="by words"),
        pytest.param(replace(NETWORK, description=""), "", True, id="tags alone"),
        pytest.param(
            CloudNetwork(id="n1", name="bare"), "n1", True, id="by the status' id"
        ),
        pytest.param(CloudNetwork(id="n1", name="default-a"), "", False, id="no mark"),
        pytest.param(
            replace(NETWORK, tags=frozenset({"uid-1"}), description="theirs uid-1"),
            "",
            False,
            id="another operator's",
        ),
    ],
)
def test_whose_a_network_is(
    network: CloudNetwork, network_id: str, *, there: bool
) -> None:
    snapshot = Snapshot(0.0, "mine", [network], [SUBNET])
    observed = snapshot.find("uid-1", network_id, "")
    assert isinstance(observed, Observed if there else Absent)


def test_subnets_of_other_people_are_not_touched() -> None:
    theirs = CloudSubnet(
        id="s0", network_id="n1", name="x", cidr="10.5.0.0/24", gateway=""
    )
    observed = Snapshot(0.0, "mine", [NETWORK], [theirs, SUBNET]).find("uid-1", "", "")
    assert observed == found()


def test_settings_come_from_the_environment() -> None:
    settings = Settings.of(
        {"NEUTRON_URL": "http://n", "NETWORK_WORKERS": "9", "NETWORK_RESYNC": "1.5"}
    )
    assert (settings.neutron_url, settings.workers, settings.resync) == (
        "http://n",
        9,
        1.5,
    )


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("NETWORK_CIDR_CHANGE", "maybe"),
        ("NETWORK_WORKERS", "many"),
        ("NETWORK_WORKERS", "0"),
        ("NETWORK_RESYNC", "-1"),
        ("NETWORK_OWNER", "two words"),
        ("NETWORK_CONTESTED", "1"),
        ("NETWORK_CONTESTED", "11"),
    ],
)
def test_wrong_settings_are_named(variable: str, value: str) -> None:
    with pytest.raises(ConfigError, match=variable):
        Settings.of({variable: value})
