"""Who asks.

Source: apiserver ``pkg/authentication/user``.
"""

from collections.abc import Mapping

import msgspec

__all__ = [
    "ADMIN",
    "ANONYMOUS",
    "AUTHENTICATED",
    "CREDENTIAL_ID",
    "UNAUTHENTICATED",
    "User",
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
