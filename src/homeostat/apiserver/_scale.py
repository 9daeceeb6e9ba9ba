"""The scale of a workload: one document for every kind that has replicas.

Source: apimachinery-free parts of kubernetes ``pkg/registry/apps/*/storage`` and
apiextensions-apiserver ``pkg/registry/customresource/etcd.go``.
"""

from typing import Any

import msgspec

from homeostat._transport import HttpResponse
from homeostat.api import GroupVersionKind, Selector
from homeostat.apiserver._access import as_struct, at_path, child
from homeostat.apiserver._apply import apply_config, field_conflict
from homeostat.apiserver._context import Cluster, Target
from homeostat.apiserver._decode import decode_applied
from homeostat.apiserver._negotiate import form_of
from homeostat.apiserver._normal import TypeMismatchError, normalise
from homeostat.apiserver._options import WriteOptions, write_options
from homeostat.apiserver._patch import APPLY_PATCH, patch_options, patched_value
from homeostat.apiserver._registry import Scale, Served
from homeostat.apiserver._render import respond, scale_bytes
from homeostat.apiserver._shape import about, check_target, read_body
from homeostat.apiserver._status import (
    StatusError,
    bad_request,
    invalid,
    json_bytes,
    method_not_allowed,
    server_error,
)
from homeostat.apiserver._store import Entry
from homeostat.apiserver._write import Change, commit_update
from homeostat.k8s import schema_of
from homeostat.schema import FieldConflictError, FieldError

__all__ = ["handle_scale"]

Value = dict[str, Any]

_KIND = GroupVersionKind("autoscaling", "v1", "Scale")
_NEVER_SET = -(2**31)  # what a scale has that nobody has set yet
_BUILTIN = Scale(spec_path=".spec.replicas", status_path=".status.replicas")


def handle_scale(cluster: Cluster, target: Target) -> HttpResponse:
    """Answer a request for the scale of an object."""
    handler = {"GET": _get, "PUT": _put, "PATCH": _patch}.get(target.request.method)
    if handler is None:
        raise method_not_allowed()
    return handler(cluster, target)


def _get(cluster: Cluster, target: Target) -> HttpResponse:
    form = form_of(cluster.clock, target.request)
    scale = _scale_of(target.served, target.served.view(target.existing().value))
    body = scale_bytes(target.served, scale, form) + b"\n"
    return respond(body, warnings=target.warnings)


def _put(cluster: Cluster, target: Target) -> HttpResponse:
    options = write_options(target.request, "UpdateOptions")
    scale = read_body(about(target, _KIND), options)
    check_target(target, scale)
    return _write(cluster, target, target.existing(), scale, options)


def _patch(cluster: Cluster, target: Target) -> HttpResponse:
    kind, options = patch_options(target)
    live = target.existing()
    if kind == APPLY_PATCH:
        return _apply(cluster, target, options)
    whole = target.served.view(live.value)
    current = _scale_of(target.served, whole, missing=True)
    scale = patched_value(about(target, _KIND), current, kind, options)
    check_target(target, scale)
    if scale["metadata"].get("resourceVersion") == str(live.revision):
        # The patch did not name it, or named the current one: no precondition.
        scale["metadata"]["resourceVersion"] = ""
    return _write(cluster, target, live, scale, options, patched_=True)


def _apply(cluster: Cluster, target: Target, options: WriteOptions) -> HttpResponse:
    """Apply a scale: what it says of the replicas goes to the object."""
    config = decode_applied("Scale", target.request.body)
    schema = schema_of(_KIND)
    if schema is None:
        raise LookupError("the built-in table has no Scale")
    try:
        normalise(config, schema, "Scale")
    except TypeMismatchError as error:
        raise server_error(str(error)) from None
    paths = target.served.scale or _BUILTIN
    whole: Value = {
        "apiVersion": target.served.gvk.api_version,
        "kind": target.served.kind,
        "metadata": {"name": target.route.name},
    }
    if target.served.namespaced:
        whole["metadata"]["namespace"] = target.route.namespace
    if child(config, "spec").get("replicas") is None:
        # Nothing is applied: not even what was is taken back.
        return _get(cluster, target)
    _set_path(whole, paths.spec_path, _replicas(target, config))
    try:
        data, _ = apply_config(cluster, target, options, whole)
    except FieldConflictError as error:
        raise _conflict(target, error) from None
    scale = _scale_of(target.served, target.served.view(msgspec.json.decode(data)))
    return respond(json_bytes(scale), warnings=target.warnings)


