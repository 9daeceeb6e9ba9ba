"""The tests of the examples run on both clusters: see ``tests.harness.clusters``."""

from tests.conftest import _no_blocking, pytest_runtest_setup
from tests.harness.clusters import any_cluster, simulated_plane

__all__ = ["_no_blocking", "any_cluster", "pytest_runtest_setup", "simulated_plane"]
