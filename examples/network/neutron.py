"""A Neutron API server to practise on: networks, subnets, tags, and bad days.

It speaks the part of the OpenStack Networking API v2.0 that the operator uses, keeps
its state in memory, and fails on request. Start one by hand with
``python examples/network/neutron.py --port 9696``.

Source: https://docs.openstack.org/api-ref/network/v2/
"""

import argparse
import asyncio
import ipaddress
import json
import uuid
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Body = dict[str, Any]
Answer = tuple[int, Body | None]


class NeutronError(Exception):
    """An error in Neutron's own form."""

    def __init__(self, code: int, type_: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.body = {"NeutronError": {"type": type_, "message": message, "detail": ""}}


@dataclass(kw_only=True)
class Fault:
    """What goes wrong with the next requests that match.

    Attributes:
        method: HTTP method; "" matches all.
        path: Prefix of the path, as ``/v2.0/networks``.
        times: How many requests it strikes.
        code: Answer with this status, without doing the work; 0 does the work.
        delay: Seconds to wait before the work.
        retry_after: Seconds that a 429 asks to wait.
        lose_answer: Do the work, then drop the connection.
        nonsense: Do the work, then answer 200 with a page that is no JSON.
    """

    method: str = ""
    path: str = "/"
    times: int = 1
    code: int = 0
    delay: float = 0.0
    retry_after: float = 1.0
    lose_answer: bool = False
    nonsense: bool = False


@dataclass
class Neutron:
    """The state of one Neutron, and its API as a pure function over it.

    Attributes:
        networks: By id.
        subnets: By id.
        requests: How many requests came, by ``"POST networks"``.
        faults: What will go wrong; the first that matches strikes.
        takes_tags: Whether a create may bring tags; off, as in a Neutron that lets
            them be set afterwards only.
    """

    networks: dict[str, Body] = field(default_factory=dict[str, Body])
    subnets: dict[str, Body] = field(default_factory=dict[str, Body])
    requests: Counter[str] = field(default_factory=Counter[str])
    faults: list[Fault] = field(default_factory=list[Fault])
    url: str = ""
    takes_tags: bool = True

    def strike(self, method: str, path: str) -> Fault | None:
        """Return the fault for this request and use it up."""
        for fault in self.faults:
            if fault.method in ("", method) and path.startswith(fault.path):
                fault.times -= 1
                if fault.times <= 0:
                    self.faults.remove(fault)
                return fault
        return None

    def handle(
        self, method: str, path: str, query: Mapping[str, str], body: Body
    ) -> Answer:
        """Do one request.

        Raises:
            NeutronError: As Neutron answers it.
        """
        parts = [part for part in path.split("/") if part]
        if not parts:
            link = {"rel": "self", "href": f"{self.url}/v2.0/"}
            version = {"id": "v2.0", "status": "CURRENT", "links": [link]}
            return 200, {"versions": [version]}
        _version, collection, *rest = (*parts, "")[: max(len(parts), 2)]
        self.requests[f"{method} {collection}"] += 1
        tables = {"networks": self.networks, "subnets": self.subnets}
        if collection not in tables:
            raise NeutronError(404, "HTTPNotFound", "The resource could not be found.")
        if len(rest) > 1:
            return self._tags(method, tables[collection], rest[0], body)
        return self._crud(method, collection, rest[0] if rest else "", query, body)

    def _crud(
        self, method: str, plural: str, id_: str, query: Mapping[str, str], body: Body
    ) -> Answer:
        table = self.networks if plural == "networks" else self.subnets
        singular = plural[:-1]
        if method == "POST":
            if "tags" in body[singular] and not self.takes_tags:
                message = "Attribute 'tags' not allowed in POST"
                raise NeutronError(400, "HTTPBadRequest", message)
            create = self._new_network if plural == "networks" else self._new_subnet
            item = create(body[singular])
            table[item["id"]] = item
            return 201, {singular: item}
        if not id_:
            return 200, {plural: [i for i in table.values() if _matches(i, query)]}
        item = _find(table, singular, id_)
        if method == "PUT":
            self._update(plural, item, body[singular])
        elif method == "DELETE":
            self._delete(plural, item)
            return 204, None
        return 200, {singular: item}

    def _new_network(self, wanted: Body) -> Body:
        return {
            "id": str(uuid.uuid4()),
            "name": wanted.get("name", ""),
            "description": wanted.get("description", ""),
            "admin_state_up": wanted.get("admin_state_up", True),
            "status": "ACTIVE",
            "tags": sorted(wanted.get("tags", [])),
            "subnets": [],
        }

    def _new_subnet(self, wanted: Body) -> Body:
        network = _find(self.networks, "network", wanted["network_id"])
        try:
            cidr = ipaddress.ip_network(wanted["cidr"])
        except ValueError as error:
            raise NeutronError(400, "InvalidInput", f"Invalid input: {error}") from None
        if wanted["ip_version"] != cidr.version:
            message = f"cidr {cidr} does not match the ip_version"
            raise NeutronError(400, "InvalidInput", message)
        for other in (self.subnets[id_] for id_ in network["subnets"]):
            if cidr.overlaps(ipaddress.ip_network(other["cidr"])):
                message = f"Requested subnet with cidr: {cidr} overlaps with another."
                raise NeutronError(400, "InvalidInput", message)
        id_ = str(uuid.uuid4())
        network["subnets"].append(id_)
        return {
            "id": id_,
            "network_id": network["id"],
            "name": wanted.get("name", ""),
            "description": wanted.get("description", ""),
            "ip_version": cidr.version,
            "cidr": str(cidr),
            "gateway_ip": _address(wanted.get("gateway_ip", str(cidr[1]))),
            "tags": sorted(wanted.get("tags", [])),
        }

    def _update(self, plural: str, item: Body, wanted: Body) -> None:
        fixed = {"subnets": ("cidr", "network_id", "ip_version")}.get(plural, ())
        for name in fixed:
            if name in wanted:
                message = f"Attribute '{name}' not allowed in PUT"
                raise NeutronError(400, "HTTPBadRequest", message)
        if "gateway_ip" in wanted:
            wanted = {**wanted, "gateway_ip": _address(wanted["gateway_ip"])}
        item.update(wanted)

    def _delete(self, plural: str, item: Body) -> None:
        if plural == "subnets":
            self.networks[item["network_id"]]["subnets"].remove(item["id"])
            del self.subnets[item["id"]]
            return
        for id_ in item["subnets"]:
            del self.subnets[id_]
        del self.networks[item["id"]]

    def _tags(
        self, method: str, table: dict[str, Body], id_: str, body: Body
    ) -> Answer:
        item = _find(table, "resource", id_)
        if method == "PUT":
            item["tags"] = sorted(body["tags"])
        return 200, {"tags": item["tags"]}

    @asynccontextmanager
    async def serve(self, port: int = 0) -> AsyncGenerator[str]:
        """Serve on loopback until the block exits; yields the URL."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", _handler(self))
        # Whoever waits for an answer gets none: of that, bad days are made.
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        host, bound = runner.addresses[0][:2]
        self.url = f"http://{host}:{bound}"
        try:
            yield self.url
        finally:
            await runner.cleanup()


def _address(text: str) -> str:
    """Return an address as Neutron writes it: FD00::0001 as fd00::1."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as error:
        raise NeutronError(400, "InvalidInput", f"Invalid input: {error}") from None


def _find(table: dict[str, Body], kind: str, id_: str) -> Body:
    if id_ in table:
        return table[id_]
    name = kind.capitalize()
    raise NeutronError(404, f"{name}NotFound", f"{name} {id_} could not be found.")


def _matches(item: Body, query: Mapping[str, str]) -> bool:
    for name, value in query.items():
        if name == "tags" and not set(value.split(",")) <= set(item["tags"]):
            return False
        if name in ("id", "name", "network_id") and item.get(name) != value:
            return False
    return True


def _handler(
    neutron: Neutron,
) -> Callable[[web.Request], Any]:
    async def handle(request: web.Request) -> web.StreamResponse:
        fault = neutron.strike(request.method, request.path) or Fault()
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.code:
            message = {"NeutronError": {"type": "Fault", "message": "on request"}}
            patience = {"Retry-After": f"{fault.retry_after:g}"}
            headers = patience if fault.code == 429 else {}
            return web.json_response(message, status=fault.code, headers=headers)
        text = await request.text()
        try:
            code, body = neutron.handle(
                request.method,
                request.path,
                request.query,
                json.loads(text) if text else {},
            )
        except NeutronError as error:
            code, body = error.code, error.body
        if fault.lose_answer and request.transport is not None:
            request.transport.close()
        if fault.nonsense:
            return web.Response(text="<html>proxy</html>", content_type="text/html")
        if body is None:
            return web.Response(status=code)
        return web.json_response(body, status=code)

    return handle


async def _main(port: int) -> None:
    async with Neutron().serve(port) as url:
        print(f"export NEUTRON_URL={url}", flush=True)  # noqa: T201 -- for a shell
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A Neutron API server to practise on")
    parser.add_argument("--port", type=int, default=9696)
    asyncio.run(_main(parser.parse_args().port))
