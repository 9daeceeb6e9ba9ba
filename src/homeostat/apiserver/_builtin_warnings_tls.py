"""Warnings of a certificate and a key that do not go together, in Go's words.

Importing this imports ``cryptography``. Source: Go ``crypto/tls`` X509KeyPair.
"""

import base64
import re
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

__all__ = ["tls_warnings"]

_BLOCK: Final = re.compile(
    rb"^-----BEGIN ([^\n]+)-----\s*\n.*?^-----END \1-----\s*$", re.DOTALL | re.MULTILINE
)
_CERTIFICATE: Final = "CERTIFICATE"
_KEY: Final = "PRIVATE KEY"


def tls_warnings(data: dict[str, Any]) -> list[str]:
    """Return what is told of the data of a Secret that holds a key pair."""
    given, secret = (_blocks(data.get(f"tls.{name}", "")) for name in ("crt", "key"))
    told = _no_certificate([name for name, _ in given])
    told = told or _no_key([name for name, _ in secret])
    if not told:
        certificate = next(block for name, block in given if name == _CERTIFICATE)
        key = next(block for name, block in secret if _is_key(name))
        told = _mismatch(certificate, key)
    return [told] if told else []


def _blocks(text: str) -> list[tuple[str, bytes]]:
    decoded = base64.b64decode(text)
    return [(match[1].decode(), match[0]) for match in _BLOCK.finditer(decoded)]


def _is_key(name: str) -> bool:
    return name == _KEY or name.endswith(f" {_KEY}")


def _no_certificate(names: list[str]) -> str:
    if _CERTIFICATE in names:
        return ""
    if not names:
        return "tls: failed to find any PEM data in certificate input"
    if len(names) == 1 and names[0].endswith(_KEY):
        told = "in certificate input, but did find a private key"
        told = f"tls: failed to find certificate PEM data {told}"
        return f"{told}; PEM inputs may have been switched"
    told = 'tls: failed to find "CERTIFICATE" PEM block in certificate input after'
    return f"{told} skipping PEM blocks of the following types: [{' '.join(names)}]"


def _no_key(names: list[str]) -> str:
    if any(map(_is_key, names)):
        return ""
    if not names:
        return "tls: failed to find any PEM data in key input"
    if names == [_CERTIFICATE]:
        return (
            "tls: found a certificate rather than a key in the PEM for the private key"
        )
    told = (
        'tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input'
    )
    told = f"{told} after skipping PEM blocks of the following types:"
    return f"{told} [{' '.join(names)}]"


def _mismatch(certificate: bytes, key: bytes) -> str:
    try:
        public = x509.load_pem_x509_certificate(certificate).public_key()
    except ValueError:
        return "x509: malformed certificate"
    try:
        own = load_pem_private_key(key, password=None).public_key()
    except (TypeError, ValueError):
        return "tls: failed to parse private key"
    if type(own) is not type(public):
        return "tls: private key type does not match public key type"
    form = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    if own.public_bytes(*form) != public.public_bytes(*form):
        return "tls: private key does not match public key"
    return ""
