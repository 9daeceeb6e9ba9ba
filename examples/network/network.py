"""Networks in OpenStack Neutron, for Network objects and for Deployments that ask.

Run it with the Neutron to practise on and a cluster of its own::

    python examples/network/neutron.py --port 9696 &
    NEUTRON_URL=http://127.0.0.1:9696 homeostat run examples/network/network.py --local
"""

from collections.abc import Sequence
from datetime import datetime
from random import uniform  # noqa: TID251 - jitter needs no seed here
from typing import NoReturn, final

from cloud import (
    Absent,
    Cloud,
    CloudError,
    Marks,
    Observed,
    PermissionMissingError,
    Unknown,
)
from contest import NETWORK, SUBNET, Applied, complaint, remember, undone
from deployments import deployment_controller
from homeostat import Context, Requeue, Result, TerminalError, controller
from homeostat.api import Time, find_condition
from homeostat.controller import KindController
from homeostat.errors import ForbiddenError
from inventory import UID, Inventory
from kinds import Network
from openstack_cloud import OpenStackCloud
from permissions import Permissions
from plan import (
    CreateNetwork,
    CreateSubnet,
    Delete,
    Mark,
    Observation,
    Operation,
    Refuse,
    SetGateway,
    SetTags,
    Wanted,
    describe,
    plan,
    plan_removal,
)
from settings import Settings

__all__ = ["Network", "deployment_networks", "network_controller", "networks"]

FINALIZER = "samplecrd.k8s.io/neutron"
READY = "Ready"
CONTESTED = "Contested"
PERMITTED = "Permitted"


