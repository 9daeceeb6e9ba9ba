"""Neutron through openstacksdk."""

import ipaddress
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast, final

from cloud import (
    CloudError,
    CloudNetwork,
    CloudSubnet,
    Collection,
    Marks,
    PermissionMissingError,
    RefusedError,
    UnavailableError,
    VanishedError,
    Verb,
)

if TYPE_CHECKING:
    from openstack.connection import Connection
    from openstack.network.v2._proxy import Proxy

T = TypeVar("T")


@final
class OpenStackCloud:
    """A ``Cloud`` that is a real one, or the Neutron to practise on.

    Connects when it is first used, and again when that failed: a Neutron that is down
    at start is like one that goes down later. Its calls may come from several threads.

    Args:
        url: A Neutron without authentication; "" for the cloud that clouds.yaml or
            OS_* name, as ``openstack.connect()`` finds it.
        timeout: Seconds until a request counts as unanswered.
    """

    def __init__(self, url: str = "", *, timeout: float = 30.0) -> None:
        self._url = url
        self._timeout = timeout
        self._connection: Connection | None = None
        self._connecting = threading.Lock()
        # Whether this Neutron takes tags in a create; learned from its first refusal.
        self._takes_tags = True

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        with self._connecting:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def networks(self) -> Sequence[CloudNetwork]:
        """Return all networks of the operator's project."""

        def act(proxy: "Proxy") -> list[CloudNetwork]:
            return [_network(item) for item in proxy.networks(**self._project())]

        return self._ask("list", "networks", act)

    def subnets(self) -> Sequence[CloudSubnet]:
        """Return all subnets of the operator's project."""

        def act(proxy: "Proxy") -> list[CloudSubnet]:
            return [_subnet(item) for item in proxy.subnets(**self._project())]

        return self._ask("list", "subnets", act)

    def create_network(self, marks: Marks) -> CloudNetwork:
        """Create a network; it bears its marks from the first moment."""

        def act(proxy: "Proxy", marked: Mapping[str, Any]) -> CloudNetwork:
            return _network(proxy.create_network(**marked))

        return self._create("networks", marks, act)

    def create_subnet(
        self, marks: Marks, *, network_id: str, cidr: str, gateway: str
    ) -> CloudSubnet:
        """Create a subnet; it bears its marks from the first moment."""

        def act(proxy: "Proxy", marked: Mapping[str, Any]) -> CloudSubnet:
            made = proxy.create_subnet(
                network_id=network_id,
                ip_version=ipaddress.ip_network(cidr).version,
                cidr=cidr,
                gateway_ip=gateway,
                **marked,
            )
            return _subnet(made)

        return self._create("subnets", marks, act)

    def mark(self, collection: Collection, id_: str, marks: Marks) -> None:
        """Set name and description."""
        self._update(
            collection, id_, {"name": marks.name, "description": marks.description}
        )

    def set_gateway(self, id_: str, *, cidr: str, gateway: str) -> None:
        """Change the gateway of a subnet."""
        # Neutron refuses a gateway within the pools, which were cut for the old one.
        attributes = {"gateway_ip": gateway, "allocation_pools": pools(cidr, gateway)}
        self._update("subnets", id_, attributes)

    def set_tags(self, collection: Collection, id_: str, tags: frozenset[str]) -> None:
        """Replace the tags."""
        from openstack.network.v2.network import Network  # noqa: PLC0415 - see _proxy
        from openstack.network.v2.subnet import Subnet  # noqa: PLC0415

        kind = Network if collection == "networks" else Subnet

        def act(proxy: "Proxy") -> None:
            proxy.set_tags(kind.existing(id=id_), sorted(tags))

        self._ask("update", collection, act)

    def delete(self, collection: Collection, id_: str) -> None:
        """Delete a network or subnet; absent is done."""

        def act(proxy: "Proxy") -> None:
            if collection == "networks":
                proxy.delete_network(id_, ignore_missing=True)
            else:
                proxy.delete_subnet(id_, ignore_missing=True)

        self._ask("delete", collection, act)

    def _create(
        self,
        collection: Collection,
        marks: Marks,
        act: Callable[["Proxy", Mapping[str, Any]], T],
    ) -> T:
        plain = {"name": marks.name, "description": marks.description}
        tagged = {**plain, "tags": sorted(marks.tags)}
        if self._takes_tags:
            try:
                return self._ask("create", collection, lambda p: act(p, tagged))
            except RefusedError as error:
                if "'tags'" not in str(error):
                    raise
                self._takes_tags = False
        # The description names the owner until the operator's next look adds the tags.
        return self._ask("create", collection, lambda p: act(p, plain))

    def _update(
        self, collection: Collection, id_: str, attributes: Mapping[str, Any]
    ) -> None:
        def act(proxy: "Proxy") -> None:
            if collection == "networks":
                proxy.update_network(id_, **attributes)
            else:
                proxy.update_subnet(id_, **attributes)

        self._ask("update", collection, act)

    def _ask(
        self, verb: Verb, collection: Collection, act: Callable[["Proxy"], T]
    ) -> T:
        try:
            return act(self._proxy())
        except Exception as error:  # the SDK lets many kinds through
            raise _failure(verb, collection, error) from error

    def _project(self) -> dict[str, str]:
        # An administrator's lists would hold the networks of all projects.
        project = self._connect().current_project_id
        return {"project_id": project} if project else {}

    def _proxy(self) -> "Proxy":
        return self._connect().network

    def _connect(self) -> "Connection":
        # Imported here: it costs 0.2 s, which `homeostat crd` need not pay.
        from openstack import connection  # noqa: PLC0415

        with self._connecting:
            if self._connection is None and self._url:
                self._connection = connection.Connection(
                    auth_type="none",
                    auth={"endpoint": self._url},
                    network_endpoint_override=self._url,
                    api_timeout=self._timeout,
                )
            elif self._connection is None:
                self._connection = connection.from_config(api_timeout=self._timeout)
            return self._connection


