"""Making certificates and keys; importing this imports ``cryptography``."""

import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

__all__ = ["new_key", "sign"]

VALID = timedelta(days=3650)  # as kubeadm's authority
# Clocks of a host and its containers differ a little.
EARLIER = timedelta(minutes=5)


def new_key() -> bytes:
    """Return a new private key, PEM."""
    return _pem_of(ec.generate_private_key(ec.SECP256R1()))


def sign(
    name: str,
    authority: tuple[bytes, bytes] | None,
    *,
    groups: Sequence[str],
    names: Sequence[str],
    now: datetime,
) -> tuple[bytes, bytes]:
    """Return a certificate and its key, PEM.

    Args:
        name: Common name of the subject.
        authority: Certificate and key of the signer; None makes an authority.
        groups: Organizations of the subject.
        names: Names and addresses of a server; none for a client.
        now: The wall time.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _subject(name, groups)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLIER)
    )
    subject_id = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = builder.add_extension(subject_id, critical=False)
    if authority is None:
        builder = _as_authority(
            builder.issuer_name(subject).not_valid_after(now + VALID)
        )
        signer = key
    else:
        issuer = x509.load_pem_x509_certificate(authority[0])
        signer = _key_of(authority[1])
        builder = builder.issuer_name(issuer.subject)
        builder = builder.not_valid_after(issuer.not_valid_after_utc)
        builder = _as_leaf(builder, issuer, names)
    certificate = builder.sign(signer, hashes.SHA256())
    return certificate.public_bytes(Encoding.PEM), _pem_of(key)


def _as_authority(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
    constraints = x509.BasicConstraints(ca=True, path_length=None)
    return builder.add_extension(constraints, critical=True).add_extension(
        _usage(signs_certificates=True), critical=True
    )


def _as_leaf(
    builder: x509.CertificateBuilder, issuer: x509.Certificate, names: Sequence[str]
) -> x509.CertificateBuilder:
    found = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    issuer_id = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
        found.value
    )
    constraints = x509.BasicConstraints(ca=False, path_length=None)
    usage = ExtendedKeyUsageOID.CLIENT_AUTH
    if names:
        usage = ExtendedKeyUsageOID.SERVER_AUTH
        alternatives = x509.SubjectAlternativeName([_general(name) for name in names])
        builder = builder.add_extension(alternatives, critical=False)
    return (
        builder.add_extension(issuer_id, critical=False)
        .add_extension(constraints, critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _subject(name: str, groups: Sequence[str]) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _key_of(pem: bytes) -> ec.EllipticCurvePrivateKey:
    key = load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("the key of the authority is not elliptic")
    return key


def _pem_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    )
