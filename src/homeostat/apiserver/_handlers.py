"""From a route and a method to the handler of a verb."""

from collections.abc import Callable

from homeostat._transport import HttpRequest, HttpResponse
from homeostat.apiserver._context import Cluster, Target
from homeostat.apiserver._delete import delete_collection, delete_object
from homeostat.apiserver._list import get_object, list_objects
from homeostat.apiserver._negotiate import form_of
from homeostat.apiserver._options import list_options, write_options
from homeostat.apiserver._parts import PARTS
from homeostat.apiserver._patch import patch_object
from homeostat.apiserver._pod_exec import execute
from homeostat.apiserver._pod_logs import LogStream, follows, open_log
from homeostat.apiserver._processes import Finished
from homeostat.apiserver._render import object_bytes, respond, status_response
from homeostat.apiserver._resolve import find_target, version_ahead
from homeostat.apiserver._shape import check_target, read_body
from homeostat.apiserver._status import (
    StatusError,
    method_not_allowed,
    not_found,
    unknown_path,
)
from homeostat.apiserver._store import Store
from homeostat.apiserver._subresources import (
    bind_collection,
    find_subresource,
    unserved,
)
from homeostat.apiserver._users import ADMIN, User
from homeostat.apiserver._virtual import is_virtual, review
from homeostat.apiserver._watch import WatchStream
from homeostat.apiserver._write import Change, commit_new, commit_update
from homeostat.k8s import subresources

__all__ = ["answer", "is_watch", "open_stream", "run_command", "takes_waiting"]

Handler = Callable[[Cluster, Target], HttpResponse]


def is_watch(request: HttpRequest, target: Target) -> bool:
    """Tell whether a request opens a stream."""
    if request.method != "GET" or target.route.subresource:
        return False
    if target.route.watch:
        return True
    if target.route.name:
        return False
    return any(
        key == "watch" and value.lower() not in ("false", "0")
        for key, value in request.query
    )


def takes_waiting(store: Store, request: HttpRequest, target: Target) -> bool:
    """Tell whether a request opens a stream, or is about what is to come.

    Raises:
        StatusError: It names a version that is none.
    """
    return (
        is_watch(request, target)
        or follows(target)
        or version_ahead(store, request, target) > 0
    )


def open_stream(
    cluster: Cluster, request: HttpRequest, user: User
) -> WatchStream | LogStream | HttpResponse | None:
    """Open a watch or a log, or refuse it; None when something else is asked."""
    try:
        target = find_target(cluster, request, user)
        if target is not None and is_watch(request, target):
            if "watch" not in target.served.resource.verbs:
                raise method_not_allowed()
            return WatchStream(cluster, target, list_options(request, watch=True))
        if target is not None and follows(target):
            return open_log(cluster, target)
    except StatusError as error:
        return status_response(error)
    return None


def run_command(
    cluster: Cluster, request: HttpRequest, user: User
) -> Finished | HttpResponse:
    """Run the command of an exec, or refuse to."""
    try:
        target = find_target(cluster, request, user)
        if target is None:
            raise unknown_path()
        return execute(cluster, target)
    except StatusError as error:
        return status_response(error)


def answer(cluster: Cluster, target: Target) -> HttpResponse:
    """Answer a request that is not a watch.

    Raises:
        StatusError: It is refused.
    """
    route, request = target.route, target.request
    served = target.served
    # The cluster's own controllers have to write Endpoints, and know what they are.
    if served.deprecation and (served.custom or target.user is not ADMIN):
        target.warnings.append(served.deprecation)
    if route.subresource:
        return _subresource(cluster, target)
    if not _has_path(target):
        raise unknown_path()
    handlers = _OBJECT if route.name else _COLLECTION
    verb, handler = handlers.get(request.method, ("", None))
    if handler is None or not _allows(target, verb):
        raise method_not_allowed()
    return handler(cluster, target)


def _has_path(target: Target) -> bool:
    """Tell whether there is such a path: what is only created has no others."""
    if target.served.resource.verbs != ("create",):
        return True
    route = target.route
    return not route.name and bool(route.namespace) == target.served.namespaced


def _allows(target: Target, verb: str) -> bool:
    served = target.served
    if verb == "create" and served.namespaced and not target.route.namespace:
        return False
    if verb == "deletecollection" and served.namespaced and not target.route.namespace:
        return False
    return verb in served.resource.verbs


def _get(cluster: Cluster, target: Target) -> HttpResponse:
    return get_object(cluster, target)


def _list(cluster: Cluster, target: Target) -> HttpResponse:
    return list_objects(cluster, target, list_options(target.request))


def _create(cluster: Cluster, target: Target) -> HttpResponse:
    if is_virtual(target):
        return review(cluster, target)
    if target.served.kind == "Binding" and not target.served.custom:
        return bind_collection(cluster, target)
    form = form_of(cluster.clock, target.request)
    options = write_options(target.request, "CreateOptions")
    value = read_body(target, options)
    data = commit_new(cluster, target, Change(value=value, options=options))
    body = object_bytes(target.served, data, form) + b"\n"
    return respond(body, status=201, warnings=target.warnings)


def _update(cluster: Cluster, target: Target) -> HttpResponse:
    served, route = target.served, target.route
    form = form_of(cluster.clock, target.request)
    options = write_options(target.request, "UpdateOptions")
    value = read_body(target, options)
    check_target(target, value)
    change = Change(value=value, options=options, subresource=route.subresource)
    live = target.live
    status = 200
    if live is not None:
        data = commit_update(cluster, target, live, change)
    elif served.create_on_update and not route.subresource:
        value["metadata"].pop("resourceVersion", None)
        data, status = commit_new(cluster, target, change), 201
    else:
        raise not_found(served.group, served.plural, route.name)
    body = object_bytes(served, data, form) + b"\n"
    return respond(body, status=status, warnings=target.warnings)


def _delete_all(cluster: Cluster, target: Target) -> HttpResponse:
    return delete_collection(cluster, target, list_options(target.request))


_OBJECT: dict[str, tuple[str, Handler | None]] = {
    "GET": ("get", _get),
    "PUT": ("update", _update),
    "PATCH": ("patch", patch_object),
    "DELETE": ("delete", delete_object),
}
_COLLECTION: dict[str, tuple[str, Handler | None]] = {
    "GET": ("list", _list),
    "POST": ("create", _create),
    "DELETE": ("deletecollection", _delete_all),
}


def _no_subresource(target: Target) -> StatusError:
    served = target.served
    if served.custom:
        return not_found(served.group, served.plural, target.route.name)
    return unknown_path()


_PARTS = PARTS | {"status"}


def _subresource(cluster: Cluster, target: Target) -> HttpResponse:
    name = target.route.subresource
    if name not in target.served.resource.subresources:
        raise _no_subresource(target)
    if name in _PARTS:
        known = subresources(target.served.resource.gvr)
        verbs = next((sub.verbs for sub in known if sub.name == name), None)
        verb, handler = _OBJECT.get(target.request.method, ("", None))
        refused = verb == "delete" if verbs is None else verb not in verbs
        if handler is None or refused:
            raise method_not_allowed()
        return handler(cluster, target)
    handler = find_subresource(target)
    if handler is None:
        raise unserved(target)
    return handler(cluster, target)
