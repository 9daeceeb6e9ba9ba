"""Whether somebody else keeps changing a network back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cloud import Marks
from contest import Applied, complaint, remember, undone
from homeostat.api import Time
from kinds import MAX_TIMES, Repair
from lab import QUICK_RESYNC, Lab, reasons
from plan import (
    CreateNetwork,
    CreateSubnet,
    Delete,
    Mark,
    Operation,
    SetGateway,
    SetTags,
    Wanted,
)

# openstacksdk warns of its own deprecations.
pytestmark = pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
MARKS = Marks(name="default-a", description="mine uid-1", tags=frozenset({"mine"}))
WANTED = Wanted(cidr="10.0.0.0/24", gateway="10.0.0.1", marks=MARKS)
APPLIED = Applied(
    network_id="n1", subnet_id="s1", cidr="10.0.0.0/24", gateway="10.0.0.1"
)
NOTHING = Applied(network_id="", subnet_id="", cidr="", gateway="")
GATEWAY = "subnet.gateway_ip"


@pytest.mark.parametrize(
    ("applied", "operations", "fields"),
    [
        pytest.param(APPLIED, (), (), id="in step"),
        pytest.param(NOTHING, (CreateNetwork(), CreateSubnet()), (), id="new"),
        pytest.param(
            APPLIED, (CreateNetwork(), CreateSubnet()), ("network",), id="deleted"
        ),
        pytest.param(APPLIED, (CreateSubnet(),), ("subnet",), id="subnet deleted"),
        pytest.param(
            replace(APPLIED, subnet_id=""), (CreateSubnet(),), (), id="half made"
        ),
        pytest.param(
            replace(APPLIED, cidr="10.9.0.0/24"),
            (Delete("subnets", "s1"), CreateSubnet()),
            (),
            id="spec.cidr changed",
        ),
        pytest.param(APPLIED, (SetGateway("s1"),), (GATEWAY,), id="gateway edited"),
        pytest.param(
            replace(APPLIED, gateway="10.0.0.9"),
            (SetGateway("s1"),),
            (),
            id="spec.gateway changed",
        ),
        pytest.param(
            APPLIED,
            (Mark("networks", "n1"), SetTags("subnets", "s1", frozenset({"mine"}))),
            ("network.name", "subnet.tags"),
            id="marks",
        ),
    ],
)
def test_what_others_undid(
    applied: Applied, operations: tuple[Operation, ...], fields: tuple[str, ...]
) -> None:
    assert undone(applied, WANTED, operations) == fields


def repaired(times: int, *, every: float, window: float = 600.0) -> list[Repair]:
    repairs: list[Repair] = []
    for n in range(times):
        now = NOW + timedelta(seconds=n * every)
        repairs = remember(repairs, [GATEWAY], now=now, window=window)
    return repairs


def test_a_fight_is_named_with_its_field_and_how_often() -> None:
    assert complaint(repaired(2, every=60.0), times=3) == ""
    message = complaint(repaired(3, every=60.0), times=3)
    assert "subnet.gateway_ip 3 times since 2026-01-01T12:00:00Z" in message
    assert "last at 2026-01-01T12:02:00Z" in message


def test_repairs_far_apart_are_no_fight() -> None:
    assert complaint(repaired(9, every=301.0), times=3) == ""


def test_repairs_are_forgotten_and_bounded() -> None:
    repairs = repaired(50, every=1.0)
    assert [len(repair.times) for repair in repairs] == [MAX_TIMES]
    later = NOW + timedelta(seconds=700)
    assert remember(repairs, [], now=later, window=600.0) == []


def test_a_clock_that_was_set_back_forgets_what_is_to_come() -> None:
    repairs = [Repair(field=GATEWAY, times=[Time.of(NOW + timedelta(hours=1))])]
    assert remember(repairs, [], now=NOW, window=600.0) == []


def test_two_who_fight_over_a_gateway_are_told(embedded_lab: Lab) -> None:
    lab = embedded_lab
    operator = lab.start(QUICK_RESYNC)
    lab.create()
    lab.settled()

    def fight(times: int) -> None:
        lab.neutron.subnets[lab.get().status.subnet_id]["gateway_ip"] = "10.0.0.99"
        lab.eventually(lab.in_step)
        # Neutron is repaired before the status tells of it.
        lab.eventually(
            lambda: [len(each.times) for each in lab.get().status.repairs] == [times]
        )

    fight(1)
    fight(2)
    operator.stop()  # what is known of it outlives the operator
    operator = lab.start(QUICK_RESYNC)
    fight(3)
    lab.eventually(lambda: lab.condition("Contested")[:2] == ("True", "ChangedAgain"))
    assert f"{GATEWAY} 3 times since" in lab.condition("Contested")[2]
    assert lab.ready()[0] == "True"
    lab.eventually(lambda: "Contested" in reasons(lab))
    assert lab.writes()["PUT subnets"] == 3
    operator.stop()
    # Nobody changes it any more: it is over when the last repair is long ago.
    lab.start(replace(QUICK_RESYNC, contest_window=0.1))
    lab.eventually(lambda: lab.condition("Contested")[0] == "False")
    assert not lab.get().status.repairs


def test_a_network_that_was_deleted_in_neutron_is_said(embedded_lab: Lab) -> None:
    lab = embedded_lab
    lab.start(QUICK_RESYNC)
    lab.create()
    lab.settled()
    id_ = lab.get().status.network_id
    lab.neutron.handle("DELETE", f"/v2.0/networks/{id_}", {}, {})
    lab.eventually(lambda: "ExternallyDeleted" in reasons(lab))
    lab.settled()
    assert [repair.field for repair in lab.get().status.repairs] == ["network"]


def test_a_spec_that_changes_is_no_fight(embedded_lab: Lab) -> None:
    lab = embedded_lab
    lab.start(QUICK_RESYNC)
    lab.create()
    lab.settled()
    for n in range(4):
        lab.patch({"gateway": f"10.0.0.{10 + n}"})
        lab.settled()
    assert not lab.get().status.repairs
