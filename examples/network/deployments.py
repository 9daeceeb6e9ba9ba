"""A Network for every Deployment that asks for one by an annotation."""

import ipaddress

from homeostat import (
    Context,
    TerminalError,
    annotations_changed,
    controller,
    generation_changed,
)
from homeostat.api import ObjectMeta, controller_of
from homeostat.controller import KindController
from homeostat.errors import ForbiddenError, InvalidError
from homeostat.k8s import apps_v1
from kinds import Network, NetworkSpec
from settings import Settings

ASKS = "samplecrd.k8s.io/network"
CIDR = "samplecrd.k8s.io/cidr"
GATEWAY = "samplecrd.k8s.io/gateway"


def deployment_controller(settings: Settings) -> KindController[apps_v1.Deployment]:
    """Return the controller that gives Deployments their Networks.

    Args:
        settings: Holds the addresses for those who name none.
    """

    @controller(
        apps_v1.Deployment,
        name="deployment-networks",
        owns=[Network],
        predicate=generation_changed | annotations_changed,
    )
    async def deployment_networks(deployment: apps_v1.Deployment, ctx: Context) -> None:
        """Give a Deployment with the annotation its Network; take it away without."""
        try:
            await _own_network(deployment, ctx, settings.default_cidr)
        except ForbiddenError as error:
            # A Deployment has no condition of ours: the event tells its owner.
            ctx.event("Forbidden", str(error), type="Warning")
            raise
        except InvalidError as error:
            ctx.event("InvalidNetwork", str(error), type="Warning")
            raise TerminalError(str(error)) from error

    return deployment_networks


async def _own_network(
    deployment: apps_v1.Deployment, ctx: Context, default_cidr: str
) -> None:
    name = deployment.metadata.name
    present = ctx.find(Network, name)
    owner = controller_of(present) if present is not None else None
    is_ours = owner is not None and owner.uid == deployment.metadata.uid
    if deployment.metadata.annotations.get(ASKS) != "true":
        going = present is not None and present.metadata.deletion_timestamp
        if present is not None and is_ours and not going:
            await ctx.delete(present)
        return
    if present is not None and not is_ours:
        message = f"Network {name} is there already and belongs to somebody else"
        ctx.event("NameTaken", message, type="Warning")
        return
    await ctx.apply(network_for(deployment, default_cidr), owned=True)


def network_for(deployment: apps_v1.Deployment, default_cidr: str) -> Network:
    """Return the Network that a Deployment asks for.

    Args:
        deployment: Its annotations may name cidr and gateway.
        default_cidr: For one that names none. The gateway that is not named is the
            first address.
    """
    metadata = deployment.metadata
    cidr = metadata.annotations.get(CIDR, default_cidr)
    gateway = metadata.annotations.get(GATEWAY, "")
    return Network(
        metadata=ObjectMeta(name=metadata.name, namespace=metadata.namespace),
        spec=NetworkSpec(cidr=cidr, gateway=gateway or _first_address(cidr)),
    )


def _first_address(cidr: str) -> str:
    try:
        return str(ipaddress.IPv4Network(cidr, strict=False).network_address + 1)
    except ValueError:
        return ""  # the API server says what is wrong with the cidr
