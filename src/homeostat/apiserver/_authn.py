"""Who asks: client certificates, then bearer tokens, then nobody in particular.

Source: kubernetes ``pkg/kubeapiserver/authenticator/config.go``.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from homeostat._clock import Clock
from homeostat._random import Random
from homeostat._transport import HttpRequest
from homeostat.apiserver._registry import Registry
from homeostat.apiserver._status import StatusError
from homeostat.apiserver._tokens import InvalidTokenError, Tokens
from homeostat.apiserver._users import (
    ANONYMOUS,
    AUTHENTICATED,
    CREDENTIAL_ID,
    UNAUTHENTICATED,
    User,
)

__all__ = ["Authentication", "Authenticator", "certificate_user", "read_tokens"]

Anonymous: TypeAlias = Literal["all", "public", "none"]

_PUBLIC = frozenset({"/healthz", "/livez", "/readyz", "/version", "/version/"})
# As kubeadm's clusters have it.
ISSUER = "https://kubernetes.default.svc.cluster.local"
_INVALID = "invalid bearer token"
# Of a subject: the uid of a user, as kube-apiserver reads it.
_UID_FIELD = "1.3.6.1.4.1.57683.2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """Who may come over TLS, besides those with a certificate.

    Attributes:
        tokens: Users by their bearer tokens.
        anonymous: What those may ask for who do not say who they are: ``public`` lets
            them see health and version, ``all`` leaves it to the authorizer. As
            everybody else may do everything by default, they may not.
        account_key: Gives the private key that signs tokens of service accounts, PEM,
            elliptic (P-256) or RSA; called when it is first needed. None makes one for
            this server alone.
        issuer: Who issues those tokens: a URL.
    """

    tokens: Mapping[str, User] = field(default_factory=dict[str, User])
    anonymous: Anonymous = "public"
    account_key: Callable[[], bytes] | None = None
    issuer: str = ISSUER


class Authenticator:
    """Tells who asks.

    Args:
        options: Who may come.
        registry: Where service accounts are.
        clock: Wall time.
        random: Ids of tokens.

    Attributes:
        tokens: Of service accounts.
    """

    def __init__(
        self,
        options: Authentication,
        registry: Registry,
        *,
        clock: Clock,
        random: Random,
    ) -> None:
        self._options = options
        self.tokens = Tokens(
            registry,
            clock=clock,
            random=random,
            issuer=options.issuer,
            load_key=options.account_key,
        )

    def authenticate(self, request: HttpRequest, certified: User | None) -> User:
        """Return who sends a request.

        Args:
            request: What is asked.
            certified: Whom the client's certificate names.

        Raises:
            StatusError: 401, he says who he is, and it is not true; or he does not say
                it, and has to.
        """
        if certified is not None:
            return certified
        token = bearer(request.headers.get("authorization", ""))
        if token:
            try:
                return self.read_token(token, self.tokens.audiences)[0]
            except InvalidTokenError:
                raise unauthorized() from None
        allowed = self._options.anonymous
        if allowed == "all" or (allowed == "public" and request.path in _PUBLIC):
            return ANONYMOUS
        raise unauthorized()

    def read_token(
        self, token: str, audiences: Sequence[str]
    ) -> tuple[User, tuple[str, ...]]:
        """Return whose bearer token it is, and for which of some audiences.

        Raises:
            InvalidTokenError: It is not believed.
        """
        own = tuple(each for each in self.tokens.audiences if each in audiences)
        user = self._options.tokens.get(token)
        if user is not None and own:
            return _grouped(user), own
        try:
            found = self.tokens.read(token, audiences)
        except InvalidTokenError as error:
            raise InvalidTokenError(f"[{_INVALID}, {error}]") from None
        if found is None:
            raise InvalidTokenError(_INVALID)
        return _grouped(found[0]), found[1]


def unauthorized() -> StatusError:
    """401: who asks is not who he says."""
    return StatusError(401, "Unauthorized", "Unauthorized")


def bearer(header: str) -> str:
    """Return the token of an Authorization header, "" for none."""
    scheme, _, rest = header.strip().partition(" ")
    return rest.partition(" ")[0] if scheme.lower() == "bearer" else ""


def _grouped(user: User) -> User:
    """Return a user with the group of all who say who they are."""
    groups = user.groups
    if user.name == ANONYMOUS.name or {AUTHENTICATED, UNAUTHENTICATED} & {*groups}:
        return user
    return msgspec.structs.replace(user, groups=(*groups, AUTHENTICATED))


def certificate_user(subject: Iterable[Any], der: bytes) -> User | None:
    """Return whom a certificate names; None when it names nobody.

    Args:
        subject: As ``ssl`` tells it: names of one pair each, in order.
        der: The whole certificate.
    """
    pairs: list[tuple[str, str]] = [pair for name in subject for pair in name]
    names = [value for key, value in pairs if key == "commonName"]
    if not names:
        return None
    uids = [value for key, value in pairs if key == _UID_FIELD]
    user = User(
        name=names[-1],
        uid=uids[0] if uids else "",
        groups=tuple(value for key, value in pairs if key == "organizationName"),
        extra={CREDENTIAL_ID: (f"X509SHA256={hashlib.sha256(der).hexdigest()}",)},
    )
    return _grouped(user)


def read_tokens(path: Path) -> dict[str, User]:
    """Read a file of tokens: ``token,user,uid`` and, quoted, ``"group,group"``.

    As kube-apiserver's ``--token-auth-file``.

    Raises:
        OSError: The file cannot be read.
        ValueError: A line has less than three columns.
    """
    import csv  # noqa: PLC0415  # 4 ms that nobody else needs

    users: dict[str, User] = {}
    with path.open(newline="") as file:
        for row in csv.reader(file):
            if not row:
                continue
            if len(row) < 3:
                raise ValueError(
                    f"token file '{path}' must have at least 3 columns (token, user "
                    f"name, user uid), found {len(row)}"
                )
            token, name, uid, *more = row
            if token:
                groups = tuple(more[0].split(",")) if more else ()
                users[token] = User(name=name, uid=uid, groups=groups)
    return users
