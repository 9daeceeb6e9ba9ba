"""Fixtures of the tests of the network operator."""

from collections.abc import Iterator

import pytest

from homeostat.testing import Cluster
from lab import Lab
from tests.harness.clusters import AnyCluster, on_embedded


@pytest.fixture
def lab(any_cluster: AnyCluster) -> Iterator[Lab]:
    """Both clusters, each with a Neutron."""
    lab = Lab(any_cluster)
    try:
        yield lab
    finally:
        lab.close()


@pytest.fixture
def embedded_lab(session_cluster: Cluster) -> Iterator[Lab]:
    """What concerns Neutron more than Kubernetes needs one cluster only."""
    with on_embedded(session_cluster) as embedded:
        lab = Lab(embedded)
        try:
            yield lab
        finally:
            lab.close()
