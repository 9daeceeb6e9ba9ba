"""Clients of others in Python: the same work with each, against the same cluster."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from homeostat.api import GroupVersionKind
from homeostat.client import Client
from homeostat.errors import AlreadyExistsError, NotFoundError
from homeostat.k8s import core_v1
from tests.clients import given
from tests.harness.clusters import AnyCluster
from tests.harness.commands import wait_until
from tests.harness.processes import Process

WIDGET = GroupVersionKind(given.GROUP, given.VERSION, given.KIND)

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.clients


@pytest.fixture
def widgets(box: AnyCluster) -> AnyCluster:
    """The cluster, which serves Widgets."""

    async def install(client: Client) -> None:
        try:
            await client.create(given.CRD)
        except AlreadyExistsError:
            return

    box.call(install)
    wait_until(lambda: box.call(lambda client: client.list(WIDGET)))
    return box


@pytest.mark.parametrize(
    "client", ["official", "official_asyncio", "with_kr8s", "with_lightkube"]
)
def test_client_does_its_work(
    client: str, widgets: AnyCluster, peers_python: Path, tmp_path: Path
) -> None:
    done = subprocess.run(
        [
            *(peers_python, "-m", f"tests.clients.{client}"),
            *(widgets.kubeconfig, widgets.namespace),
        ],
        cwd=ROOT,
        # Some keep there what they know of a server, by its address.
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_operator_of_kopf_handles_a_life(
    widgets: AnyCluster,
    peers_python: Path,
    run: Callable[..., Process],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    namespace = widgets.namespace
    monkeypatch.setenv("KUBECONFIG", str(widgets.kubeconfig))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    operator = Path(given.__file__).with_name("with_kopf.py")
    kopf = run(peers_python, "-m", "kopf", "run", "-n", namespace, str(operator))

    def status() -> Any:
        assert kopf.running, kopf.log_tail()
        return get()["status"]

    def get() -> Any:
        return widgets.call(lambda client: client.get(WIDGET, "w"))

    def said() -> set[str]:
        events = widgets.call(lambda client: client.list(core_v1.Event))
        return {event.message for event in events}

    widgets.call(lambda client: client.create(given.widget(namespace)))
    made = {"ready": 1, "created": {"color": "red"}}
    wait_until(lambda: status() == made)
    assert get()["metadata"]["finalizers"] == ["clients.example.com/kopf"]
    widgets.call(lambda client: client.patch(WIDGET, "w", given.PATCH))
    resized = {**made, "ready": 2, "resized/spec.size": "1 to 2"}
    wait_until(lambda: status() == resized)
    assert get()["metadata"]["generation"] == 2
    widgets.call(lambda client: client.delete(WIDGET, "w"))

    def gone() -> None:
        with pytest.raises(NotFoundError):
            get()

    wait_until(gone)
    wait_until(lambda: said() == {"of size 1", "farewell"})
