"""``serviceaccounts/token``: asking for a token.

Source: kubernetes ``pkg/registry/core/serviceaccount/storage/token.go``.
"""

from datetime import timedelta
from typing import Any

from homeostat._transport import HttpResponse
from homeostat.api import GroupVersionKind
from homeostat.apiserver._access import as_struct, child, items, text_at
from homeostat.apiserver._arrange import ordered_metadata
from homeostat.apiserver._context import Cluster, Target, timestamp
from homeostat.apiserver._managed import track
from homeostat.apiserver._options import write_options
from homeostat.apiserver._render import respond
from homeostat.apiserver._shape import about, check_namespace, read_body
from homeostat.apiserver._status import (
    bad_request,
    conflict,
    invalid,
    json_bytes,
    not_found,
)
from homeostat.apiserver._store import Entry
from homeostat.apiserver._tokens import Bound
from homeostat.schema import FieldError

__all__ = ["request_token"]

Value = dict[str, Any]

_REQUEST = GroupVersionKind("authentication.k8s.io", "v1", "TokenRequest")
_DEFAULT_SECONDS = 3600
_MIN_SECONDS = 600
_MAX_SECONDS = 1 << 32
_BINDABLE = {"Pod": "pods", "Secret": "secrets", "Node": "nodes"}


def request_token(cluster: Cluster, target: Target) -> HttpResponse:
    """Answer with a token of the service account that the path names.

    Raises:
        StatusError: The request is refused.
    """
    options = write_options(target.request, "CreateOptions")
    inner = about(target, _REQUEST)
    value = read_body(inner, options)
    check_namespace(target, value["metadata"])
    spec: Value = as_struct(value.get("spec")) or {}
    value["spec"] = spec
    if spec.get("expirationSeconds") is None:
        spec["expirationSeconds"] = _DEFAULT_SECONDS
    now = cluster.now()
    track(
        inner.served, None, value, manager=options.manager, now=now, subresource="token"
    )
    account = _account(target, value["metadata"])
    metadata: Value = {
        **value["metadata"],
        "name": account.name,
        "namespace": target.route.namespace,
        "uid": account.uid,
        "creationTimestamp": now,
    }
    seconds: int = spec["expirationSeconds"]
    _check(seconds)
    tokens = cluster.authenticator.tokens
    audiences: list[str] = items(spec, "audiences") or list(tokens.audiences)
    reference = as_struct(spec.get("boundObjectRef"))
    bound = _bound(cluster, target, reference) if reference else ()
    token = tokens.issue(account, audiences=audiences, seconds=seconds, bound=bound)
    ends = cluster.clock.now() + timedelta(seconds=seconds)
    answer: Value = {
        "kind": _REQUEST.kind,
        "apiVersion": _REQUEST.api_version,
        "metadata": ordered_metadata(metadata),
        "spec": {
            "audiences": audiences,
            "expirationSeconds": seconds,
            "boundObjectRef": reference,
        },
        "status": {"token": token, "expirationTimestamp": timestamp(ends)},
    }
    return respond(json_bytes(answer), status=201, warnings=target.warnings)


def _account(target: Target, metadata: Value) -> Entry:
    """Return the account, when the metadata of the request is about it."""
    name = target.route.name
    given = text_at(metadata, "name")
    if given and given != name:
        text = "must match the service account name if specified"
        error = FieldError("FieldValueInvalid", "metadata.name", given, text)
        raise invalid(_REQUEST.group, _REQUEST.kind, name, [error])
    account = target.existing()
    uid = text_at(metadata, "uid")
    if uid and uid != account.uid:
        text = (
            f"the UID in the token request ({uid}) does not match the UID of the "
            f"service account ({account.uid})"
        )
        raise conflict(_REQUEST.group, _REQUEST.kind, name, text)
    return account


def _check(seconds: int) -> None:
    text = ""
    if seconds < _MIN_SECONDS:
        text = "may not specify a duration less than 10 minutes"
    elif seconds > _MAX_SECONDS:
        text = "may not specify a duration larger than 2^32 seconds"
    if text:
        path = "spec.expirationSeconds"
        error = FieldError("FieldValueInvalid", path, seconds, text)
        raise invalid(_REQUEST.group, _REQUEST.kind, "", [error])


def _bound(cluster: Cluster, target: Target, reference: Value) -> tuple[Bound, ...]:
    """Return what a token is to die with."""
    kind, name = text_at(reference, "kind"), text_at(reference, "name")
    gvk = GroupVersionKind.of(text_at(reference, "apiVersion"), kind)
    plural = _BINDABLE.get(kind)
    if gvk.group or plural is None:
        raise bad_request(
            f"cannot bind token to object of type {gvk.group}/{gvk.version}, "
            f"Kind={kind}"
        )
    find = cluster.authenticator.tokens.find
    namespace = "" if kind == "Node" else target.route.namespace
    found = find(plural, namespace, name)
    if found is None:
        raise not_found("", plural, name)
    bound = [Bound(kind=kind.lower(), name=name, uid=found.uid)]
    if kind == "Pod":
        spec = child(found.value, "spec")
        account = target.route.name
        if text_at(spec, "serviceAccountName") != account:
            raise bad_request(
                f'cannot bind token for serviceaccount "{account}" to pod running with '
                "different serviceaccount name."
            )
        node = text_at(spec, "nodeName")
        if node:
            live = find("nodes", "", node)
            bound.append(Bound(kind="node", name=node, uid=live.uid if live else ""))
    uid = text_at(reference, "uid")
    if uid and uid != found.uid:
        text = (
            f"the UID in the bound object reference ({uid}) does not match the UID in "
            "record. The object might have been deleted and then recreated"
        )
        raise conflict("", kind, name, text)
    return tuple(bound)
