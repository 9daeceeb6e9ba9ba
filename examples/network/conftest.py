"""Fixtures of the tests of the network operator."""

from collections.abc import Iterator

import pytest

from homeostat.testing import Cluster
from lab import Lab
from tests.harness.clusters import AnyCluster


@pytest.fixture
def lab(any_cluster: AnyCluster) -> Iterator[Lab]:
    """Both clusters, each with a Neutron."""
    lab = Lab(any_cluster)
    try:
        yield lab
    finally:
        lab.close()


@pytest.fixture
def embedded_lab(cluster: Cluster) -> Iterator[Lab]:
    """What concerns Neutron more than Kubernetes needs one cluster only."""
    embedded = AnyCluster(
        "embedded",
        lambda namespace: cluster.client(namespace=namespace),
        lambda: cluster.kubeconfig,
    )
    with embedded:
        lab = Lab(embedded)
        try:
            yield lab
        finally:
            lab.close()
