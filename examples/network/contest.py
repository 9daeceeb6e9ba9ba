"""Whether somebody else keeps changing a network back. Pure.

A network is looked at once per resync, so that two who disagree about it do not run in
a circle; but each look writes to Neutron, for ever, until somebody is told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from homeostat.api import Time
from kinds import MAX_TIMES, Repair
from plan import (
    CreateNetwork,
    CreateSubnet,
    Mark,
    Operation,
    SetGateway,
    SetTags,
    Wanted,
)

NETWORK, SUBNET = "network", "subnet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What the status said before this look: as it was when it was last in step."""

    network_id: str
    subnet_id: str
    cidr: str
    gateway: str


def undone(
    applied: Applied, wanted: Wanted, operations: Sequence[Operation]
) -> tuple[str, ...]:
    """Return the fields that operations set back to what they had been before.

    What the Network's own spec has changed since is not among them.

    Args:
        applied: As it was; without ids when there was nothing.
        wanted: As it shall be.
        operations: What this look has found necessary.
    """
    if CreateNetwork() in operations:
        return (NETWORK,) if applied.network_id else ()
    fields: list[str] = []
    renewed = CreateSubnet() in operations
    if renewed and applied.subnet_id and applied.cidr == wanted.cidr:
        fields.append(SUBNET)
    for operation in operations:
        match operation:
            case SetGateway() if applied.gateway == wanted.gateway:
                fields.append("subnet.gateway_ip")
            case Mark(collection, _):
                fields.append(f"{collection[:-1]}.name")
            case SetTags(collection, _):
                fields.append(f"{collection[:-1]}.tags")
            case _:
                pass
    return tuple(fields)


def remember(
    repairs: Sequence[Repair], fields: Sequence[str], *, now: datetime, window: float
) -> list[Repair]:
    """Return what was set back lately, with what was set back now.

    Bounded: one entry for each field, and of each the last ``MAX_TIMES`` times.

    Args:
        repairs: What was known.
        fields: What was set back now.
        now: The time of it.
        window: Seconds after which a repair is forgotten.
    """
    times = {repair.field: list(repair.times) for repair in repairs}
    for field in fields:
        times.setdefault(field, []).append(Time.of(now))
    recent = {
        # A clock that was set back leaves times to come: they are no use either.
        field: [t for t in all_ if 0 <= (now - t).total_seconds() < window]
        for field, all_ in times.items()
    }
    return [
        Repair(field=field, times=kept[-MAX_TIMES:])
        for field, kept in sorted(recent.items())
        if kept
    ]


def complaint(repairs: Sequence[Repair], *, times: int) -> str:
    """Return which fields somebody else fights over, and how often; "" for none.

    Args:
        repairs: As ``remember`` returned them.
        times: How many repairs of one field make a fight.
    """
    fought = [repair for repair in repairs if len(repair.times) >= times]
    if not fought:
        return ""
    each = ", ".join(
        f"{repair.field} {len(repair.times)} times since {repair.times[0]}, "
        f"last at {repair.times[-1]}"
        for repair in fought
    )
    return f"somebody else keeps changing what is set back in Neutron: {each}"
