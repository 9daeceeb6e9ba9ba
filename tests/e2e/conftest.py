"""The real kube-apiserver with kube-controller-manager, for tests from end to end.

The local cluster's scheduler and simulated nodes make its pods ready.
"""

import itertools
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from tests.harness.clusters import any_cluster, simulated_plane
from tests.harness.commands import Started
from tests.harness.http import HttpTransport
from tests.harness.kube import ControlPlane
from tests.harness.server import Server

__all__ = ["any_cluster", "simulated_plane"]

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the clusters of a test apart from all others."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Started]]:
    running: list[Started] = []

    def begin(*args: str) -> Started:
        folder = tmp_path / str(len(running))
        folder.mkdir()
        running.append(Started(folder, *args))
        return running[-1]

    yield begin
    for each in running:
        each.__exit__()


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark tests on the control plane; keep them on the one worker that has it."""
    if (
        not isinstance(item, pytest.Function)
        or "cluster_plane" not in item.fixturenames
    ):
        return
    item.add_marker(pytest.mark.kube)
    if not item.get_closest_marker("xdist_group"):
        item.add_marker(pytest.mark.xdist_group("kube-e2e"))


@pytest.fixture(scope="session")
def cluster_plane(simulated_plane: ControlPlane) -> ControlPlane:
    """The real control plane with its controllers, for the whole session.

    One for everybody: it is the one that the tests of the examples run on.
    """
    return simulated_plane


@pytest.fixture
def cluster_kubeconfig(cluster_plane: ControlPlane) -> Path:
    """The path of a kubeconfig with which everything is allowed."""
    return cluster_plane.kubeconfig()


@pytest.fixture
async def cluster_server(cluster_plane: ControlPlane) -> AsyncIterator[Server]:
    """The API server without the client under test, and a fresh namespace in it.

    The namespace is deleted afterwards, so that its controllers have nothing to do
    while other tests run.
    """
    namespace = f"e2e-{os.getpid()}-{next(_numbers)}"
    transport = HttpTransport(
        cluster_plane.url,
        token=cluster_plane.token(),
        context=cluster_plane.ssl_context(),
    )
    server = Server("real", transport, namespace)
    try:
        path = "/api/v1/namespaces"
        (await server.post(path, {"metadata": {"name": namespace}})).ok(201)
        yield server
        await server.delete(f"{path}/{namespace}")
    finally:
        await transport.close()
