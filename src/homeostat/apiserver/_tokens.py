"""Tokens of service accounts: what is in them, and whether they are believed.

Source: kubernetes ``pkg/serviceaccount``.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from homeostat._clock import Clock
from homeostat._random import Random
from homeostat.apiserver._access import as_struct, child, text_at
from homeostat.apiserver._registry import Registry
from homeostat.apiserver._store import Entry
from homeostat.apiserver._users import (
    CREDENTIAL_ID,
    User,
    account_groups,
    account_name,
)

if TYPE_CHECKING:
    from homeostat.apiserver._tokens_keys import TokenKey

__all__ = ["Bound", "InvalidTokenError", "Tokens"]

Claims: TypeAlias = dict[str, Any]

PRIVATE = "kubernetes.io"
_EXTRA = "authentication.kubernetes.io/"
# How far clocks may be apart.
_LEEWAY = timedelta(minutes=1)
# Verifying takes a tenth of a millisecond, and clients send the same token for an hour.
_REMEMBERED = 1024
# Pods have been given tokens for this long who never ask for another: those live on.
_SHORT_SECONDS = 3607
_LONG_SECONDS = 365 * 24 * 3600
# What a token can be bound to besides its account, in the order of the claims.
_PLURALS = {"node": "nodes", "pod": "pods", "secret": "secrets"}


class InvalidTokenError(Exception):
    """A token that is not believed; says why, as the server does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What a token dies with.

    Attributes:
        kind: ``pod``, ``secret`` or ``node``.
        name: Of the object.
        uid: Of the object; "" for a node of a pod that does not exist.
    """

    kind: str
    name: str
    uid: str


class Tokens:
    """Issues tokens of service accounts, and believes its own.

    Args:
        registry: Where accounts and what tokens are bound to are.
        clock: Wall time.
        random: Ids of tokens.
        issuer: Who issues them.
        load_key: Gives the private key that signs them, PEM; None makes one.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        clock: Clock,
        random: Random,
        issuer: str,
        load_key: Callable[[], bytes] | None,
    ) -> None:
        self._registry = registry
        self._clock = clock
        self._random = random
        self._load_key = load_key
        self._verified: dict[str, Claims] = {}
        self.issuer = issuer

    @property
    def audiences(self) -> tuple[str, ...]:
        """For whom a token is that does not say so: this server."""
        return (self.issuer,)

    @cached_property
    def key(self) -> "TokenKey":
        """The key that signs tokens."""
        # 50 ms that a cluster without tokens never needs.
        from homeostat.apiserver._tokens_keys import TokenKey  # noqa: PLC0415

        return TokenKey(self._load_key() if self._load_key else b"")

    def issue(
        self,
        account: Entry,
        *,
        audiences: Sequence[str],
        seconds: int,
        bound: Sequence[Bound] = (),
    ) -> str:
        """Return a token of a service account.

        Args:
            account: The account.
            audiences: For whom it is.
            seconds: How long it is good.
            bound: What it dies with; a pod may be followed by its node.
        """
        now = int(self._clock.now().timestamp())
        namespace = account.key.partition("/")[0]
        private: Claims = {"namespace": namespace}
        for each in sorted(bound, key=lambda each: each.kind):
            private[each.kind] = _reference(each.name, each.uid)
        private["serviceaccount"] = _reference(account.name, account.uid)
        for_pod = any(each.kind == "pod" for each in bound)
        if for_pod and seconds == _SHORT_SECONDS and {*audiences} <= {*self.audiences}:
            private["warnafter"] = now + seconds
            seconds = _LONG_SECONDS
        claims: Claims = {
            "aud": list(audiences),
            "exp": now + seconds,
            "iat": now,
            "iss": self.issuer,
            "jti": self._random.uuid(),
            PRIVATE: dict(sorted(private.items())),
            "nbf": now,
            "sub": account_name(namespace, account.name),
        }
        return self.key.sign(claims)

    def read(
        self, token: str, audiences: Sequence[str]
    ) -> tuple[User, tuple[str, ...]] | None:
        """Return whose token it is, and for which of some audiences; None: not ours.

        Raises:
            InvalidTokenError: It is not believed.
        """
        claims = self._verified.get(token)
        if claims is None:
            claims = self._verify(token)
            if claims is None:
                return None
            if len(self._verified) >= _REMEMBERED:
                del self._verified[next(iter(self._verified))]
            self._verified[token] = claims
        meant = claims.get("aud") or list(self.audiences)
        common = tuple(each for each in meant if each in audiences)
        if not common:
            raise InvalidTokenError(
                f"token audiences {_listed(meant)} is invalid for the target audiences "
                f"{_listed(audiences)}"
            )
        self._check_times(claims)
        return self._user(claims), common

    def _verify(self, token: str) -> Claims | None:
        signed, _, signature = token.rpartition(".")
        head, _, body = signed.partition(".")
        header, claims = _decoded(head), _decoded(body)
        if header is None or claims is None or claims.get("iss") != self.issuer:
            return None
        if header.get("kid", self.key.key_id) != self.key.key_id:
            raise InvalidTokenError("invalid signature, no keys found")
        if not self.key.has_signed(signed, _bytes(signature)):
            text = "go-jose/go-jose: error in cryptographic primitive"
            raise InvalidTokenError(text)
        return claims

    def _check_times(self, claims: Claims) -> None:
        now, leeway = self._clock.now().timestamp(), _LEEWAY.total_seconds()
        if now - leeway > claims.get("exp", 0):
            raise InvalidTokenError("service account token has expired")
        if now + leeway < claims.get("nbf", 0):
            raise InvalidTokenError("service account token is not valid yet")

    def _user(self, claims: Claims) -> User:
        private = child(claims, PRIVATE)
        namespace = text_at(private, "namespace")
        account = child(private, "serviceaccount")
        name, uid = text_at(account, "name"), text_at(account, "uid")
        self._check_account(namespace, name, uid)
        extra = {CREDENTIAL_ID: (f"JTI={text_at(claims, 'jti')}",)}
        for kind in _PLURALS:
            bound = child(private, kind)
            if not bound:
                continue
            if kind != "node" or "pod" not in private:
                self._check_bound(kind, namespace, bound)
            if kind != "secret":
                for key in ("name", "uid"):
                    if bound.get(key):
                        extra[f"{_EXTRA}{kind}-{key}"] = (bound[key],)
        return User(
            name=account_name(namespace, name),
            uid=uid,
            groups=account_groups(namespace),
            extra=extra,
        )

    def _check_account(self, namespace: str, name: str, uid: str) -> None:
        found = self.find("serviceaccounts", namespace, name)
        if found is None:
            raise InvalidTokenError(f'serviceaccounts "{name}" not found')
        if found.uid != uid:
            raise InvalidTokenError(
                f"service account UID ({found.uid}) does not match claim ({uid})"
            )
        if self._is_gone(found):
            text = f"service account {namespace}/{name} has been deleted"
            raise InvalidTokenError(text)

    def _check_bound(self, kind: str, namespace: str, bound: Claims) -> None:
        where = "" if kind == "node" else namespace
        found = self.find(_PLURALS[kind], where, text_at(bound, "name"))
        if found is None or self._is_gone(found):
            raise InvalidTokenError("service account token has been invalidated")
        uid = text_at(bound, "uid")
        if found.uid != uid:
            raise InvalidTokenError(
                f"{kind} UID ({found.uid}) does not match service account {kind} ref "
                f"claim ({uid})"
            )

    def find(self, plural: str, namespace: str, name: str) -> Entry | None:
        """Return an object of the core group."""
        served = self._registry.find("", "v1", plural)
        if served is None:
            return None
        return served.table.live.get(served.key(namespace, name))

    def _is_gone(self, entry: Entry) -> bool:
        """Tell whether an object has been on its way out for a while."""
        since = text_at(child(entry.value, "metadata"), "deletionTimestamp")
        if not since:
            return False
        return datetime.fromisoformat(since) < self._clock.now() - _LEEWAY


def _reference(name: str, uid: str) -> Claims:
    return {"name": name, "uid": uid} if uid else {"name": name}


def _decoded(part: str) -> Claims | None:
    try:
        return as_struct(msgspec.json.decode(_bytes(part)))
    except msgspec.DecodeError:
        return None


def _bytes(part: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        return b""


def _listed(values: Sequence[str]) -> str:
    """Return texts as Go's ``%q`` prints a slice of them."""
    return "[" + " ".join(msgspec.json.encode(v).decode() for v in values) + "]"
