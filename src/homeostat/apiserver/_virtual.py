"""Kinds that are asked, not stored: reviews of who somebody is and what he may do."""

from typing import Any

from homeostat._transport import HttpResponse
from homeostat.apiserver._access import child
from homeostat.apiserver._context import Cluster, Target
from homeostat.apiserver._options import write_options
from homeostat.apiserver._render import respond
from homeostat.apiserver._shape import read_body
from homeostat.apiserver._status import json_bytes
from homeostat.apiserver._users import User

__all__ = ["is_virtual", "review"]

Value = dict[str, Any]

_EVERYTHING = {
    "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
    "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
    "incomplete": False,
}
_ALLOWED = {"allowed": True}

_STATUS: dict[str, Value] = {
    "selfsubjectreviews": {},
    "tokenreviews": {"user": {}, "error": "invalid bearer token"},
    "selfsubjectrulesreviews": _EVERYTHING,
    "selfsubjectaccessreviews": _ALLOWED,
    "subjectaccessreviews": _ALLOWED,
    "localsubjectaccessreviews": _ALLOWED,
}


def user_info(user: User) -> Value:
    """Return a user as reviews show him."""
    info: Value = {"username": user.name}
    if user.uid:
        info["uid"] = user.uid
    if user.groups:
        info["groups"] = list(user.groups)
    if user.extra:
        info["extra"] = {key: list(user.extra[key]) for key in sorted(user.extra)}
    return info


def is_virtual(target: Target) -> bool:
    """Tell whether a resource is asked, not stored."""
    return target.served.plural in _STATUS and not target.served.custom


def review(cluster: Cluster, target: Target) -> HttpResponse:
    """Answer a review."""
    options = write_options(target.request, "CreateOptions")
    value = read_body(target, options)
    served = target.served
    answer: Value = {
        "kind": served.kind,
        "apiVersion": served.gvk.api_version,
        "metadata": {},
    }
    if served.plural == "selfsubjectreviews":
        answer["metadata"] = {"creationTimestamp": cluster.now()}
    elif served.plural == "selfsubjectrulesreviews":
        answer["spec"] = {}
    else:
        answer["spec"] = child(value, "spec")
    answer["status"] = _STATUS[served.plural]
    if served.plural == "selfsubjectreviews":
        answer["status"] = {"userInfo": user_info(target.user)}
    return respond(json_bytes(answer), status=201, warnings=target.warnings)
