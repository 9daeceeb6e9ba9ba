"""A certificate authority of our own, and what the control plane needs from it."""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

__all__ = ["Certificates", "write_certificates"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """Paths of PEM files."""

    ca: Path
    server: Path
    server_key: Path
    admin: Path
    admin_key: Path
    accounts_key: Path
    accounts_public: Path


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


class _Authority:
    """Signs certificates that are good for a day."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test-ca")])
        builder = self._builder(self.name, self.key).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self.certificate = builder.sign(self.key, hashes.SHA256())

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(days=1))
        )

    def issue(self, folder: Path, name: str, subject: x509.Name) -> tuple[Path, Path]:
        """Write the certificate and key of a subject, good for both ends of TLS."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = [
            x509.DNSName("localhost"),
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        ]
        usage = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        certificate = (
            self._builder(subject, key)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.ExtendedKeyUsage(usage), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        crt, pem = folder / f"{name}.crt", folder / f"{name}.key"
        crt.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        pem.write_bytes(_pem(key))
        return crt, pem


def _subject(common_name: str, organization: str = "") -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(parts)


def write_certificates(folder: Path) -> Certificates:
    """Write a fresh authority and everything it signs into an existing folder."""
    authority = _Authority()
    ca = folder / "ca.crt"
    ca.write_bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))
    server, server_key = authority.issue(folder, "server", _subject("kube-apiserver"))
    admin, admin_key = authority.issue(
        folder, "admin", _subject("admin", "system:masters")
    )
    # Service account tokens are signed with RSA: JWKS of the server expects it.
    accounts = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    accounts_key, accounts_public = folder / "sa.key", folder / "sa.pub"
    accounts_key.write_bytes(_pem(accounts))
    accounts_public.write_bytes(
        accounts.public_key().public_bytes(
            serialization.Encoding.PEM,
            serialization.PublicFormat.SubjectPublicKeyInfo,
        )
    )
    return Certificates(
        ca=ca,
        server=server,
        server_key=server_key,
        admin=admin,
        admin_key=admin_key,
        accounts_key=accounts_key,
        accounts_public=accounts_public,
    )
