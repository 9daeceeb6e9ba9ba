"""From what should be and what is to what must be done. Pure."""

import ipaddress
from dataclasses import dataclass
from typing import TypeAlias

from cloud import (
    Absent,
    CloudNetwork,
    CloudSubnet,
    Collection,
    Marks,
    Observed,
    Unknown,
)
from settings import CidrChange


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a Network asks for."""

    cidr: str
    gateway: str
    marks: Marks


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What Neutron has of one Network, what its status names first.

    Attributes:
        networks: At least one; more only if somebody copied the marks.
        subnets: Of the first of the networks, without those of other people.
    """

    networks: tuple[CloudNetwork, ...]
    subnets: tuple[CloudSubnet, ...] = ()


Observation: TypeAlias = Observed[Found] | Absent | Unknown


@dataclass(frozen=True, slots=True)
class CreateNetwork:
    """Make the network; later operations use its id."""


@dataclass(frozen=True, slots=True)
class CreateSubnet:
    """Make the subnet, in the network that is there or was made just now."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Give name and description back."""

    collection: Collection
    id: str


@dataclass(frozen=True, slots=True)
class SetTags:
    """Replace the tags."""

    collection: Collection
    id: str
    tags: frozenset[str]


@dataclass(frozen=True, slots=True)
class SetGateway:
    """Change the gateway of the subnet."""

    id: str


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete a network or subnet."""

    collection: Collection
    id: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """Do nothing: nothing that may be done would help until the spec changes."""

    reason: str
    message: str


Operation: TypeAlias = (
    CreateNetwork | CreateSubnet | Mark | SetTags | SetGateway | Delete | Refuse
)


def plan(
    wanted: Wanted, found: Observation, policy: CidrChange
) -> tuple[Operation, ...]:
    """Return what brings Neutron in step, in order; nothing when it is, or unknown.

    Args:
        wanted: What the Network asks for.
        found: What Neutron has of it.
        policy: What to do about a changed cidr.
    """
    if reason := problem(wanted.cidr, wanted.gateway):
        return (Refuse("InvalidSpec", reason),)
    match found:
        case Unknown():
            return ()
        case Absent():
            return (CreateNetwork(), CreateSubnet())
        case Observed(value):
            return _repair(wanted, value, policy)


def plan_removal(found: Observation) -> tuple[Operation, ...]:
    """Return what removes all of a Network: its subnets before their network."""
    if not isinstance(found, Observed):
        return ()
    value = found.value
    return (
        *(Delete("subnets", subnet.id) for subnet in value.subnets),
        *(Delete("networks", network.id) for network in value.networks),
    )


def problem(cidr: str, gateway: str) -> str:
    """Return why no subnet can have these addresses, "" when one can."""
    try:
        network = ipaddress.ip_network(cidr)
        address = ipaddress.ip_address(gateway)
    except ValueError as error:
        return f"{error}"
    if address.version != network.version:
        return f"gateway {gateway} is IPv{address.version}, and {cidr} is not"
    if address not in network:
        return f"gateway {gateway} is outside of {cidr}"
    # IPv6 has no broadcast, and its first address is for routers (RFC 4291, 2.6.1).
    ends = (network.network_address, network.broadcast_address)
    if network.version == 4 and address in ends:
        return f"gateway {gateway} is no address of a host in {cidr}"
    return ""


def _repair(wanted: Wanted, found: Found, policy: CidrChange) -> tuple[Operation, ...]:
    network = found.networks[0]
    subnet = found.subnets[0] if found.subnets else None
    if subnet is not None and not _same_cidr(subnet.cidr, wanted.cidr):
        if policy == "refuse":
            return (
                Refuse(
                    "CidrImmutable",
                    f"the subnet has {subnet.cidr}, and Neutron cannot change that to "
                    f"{wanted.cidr}; set spec.cidr back, make another Network, or let "
                    "the operator run with NETWORK_CIDR_CHANGE=recreate",
                ),
            )
        renew = (Delete("subnets", subnet.id), CreateSubnet())
        return (*_marks("networks", network, wanted.marks), *renew)
    operations = _marks("networks", network, wanted.marks)
    if subnet is None:
        return (*operations, CreateSubnet())
    operations += _marks("subnets", subnet, wanted.marks)
    if not _same_address(subnet.gateway, wanted.gateway):
        operations = (*operations, SetGateway(subnet.id))
    return operations


def _marks(
    collection: Collection, item: CloudNetwork | CloudSubnet, marks: Marks
) -> tuple[Operation, ...]:
    operations: list[Operation] = []
    if (item.name, item.description) != (marks.name, marks.description):
        operations.append(Mark(collection, item.id))
    if not marks.tags <= item.tags:  # other people's tags stay
        operations.append(SetTags(collection, item.id, marks.tags | item.tags))
    return tuple(operations)


def _same_cidr(one: str, other: str) -> bool:
    try:
        return ipaddress.ip_network(one) == ipaddress.ip_network(other)
    except ValueError:
        return False


def _same_address(one: str, other: str) -> bool:
    # Neutron writes FD00::0001 as fd00::1: as texts they would differ at every look.
    try:
        return ipaddress.ip_address(one) == ipaddress.ip_address(other)
    except ValueError:  # a subnet without gateway
        return False


def describe(operation: Operation) -> str:
    """Return an operation as people say it, once it is done."""
    match operation:
        case CreateNetwork():
            text = "created the network"
        case CreateSubnet():
            text = "created the subnet"
        case SetGateway(id_):
            text = f"changed the gateway of subnet {id_}"
        case Mark(collection, id_):
            text = f"gave {collection[:-1]} {id_} its name and description back"
        case SetTags(collection, id_):
            text = f"gave {collection[:-1]} {id_} its tags back"
        case Delete(collection, id_):
            text = f"deleted {collection[:-1]} {id_}"
        case Refuse(_, message):
            text = message
    return text
