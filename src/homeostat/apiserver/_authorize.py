"""Who may do what: what is asked of an authorizer, and its answers.

Every request passes one, after who sends it is known and before anything else.

Source: apiserver ``pkg/authorization/authorizer`` and ``pkg/endpoints/request``.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import msgspec

from homeostat._transport import HttpRequest
from homeostat.api import FieldSelector
from homeostat.apiserver._routes import Route, parse_path
from homeostat.apiserver._status import StatusError, forbidden
from homeostat.apiserver._users import User

__all__ = [
    "AlwaysAllow",
    "Attributes",
    "Authorizer",
    "Decision",
    "NonResourceRule",
    "ResourceRule",
    "Rules",
    "attributes_of",
    "denial",
    "require",
]


class Attributes(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to do.

    Attributes:
        user: Who he is.
        verb: ``get``, ``list``, ``watch``, ``create``, ``update``, ``patch``,
            ``delete``, ``deletecollection``, or another that has a meaning to the
            resource; of a path, the HTTP method in lower case.
        group: The API group, "" for the core group.
        version: Of the group.
        resource: Plural name; "" when a path is asked for.
        subresource: "" for the object itself.
        namespace: "" across namespaces and for cluster-scoped resources.
        name: "" for the collection.
        path: What is asked for when it is no resource.
    """

    user: User
    verb: str
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What an authorizer says.

    Attributes:
        allowed: It may be done.
        denied: It may not, whatever other authorizers would say.
        reason: Why.
        error: What went wrong on the way to the decision.
    """

    allowed: bool
    denied: bool = False
    reason: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceRule:
    """What may be done to resources."""

    verbs: tuple[str, ...]
    groups: tuple[str, ...]
    resources: tuple[str, ...]
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NonResourceRule:
    """What may be done to paths."""

    verbs: tuple[str, ...]
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All that somebody may do in a namespace.

    Attributes:
        resources: With resources.
        paths: With what is no resource.
        incomplete: There may be more.
        error: What went wrong on the way.
    """

    resources: tuple[ResourceRule, ...]
    paths: tuple[NonResourceRule, ...]
    incomplete: bool = False
    error: str = ""


class Authorizer(Protocol):
    """Decides who may do what, at once: it never waits."""

    def authorize(self, attributes: Attributes, /) -> Decision:
        """Decide whether something may be done."""
        ...

    def rules(self, user: User, namespace: str, /) -> Rules:
        """Return all that a user may do in a namespace."""
        ...


_ALLOWED = Decision(allowed=True)
_EVERYTHING = Rules(
    resources=(ResourceRule(verbs=("*",), groups=("*",), resources=("*",)),),
    paths=(NonResourceRule(verbs=("*",), paths=("*",)),),
)


class AlwaysAllow:
    """Everybody may do everything."""

    __slots__ = ()

    def authorize(self, attributes: Attributes, /) -> Decision:
        """Allow it."""
        del attributes
        return _ALLOWED

    def rules(self, user: User, namespace: str, /) -> Rules:
        """Return everything."""
        del user, namespace
        return _EVERYTHING


_OBJECT_VERBS: Mapping[str, str] = {
    "GET": "get",
    "HEAD": "get",
    "POST": "create",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}


def attributes_of(request: HttpRequest, user: User) -> Attributes:
    """Return what a request wants to do, whether or not there is such a resource."""
    route = parse_path(request.path)
    if route is None:
        return Attributes(user=user, verb=request.method.lower(), path=request.path)
    verb = _OBJECT_VERBS.get(request.method, "")
    name = route.name
    if not name:
        verb, name = _collection(request, verb, watch=route.watch)
    elif route.watch:
        verb = "watch"
    return Attributes(
        user=user,
        verb=verb,
        group=route.group,
        version=route.version,
        resource=route.resource,
        subresource=route.subresource.partition("/")[0],
        namespace=_namespace(route),
        name=name,
        path=request.path,
    )


def _namespace(route: Route) -> str:
    # Who may do something to a namespace may be said in it.
    is_one = (route.group, route.resource) == ("", "namespaces")
    return route.name if is_one else route.namespace


def _collection(request: HttpRequest, verb: str, *, watch: bool) -> tuple[str, str]:
    """Return the verb for a collection, and the only name that is selected."""
    if verb not in ("get", "delete"):
        return verb, ""
    watches, selector = watch, ""
    for key, value in request.query:
        if key == "watch":
            watches = watches or value.lower() not in ("false", "0")
        elif key == "fieldSelector":
            selector = value
    verb = "deletecollection" if verb == "delete" else "watch" if watches else "list"
    return verb, _selected_name(selector) if "metadata.name" in selector else ""


def _selected_name(selector: str) -> str:
    try:
        return FieldSelector.parse(selector).requires("metadata.name") or ""
    except ValueError:
        return ""


def require(authorizer: Authorizer, attributes: Attributes) -> None:
    """Let an authorizer decide.

    Raises:
        StatusError: 403, it may not be done.
    """
    decision = authorizer.authorize(attributes)
    if not decision.allowed:
        raise denial(attributes, decision.reason)


def denial(attributes: Attributes, reason: str = "") -> StatusError:
    """403: the user may not do it."""
    message = _cannot(attributes)
    for mark, escaped in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        message = message.replace(mark, escaped)
    if reason:
        message = f"{message}: {reason}"
    if not attributes.resource:
        return StatusError(403, "Forbidden", f"forbidden: {message}", details={})
    return forbidden(attributes.group, attributes.resource, attributes.name, message)


def _cannot(attributes: Attributes) -> str:
    head = f"User {_quoted(attributes.user.name)} cannot {attributes.verb}"
    if not attributes.resource:
        return f"{head} path {_quoted(attributes.path)}"
    resource = attributes.resource
    if attributes.subresource:
        resource += f"/{attributes.subresource}"
    where = "at the cluster scope"
    if attributes.namespace:
        where = f"in the namespace {_quoted(attributes.namespace)}"
    group = _quoted(attributes.group)
    return f"{head} resource {_quoted(resource)} in API group {group} {where}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
