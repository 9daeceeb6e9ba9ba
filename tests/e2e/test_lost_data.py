"""A real server that comes back without its data, in the middle of our watches."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from homeostat._clock import SystemClock
from homeostat._tasks import Group
from homeostat._transport import HttpRequest, HttpResponse, HttpStream, Transport
from homeostat.api import GroupVersionKind, Unstructured
from homeostat.cache import Delta, Informer, InformerFactory
from homeostat.client import Client, ClusterConfig
from homeostat.client._http import HttpTransport
from homeostat.testing import eventually
from tests.harness.kube import ControlPlane

pytestmark = pytest.mark.kube

CONFIG = GroupVersionKind("", "v1", "ConfigMap")
SERVICE = GroupVersionKind("", "v1", "Service")
PROMPT = 30.0  # seconds; two missed bookmarks take 130


class Gate:
    """A balancer before the server: who comes while nothing serves has to wait."""

    def __init__(self, inner: Transport) -> None:
        self.inner = inner
        self.open = asyncio.Event()
        self.open.set()
        self.identified = 0

    async def request(self, request: HttpRequest) -> HttpResponse:
        await self.open.wait()
        self.identified += request.path.endswith("/namespaces/kube-system")
        return await self.inner.request(request)

    @asynccontextmanager
    async def stream(self, request: HttpRequest) -> AsyncGenerator[HttpStream]:
        await self.open.wait()
        async with self.inner.stream(request) as stream:
            yield stream

    async def close(self) -> None:
        await self.inner.close()


@pytest.fixture
async def transport(private_control_plane: ControlPlane) -> AsyncIterator[Transport]:
    plane = private_control_plane
    config = ClusterConfig(
        server=plane.url,
        certificate_authority=str(plane.ca_file),
        token=plane.token(),
    )
    transport = HttpTransport(config, clock=SystemClock())
    yield transport
    await transport.close()
    # A TLS connection says goodbye after it was closed; the loop ends before.
    await asyncio.sleep(0.05)


async def shows(informer: Informer[Any], name: str) -> None:
    async def check() -> None:
        assert informer.lister.find(name, "default") is not None

    await eventually(check, within=PROMPT)


def config_map(name: str, value: str) -> Unstructured:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "default"},
        "data": {"value": value},
    }


@pytest.mark.parametrize("past", [False, True], ids=["below", "past"])
async def test_new_history_is_noticed_promptly(
    private_control_plane: ControlPlane,
    transport: Transport,
    caplog: pytest.LogCaptureFixture,
    *,
    past: bool,
) -> None:
    plane, gate, outsider = private_control_plane, Gate(transport), Client(transport)
    factory = InformerFactory(Client(gate))
    informer = factory.informer(CONFIG, namespaces=["default"])
    services = factory.informer(SERVICE)
    deltas: list[Delta] = []
    informer.add_handler(deltas.append)
    async with Group() as group:
        task = group.start(factory.run(), name="factory")
        await informer.wait_synced()
        await services.wait_synced()
        # Below: our versions are ahead of all that the new server will have for long.
        for n in range(1 if past else 600):
            await outsider.create(config_map(f"old-{n}", "old"))
        await outsider.create(config_map("both", "old"))
        await shows(informer, "both")
        before = informer.watermark
        gate.open.clear()
        await asyncio.to_thread(plane.wipe)
        made = await outsider.create(config_map("both", "new"))
        while past and int(made["metadata"]["resourceVersion"]) <= before + 50:
            made["data"] = {"value": f"new {made['metadata']['resourceVersion']}"}
            made = await outsider.update(made)
        assert (int(made["metadata"]["resourceVersion"]) > before) == past
        uid = made["metadata"]["uid"]
        with caplog.at_level(logging.INFO, "homeostat.cache"):
            gate.open.set()

            async def healed() -> None:
                live = await outsider.list(CONFIG, namespace="default")
                shown = {r.name: r.uid for r in informer.lister.records()}
                assert shown == {
                    o["metadata"]["name"]: o["metadata"]["uid"] for o in live
                }
                assert shown["both"] == uid
                assert services.lister.get("kubernetes", "default")
                assert informer.health.ok
                assert services.health.ok

            await eventually(healed, within=PROMPT)
        [error] = [r for r in caplog.records if r.levelno == logging.ERROR]
        assert "lost its data" in error.getMessage()
        assert [d for d in deltas if d.key.name == "both"][-1].reason in {
            "restart",
            "watch",
        }
        assert any(d.reason == "restart" for d in deltas)
        # One for the start, one or two for all who doubted.
        assert 2 <= gate.identified <= 4
        task.cancel()


async def test_server_that_restarts_with_its_data_loses_nothing(
    private_control_plane: ControlPlane, transport: Transport
) -> None:
    outsider = Client(transport)
    factory = InformerFactory(Client(transport))
    informer = factory.informer(CONFIG, namespaces=["default"])
    deltas: list[Delta] = []
    async with Group() as group:
        task = group.start(factory.run(), name="factory")
        await informer.wait_synced()
        informer.add_handler(deltas.append)
        await asyncio.to_thread(private_control_plane.restart_api)
        await outsider.create(config_map("after", "new"))
        await shows(informer, "after")
        assert not [d for d in deltas if d.reason == "restart"]
        task.cancel()


async def test_role_in_that_one_namespace_allows_to_ask(
    control_plane: ControlPlane,
) -> None:
    """What an operator may be given that may do nothing cluster-wide."""
    config = ClusterConfig(
        server=control_plane.url,
        certificate_authority=str(control_plane.ca_file),
        token=control_plane.token("jane"),
    )
    path = HttpRequest(method="GET", path="/api/v1/namespaces/kube-system")
    group = "rbac.authorization.k8s.io"
    name = {"name": "asks-who-it-is", "namespace": "kube-system"}
    role = {
        "apiVersion": f"{group}/v1",
        "kind": "Role",
        "metadata": name,
        "rules": [
            {
                "apiGroups": [""],
                "resources": ["namespaces"],
                "resourceNames": ["kube-system"],
                "verbs": ["get"],
            }
        ],
    }
    binding = {
        "apiVersion": f"{group}/v1",
        "kind": "RoleBinding",
        "metadata": name,
        "roleRef": {"apiGroup": group, "kind": "Role", "name": name["name"]},
        "subjects": [{"apiGroup": group, "kind": "User", "name": "jane"}],
    }
    admin = replace(config, token=control_plane.token())
    async with Client(config) as jane, Client(admin) as outsider:
        assert (await jane.request(path)).status == 403
        await outsider.create(role)
        await outsider.create(binding)

        async def allowed() -> None:
            assert (await jane.request(path)).status == 200

        try:
            await eventually(allowed, within=PROMPT)
        finally:
            for kind in ("RoleBinding", "Role"):
                await outsider.delete(
                    GroupVersionKind(group, "v1", kind),
                    name["name"],
                    namespace=name["namespace"],
                )
    # A TLS connection says goodbye after it was closed; the loop ends before.
    await asyncio.sleep(0.05)
