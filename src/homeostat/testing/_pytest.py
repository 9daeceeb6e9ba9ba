"""The pytest plugin.

pytest loads it in every project where homeostat is installed, so it imports nothing
heavy before a test asks for a fixture.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import pytest

if TYPE_CHECKING:
    from homeostat.testing import Cluster

MARKER = "cluster(**options): what the cluster of a test or a module is made of"


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", MARKER)


@pytest.fixture
def cluster(request: pytest.FixtureRequest) -> "Iterator[Cluster]":
    """A fresh Kubernetes cluster in this process; see ``homeostat.testing.Cluster``.

    ``@pytest.mark.cluster(profile="apiserver")`` passes on what it is made of.
    """
    yield from _running(_options(request))


@pytest.fixture(scope="module")
def _of_module(request: pytest.FixtureRequest) -> "Iterator[Cluster]":
    yield from _settled(_options(request))


@pytest.fixture(scope="session")
def _of_session() -> "Iterator[Cluster]":
    yield from _settled({})


@pytest.fixture
def module_cluster(_of_module: "Cluster") -> "Iterator[Cluster]":
    """One cluster for the tests of a module; what a test does is undone after it.

    ``pytestmark = pytest.mark.cluster(...)`` says what it is made of.
    """
    with _of_module.isolated():
        yield _of_module


@pytest.fixture
def session_cluster(_of_session: "Cluster") -> "Iterator[Cluster]":
    """One cluster for all tests; what a test does is undone after it."""
    with _of_session.isolated():
        yield _of_session


def _options(request: pytest.FixtureRequest) -> dict[str, Any]:
    # pytest says what it is from 9.2 on.
    node = cast(
        "pytest.Item | pytest.Collector",
        request.node,  # pyright: ignore[reportUnknownMemberType]
    )
    marker = node.get_closest_marker("cluster")
    return dict(marker.kwargs) if marker else {}


def _running(options: dict[str, Any]) -> "Iterator[Cluster]":
    from homeostat.testing import Cluster  # noqa: PLC0415

    with Cluster(**options) as running:
        yield running


def _settled(options: dict[str, Any]) -> "Iterator[Cluster]":
    """Run a cluster that is at rest: what is restored later is that state."""
    for running in _running(options):
        running.settle()
        yield running
