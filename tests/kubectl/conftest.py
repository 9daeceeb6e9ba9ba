"""Both clusters with all their controllers, as kubectl sees them."""

from collections.abc import Iterator

import pytest

from tests.harness.clusters import simulated_plane
from tests.harness.secure import SecureCluster

__all__ = ["simulated_plane"]


@pytest.fixture(scope="session")
def whole_cluster() -> Iterator[SecureCluster]:
    """The embedded cluster over TLS, with all of its controllers."""
    with SecureCluster("cluster") as cluster:
        yield cluster