def _network(item: Any) -> CloudNetwork:  # noqa: ANN401 - what came over the wire
    return CloudNetwork(
        id=_text(item.id),
        name=item.name or "",
        description=item.description or "",
        tags=frozenset(item.tags or ()),
    )


def _subnet(item: Any) -> CloudSubnet:  # noqa: ANN401 - what came over the wire
    return CloudSubnet(
        id=_text(item.id),
        network_id=_text(item.network_id),
        name=item.name or "",
        cidr=_text(item.cidr),
        gateway=item.gateway_ip or "",
        description=item.description or "",
        tags=frozenset(item.tags or ()),
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"a field that must be a text is {value!r}")
    return value


def _failure(verb: Verb, collection: Collection, error: Exception) -> CloudError:
    """Return what an error of the SDK means."""
    code = cast("int | None", getattr(error, "status_code", None))
    what = f"{verb} {collection}"
    # Without addresses of objects in it: a condition must not change at every retry.
    text = cast("str | None", getattr(error, "details", None)) or str(error)
    detail = re.sub(r"<?[\w.]+ object at 0x[0-9a-f]+>?:? ?", "", text)[:512]
    match code:
        case 403:
            return PermissionMissingError(
                f"Neutron forbids its user to {what}: {detail}",
                everybody=verb == "list",
            )
        case 404 if verb != "list":
            return VanishedError(f"cannot {what}: {detail}")
        case 400 | 409:
            return RefusedError(f"cannot {what}: {detail}")
        case _:
            answer = f"{code} {detail}" if code else detail
            return UnavailableError(
                f"cannot {what}: {answer}",
                retry_after=_retry_after(error),
                everybody=code in (None, 401, 429, 502, 503, 504),
            )


def _retry_after(error: Exception) -> float | None:
    response: Any = getattr(error, "response", None)
    headers: Mapping[str, str] = getattr(response, "headers", None) or {}
    try:
        return max(0.0, float(headers["Retry-After"]))
    except (KeyError, ValueError):  # absent, or a date: the backoff will do
        return None


def pools(cidr: str, gateway: str) -> list[dict[str, str]]:
    """Return all addresses that hosts can have, without the gateway."""
    network = ipaddress.ip_network(cidr)
    make = type(network.network_address)
    # As numbers: one less than the lowest address of all is no address.
    lowest, highest = int(network.network_address), int(network.broadcast_address)
    first, last = lowest + 1, highest - (network.version == 4)  # no broadcast in IPv6
    router = int(ipaddress.ip_address(gateway))
    ranges = [(first, router - 1), (max(first, router + 1), last)]
    return [
        {"start": str(make(start)), "end": str(make(end))}
        for start, end in ranges
        if start <= end
    ]
