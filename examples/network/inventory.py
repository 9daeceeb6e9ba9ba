"""What Neutron holds, read in bulk for all Networks, and how patient to be with it.

Guarantees:

* One list of networks and one of subnets serve every Network for ``max_age`` seconds,
  and only one such pair is under way at a time.
* A Network about which something was sent is never judged by a list that began before
  that request had ended, whatever became of it.
* A list that fails says "unknown" about every Network. While Neutron is down, or has
  asked for patience (429), nothing is sent at all.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from random import uniform  # noqa: TID251 - jitter needs no seed here
from typing import TypeVar, final

from cloud import (
    Absent,
    Cloud,
    CloudError,
    CloudNetwork,
    CloudSubnet,
    Observed,
    UnavailableError,
    Unknown,
)
from homeostat import Context
from plan import Found, Observation
from settings import Settings

T = TypeVar("T")

UID = "uid-"  # the tag of a Network is this and its uid


class Snapshot:
    """One pair of lists, indexed.

    Args:
        began: Time of the loop before the first of them was asked for.
        owner: Tag of what belongs to this operator.
        networks: All of the project.
        subnets: All of the project.
    """

    def __init__(
        self,
        began: float,
        owner: str,
        networks: Sequence[CloudNetwork],
        subnets: Sequence[CloudSubnet],
    ) -> None:
        self.began = began
        self._networks = {network.id: network for network in networks}
        self._of_tag: defaultdict[str, list[CloudNetwork]] = defaultdict(list)
        self._subnets: defaultdict[str, list[CloudSubnet]] = defaultdict(list)
        for network in networks:
            for tag in _tags(network, owner):
                self._of_tag[tag].append(network)
        for subnet in subnets:
            self._subnets[subnet.network_id].append(subnet)
        self._owner = owner

    def find(self, tag: str, network_id: str, subnet_id: str) -> Observation:
        """Return what there is of a Network.

        Args:
            tag: Its own tag.
            network_id: As in its status, for a network that lost its marks; or "".
            subnet_id: Likewise.
        """
        known = self._networks.get(network_id)
        others = [n for n in self._of_tag.get(tag, ()) if n.id != network_id]
        networks = ([known] if known else []) + sorted(others, key=lambda n: n.id)
        if not networks:
            return Absent()
        subnets = [
            subnet
            for subnet in self._subnets.get(networks[0].id, ())
            if subnet.id == subnet_id or tag in _tags(subnet, self._owner)
        ]
        subnets.sort(key=lambda subnet: (subnet.id != subnet_id, subnet.id))
        return Observed(Found(networks=tuple(networks), subnets=tuple(subnets)))


def _tags(item: CloudNetwork | CloudSubnet, owner: str) -> set[str]:
    """Return the tags of Networks on ``item``, if it is the operator's at all."""
    words = item.tags | set(item.description.split())
    return {w for w in words if w.startswith(UID)} if owner in words else set()


@final
class Inventory:
    """Everything that the operator asks of Neutron goes through here.

    Args:
        cloud: Neutron.
        settings: See ``Settings``.
    """

    def __init__(self, cloud: Cloud, settings: Settings) -> None:
        self._cloud = cloud
        self._settings = settings
        self._listing = asyncio.Lock()
        self._snapshot: Snapshot | None = None
        # By tag: no list that began before this time of the loop may judge it.
        self._not_before: dict[str, float] = {}
        self._failures: dict[str, int] = {}  # by tag; "" is Neutron as a whole
        self._closed_until = 0.0
        self._closed_by: CloudError | None = None

    async def observe(
        self, tag: str, *, network_id: str, subnet_id: str, ctx: Context
    ) -> Observation:
        """Return what Neutron has of a Network, asking it only when necessary."""
        now = asyncio.get_running_loop().time()
        needed = self._not_before.get(tag, now - self._settings.max_age)
        if needed > now:
            wait = "the answer to an earlier request may still come"
            return Unknown(UnavailableError(wait, retry_after=needed - now))
        async with self._listing:
            snapshot = self._snapshot
            if snapshot is None or snapshot.began < needed:
                try:
                    snapshot = await self._list(ctx)
                except CloudError as error:
                    return Unknown(error)
        return snapshot.find(tag, network_id, subnet_id)

    async def write(self, tag: str, act: Callable[[], T], *, ctx: Context) -> T:
        """Send something about a Network.

        Cancellation: the request may still be done; the next look waits for its end.

        Raises:
            CloudError: It failed, or nothing was sent because Neutron is down.
        """
        self._check_open()
        now = asyncio.get_running_loop().time
        # Until the thread says otherwise: as long as a request can take.
        self._not_before[tag] = now() + self._settings.timeout

        def timed() -> T:
            try:
                return act()
            finally:
                self._not_before[tag] = now()

        return await self._watched(ctx.in_thread(timed))

    def retry_in(self, tag: str, error: CloudError) -> float:
        """Return after how many seconds to try a Network again that met an error."""
        count = self._failures.get(tag, 0)
        self._failures[tag] = count + 1
        patience = self._backoff(count) if error.retry_after is None else 0.0
        closed = self._closed_until - asyncio.get_running_loop().time()
        delay = max(patience, error.retry_after or 0.0, closed)
        # Those who wait for the same moment must not come all at once.
        return delay * uniform(1.0, 1.0 + self._settings.jitter)

    def succeeded(self, tag: str) -> None:
        """Forget the failures of a Network."""
        self._failures.pop(tag, None)

    def forget(self, tag: str) -> None:
        """Forget a Network that is gone."""
        self._failures.pop(tag, None)
        self._not_before.pop(tag, None)

    async def _list(self, ctx: Context) -> Snapshot:
        self._check_open()
        began = asyncio.get_running_loop().time()
        # Networks last: whose subnet is in the list, its network is there, too.
        subnets = await self._watched(ctx.in_thread(self._cloud.subnets))
        networks = await self._watched(ctx.in_thread(self._cloud.networks))
        self._snapshot = Snapshot(began, self._settings.owner, networks, subnets)
        marks = dict(self._not_before)  # a copy: threads write to it
        self._not_before = {tag: at for tag, at in marks.items() if at > began}
        return self._snapshot

    async def _watched(self, answer: Awaitable[T]) -> T:
        try:
            value = await answer
        except CloudError as error:
            if error.everybody:
                self._close(error)
            raise
        self._failures.pop("", None)
        return value

    def _close(self, error: CloudError) -> None:
        count = self._failures.get("", 0)
        self._failures[""] = count + 1
        wait = self._backoff(count) if error.retry_after is None else error.retry_after
        until = asyncio.get_running_loop().time() + wait
        self._closed_until, self._closed_by = max(self._closed_until, until), error

    def _check_open(self) -> None:
        left = self._closed_until - asyncio.get_running_loop().time()
        if left > 0 and self._closed_by is not None:
            error = self._closed_by
            raise type(error)(str(error), retry_after=left)

    def _backoff(self, failures: int) -> float:
        settings = self._settings
        return min(settings.max_backoff, settings.backoff * 2.0 ** min(failures, 32))
