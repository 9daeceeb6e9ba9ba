"""Clusters by name: in the foreground, in the background, killed, and beside others."""

import asyncio
import json
import os
import signal
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from homeostat.api import GroupVersionKind
from homeostat.client import Client, load_config
from homeostat.testing import eventually
from tests.harness.commands import (
    START_SECONDS,
    Started,
    kubeconfig_of,
    kubectl_for,
    one_line,
    run,
)

CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")


def test_local_up_says_first_how_to_reach_it(start: Callable[..., Started]) -> None:
    process = start("local", "up")
    kubeconfig = kubeconfig_of(process.line())
    process.wait_for("Ctrl-C ends it")
    assert kubeconfig.is_file()
    assert process.stop() == 0
    assert not kubeconfig.exists()


@pytest.mark.kube
def test_kubectl_works_on_local_up(
    start: Callable[..., Started], tmp_path: Path
) -> None:
    process = start("local", "up")
    kubectl = kubectl_for(kubeconfig_of(process.line()), tmp_path, "default")

    def nodes() -> None:
        assert len(kubectl("get", "nodes", "-o", "name").out.split()) == 2

    eventually(nodes, within=START_SECONDS)


def test_local_up_takes_the_port_that_it_is_given(
    start: Callable[..., Started],
) -> None:
    first = start("local", "up", "--profile", "apiserver", "--name", "first")
    url = load_config(str(kubeconfig_of(first.line()))).server
    done = run("local", "up", "--port", url.rpartition(":")[2])
    assert done.returncode == 1
    assert one_line(done).startswith("Error: ")
    assert "is taken: leave out --port" in done.stderr


def status(*args: str) -> list[dict[str, Any]]:
    done = run("local", "status", "--output", "json", *args)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


@pytest.fixture
def background() -> Iterator[Callable[..., Path]]:
    """Start clusters in the background; they are gone after the test."""

    def up(*args: str) -> Path:
        done = run("local", "up", "--detach", *args)
        assert done.returncode == 0, done.stderr
        (line,) = done.stdout.splitlines()
        return kubeconfig_of(line)

    yield up
    run("local", "down", "--all")


def uid_of(kubeconfig: Path, *, create: bool = False) -> str:
    """Return the uid of a ConfigMap, which is made first; "" when there is none."""

    config = load_config(str(kubeconfig))

    async def ask() -> str:
        async with Client(config) as client:
            if create:
                made = {"apiVersion": "v1", "kind": "ConfigMap"}
                await client.create(made | {"metadata": {"name": "kept"}})
            found = await client.list(CONFIG_MAP, namespace="default")
            uids = {each["metadata"]["name"]: each["metadata"]["uid"] for each in found}
            return str(uids.get("kept", ""))

    return asyncio.run(ask())


def test_background_cluster_from_up_to_down(background: Callable[..., Path]) -> None:
    kubeconfig = background("--profile", "apiserver")
    assert stat.S_IMODE(kubeconfig.stat().st_mode) == 0o600  # it holds a key
    (shown,) = status()
    assert (shown["name"], shown["state"]) == ("default", "running")
    assert shown["url"].startswith("https://127.0.0.1:")
    assert shown["objects"] > 0
    assert shown["memoryBytes"] > 10_000_000
    assert run("local", "kubeconfig").stdout == f"{kubeconfig}\n"
    # Its name is taken; another is not.
    again = run("local", "up")
    assert again.returncode == 1
    assert "cluster 'default' is running already, at https://" in one_line(again)
    assert one_line(again).endswith("`--name NAME` runs another beside it")
    background("--name", "other", "--profile", "apiserver", "--no-tls")
    assert [each["name"] for each in status()] == ["default", "other"]
    down = run("local", "down")
    assert (down.returncode, one_line(down)) == (0, "cluster 'default' ended")
    assert not kubeconfig.exists()
    assert [each["name"] for each in status()] == ["other"]
    down = run("local", "down")
    assert (down.returncode, one_line(down)) == (0, "cluster 'default' is not running")
    assert run("local", "status", "--name", "default").returncode == 1


def test_killed_cluster_comes_back_with_its_data(
    background: Callable[..., Path], tmp_path: Path
) -> None:
    kept = ("--profile", "apiserver", "--data-dir", str(tmp_path / "data"))
    kubeconfig = background(*kept)
    uid = uid_of(kubeconfig, create=True)
    (shown,) = status()
    os.kill(shown["pid"], signal.SIGKILL)
    eventually(lambda: status()[0]["state"] == "crashed", within=5)
    assert uid_of(background(*kept)) == uid
    # Emptied while it runs: the same process, at the same address.
    (before,) = status()
    assert run("local", "reset").returncode == 0
    (after,) = status()
    assert {**after, "memoryBytes": 0} == {**before, "memoryBytes": 0, "objects": 0} | {
        "objects": after["objects"]
    }
    assert uid_of(kubeconfig) == ""


def test_failure_in_the_background_is_told_in_the_foreground(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    done = run("local", "up", "--detach", "--data-dir", str(file / "data"))
    assert done.returncode == 1
    assert done.stdout == ""
    assert one_line(done).startswith(f"Error: cannot keep the cluster in {file}")
    assert status() == []


def test_state_that_cannot_be_kept_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(file))
    done = run("local", "up")
    assert done.returncode == 1
    assert one_line(done) == (
        f"Error: cannot keep the state of a cluster in {file}/homeostat/default: "
        "Not a directory; XDG_STATE_HOME names another place"
    )
