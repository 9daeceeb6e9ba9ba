"""From a request to what it is about, as far as a server waits for that."""

import asyncio

from homeostat._transport import HttpRequest, HttpResponse
from homeostat.apiserver._context import Cluster, Target
from homeostat.apiserver._list import parse_version
from homeostat.apiserver._routes import parse_path
from homeostat.apiserver._status import too_large_version, unknown_path
from homeostat.apiserver._store import Store
from homeostat.apiserver._users import User
from homeostat.apiserver._watch import WAIT_FOR_VERSION

__all__ = ["await_version", "find_target", "unknown", "version_ahead"]

_NOT_FOUND = HttpResponse(
    status=404,
    headers={
        "content-type": "text/plain; charset=utf-8",
        "x-content-type-options": "nosniff",
    },
    body=b"404 page not found\n",
)


def find_target(cluster: Cluster, request: HttpRequest, user: User) -> Target | None:
    """Return the resource that a request is about, None when it is about none.

    Raises:
        StatusError: 404, a built-in group does not have it.
    """
    route = parse_path(request.path)
    if route is None:
        return None
    registry = cluster.registry
    served = registry.find(route.group, route.version, route.resource)
    if served is None:
        if registry.has_builtin(route.group):
            raise unknown_path()
        return None
    if bool(route.namespace) and not served.namespaced:
        raise unknown_path()
    if route.name and served.namespaced and not route.namespace:
        raise unknown_path()
    return Target(request=request, route=route, served=served, user=user)


def unknown(cluster: Cluster, path: str) -> HttpResponse:
    """Answer for a path that nobody serves.

    Raises:
        StatusError: 404, it is one of a built-in group.
    """
    parts = path.split("/")
    known = cluster.registry.has_builtin
    if parts[1:2] == ["api"] and len(parts) > 2:
        raise unknown_path()
    if parts[1:2] == ["apis"] and len(parts) > 2 and known(parts[2]):
        raise unknown_path()
    return _NOT_FOUND


def version_ahead(store: Store, request: HttpRequest, target: Target) -> int:
    """Return the version that a read has to wait for, 0 when it is there."""
    if request.method != "GET" or not request.query:
        return 0
    if any(key == "continue" and value for key, value in request.query):
        return 0  # a continued list has its version in the token
    text = next((v for k, v in request.query if k == "resourceVersion"), "")
    asked = parse_version(text, listing=not target.route.name)
    return asked if asked > store.revision else 0


async def await_version(store: Store, request: HttpRequest, target: Target) -> None:
    """Let a read ahead of the store wait for it, as the server's cache does.

    Raises:
        StatusError: 504, it did not come that far in time.
    """
    asked = version_ahead(store, request, target)
    until = asyncio.get_running_loop().time() + WAIT_FOR_VERSION
    while store.revision < asked:
        if not await store.changed(until):
            raise too_large_version(asked, store.revision)
