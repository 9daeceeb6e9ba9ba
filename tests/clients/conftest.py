"""A cluster of ``homeostat local up``, over TLS, for clients of other people."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from homeostat.client import Client, load_config
from tests.harness.clusters import AnyCluster
from tests.harness.commands import Started, kubeconfig_of
from tests.harness.go import build_programs, find_go
from tests.harness.processes import Process

_ROOT = Path(__file__).resolve().parents[2]
_PYTHON = _ROOT / ".venv-peers" / "bin" / "python"


def _absent(what: str) -> NoReturn:
    """Skip a test, or fail where other people's clients are demanded."""
    if os.environ.get("HOMEOSTAT_REQUIRE_CLIENTS") == "1":
        pytest.fail(what, pytrace=False)
    pytest.skip(what)


@pytest.fixture(scope="session")
def peers_python() -> Path:
    """The Python in which the clients are installed."""
    if not _PYTHON.exists():
        _absent("needs Python clients of others: `make bench-python` installs them")
    return _PYTHON


@pytest.fixture(scope="session")
def go() -> str:
    """The compiler."""
    return find_go() or _absent("needs Go")


@pytest.fixture(scope="session")
def programs(go: str) -> Path:
    """The folder of the programs in Go, built: half a minute at first."""
    return build_programs(go, "programs")


@pytest.fixture(scope="session")
def local_kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The kubeconfig of a cluster in a process of its own."""
    folder = tmp_path_factory.mktemp("local")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(folder))
        started = Started(folder, "local", "up")
    with started:
        yield kubeconfig_of(started.line())


@pytest.fixture
def box(local_kubeconfig: Path) -> Iterator[AnyCluster]:
    """That cluster, with a fresh namespace."""
    config = load_config(str(local_kubeconfig))
    assert config.server.startswith("https://")

    def connect(namespace: str) -> Client:
        return Client(config, namespace=namespace)

    with AnyCluster("embedded", connect, lambda: local_kubeconfig) as cluster:
        yield cluster


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Run programs; those that still run are killed after the test."""
    running: list[Process] = []

    def begin(program: Path, *args: str) -> Process:
        log = tmp_path / f"{program.name}-{len(running)}.log"
        running.append(Process(program, args, log=log))
        return running[-1]

    yield begin
    for each in running:
        each.kill()
