"""The contract suite: each test runs against the embedded and the real API server.

Where the two differ, the embedded one is wrong: every expectation here was taken from
the real one.
"""

import itertools
import os
from collections.abc import AsyncIterator

import pytest

from tests.harness.http import HttpTransport
from tests.harness.kube import ControlPlane
from tests.harness.server import Server

_numbers = itertools.count(1)


@pytest.fixture(params=["embedded", pytest.param("real", marks=pytest.mark.kube)])
def real_plane(request: pytest.FixtureRequest) -> ControlPlane | None:
    """The real control plane, or None for the embedded server."""
    if request.param == "embedded":
        return None
    plane = request.getfixturevalue("control_plane")
    assert isinstance(plane, ControlPlane)
    return plane


@pytest.fixture
async def server(real_plane: ControlPlane | None) -> AsyncIterator[Server]:
    """One API server and a fresh namespace in it."""
    namespace = f"contract-{os.getpid()}-{next(_numbers)}"
    if real_plane is None:
        from homeostat.apiserver import ApiServer  # noqa: PLC0415

        kind, transport = "embedded", ApiServer().transport()
    else:
        context = real_plane.ssl_context()
        kind = "real"
        transport = HttpTransport(
            real_plane.url, token=real_plane.token(), context=context
        )
    try:
        server = Server(kind, transport, namespace)
        body = {"metadata": {"name": namespace}}
        (await server.post("/api/v1/namespaces", body)).ok(201)
        yield server
    finally:
        await transport.close()
