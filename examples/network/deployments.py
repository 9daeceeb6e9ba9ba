"""A Network for every Deployment that asks for one by an annotation."""

import ipaddress
from datetime import datetime

from homeostat import (
    Context,
    TerminalError,
    Watch,
    annotations_changed,
    controller,
    generation_changed,
)
from homeostat.api import ObjectMeta, Time, controller_of
from homeostat.cache import Record
from homeostat.controller import KindController, by_name, predicate
from homeostat.errors import ForbiddenError, InvalidError
from homeostat.k8s import apps_v1
from kinds import Network, NetworkSpec
from settings import Settings

ASKS = "samplecrd.k8s.io/network"
CIDR = "samplecrd.k8s.io/cidr"
GATEWAY = "samplecrd.k8s.io/gateway"

# In the status of the Deployment, which others write, too: hence the domain.
APPLIED = "samplecrd.k8s.io/NetworkApplied"


@predicate
def gone(_old: Record | None, new: Record | None) -> bool:
    """Let only those through that are there no more."""
    return new is None


def deployment_controller(settings: Settings) -> KindController[apps_v1.Deployment]:
    """Return the controller that gives Deployments their Networks.

    Args:
        settings: Holds the addresses for those who name none.
    """

    @controller(
        apps_v1.Deployment,
        name="deployment-networks",
        owns=[Network],
        # A name that somebody else had taken is free again.
        watches=[Watch(Network, to=by_name(), predicate=gone)],
        predicate=generation_changed | annotations_changed,
    )
    async def deployment_networks(deployment: apps_v1.Deployment, ctx: Context) -> None:
        """Give a Deployment with the annotation its Network; take it away without."""
        try:
            await _own_network(deployment, ctx, settings.default_cidr)
        except InvalidError as error:
            raise TerminalError(str(error)) from error

    @deployment_networks.on_error
    async def tell(
        deployment: apps_v1.Deployment, ctx: Context, error: Exception
    ) -> None:
        """Say in the Deployment why it has no Network."""
        if isinstance(error, ForbiddenError):
            await _trouble(deployment, ctx, "Forbidden", str(error))
        elif isinstance(error, TerminalError):
            await _trouble(deployment, ctx, "InvalidNetwork", str(error))

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
        await _say(deployment, ctx, None)
        return
    if present is not None and not is_ours:
        message = f"Network {name} is there already and belongs to somebody else"
        await _trouble(deployment, ctx, "NameTaken", message)
        return
    await ctx.apply(network_for(deployment, default_cidr), owned=True)
    if any(c.type == APPLIED for c in deployment.status.conditions):
        # It said that something was wrong; without that, silence costs no write.
        condition = apps_v1.DeploymentCondition(
            type=APPLIED, status="True", reason="Applied"
        )
        await _say(deployment, ctx, condition)


async def _trouble(
    deployment: apps_v1.Deployment, ctx: Context, reason: str, message: str
) -> None:
    condition = apps_v1.DeploymentCondition(
        type=APPLIED, status="False", reason=reason, message=message
    )
    if await _say(deployment, ctx, condition):
        ctx.event(reason, message, type="Warning")


async def _say(
    deployment: apps_v1.Deployment,
    ctx: Context,
    condition: apps_v1.DeploymentCondition | None,
) -> bool:
    """Set our condition of a Deployment, or remove it; return whether that is news."""
    conditions = deployment.status.conditions
    known = next((c for c in conditions if c.type == APPLIED), None)
    if known is None and condition is None:
        return False
    others = [c for c in conditions if c.type != APPLIED]
    if condition is None:
        deployment.status.conditions = others
    else:
        if known is not None and _same(known, condition):
            return False
        now = ctx.clock.now()
        condition.last_update_time = Time.of(now)
        condition.last_transition_time = _since(known, condition, now)
        deployment.status.conditions = [*others, condition]
    await ctx.update_status(deployment)
    return True


def _same(one: apps_v1.DeploymentCondition, other: apps_v1.DeploymentCondition) -> bool:
    return (one.status, one.reason, one.message) == (
        other.status,
        other.reason,
        other.message,
    )


def _since(
    known: apps_v1.DeploymentCondition | None,
    condition: apps_v1.DeploymentCondition,
    now: datetime,
) -> Time:
    if known is not None and known.status == condition.status:
        return known.last_transition_time or Time.of(now)
    return Time.of(now)


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
        return str(ipaddress.ip_network(cidr, strict=False).network_address + 1)
    except ValueError:
        return ""  # the API server says what is wrong with the cidr
