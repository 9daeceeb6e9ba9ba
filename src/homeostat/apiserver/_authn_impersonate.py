"""Asking in the name of another.

Headers that a request repeats come here as one, their values on lines of their own.

Source: apiserver ``pkg/endpoints/filters/impersonation``.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from urllib.parse import unquote

from msgspec.structs import replace

from homeostat._transport import HttpRequest
from homeostat.apiserver._authorize import (
    Attributes,
    Authorizer,
    attributes_of,
    denial,
)
from homeostat.apiserver._status import bad_request
from homeostat.apiserver._users import (
    ANONYMOUS,
    AUTHENTICATED,
    UNAUTHENTICATED,
    User,
    account_groups,
    account_of,
)

__all__ = ["impersonated"]

_USER = "impersonate-user"
_GROUP = "impersonate-group"
_UID = "impersonate-uid"
_EXTRA = "impersonate-extra-"
_REVIEWS = "authentication.k8s.io"
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def impersonated(authorizer: Authorizer, request: HttpRequest, user: User) -> User:
    """Return in whose name a request is made: the sender's, unless it says otherwise.

    Raises:
        StatusError: 400, it names groups and nobody in them; 403, the sender may not.
    """
    headers = request.headers
    if not any(name.startswith("impersonate-") for name in headers):
        return user
    wanted = _wanted(headers)
    if not wanted.name:
        if wanted.uid or wanted.groups or wanted.extra:
            shown = _shown(wanted)
            raise bad_request(f"requested {shown} without impersonating a user name")
        return user
    for attributes in _acts(user, wanted):
        if not authorizer.authorize(attributes).allowed:
            raise _refused(request, user, wanted)
    return _completed(wanted)


def _wanted(headers: Mapping[str, str]) -> User:
    extra: dict[str, tuple[str, ...]] = {}
    for name, value in headers.items():
        if name.startswith(_EXTRA):
            key = name.removeprefix(_EXTRA)
            key = key if _BAD_ESCAPE.search(key) else unquote(key)
            extra[key] = (*extra.get(key, ()), *value.split("\n"))
    groups = headers.get(_GROUP)
    return User(
        name=headers.get(_USER, "").partition("\n")[0],
        uid=headers.get(_UID, "").partition("\n")[0],
        groups=() if groups is None else tuple(groups.split("\n")),
        extra=extra,
    )


def _acts(user: User, wanted: User) -> Iterator[Attributes]:
    """Iterate over what somebody must be allowed to be to be somebody else."""

    def act(resource: str, name: str, **more: str) -> Attributes:
        return Attributes(
            user=user, verb="impersonate", resource=resource, name=name, **more
        )

    account = account_of(wanted.name)
    if account:
        yield act("serviceaccounts", account[1], namespace=account[0])
    else:
        yield act("users", wanted.name)
    for group in wanted.groups:
        yield act("groups", group)
    for key, values in wanted.extra.items():
        for value in values:
            yield act("userextras", value, group=_REVIEWS, subresource=key)
    if wanted.uid:
        yield act("uids", wanted.uid, group=_REVIEWS)


def _refused(request: HttpRequest, user: User, wanted: User) -> Exception:
    """403, in the words that the server has for the first way that it tries."""
    mode = "user-info"
    if account_of(wanted.name):
        mode = "serviceaccount"
    elif wanted.name.startswith("system:node:"):
        mode = "arbitrary-node"
    attributes = attributes_of(request, user)
    verb = f"impersonate-on:{mode}:{attributes.verb}"
    return denial(replace(attributes, verb=verb))


def _completed(wanted: User) -> User:
    """Return a user with the groups that he has without saying so."""
    groups = wanted.groups
    account = account_of(wanted.name)
    if account and not groups:
        groups = account_groups(account[0])
    if wanted.name == ANONYMOUS.name:
        if UNAUTHENTICATED not in groups:
            groups = (*groups, UNAUTHENTICATED)
    elif AUTHENTICATED not in groups and UNAUTHENTICATED not in groups:
        groups = (*groups, AUTHENTICATED)
    return replace(wanted, groups=groups)


def _shown(user: User) -> str:
    """Return a user as Go prints one."""
    extra = "map[string][]string(nil)"
    if user.extra:
        pairs = [
            f"{_quoted(key)}:{_texts(user.extra[key])}" for key in sorted(user.extra)
        ]
        extra = f"map[string][]string{{{', '.join(pairs)}}}"
    return (
        f"&user.DefaultInfo{{Name:{_quoted(user.name)}, UID:{_quoted(user.uid)}, "
        f"Groups:{_texts(user.groups)}, Extra:{extra}}}"
    )


def _texts(values: Sequence[str]) -> str:
    return f"[]string{{{_joined(values)}}}" if values else "[]string(nil)"


def _joined(values: Iterable[str]) -> str:
    return ", ".join(_quoted(value) for value in values)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
