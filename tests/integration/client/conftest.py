"""The client on both API servers: the embedded one in process, the real one by TLS."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from homeostat._random import Random
from homeostat._transport import Transport
from homeostat.api import ObjectMeta
from homeostat.apiserver import ApiServer
from homeostat.client import Client, ClusterConfig, load_config
from homeostat.k8s import core_v1
from tests.harness.kube import ControlPlane


@pytest.fixture(
    name="client", params=["embedded", pytest.param("real", marks=pytest.mark.kube)]
)
async def _client(request: pytest.FixtureRequest) -> AsyncGenerator[Client]:
    """A client in a namespace of the test's own."""
    target: ClusterConfig | Transport
    if request.param == "real":
        plane: ControlPlane = request.getfixturevalue("control_plane")
        target = await asyncio.to_thread(load_config, plane.kubeconfig())
    else:
        target = ApiServer().transport()
    namespace = f"client-{Random().suffix()}"
    async with Client(target, namespace=namespace) as client:
        await client.create(core_v1.Namespace(metadata=ObjectMeta(name=namespace)))
        yield client
