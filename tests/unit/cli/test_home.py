import json
import os
import subprocess
from pathlib import Path

import pytest

from homeostat.cli._home import Home, Record, birth_of, home_of, homes
from homeostat.errors import ConfigError


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home("default", tmp_path)


def record_of(pid: int, *, birth: str = "", url: str = "") -> Record:
    since = "2026-01-01T00:00:00+00:00"
    return Record(pid=pid, birth=birth or birth_of(pid), since=since, url=url)


def test_cluster_that_never_was_has_no_state(home: Home) -> None:
    assert home.state() is None
    assert home.process() is None
    assert not home.path.exists()


def test_lock_is_for_one(home: Home) -> None:
    home.take()
    assert home.state() == "starting"
    with pytest.raises(ConfigError, match="is being started by another command"):
        home.take()
    home.write(record_of(os.getpid(), url="http://127.0.0.1:1"))
    assert (home.state(), home.process()) == ("running", os.getpid())
    with pytest.raises(ConfigError, match=r"running already, at http://127.0.0.1:1"):
        home.take()


def test_process_that_was_killed_leaves_no_number_to_kill(home: Home) -> None:
    home.path.mkdir()
    home.write(record_of(os.getpid(), url="http://127.0.0.1:1"))
    assert (home.state(), home.process()) == ("crashed", None)


def test_number_of_a_stranger_is_no_process_of_the_cluster(home: Home) -> None:
    home.take()
    with subprocess.Popen(["sleep", "9"]) as stranger:
        home.write(record_of(stranger.pid, birth=birth_of(os.getpid())))
        assert (home.state(), home.process()) == ("starting", None)
        stranger.kill()


@pytest.mark.parametrize("text", ["", "[]", '{"pid": 1}', '{"a": 1}', "{"])
def test_record_that_cannot_be_read_is_none(home: Home, text: str) -> None:
    home.path.mkdir()
    (home.path / "cluster.json").write_text(text)
    assert home.record() is None


def test_birth_tells_processes_apart(home: Home) -> None:
    with subprocess.Popen(["sleep", "9"]) as other:
        assert birth_of(other.pid)
        assert birth_of(os.getpid()) == birth_of(os.getpid())
        other.kill()
    assert birth_of(other.pid) == ""
    assert birth_of(0) == ""


def test_folders_are_where_the_specification_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert home_of("a").path == tmp_path / "homeostat" / "a"
    assert homes() == []
    for name in ("b", "a"):
        home_of(name).path.mkdir(parents=True)
        home_of(name).write(record_of(0))
    (tmp_path / "homeostat" / "empty").mkdir()
    assert [home.name for home in homes()] == ["a", "b"]
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert home_of("a").path == tmp_path / ".local" / "state" / "homeostat" / "a"


def test_leaving_removes_what_leads_nowhere(home: Home) -> None:
    home.path.mkdir()
    home.write_kubeconfig("text")
    assert home.kubeconfig.stat().st_mode & 0o777 == 0o600
    home.leave(record_of(0))
    assert not home.kubeconfig.exists()
    assert home.state() == "stopped"
    assert json.loads((home.path / "cluster.json").read_text())["pid"] == 0
    home.leave(None)
    assert home.state() is None
