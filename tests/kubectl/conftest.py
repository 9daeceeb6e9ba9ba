"""Both clusters with all their controllers, as kubectl sees them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from homeostat.testing import eventually
from tests.harness.clusters import simulated_plane
from tests.harness.kube import ControlPlane
from tests.harness.kubectl import Kubectl
from tests.harness.secure import SecureCluster

__all__ = ["simulated_plane"]


@pytest.fixture(scope="session")
def whole_cluster() -> Iterator[SecureCluster]:
    """The embedded cluster over TLS, with all of its controllers."""
    with SecureCluster("cluster") as cluster:
        yield cluster


@pytest.fixture
def bare_plane(simulated_plane: ControlPlane, tmp_path: Path) -> ControlPlane:
    """The real control plane without the custom kinds that other tests have left.

    What a server serves is part of what kubectl prints of it.
    """
    kubectl = Kubectl(simulated_plane.kubeconfig(), tmp_path, "default")
    definitions = "customresourcedefinitions"
    groups = kubectl("get", definitions, "-o", "jsonpath={.items[*].spec.group}").out
    assert kubectl("delete", definitions, "--all").code == 0

    def forgotten() -> None:
        served = kubectl("api-versions").out.split()
        assert not {each.partition("/")[0] for each in served} & {*groups.split()}

    eventually(forgotten)
    return simulated_plane
