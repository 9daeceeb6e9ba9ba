"""Who kubectl is, and what it may do: over TLS, on both servers."""

import json
import os
from pathlib import Path

import pytest

from tests.harness.kube import ControlPlane
from tests.harness.kubectl import Kubectl, Outcome
from tests.harness.secure import SecureCluster

# The embedded half needs the real kubectl too.
pytestmark = pytest.mark.kube

_WHO = """\
ATTRIBUTE   VALUE
Username    admin
UID         admin
Groups      [system:masters system:authenticated]
"""
_BOB = """\
ATTRIBUTE   VALUE
Username    bob
UID         u
Groups      [a system:masters system:authenticated]
Extra: x    [y]
"""


@pytest.fixture(params=["embedded", "real"])
def place(request: pytest.FixtureRequest) -> SecureCluster | ControlPlane:
    """The embedded or the real server."""
    name = "control_plane" if request.param == "real" else "secure_cluster"
    found: SecureCluster | ControlPlane = request.getfixturevalue(name)
    return found


@pytest.fixture
def kubectl(place: SecureCluster | ControlPlane, tmp_path: Path) -> Kubectl:
    """Kubectl as the administrator."""
    return Kubectl(place.kubeconfig(), tmp_path, "default")


def ok(outcome: Outcome) -> str:
    assert outcome.code == 0, outcome.err
    return outcome.out


def test_whoami(kubectl: Kubectl) -> None:
    assert ok(kubectl("auth", "whoami")) == _WHO
    bob = ["--as=bob", "--as-uid=u", "--as-group=a", "--as-group=system:masters"]
    assert ok(kubectl("auth", "whoami", *bob, "--as-user-extra=x=y")) == _BOB


def test_certificate_is_who_it_names(
    place: SecureCluster | ControlPlane, tmp_path: Path
) -> None:
    kubectl = Kubectl(place.kubeconfig(certificate=True), tmp_path, "default")
    out = ok(kubectl("auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"))
    assert out == "admin"


def test_can_i(kubectl: Kubectl) -> None:
    assert ok(kubectl("auth", "can-i", "delete", "nodes")).endswith("yes\n")
    assert ok(kubectl("auth", "can-i", "get", "/metrics")) == "yes\n"
    assert "*.*" in ok(kubectl("auth", "can-i", "--list"))


def test_token_of_an_account_is_good(kubectl: Kubectl) -> None:
    name = f"account-{os.getpid()}"
    ok(kubectl("create", "serviceaccount", name))
    token = ok(kubectl("create", "token", name, "--duration=10m")).strip()
    # The kubeconfig's own token gives way to it.
    who = json.loads(ok(kubectl("auth", "whoami", "-o", "json", f"--token={token}")))
    user = who["status"]["userInfo"]["username"]
    assert user == f"system:serviceaccount:default:{name}"
    bound = ["--bound-object-kind=Secret", "--bound-object-name=nope"]
    refused = kubectl("create", "token", name, *bound)
    assert refused.err == 'error: failed to create token: secrets "nope" not found\n'
    ok(kubectl("delete", "serviceaccount", name))


def test_wrong_token_is_told(kubectl: Kubectl) -> None:
    refused = kubectl("get", "namespaces", "--token=nonsense")
    assert refused.code == 1
    assert refused.err.endswith(
        "error: You must be logged in to the server (the server has asked for the "
        "client to provide credentials)\n"
    )
