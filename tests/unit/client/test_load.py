from pathlib import Path

import pytest

from homeostat.client import _load, load_config
from homeostat.errors import ConfigError
from tests.harness.certificates import write_certificates

CONFIG = """
current-context: {name}
clusters: [{{name: c, cluster: {{server: "https://{name}"}}}}]
users: [{{name: u, user: {{token: t}}}}]
contexts: [{{name: {name}, context: {{cluster: c, user: u}}}}]
"""


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"):
        monkeypatch.delenv(name, raising=False)


def write(path: Path, name: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(CONFIG.format(name=name))
    return path


def test_file_in_the_home_folder_is_found(tmp_path: Path) -> None:
    write(tmp_path / "home" / ".kube" / "config", "home")
    assert load_config().server == "https://home"


def test_variable_wins_over_the_home_folder_and_lists_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "home" / ".kube" / "config", "home")
    one, two = write(tmp_path / "1", "one"), write(tmp_path / "2", "two")
    gone = tmp_path / "gone"
    monkeypatch.setenv("KUBECONFIG", f"{gone}::{one}:{two}:{one}")
    assert load_config().server == "https://one"
    # The context is the second file's own, its cluster the first file's: whole merge.
    assert load_config(context="two").source == f"context 'two' of {two}"
    assert load_config(context="two").server == "https://one"


def test_named_file_is_the_only_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(write(tmp_path / "1", "one")))
    assert load_config(write(tmp_path / "2", "two")).server == "https://two"
    with pytest.raises(ConfigError, match="gone does not exist"):
        load_config(tmp_path / "gone")


def test_nothing_to_talk_to_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"\.kube/config is not there.*name a kubecon"
    ):
        load_config()


def test_file_that_an_entry_names_must_be_there(tmp_path: Path) -> None:
    path = write(tmp_path / "config", "dev")
    path.write_text(path.read_text().replace("token: t", "tokenFile: gone"))
    with pytest.raises(ConfigError, match=r"tokenFile: .*/gone does not exist"):
        load_config(path)


def pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str) -> Path:
    account = tmp_path / "serviceaccount"
    account.mkdir()
    (account / "token").write_text("t")
    authority = write_certificates(account)
    assert authority.ca == account / "ca.crt"
    (account / "namespace").write_text("shop\n")
    monkeypatch.setattr(_load, "SERVICE_ACCOUNT", account)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    return account


@pytest.mark.parametrize(
    ("host", "server"),
    [("10.0.0.1", "https://10.0.0.1:443"), ("fd00::1", "https://[fd00::1]:443")],
)
def test_pod_uses_its_service_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, server: str
) -> None:
    account = pod(tmp_path, monkeypatch, host)
    config = load_config()
    assert config.server == server
    assert config.token_file == str(account / "token")
    assert config.certificate_authority == str(account / "ca.crt")
    assert config.namespace == "shop"


def test_kubeconfig_wins_over_the_pods_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pod(tmp_path, monkeypatch, "10.0.0.1")
    write(tmp_path / "home" / ".kube" / "config", "home")
    assert load_config().server == "https://home"


def test_what_is_no_certificate_is_found_at_once(tmp_path: Path) -> None:
    path = write(tmp_path / "config", "dev")
    (tmp_path / "ca").write_text("no certificate")
    text = path.read_text().replace("{server", "{certificate-authority: ca, server")
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"context 'dev' of .*/ca holds no certif"):
        load_config(path)


def test_pod_without_a_token_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = pod(tmp_path, monkeypatch, "10.0.0.1")
    (account / "token").unlink()
    with pytest.raises(ConfigError, match="automountServiceAccountToken"):
        load_config()


def test_context_is_never_ignored_for_a_pods_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pod(tmp_path, monkeypatch, "10.0.0.1")
    with pytest.raises(ConfigError, match="no cluster to talk to"):
        load_config(context="dev")
