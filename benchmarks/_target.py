"""What a benchmark is run against: a server and one of its resources."""

import argparse
import json
from dataclasses import dataclass
from typing import Any, ClassVar

from homeostat._transport import HttpRequest
from homeostat.api import GroupVersionKind, Object, Resource
from homeostat.client import Client, ClusterConfig, load_config
from homeostat.errors import ApiError

__all__ = ["Target", "add_target", "find_resource", "pull", "target_of"]

WIDGETS = "widgets.v1.bench.example.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A server, one of its resources, and how many objects of it to expect."""

    config: ClusterConfig
    resource: str
    count: int

    def client(self) -> Client:
        """Return a client; the caller closes it."""
        return Client(self.config, user_agent="homeostat-benchmarks")


def add_target(parser: argparse.ArgumentParser) -> None:
    """Declare the options that ``target_of`` reads."""
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--server", help="address, as http://127.0.0.1:8080")
    where.add_argument("--kubeconfig", help="file")
    parser.add_argument(
        "--resource",
        default=WIDGETS,
        help=f"RESOURCE.VERSION.GROUP, or RESOURCE.VERSION of the core ({WIDGETS})",
    )
    parser.add_argument(
        "--count", type=int, required=True, help="objects to wait for, at least"
    )


def target_of(options: argparse.Namespace) -> Target:
    """Return what the options name."""
    if options.server:
        config = ClusterConfig(server=options.server.rstrip("/"))
    else:
        config = load_config(options.kubeconfig)
    return Target(config=config, resource=options.resource, count=options.count)


async def find_resource(client: Client, text: str) -> Resource:
    """Return the resource of a name as ``widgets.v1.bench.example.com``.

    A server without discovery is asked for one object, whose list names its kind.

    Raises:
        LookupError: The server has no such resource.
    """
    plural, _, rest = text.partition(".")
    version, _, group = rest.partition(".")
    try:
        found = await client.discover()
    except ApiError:
        served: list[Resource] = []
    else:
        served = list(found.resources)
    for resource in served:
        gvk = resource.gvk
        if (resource.plural, gvk.version, gvk.group) == (plural, version, group):
            return resource
    return await _guess(client, plural, version, group)


async def pull(client: Client, trigger: str) -> str:
    """Let the updates happen that a path stands for; returns the version of the last.

    Args:
        client: Of the replay server.
        trigger: Path and query to POST to.
    """
    path, _, query = trigger.partition("?")
    pairs = tuple(pair.partition("=")[::2] for pair in query.split("&"))
    answer = await client.request(HttpRequest(method="POST", path=path, query=pairs))
    version: str = json.loads(answer.body)["resourceVersion"]
    return version


async def _guess(client: Client, plural: str, version: str, group: str) -> Resource:
    root = f"/apis/{group}/{version}" if group else f"/api/{version}"
    query = (("limit", "1"),)
    request = HttpRequest(method="GET", path=f"{root}/{plural}", query=query)
    answer = await client.request(request)
    if answer.status != 200:
        raise LookupError(f"{root}/{plural} is not served: status {answer.status}")
    document: dict[str, Any] = json.loads(answer.body)
    kind = document["kind"].removesuffix("List")
    resource = Resource(
        gvk=GroupVersionKind(group, version, kind), plural=plural, namespaced=True
    )

    class Known(Object):
        __resource__: ClassVar[Resource] = resource

    # From here on the client knows the kind without discovery.
    return await client.resource_for(Known)
