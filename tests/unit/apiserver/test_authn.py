"""Files of tokens, names in certificates, and the keys of tokens."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from homeostat.apiserver import User, read_tokens
from homeostat.apiserver._authn import certificate_user
from homeostat.apiserver._tokens_keys import TokenKey
from homeostat.apiserver._users import account_of


def test_tokens_are_read_as_the_real_server_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "tokens.csv"
    path.write_text('t1,jane,1,"a,b"\nt2,joe,2,\n\n,nobody,3\nt3,jim,4\n')
    assert read_tokens(path) == {
        "t1": User(name="jane", uid="1", groups=("a", "b")),
        "t2": User(name="joe", uid="2", groups=("",)),
        "t3": User(name="jim", uid="4"),
    }


def test_line_of_tokens_that_is_too_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokens.csv"
    path.write_text("token,jane\n")
    with pytest.raises(ValueError, match="at least 3 columns"):
        read_tokens(path)


def test_certificate_without_a_common_name_names_nobody() -> None:
    assert certificate_user(((("organizationName", "a"),),), b"") is None
    subject = ((("commonName", "jane"),), (("1.3.6.1.4.1.57683.2", "u-1"),))
    found = certificate_user(subject, b"der")
    assert found is not None
    assert (found.name, found.uid) == ("jane", "u-1")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("system:serviceaccount:ns:web", ("ns", "web")),
        ("system:serviceaccount:ns:we:b", None),
        ("system:serviceaccount:NS:web", None),
        ("system:serviceaccount:ns", None),
        ("jane", None),
    ],
)
def test_names_of_accounts(name: str, expected: tuple[str, str] | None) -> None:
    assert account_of(name) == expected


def _number(text: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(text + "=="), "big")


def _verify(key: dict[str, str], signed: bytes, signature: bytes) -> None:
    """Verify a signature with a JSON Web Key alone, as others do."""
    if key["kty"] == "RSA":
        public = rsa.RSAPublicNumbers(_number(key["e"]), _number(key["n"])).public_key()
        public.verify(signature, signed, PKCS1v15(), SHA256())
        return
    x, y = _number(key["x"]), _number(key["y"])
    point = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    halves = [int.from_bytes(half, "big") for half in (signature[:32], signature[32:])]
    point.verify(encode_dss_signature(*halves), signed, ec.ECDSA(SHA256()))


def _pem(key: Any) -> bytes:
    made: bytes = key.private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    )
    return made


@pytest.mark.parametrize(
    ("make", "algorithm"),
    [
        (lambda: b"", "ES256"),
        (lambda: _pem(ec.generate_private_key(ec.SECP256R1())), "ES256"),
        (lambda: _pem(rsa.generate_private_key(65537, 2048)), "RS256"),
    ],
)
def test_others_verify_a_token_with_the_public_key(make: Any, algorithm: str) -> None:
    key = TokenKey(make())
    signed, _, signature = key.sign({"iss": "x"}).rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    _verify(key.public(), signed.encode(), raw)
    header = json.loads(base64.urlsafe_b64decode(signed.partition(".")[0] + "=="))
    assert header == {"alg": algorithm, "kid": key.key_id}
    assert key.public()["alg"] == algorithm
    assert key.has_signed(signed, raw)
    assert not key.has_signed(signed, raw[:-1] + bytes([raw[-1] ^ 1]))
    assert not key.has_signed(signed, b"")


def test_key_of_another_curve_is_refused() -> None:
    with pytest.raises(ValueError, match="P-256"):
        TokenKey(_pem(ec.generate_private_key(ec.SECP384R1())))
