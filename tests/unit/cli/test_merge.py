from pathlib import Path

import pytest

from homeostat import _yaml
from homeostat.cli._merge import merge
from homeostat.errors import ConfigError
from homeostat.localcluster import kubeconfig_for

OURS = kubeconfig_for("http://127.0.0.1:1", name="homeostat")


def test_merge_makes_a_file_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / ".kube" / "config"
    assert merge(OURS, path) == "homeostat"
    assert _yaml.load(path.read_text()) == _yaml.load(OURS)
    assert path.stat().st_mode & 0o777 == 0o600


def test_merge_replaces_its_own_and_keeps_all_others(tmp_path: Path) -> None:
    path = tmp_path / "config"
    merge(kubeconfig_for("http://127.0.0.1:2", name="other"), path)
    merge(kubeconfig_for("http://127.0.0.1:3", name="homeostat"), path)
    link = tmp_path / "link"
    link.symlink_to(path)
    merge(OURS, link)
    assert link.is_symlink()
    merged = _yaml.load(path.read_text())
    assert [each["cluster"]["server"][-1] for each in merged["clusters"]] == ["2", "1"]
    assert [each["name"] for each in merged["contexts"]] == ["other", "homeostat"]
    assert merged["current-context"] == "homeostat"


@pytest.mark.parametrize("text", ["- a", "a: [", "a: 1\n---\nb: 1"])
def test_merge_leaves_what_is_no_kubeconfig(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(ConfigError, match="is no kubeconfig"):
        merge(OURS, path)
    assert path.read_text() == text