def _conflict(target: Target, error: FieldConflictError) -> StatusError:
    """Return the refusal of an apply: it speaks of the scale, and so of one field."""
    version = target.served.gvk.api_version
    causes = [
        {
            **cause,
            "message": cause["message"].replace(
                f"using {version}", f"using {_KIND.api_version}"
            ),
            "field": _BUILTIN.spec_path,
        }
        for cause in error.causes()
    ]
    told = [f"{cause['message']}: {cause['field']}" for cause in causes]
    if len(told) == 1:
        return field_conflict(f"Apply failed with 1 conflict: {told[0]}", causes)
    lines = [
        line.replace("conflict ", "conflicts ", 1).replace(": ", ":\n- ")
        for line in told
    ]
    head = f"Apply failed with {len(told)} conflicts: "
    return field_conflict(head + "\n".join(lines), causes)


def _replicas(target: Target, scale: Value) -> int:
    replicas: int = child(scale, "spec").get("replicas", 0)
    if replicas == _NEVER_SET and target.served.custom:
        path = (target.served.scale or _BUILTIN).spec_path
        raise bad_request(f'the spec replicas field "{path}" cannot be empty')
    if replicas < 0 and target.served.custom:
        paths, name = target.served.scale or _BUILTIN, target.route.name
        text = "should be a non-negative integer"
        error = FieldError("FieldValueInvalid", paths.spec_path, replicas, text)
        raise invalid(target.served.group, target.served.kind, name, [error])
    if replicas < 0:
        text = "must be greater than or equal to 0"
        error = FieldError("FieldValueInvalid", "spec.replicas", replicas, text)
        raise invalid("autoscaling", "Scale", target.route.name, [error])
    return replicas


def _write(
    cluster: Cluster,
    target: Target,
    live: Entry,
    scale: Value,
    options: WriteOptions,
    *,
    patched_: bool = False,
) -> HttpResponse:
    served = target.served
    replicas = _replicas(target, scale)
    metadata = child(scale, "metadata")
    value = served.view(live.value)
    _set_path(value, (served.scale or _BUILTIN).spec_path, replicas)
    asked = metadata.get("resourceVersion")
    value["metadata"]["resourceVersion"] = asked or str(live.revision)
    uid = metadata.get("uid")
    if uid:
        value["metadata"]["uid"] = uid
    change = Change(value=value, options=options, subresource="scale", patched=patched_)
    data = commit_update(cluster, target, live, change)
    answer = _scale_of(served, served.view(msgspec.json.decode(data)))
    return respond(json_bytes(answer), warnings=target.warnings)


def _scale_of(served: Served, value: Value, *, missing: bool = False) -> Value:
    """Return the scale of an object.

    Args:
        served: The object's resource.
        value: The object.
        missing: Take a number of its own for replicas that a custom one does not set.
    """
    paths = served.scale or _BUILTIN
    metadata = value["metadata"]
    keys = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    replicas = at_path(value, paths.spec_path)
    if replicas is None and served.custom and missing:
        replicas = _NEVER_SET
    elif replicas is None and served.custom:
        text = f'the spec replicas field "{paths.spec_path}" does not exist'
        details = {"causes": [{"message": text}]}
        message = f"Internal error occurred: {text}"
        raise StatusError(500, "InternalError", message, details=details)
    status: Value = {"replicas": at_path(value, paths.status_path) or 0}
    selector = _selector(served, value, paths)
    if selector:
        status["selector"] = selector
    return {
        "kind": "Scale",
        "apiVersion": _KIND.api_version,
        "metadata": {key: metadata[key] for key in keys if key in metadata},
        "spec": {"replicas": replicas} if replicas else {},
        "status": status,
    }


def _selector(served: Served, value: Value, paths: Scale) -> str:
    if served.custom:
        found = at_path(value, paths.selector_path) if paths.selector_path else ""
        return found if isinstance(found, str) else ""
    selector = child(child(value, "spec"), "selector")
    if served.plural == "replicationcontrollers":
        selector = {"matchLabels": selector}
    return str(Selector.of(selector))


def _set_path(value: Value, path: str, replicas: int) -> None:
    *parents, last = path.lstrip(".").split(".")
    item = value
    for step in parents:
        inner = as_struct(item.get(step))
        if inner is None:
            inner = item[step] = dict[str, Any]()
        item = inner
    item[last] = replicas
