"""Kinds that are asked, not stored: reviews of who somebody is and what he may do.

Source: kubernetes ``pkg/registry/authentication`` and ``pkg/registry/authorization``.
"""

from collections.abc import Callable
from typing import Any

from homeostat._transport import HttpResponse
from homeostat.apiserver._access import as_struct, child, items, text_at
from homeostat.apiserver._arrange import ordered_metadata
from homeostat.apiserver._authorize import Attributes
from homeostat.apiserver._context import Cluster, Target
from homeostat.apiserver._managed import track
from homeostat.apiserver._options import write_options
from homeostat.apiserver._render import respond
from homeostat.apiserver._shape import check_namespace, read_body
from homeostat.apiserver._status import bad_request, invalid, json_bytes
from homeostat.apiserver._tokens import InvalidTokenError
from homeostat.apiserver._users import User
from homeostat.apiserver._virtual_check import check_access, ignored_selectors

__all__ = ["is_virtual", "review"]

Value = dict[str, Any]


def is_virtual(target: Target) -> bool:
    """Tell whether a resource is asked, not stored."""
    return target.served.plural in _REVIEWS and not target.served.custom


def review(cluster: Cluster, target: Target) -> HttpResponse:
    """Answer a review.

    Raises:
        StatusError: It is refused.
    """
    options = write_options(target.request, "CreateOptions")
    value = read_body(target, options)
    check_namespace(target, value["metadata"])
    served = target.served
    track(served, None, value, manager=options.manager, now=cluster.now())
    value["metadata"] = ordered_metadata(value["metadata"])
    answer: Value = {
        "kind": served.kind,
        "apiVersion": served.gvk.api_version,
        "metadata": value["metadata"],
        **_REVIEWS[served.plural](cluster, target, value),
    }
    return respond(json_bytes(answer), status=201, warnings=target.warnings)


def _who_am_i(cluster: Cluster, target: Target, value: Value) -> Value:
    del value
    metadata = {"creationTimestamp": cluster.now()}
    return {"metadata": metadata, "status": {"userInfo": _shown(target.user)}}


def _shown(user: User) -> Value:
    """Return a user as reviews show him."""
    info: Value = {"username": user.name}
    if user.uid:
        info["uid"] = user.uid
    if user.groups:
        info["groups"] = list(user.groups)
    if user.extra:
        info["extra"] = {key: list(user.extra[key]) for key in sorted(user.extra)}
    return info


def _whose_token(cluster: Cluster, target: Target, value: Value) -> Value:
    del target
    spec = child(value, "spec")
    token = text_at(spec, "token")
    if not token:
        raise bad_request("token is required for TokenReview in authentication")
    authenticator = cluster.authenticator
    asked: list[str] = items(spec, "audiences")
    try:
        user, audiences = authenticator.read_token(
            token, asked or authenticator.tokens.audiences
        )
    except InvalidTokenError as error:
        return {"spec": spec, "status": {"user": {}, "error": str(error)}}
    status: Value = {
        "authenticated": True,
        "user": _shown(user),
        "audiences": list(audiences),
    }
    return {"spec": spec, "status": status}


def _may_somebody(cluster: Cluster, target: Target, value: Value) -> Value:
    local = target.served.namespaced
    errors = check_access(value, names_user=True, local=local)
    if errors:
        raise invalid(target.served.group, "", "", errors)
    spec = child(value, "spec")
    extra = child(spec, "extra")
    user = User(
        name=text_at(spec, "user"),
        uid=text_at(spec, "uid"),
        groups=tuple(items(spec, "groups")),
        extra={key: tuple(extra[key] or ()) for key in extra},
    )
    return _decided(cluster, user, spec)


def _may_i(cluster: Cluster, target: Target, value: Value) -> Value:
    errors = check_access(value, names_user=False, local=False)
    if errors:
        raise invalid(target.served.group, "", "", errors)
    return _decided(cluster, target.user, child(value, "spec"))


def _decided(cluster: Cluster, user: User, spec: Value) -> Value:
    decision = cluster.authorizer.authorize(_attributes(user, spec))
    status: Value = {"allowed": decision.allowed}
    if decision.denied:
        status["denied"] = True
    if decision.reason:
        status["reason"] = decision.reason
    faults = [decision.error, *ignored_selectors(child(spec, "resourceAttributes"))]
    error = "; ".join(fault for fault in faults if fault)
    if error:
        status["evaluationError"] = error
    return {"spec": spec, "status": status}


def _attributes(user: User, spec: Value) -> Attributes:
    asked = as_struct(spec.get("resourceAttributes"))
    if asked is None:
        path = child(spec, "nonResourceAttributes")
        verb = text_at(path, "verb")
        return Attributes(user=user, verb=verb, path=text_at(path, "path"))
    return Attributes(
        user=user,
        verb=text_at(asked, "verb"),
        group=text_at(asked, "group"),
        version=text_at(asked, "version") or "*",
        resource=text_at(asked, "resource"),
        subresource=text_at(asked, "subresource"),
        namespace=text_at(asked, "namespace"),
        name=text_at(asked, "name"),
    )


def _what_may_i(cluster: Cluster, target: Target, value: Value) -> Value:
    namespace = text_at(child(value, "spec"), "namespace")
    if not namespace:
        raise bad_request("no namespace on request")
    rules = cluster.authorizer.rules(target.user, namespace)
    resources: list[Value] = []
    for rule in rules.resources:
        shown: Value = {
            "verbs": list(rule.verbs),
            "apiGroups": list(rule.groups),
            "resources": list(rule.resources),
        }
        if rule.names:
            shown["resourceNames"] = list(rule.names)
        resources.append(shown)
    paths = [
        {"verbs": list(rule.verbs), "nonResourceURLs": list(rule.paths)}
        for rule in rules.paths
    ]
    status: Value = {
        "resourceRules": resources,
        "nonResourceRules": paths,
        "incomplete": rules.incomplete,
    }
    if rules.error:
        status["evaluationError"] = rules.error
    return {"metadata": {}, "spec": {}, "status": status}


_REVIEWS: dict[str, Callable[[Cluster, Target, Value], Value]] = {
    "selfsubjectreviews": _who_am_i,
    "tokenreviews": _whose_token,
    "selfsubjectrulesreviews": _what_may_i,
    "selfsubjectaccessreviews": _may_i,
    "subjectaccessreviews": _may_somebody,
    "localsubjectaccessreviews": _may_somebody,
}
