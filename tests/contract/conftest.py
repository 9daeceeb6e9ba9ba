"""The contract suite: each test runs against the embedded and the real API server.

Where the two differ, the embedded one is wrong: every expectation here was taken from
the real one. The embedded server runs on a loop with virtual time, so that its
timeouts cost nothing; the real one keeps its own time.
"""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest

from homeostat.apiserver import ApiServer
from homeostat.testing import VirtualTimeLoop
from tests.harness.http import HttpTransport
from tests.harness.kube import ControlPlane
from tests.harness.server import Server
from tests.harness.widgets import install, widget

_numbers = itertools.count(1)


def pytest_asyncio_loop_factories() -> Mapping[
    str, Callable[[], asyncio.AbstractEventLoop]
]:
    """Make two tests of each: on virtual time and on real time."""
    return {"embedded": VirtualTimeLoop, "real": asyncio.new_event_loop}


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark the tests that run against the real server."""
    if _is_real(item):
        item.add_marker(pytest.mark.kube)


def _is_real(item: pytest.Item) -> bool:
    return isinstance(item, pytest.Function) and "[real" in item.name


@pytest.fixture
def plane(request: pytest.FixtureRequest) -> ControlPlane | None:
    """The real control plane, or None for the embedded server."""
    if not _is_real(request.node):
        return None
    plane = request.getfixturevalue("control_plane")
    assert isinstance(plane, ControlPlane)
    return plane


@pytest.fixture
def embedded(plane: ControlPlane | None) -> ApiServer | None:
    """The embedded server, or None for the real one."""
    return ApiServer() if plane is None else None


@pytest.fixture
async def server(
    plane: ControlPlane | None, embedded: ApiServer | None
) -> AsyncIterator[Server]:
    """One API server and a fresh namespace in it."""
    namespace = f"contract-{os.getpid()}-{next(_numbers)}"
    if embedded is not None:
        kind, transport = "embedded", embedded.transport()
    else:
        assert plane is not None
        context = plane.ssl_context()
        kind = "real"
        transport = HttpTransport(plane.url, token=plane.token(), context=context)
    try:
        server = Server(kind, transport, namespace)
        body = {"metadata": {"name": namespace}}
        (await server.post("/api/v1/namespaces", body)).ok(201)
        yield server
    finally:
        await transport.close()


@pytest.fixture
async def widgets(server: Server) -> str:
    """The path of the Widgets in the namespace."""
    return await install(server)


@pytest.fixture
async def w(server: Server, widgets: str) -> Any:
    """A Widget of the name w."""
    return (await server.post(widgets, widget(size=1))).ok(201)


@pytest.fixture
def forget(
    plane: ControlPlane | None, embedded: ApiServer | None
) -> Callable[[], None]:
    """Make a server forget its history: call it, and all that was before is too old.

    The real server keeps snapshots of its own beside etcd's, so it is started again;
    nothing else uses it meanwhile, for each test worker has one of its own.
    """

    def run() -> None:
        if plane is not None:
            plane.restart_api()
            plane.compact()
        else:
            assert embedded is not None
            embedded.compact()

    return run
