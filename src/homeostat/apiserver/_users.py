"""Who asks.

Source: apiserver ``pkg/authentication/user``.
"""

from collections.abc import Mapping

import msgspec

from homeostat.apiserver._meta import name_errors

__all__ = [
    "ADMIN",
    "ANONYMOUS",
    "AUTHENTICATED",
    "CREDENTIAL_ID",
    "UNAUTHENTICATED",
    "User",
    "account_groups",
    "account_name",
    "account_of",
]


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who asks, as authenticators tell it and authorizers read it.

    Attributes:
        name: As ``jane`` or ``system:serviceaccount:default:web``.
        uid: Tells apart who had the name at different times; "" for none.
        groups: Names of groups, in order.
        extra: What else the authenticator knows.
    """

    name: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = {}


CREDENTIAL_ID = "authentication.kubernetes.io/credential-id"
"""Key in ``User.extra``: which of his credentials a user has shown."""

AUTHENTICATED = "system:authenticated"
UNAUTHENTICATED = "system:unauthenticated"

ADMIN = User(name="system:admin", groups=("system:masters", AUTHENTICATED))
"""Who asks in process, and over plain HTTP: whoever is let in there may do all."""

ANONYMOUS = User(name="system:anonymous", groups=(UNAUTHENTICATED,))
"""Who asks over TLS and does not say who he is."""

_ACCOUNT = "system:serviceaccount:"
_ACCOUNTS = "system:serviceaccounts"


def account_name(namespace: str, name: str) -> str:
    """Return the user name of a service account."""
    return f"{_ACCOUNT}{namespace}:{name}"


def account_groups(namespace: str) -> tuple[str, ...]:
    """Return the groups of the service accounts of a namespace."""
    return (_ACCOUNTS, f"{_ACCOUNTS}:{namespace}")


def account_of(user_name: str) -> tuple[str, str] | None:
    """Return namespace and name of a service account; None for other users."""
    if not user_name.startswith(_ACCOUNT):
        return None
    namespace, colon, name = user_name.removeprefix(_ACCOUNT).partition(":")
    wrong = name_errors("", "namespaces", namespace)
    wrong += name_errors("", "serviceaccounts", name)
    return (namespace, name) if colon and not wrong else None