@final
class Operator:
    """Keeps Neutron in step with Networks.

    Invariant: it creates and deletes only what a plan says, and no plan is made from an
    unknown observation.

    Args:
        settings: How it behaves.
        cloud: Neutron.
        permissions: What it may do in Kubernetes.
    """

    def __init__(
        self, settings: Settings, cloud: Cloud, permissions: Permissions
    ) -> None:
        self._settings = settings
        self._permissions = permissions
        self._cloud = cloud
        self._inventory = Inventory(cloud, settings)

    async def reconcile(self, network: Network, ctx: Context) -> Result:
        """Bring Neutron in step with one Network."""
        left = self._due_in(network, ctx.clock.now())
        if left > 0:
            return Result(requeue_after=left)
        status = network.status
        applied = Applied(
            network_id=status.network_id,
            subnet_id=status.subnet_id,
            cidr=status.cidr,
            gateway=status.gateway,
        )
        await self._permitted(network, ctx)
        found = await self._observe(network, ctx)
        wanted = self._wanted(network)
        operations = plan(wanted, found, self._settings.cidr_change)
        for operation in operations:
            if isinstance(operation, Refuse):
                await self._refuse(network, operation, ctx)
            await self._do(operation, network, wanted, ctx)
        self._repaired(network, undone(applied, wanted, operations), ctx)
        await self._synced(network, operations, ctx)
        return Result(requeue_after=self._period())

    async def clean_up(self, network: Network, ctx: Context) -> None:
        """Delete in Neutron all that belongs to a Network."""
        found = await self._observe(network, ctx)
        for operation in plan_removal(found):
            await self._do(operation, network, self._wanted(network), ctx)
        self._inventory.forget(_tag(network))

    async def tell(self, network: Network, ctx: Context, error: Exception) -> None:
        """Say in the condition what Kubernetes forbids; other errors end in the log.

        The finalizer, too, may be what is forbidden: nothing else runs then.
        """
        if not isinstance(error, ForbiddenError):
            return
        network.set_condition(
            READY, "False", reason="Forbidden", message=str(error), now=ctx.clock.now()
        )
        await ctx.update_status(network)

    async def _permitted(self, network: Network, ctx: Context) -> None:
        """Say in a condition what the operator may not do; no news is no condition."""
        lacks, now = await self._permissions.lacking(ctx), ctx.clock.now()
        if lacks:
            network.set_condition(
                PERMITTED, "False", reason="Forbidden", message=lacks, now=now
            )
        elif lacks == "" and find_condition(network.status.conditions, PERMITTED):
            network.set_condition(PERMITTED, "True", reason="Granted", now=now)

    def _due_in(self, network: Network, now: datetime) -> float:
        """Return the seconds until a look at Neutron is due, 0 when it is.

        After a restart this is what keeps all Networks from being looked at at once.
        """
        status = network.status
        ready = find_condition(status.conditions, READY)
        in_step = ready is not None and ready.status == "True"
        seen = status.observed_generation == network.metadata.generation
        if not in_step or not seen or status.last_sync_time is None:
            return 0.0
        # A clock that was set back must not put the next look off for ever.
        ago = max(0.0, (now - status.last_sync_time).total_seconds())
        return self._period() - ago if ago < self._settings.resync else 0.0

    def _period(self) -> float:
        return self._settings.resync * uniform(1.0, 1.0 + self._settings.jitter)

    def _wanted(self, network: Network) -> Wanted:
        metadata = network.metadata
        tags = (self._settings.owner, _tag(network))
        marks = Marks(
            # For people; Neutron takes 255 characters.
            name=f"{metadata.namespace}-{metadata.name}"[:255],
            description=" ".join(tags),
            tags=frozenset(tags),
        )
        spec = network.spec
        return Wanted(cidr=spec.cidr, gateway=spec.gateway, marks=marks)

    async def _observe(self, network: Network, ctx: Context) -> Observation:
        """Return what there is, and take its ids into the status.

        Raises:
            Requeue: It is unknown; the status says so.
        """
        status = network.status
        found = await self._inventory.observe(
            _tag(network),
            network_id=status.network_id,
            subnet_id=status.subnet_id,
            ctx=ctx,
        )
        match found:
            case Unknown(error):
                await self._failed(network, error, ctx, ready=None)
            case Observed(value):
                status.network_id = value.networks[0].id
                status.subnet_id = value.subnets[0].id if value.subnets else ""
            case Absent():
                status.network_id = status.subnet_id = ""
        return found

    async def _do(
        self, operation: Operation, network: Network, wanted: Wanted, ctx: Context
    ) -> None:
        """Do one operation of a plan.

        Raises:
            Requeue: It failed; the status says why, and holds the ids known by then.
        """
        try:
            await self._inventory.write(
                _tag(network),
                lambda: self._send(operation, network, wanted),
                ctx=ctx,
            )
        except CloudError as error:
            await self._failed(network, error, ctx, ready=error.ready)

    def _send(self, operation: Operation, network: Network, wanted: Wanted) -> None:
        """Ask Neutron for one operation; in a thread, which blocks."""
        cloud, marks, status = self._cloud, wanted.marks, network.status
        match operation:
            case CreateNetwork():
                status.network_id = cloud.create_network(marks).id
            case CreateSubnet():
                made = cloud.create_subnet(
                    marks,
                    network_id=status.network_id,
                    cidr=wanted.cidr,
                    gateway=wanted.gateway,
                )
                status.subnet_id = made.id
            case Mark(collection, id_):
                cloud.mark(collection, id_, marks)
            case SetTags(collection, id_, tags):
                cloud.set_tags(collection, id_, tags)
            case SetGateway(id_):
                cloud.set_gateway(id_, cidr=wanted.cidr, gateway=wanted.gateway)
            case Delete(collection, id_):
                cloud.delete(collection, id_)
            case Refuse():
                pass

    def _repaired(self, network: Network, fields: Sequence[str], ctx: Context) -> None:
        """Note what was set back, and whether somebody else fights over it."""
        status, now = network.status, ctx.clock.now()
        gone = [field for field in fields if field in (NETWORK, SUBNET)]
        for field in gone:
            message = f"the {field} was deleted in Neutron; made anew"
            ctx.event("ExternallyDeleted", message, type="Warning")
        status.repairs = remember(
            status.repairs, fields, now=now, window=self._settings.contest_window
        )
        message = complaint(status.repairs, times=self._settings.contested)
        known = find_condition(status.conditions, CONTESTED)
        if message:
            network.set_condition(
                CONTESTED, "True", reason="ChangedAgain", message=message, now=now
            )
            if fields:
                ctx.event(CONTESTED, message, type="Warning")
            if known is None or known.status != "True":
                ctx.logger.warning(message)
        elif known is not None:
            network.set_condition(
                CONTESTED, "False", reason="Settled", message="", now=now
            )

    async def _synced(
        self, network: Network, operations: Sequence[Operation], ctx: Context
    ) -> None:
        self._inventory.succeeded(_tag(network))
        status, spec, now = network.status, network.spec, ctx.clock.now()
        if operations:
            ctx.event("Changed", "; ".join(map(describe, operations)))
        status.cidr, status.gateway = spec.cidr, spec.gateway
        status.last_sync_time = Time.of(now)
        message = f"network {status.network_id} has subnet {status.subnet_id}"
        network.set_condition(READY, "True", reason="Synced", message=message, now=now)
        await ctx.update_status(network)

    async def _refuse(
        self, network: Network, refusal: Refuse, ctx: Context
    ) -> NoReturn:
        self._inventory.succeeded(_tag(network))
        reason, message = refusal.reason, refusal.message
        network.set_condition(
            READY, "False", reason=reason, message=message, now=ctx.clock.now()
        )
        await ctx.update_status(network)
        ctx.event(reason, message, type="Warning")
        raise TerminalError(message)

    async def _failed(
        self, network: Network, error: CloudError, ctx: Context, *, ready: bool | None
    ) -> NoReturn:
        message, now = str(error), ctx.clock.now()
        news = network.set_condition(
            READY, ready, reason=error.reason, message=message, now=now
        )
        if news:  # not again at every retry
            is_permission = isinstance(error, PermissionMissingError)
            log = ctx.logger.error if is_permission else ctx.logger.warning
            log(message)
        delay = self._inventory.retry_in(_tag(network), error)
        await ctx.update_status(network)
        raise Requeue(after=delay, reason=error.reason) from error


def _tag(network: Network) -> str:
    return f"{UID}{network.metadata.uid}"


def network_controller(settings: Settings, cloud: Cloud) -> KindController[Network]:
    """Return a controller of Networks; each has a view of Neutron of its own.

    Args:
        settings: How it behaves.
        cloud: Neutron.
    """
    permissions = Permissions(
        lambda: [*made.rules(), *deployment_controller(settings).rules()],
        period=settings.resync,
    )
    operator = Operator(settings, cloud, permissions)
    decorate = controller(
        Network, name="networks", max_concurrent_reconciles=settings.workers
    )
    made = decorate(operator.reconcile)
    made.finalizer(FINALIZER)(operator.clean_up)
    made.on_error(operator.tell)
    return made


_settings = Settings.of()
networks = network_controller(
    _settings, OpenStackCloud(_settings.neutron_url, timeout=_settings.timeout)
)
deployment_networks = deployment_controller(_settings)
