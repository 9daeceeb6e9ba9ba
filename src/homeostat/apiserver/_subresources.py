"""Subresources that are verbs in disguise: binding, eviction, token."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from homeostat._transport import HttpResponse
from homeostat.api import GroupVersionKind
from homeostat.apiserver._access import child, items
from homeostat.apiserver._arrange import arranged
from homeostat.apiserver._context import Cluster, Target
from homeostat.apiserver._eviction import evict
from homeostat.apiserver._namespaces import admit
from homeostat.apiserver._options import delete_options, write_options
from homeostat.apiserver._pod_exec import refuse
from homeostat.apiserver._pod_logs import read_log
from homeostat.apiserver._render import respond
from homeostat.apiserver._scale import handle_scale
from homeostat.apiserver._shape import about, check_namespace, read_body
from homeostat.apiserver._status import (
    StatusError,
    bad_request,
    conflict,
    json_bytes,
    method_not_allowed,
    not_found,
    server_error,
)
from homeostat.apiserver._tokens_request import request_token
from homeostat.k8s import subresources
from homeostat.schema import FieldError, aggregate

__all__ = ["bind_collection", "find_subresource", "unserved"]

Value = dict[str, Any]
Handler = Callable[[Cluster, Target], HttpResponse]

_BINDING = GroupVersionKind("", "v1", "Binding")
_EVICTION = GroupVersionKind("policy", "v1", "Eviction")
# The same in all but name; generated clients know both.
_OLD_EVICTION = GroupVersionKind("policy", "v1beta1", "Eviction")
_DONE = json_bytes(
    {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "code": 201,
    }
)


def find_subresource(target: Target) -> Handler | None:
    """Return the handler of a subresource other than status."""
    name = target.route.subresource
    if name == "scale":
        return handle_scale
    return _HANDLERS.get((target.served.plural, name))


_VERBS = {
    "GET": "get",
    "POST": "create",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}


def unserved(target: Target) -> StatusError:
    """Return the refusal of a subresource that discovery names and nothing serves.

    Behind logs, exec and proxies there are processes, and here there are none.
    """
    served, route = target.served, target.route
    known = subresources(served.resource.gvr)
    verbs = next((s.verbs for s in known if s.name == route.subresource), ())
    if _VERBS.get(target.request.method) not in verbs:
        return method_not_allowed()
    target.existing()
    return bad_request(
        f"the embedded server does not serve {served.plural}/{route.subresource}: it "
        "has no containers and networks, only the objects that name them"
    )


def _begin_create(cluster: Cluster, target: Target, name: str) -> None:
    """Refuse another verb, and whatever is created in a namespace that ends."""
    if target.request.method != "POST":
        raise method_not_allowed()
    where = {"namespace": target.route.namespace, "name": name}
    admit(cluster, target.served, where)


def _bind(cluster: Cluster, target: Target) -> HttpResponse:
    """Assign a pod to a node."""
    _begin_create(cluster, target, target.route.name)
    options = write_options(target.request, "CreateOptions")
    binding = read_body(about(target, _BINDING), options)
    check_namespace(target, binding["metadata"])
    if binding["metadata"].get("name") != target.route.name:
        raise bad_request("name in URL does not match name in Binding object")
    return _assign(cluster, target, binding, dry_run=options.dry_run)


def bind_collection(cluster: Cluster, target: Target) -> HttpResponse:
    """Assign the pod that a Binding names."""
    options = write_options(target.request, "CreateOptions")
    binding = read_body(target, options)
    check_namespace(target, binding["metadata"])
    _begin_create(cluster, target, binding["metadata"].get("name", ""))
    return _assign(cluster, target, binding, dry_run=options.dry_run)


def _assign(
    cluster: Cluster, target: Target, binding: Value, *, dry_run: bool
) -> HttpResponse:
    node = _node_of(binding)
    given: Value = binding["metadata"]
    name = given.get("name", "")
    pods = cluster.registry.find("", "v1", "pods")
    live = pods.table.live.get(f"{target.route.namespace}/{name}") if pods else None
    if pods is None or live is None:
        raise not_found("", "pods", name)
    value = live.value
    spec = value["spec"]
    if given.get("uid") and given["uid"] != live.uid:
        raise conflict("", "pods", live.name, "Precondition failed: UID")
    if value["metadata"].get("deletionTimestamp"):
        text = f"pod {live.name} is being deleted, cannot be assigned to a host"
        raise conflict("", "pods/binding", live.name, text)
    if spec.get("nodeName"):
        text = f'pod {live.name} is already assigned to node "{spec["nodeName"]}"'
        raise conflict("", "pods/binding", live.name, text)
    if spec.get("schedulingGates"):
        text = f"pod {live.name} has non-empty .spec.schedulingGates"
        raise conflict("", "pods/binding", live.name, text)
    spec["nodeName"] = node
    for key in ("annotations", "labels"):
        added = child(given, key)
        if added:
            own = child(value["metadata"], key)
            value["metadata"][key] = {**own, **added}
    status = value.setdefault("status", {})
    others = [c for c in items(status, "conditions") if c["type"] != "PodScheduled"]
    scheduled = {
        "type": "PodScheduled",
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": cluster.now(),
    }
    status["conditions"] = [*others, scheduled]
    if not dry_run:
        cluster.store.put(pods.table, live.key, arranged(pods, value))
    return respond(_DONE, status=201, warnings=target.warnings)


def _node_of(binding: Value) -> str:
    node = child(binding, "target")
    errors: list[FieldError] = []
    kind = node.get("kind")
    if kind not in ("Node", "", None):
        text = 'supported values: "Node", "<empty>"'
        errors.append(FieldError("FieldValueNotSupported", "target.kind", kind, text))
    target: str = node.get("name", "")
    if not target:
        errors.append(FieldError("FieldValueRequired", "target.name", "", ""))
    if errors:
        raise server_error(aggregate(errors))
    return target


def _evict(cluster: Cluster, target: Target) -> HttpResponse:
    """Delete a pod as its eviction says, if disruption budgets allow it."""
    _begin_create(cluster, target, target.route.name)
    written = write_options(target.request, "CreateOptions")
    old = _OLD_EVICTION.api_version.encode() in target.request.body
    kind = _OLD_EVICTION if old else _EVICTION
    eviction = read_body(about(target, kind, like=_EVICTION), written)
    check_namespace(target, eviction["metadata"])
    if eviction["metadata"].get("name") != target.route.name:
        raise bad_request("name in URL does not match name in Eviction object")
    live = target.existing()
    options = delete_options(target.request, child(eviction, "deleteOptions"))
    options = replace(options, dry_run=written.dry_run or options.dry_run)
    evict(cluster, target.served, live, options)
    return respond(_DONE, status=201, warnings=target.warnings)


def _token(cluster: Cluster, target: Target) -> HttpResponse:
    """Issue a token of a service account."""
    _begin_create(cluster, target, target.route.name)
    return request_token(cluster, target)


_HANDLERS: dict[tuple[str, str], Handler] = {
    ("pods", "binding"): _bind,
    ("pods", "eviction"): _evict,
    ("pods", "log"): read_log,
    ("pods", "attach"): refuse,
    ("pods", "exec"): refuse,
    ("pods", "portforward"): refuse,
    ("serviceaccounts", "token"): _token,
}
