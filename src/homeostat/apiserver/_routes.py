"""What a path asks for. Pure: a path and nothing else decides.

Source: apiserver ``pkg/endpoints/request/requestinfo.go``.
"""

from dataclasses import dataclass
from functools import lru_cache

__all__ = ["Route", "parse_path"]

# Below a namespace these are subresources of it, not resources in it.
_NAMESPACE_SUBRESOURCES = frozenset({"status", "finalize"})


@dataclass(frozen=True, slots=True)
class Route:
    """A path that leads to a resource.

    Attributes:
        group: "" for the core group.
        version: As ``v1``.
        resource: Plural name.
        namespace: "" across namespaces and for cluster-scoped resources.
        name: "" for the collection.
        subresource: "" for the object itself.
        watch: The deprecated ``/watch/`` prefix was there.
    """

    group: str
    version: str
    resource: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    watch: bool = False


# Asked for twice for a request, and clients ask for few paths again and again.
@lru_cache(maxsize=1024)
def parse_path(path: str) -> Route | None:
    """Return the route of a path, None when it leads to no resource.

    Args:
        path: Absolute and unquoted.
    """
    parts = path.split("/")[1:]
    if parts and not parts[-1]:
        parts.pop()
    if "" in parts:
        return None
    match parts:
        case ["api", "v1", *rest]:
            return _resource("", "v1", rest)
        case ["apis", group, version, *rest]:
            return _resource(group, version, rest)
        case _:
            pass
    return None


def _resource(group: str, version: str, parts: list[str]) -> Route | None:
    watch = bool(parts) and parts[0] == "watch"
    if watch:
        parts = parts[1:]
    namespace = ""
    match parts:
        case ["namespaces", _, sub] if sub in _NAMESPACE_SUBRESOURCES:
            pass
        case ["namespaces", namespace, _, *_]:
            parts = parts[2:]
        case _:
            pass
    match parts:
        case [resource]:
            return Route(group, version, resource, namespace, watch=watch)
        case [resource, name]:
            return Route(group, version, resource, namespace, name, watch=watch)
        case [resource, name, *subresource]:
            return Route(
                group,
                version,
                resource,
                namespace,
                name,
                "/".join(subresource),
                watch,
            )
        case _:
            pass
    return None
