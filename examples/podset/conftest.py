"""Fixtures of the tests of the PodSet operator."""

import pytest

from examples.podset.lab import Web
from examples.podset.podset import podsets
from tests.harness.clusters import AnyCluster


@pytest.fixture
def web(any_cluster: AnyCluster) -> Web:
    """The operator runs; no PodSet is there."""
    any_cluster.start(podsets)
    return Web(any_cluster)
