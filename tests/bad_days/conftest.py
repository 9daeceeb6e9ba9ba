"""Bad days: what goes wrong around an operator, and that it comes right again.

One module per kind of trouble. Each test runs on the embedded server in virtual time,
where hours of back-off cost nothing, and on the real kube-apiserver (marker ``kube``);
some only where they can happen.

* ``faults.py``: a transport that cuts, delays, refuses, loses answers and ends watches,
  by rules.
* ``loops.py``: real time that can be moved forward.
* ``kinds.py``: the kind, and an operator that writes in every way there is.
* ``world.py``: one server, one namespace, operators that can be killed, and the oracle:
  the end state is that of an undisturbed run, caches equal the server, nothing waits.
"""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack

import pytest

from homeostat.apiserver import ApiServer
from homeostat.testing import VirtualTimeLoop
from tests.bad_days.loops import RealTimeLoop
from tests.bad_days.world import World
from tests.harness.kube import ControlPlane

_numbers = itertools.count(1)


def pytest_asyncio_loop_factories() -> Mapping[
    str, Callable[[], asyncio.AbstractEventLoop]
]:
    """Make two tests of each: on virtual time, and on real time that can jump."""
    return {"embedded": VirtualTimeLoop, "real": RealTimeLoop}


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark the tests that run against the real server."""
    if "[real" in item.name:
        item.add_marker(pytest.mark.kube)


def _is_real(item: pytest.Item) -> bool:
    return item.get_closest_marker("kube") is not None


@pytest.fixture
def plane(request: pytest.FixtureRequest) -> ControlPlane | None:
    """The real control plane, or None for the embedded server.

    A test that restarts it or takes its data asks for ``private_control_plane``, too.
    """
    if not _is_real(request.node):
        return None
    private = "private_control_plane" in request.fixturenames
    name = "private_control_plane" if private else "control_plane"
    found = request.getfixturevalue(name)
    assert isinstance(found, ControlPlane)
    return found


@pytest.fixture
async def worlds(
    plane: ControlPlane | None,
) -> AsyncIterator[Callable[[], Awaitable[World]]]:
    """Make worlds with Sets: each a namespace, on the embedded server a server."""
    async with AsyncExitStack() as stack:

        async def make() -> World:
            world = _world(plane)
            stack.push_async_callback(world.close)
            await world.prepare()
            return world

        yield make


@pytest.fixture
async def world(worlds: Callable[[], Awaitable[World]]) -> World:
    """A server with Sets, and a namespace of the test's own."""
    return await worlds()


def _world(plane: ControlPlane | None) -> World:
    namespace = f"bad-{os.getpid()}-{next(_numbers)}"
    server = ApiServer() if plane is None else None
    return World(namespace, server=server, plane=plane)
