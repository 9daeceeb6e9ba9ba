"""Signing and verifying JSON Web Tokens; importing this imports ``cryptography``.

Source: kubernetes ``pkg/serviceaccount/jwt.go`` and ``openidmetadata.go``; RFC 7515,
7517 and 7518.
"""

import base64
import hashlib
from typing import Any, Protocol, TypeAlias

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

__all__ = ["TokenKey"]

Claims: TypeAlias = dict[str, Any]

_COORDINATE_BYTES = 32  # of a point on P-256


class TokenKey:
    """A key that signs tokens, and its public one.

    Args:
        pem: The private key, elliptic (P-256) or RSA; empty makes one.

    Attributes:
        algorithm: As ``ES256``.
        key_id: Names the public key, without telling it.

    Raises:
        ValueError: It is no such key.
    """

    def __init__(self, pem: bytes = b"") -> None:
        self._pair = _pair_of(pem)
        self.algorithm: str = self._pair.algorithm
        self.key_id: str = _base64(hashlib.sha256(self._pair.der()).digest())

    def sign(self, claims: Claims) -> str:
        """Return a token."""
        header = {"alg": self.algorithm, "kid": self.key_id}
        parts = (_base64(msgspec.json.encode(each)) for each in (header, claims))
        signed = ".".join(parts)
        return f"{signed}.{_base64(self._pair.sign(signed.encode()))}"

    def has_signed(self, signed: str, signature: bytes) -> bool:
        """Tell whether a signature is this key's."""
        try:
            self._pair.verify(signature, signed.encode())
        except InvalidSignature:
            return False
        return True

    def public(self) -> dict[str, str]:
        """Return the public key as a JSON Web Key."""
        head = {"use": "sig", "kty": self._pair.kind, "kid": self.key_id}
        return {**head, **self._pair.numbers(), "alg": self.algorithm}


class _Pair(Protocol):
    algorithm: str
    kind: str

    def der(self) -> bytes: ...
    def sign(self, data: bytes) -> bytes: ...
    def verify(self, signature: bytes, data: bytes) -> None: ...
    def numbers(self) -> dict[str, str]: ...


def _pair_of(pem: bytes) -> _Pair:
    if not pem:
        return _Elliptic(ec.generate_private_key(ec.SECP256R1()))
    key = load_pem_private_key(pem, password=None)
    if isinstance(key, rsa.RSAPrivateKey):
        return _Rsa(key)
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.key_size == 256:
        return _Elliptic(key)
    raise ValueError("tokens are signed with a key of RSA or of the curve P-256")


def _der(public: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> bytes:
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


class _Elliptic:
    algorithm = "ES256"
    kind = "EC"

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key
        self._public = key.public_key()

    def der(self) -> bytes:
        return _der(self._public)

    def sign(self, data: bytes) -> bytes:
        # Two numbers side by side, where X.509 has a structure.
        pair = decode_dss_signature(self._key.sign(data, ec.ECDSA(SHA256())))
        return b"".join(number.to_bytes(_COORDINATE_BYTES, "big") for number in pair)

    def verify(self, signature: bytes, data: bytes) -> None:
        if len(signature) != 2 * _COORDINATE_BYTES:
            raise InvalidSignature
        first, second = signature[:_COORDINATE_BYTES], signature[_COORDINATE_BYTES:]
        pair = encode_dss_signature(
            int.from_bytes(first, "big"), int.from_bytes(second, "big")
        )
        self._public.verify(pair, data, ec.ECDSA(SHA256()))

    def numbers(self) -> dict[str, str]:
        point = self._public.public_numbers()
        x, y = (n.to_bytes(_COORDINATE_BYTES, "big") for n in (point.x, point.y))
        return {"crv": "P-256", "x": _base64(x), "y": _base64(y)}


class _Rsa:
    algorithm = "RS256"
    kind = "RSA"

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        self._key = key
        self._public = key.public_key()

    def der(self) -> bytes:
        return _der(self._public)

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data, PKCS1v15(), SHA256())

    def verify(self, signature: bytes, data: bytes) -> None:
        self._public.verify(signature, data, PKCS1v15(), SHA256())

    def numbers(self) -> dict[str, str]:
        public = self._public.public_numbers()
        return {"n": _number(public.n), "e": _number(public.e)}


def _number(value: int) -> str:
    return _base64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
