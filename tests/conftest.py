"""What every test stands on: the real control plane, and no blocking of loops."""

import functools
import os
from collections.abc import Iterator
from typing import Any

import pytest
from blockbuster import BlockBuster
from hypothesis import HealthCheck, settings

from tests.harness import binaries
from tests.harness.kube import ControlPlane
from tests.harness.secure import SecureCluster

_SKIPPED = "kube-skipped"  # a category of its own, so that -ra does not list them too
_REASON = "needs the real kube-apiserver"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests on one real server together: it is started once in a run.

    ``--dist loadgroup`` then gives them to one worker, while the server keeps another
    core busy. Without grouping each worker starts a server of its own, which is slower
    but as right: nothing is shared between workers.
    """
    for item in items:
        if item.get_closest_marker("kube") and not item.get_closest_marker(
            "xdist_group"
        ):
            item.add_marker(pytest.mark.xdist_group("kube"))


# How busy the machine is decides on no verdict.
settings.register_profile(
    "homeostat", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("homeostat")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs binaries that are not there, or fail where they are demanded."""
    if item.get_closest_marker("kube") is None or not binaries.missing():
        return
    absent = ", ".join(binaries.missing())
    if os.environ.get("HOMEOSTAT_REQUIRE_KUBE") == "1":
        pytest.fail(f"{_REASON}, no {absent}: {binaries.REMEDY}", pytrace=False)
    pytest.skip(_REASON)


def pytest_report_teststatus(
    report: pytest.CollectReport | pytest.TestReport,
) -> tuple[str, str, str] | None:
    """Count tests skipped for want of the real server apart from all others."""
    if report.skipped and _REASON in str(report.longrepr):
        return _SKIPPED, "s", "SKIPPED"
    return None


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say in one line what was left out, and what to do about it."""
    count = len(terminalreporter.stats.get(_SKIPPED, ()))
    if count:
        terminalreporter.write_line(
            f"{count} tests on the real kube-apiserver were skipped: {binaries.REMEDY}",
            yellow=True,
        )


@functools.cache
def _blockbuster() -> BlockBuster:
    """Return the only one: the examples take the fixture below in a second time.

    A journal is written on the loop: docs/adr/007-journal.md says what that costs.
    """
    blockbuster = BlockBuster("homeostat")
    commit = blockbuster.functions["sqlite3.Connection.execute"]
    commit.can_block_in("apiserver/_journal.py", {"put", "remove"})
    return blockbuster


@pytest.fixture(scope="session", autouse=True)
def _no_blocking() -> Iterator[None]:
    """Fail a test whose event loop is blocked by code of the library.

    On for all of the run: to turn it on and off takes longer than most tests.
    """
    blockbuster = _blockbuster()
    blockbuster.activate()
    yield
    blockbuster.deactivate()


@pytest.fixture
def private_control_plane() -> Iterator[ControlPlane]:
    """A real API server of the test's own, to be stopped, restarted or wiped."""
    with ControlPlane() as plane:
        yield plane


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """The real API server without controllers, for whoever works in own namespaces."""
    with ControlPlane() as plane:
        yield plane


@pytest.fixture(scope="session")
def secure_cluster() -> Iterator[SecureCluster]:
    """An embedded API server over TLS, for whoever works in own namespaces."""
    with SecureCluster() as cluster:
        yield cluster
