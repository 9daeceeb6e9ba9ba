"""The authority of a local cluster, with and without a folder."""

import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from homeostat.apiserver import Tls
from homeostat.client import load_config
from homeostat.localcluster import Credentials, Pki, kubeconfig_for


class Wall:
    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 2, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment


def test_the_servers_certificate_bears_the_names_of_a_cluster() -> None:
    found = x509.load_pem_x509_certificate(
        Pki(names=["box", "10.1.2.3"]).tls().certificate
    )
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {"localhost", "kubernetes.default.svc", "box"} <= {
        *names.get_values_for_type(x509.DNSName)
    }
    addresses = {str(ip) for ip in names.get_values_for_type(x509.IPAddress)}
    assert addresses == {"127.0.0.1", "::1", "10.96.0.1", "10.1.2.3"}


def test_a_client_is_its_common_name_in_its_organizations() -> None:
    pki = Pki()
    made = pki.credentials("jane", ["a", "b"])
    subject = x509.load_pem_x509_certificate(made.certificate).subject
    assert subject.rfc4514_string() == "CN=jane,O=b,O=a"
    assert made.ca == pki.ca


def test_what_is_in_the_folder_is_used_again(tmp_path: Path) -> None:
    pki = Pki(tmp_path / "pki")
    made = (pki.ca, pki.tls(), pki.credentials(), pki.account_key())
    again = Pki(tmp_path / "pki")
    assert (
        again.ca,
        again.tls(),
        again.credentials(),
        again.account_key(),
    ) == made


def test_private_keys_are_their_owners_alone(tmp_path: Path) -> None:
    pki = Pki(tmp_path / "pki")
    pki.tls()
    pki.credentials()
    pki.account_key()
    keys = sorted(path.name for path in (tmp_path / "pki").glob("*.key"))
    assert keys == ["admin.key", "apiserver.key", "ca.key", "sa.key"]
    for path in (tmp_path / "pki").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "pki").stat().st_mode) == 0o700


def test_an_authority_that_ends_soon_is_replaced_with_all_it_signed(
    tmp_path: Path,
) -> None:
    wall = Wall()
    old = Pki(tmp_path, clock=wall)
    before = (old.ca, old.tls(), old.credentials())
    key = old.account_key()
    wall.moment += timedelta(days=3650 - 29)
    new = Pki(tmp_path, clock=wall)
    tls, admin = new.tls(), new.credentials()
    assert new.ca not in (before[0], b"")
    assert tls.certificate != before[1].certificate
    assert admin.certificate != before[2].certificate
    assert new.account_key() == key  # tokens outlive certificates


def test_a_damaged_authority_is_replaced(tmp_path: Path) -> None:
    old = Pki(tmp_path).ca
    (tmp_path / "ca.crt").write_bytes(b"nonsense")
    assert Pki(tmp_path).ca.startswith(b"-----BEGIN CERTIFICATE")
    assert Pki(tmp_path).ca != old


def test_names_of_ones_own_are_not_kept(tmp_path: Path) -> None:
    plain = Pki(tmp_path).tls()
    assert Pki(tmp_path, names=["box"]).tls().certificate != plain.certificate
    assert Pki(tmp_path).tls() == plain


def test_key_and_certificate_must_belong_together() -> None:
    one, other = Pki().tls(), Pki().tls()
    with pytest.raises(ValueError, match="belong together"):
        Tls(certificate=one.certificate, key=other.key).context()
    assert one.context().verify_mode == ssl.CERT_OPTIONAL
    assert Tls(certificate=one.certificate, key=one.key).context().verify_mode == (
        ssl.CERT_NONE
    )


def test_kubeconfig_holds_what_there_is() -> None:
    text = kubeconfig_for("https://127.0.0.1:6443", Credentials(ca=b"A", token="t"))
    assert "certificate-authority-data: QQ==" in text
    assert "token: t" in text
    assert "client-" not in text
    assert "certificate" not in kubeconfig_for("http://127.0.0.1:80")


def test_kubeconfig_is_read_as_it_was_meant(tmp_path: Path) -> None:
    who = Pki().credentials()
    path = tmp_path / "kubeconfig"
    path.write_text(kubeconfig_for("https://127.0.0.1:6443", who))
    config = load_config(str(path))
    assert config.server == "https://127.0.0.1:6443"
    assert config.certificate_authority_data == who.ca
    assert (config.client_certificate_data, config.client_key_data) == (
        who.certificate,
        who.key,
    )
