"""The harness itself: what bad-day tests rely on."""

import os
import time
from collections.abc import Iterator

import pytest

from homeostat.client import Client, load_config
from tests.harness import binaries, clusters
from tests.harness.clusters import AnyCluster
from tests.harness.http import HttpTransport
from tests.harness.kube import ControlPlane, ControlPlaneError
from tests.harness.objects import config_map
from tests.harness.server import Server

pytestmark = [pytest.mark.kube, pytest.mark.xdist_group("kube-harness")]


@pytest.fixture(scope="module")
def own_plane() -> Iterator[ControlPlane]:
    """A control plane that these tests stop and start."""
    with ControlPlane() as plane:
        yield plane


def _pids(plane: ControlPlane) -> list[int]:
    return [process.pid for process in plane._processes.values()]


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def _write(plane: ControlPlane, name: str, user: str = "admin") -> int:
    transport = HttpTransport(
        plane.url, token=plane.token(user), context=plane.ssl_context()
    )
    server = Server("real", transport, "default")
    try:
        answer = await server.post(server.core("configmaps"), config_map(name))
        return answer.status
    finally:
        await transport.close()


def _has(plane: ControlPlane, name: str) -> bool:
    return plane.get(f"/api/v1/namespaces/default/configmaps/{name}")[0] == 200


async def test_restart_keeps_data_and_address(own_plane: ControlPlane) -> None:
    assert await _write(own_plane, "restart") == 201
    url = own_plane.url
    own_plane.restart_api()
    assert own_plane.url == url
    assert _has(own_plane, "restart")


async def test_stopped_server_is_gone_until_it_is_started(
    own_plane: ControlPlane,
) -> None:
    own_plane.stop_api()
    assert own_plane.get("/readyz") == (0, b"")
    own_plane.start()
    own_plane.wait_ready()
    assert own_plane.get("/readyz")[0] == 200


async def test_wipe_forgets_everything(own_plane: ControlPlane) -> None:
    assert await _write(own_plane, "wipe") == 201
    own_plane.wipe()
    assert not _has(own_plane, "wipe")


async def test_other_users_are_forbidden_until_they_are_bound(
    own_plane: ControlPlane,
) -> None:
    assert await _write(own_plane, "jane", "jane") == 403


def test_nobody_waits_for_a_service_account_that_nobody_makes(
    own_plane: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clusters, "_START_SECONDS", 0.5)
    config = load_config(str(own_plane.kubeconfig()))
    with (
        pytest.raises(TimeoutError, match="does kube-controller-manager still run"),
        AnyCluster(
            "real", lambda ns: Client(config, namespace=ns), own_plane.kubeconfig
        ),
    ):
        pass


def test_component_that_ended_is_named() -> None:
    with ControlPlane() as plane:
        plane.check()
        plane._processes["etcd"].kill()
        with pytest.raises(ControlPlaneError, match="etcd ended"):
            plane.check()


def test_kubeconfig_is_private(own_plane: ControlPlane) -> None:
    path = own_plane.kubeconfig(certificate=True)
    assert path.stat().st_mode & 0o077 == 0
    assert "client-certificate" in path.read_text()


def test_nothing_is_left_behind() -> None:
    with ControlPlane() as plane:
        folder, pids = plane.folder, _pids(plane)
        assert all(_alive(pid) for pid in pids)
        begun = time.monotonic()
    assert time.monotonic() - begun < 5
    assert not folder.exists()
    assert not any(_alive(pid) for pid in pids)


def test_assets_come_before_what_was_built(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    folder = str(tmp_path)
    with open(f"{folder}/kubectl", "w") as file:
        file.write("#!/bin/sh\n")
    os.chmod(f"{folder}/kubectl", 0o755)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", folder)
    assert str(binaries.find("kubectl")) == f"{folder}/kubectl"
    assert str(binaries.find("etcd")) != f"{folder}/etcd"
