"""The parameters of operations, as OpenAPI v2 has them, and how all are allowed.

Source: the options of ``meta.k8s.io/v1`` and of ``v1``, as ``PodLogOptions``.
"""

from collections.abc import Mapping
from typing import Any, Final

__all__ = [
    "CREATE",
    "CUSTOM_GET",
    "DELETE",
    "DELETE_COLLECTION",
    "IN_NAMESPACE",
    "LIST",
    "NAMED",
    "OPTIONS",
    "PATCH",
    "PRETTY",
    "SECURITY",
    "WITH_PATH",
    "body",
]

Parameter = dict[str, Any]
Parameters = tuple[Parameter, ...]

_META: Final = "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1."


def _query(name: str, kind: str = "string") -> Parameter:
    return {"uniqueItems": True, "type": kind, "name": name, "in": "query"}


def _queries(**kinds: str) -> Parameters:
    return tuple(_query(name, kind) for name, kind in kinds.items())


def _in_path(name: str) -> Parameter:
    return {
        "uniqueItems": True,
        "type": "string",
        "name": name,
        "in": "path",
        "required": True,
    }


def body(reference: str, *, required: bool) -> Parameter:
    """Return the parameter that is the body, of a schema.

    Args:
        reference: To its definition.
        required: Whether there has to be one.
    """
    made: Parameter = {"name": "body", "in": "body", "schema": {"$ref": reference}}
    return made | ({"required": True} if required else {})


SECURITY: Final = {
    "BearerToken": {
        "type": "apiKey",
        "description": "Bearer Token authentication",
        "name": "authorization",
        "in": "header",
    }
}
NAMED: Final = _in_path("name")
IN_NAMESPACE: Final = _in_path("namespace")
WITH_PATH: Final = _in_path("path")
PRETTY: Final = _query("pretty")
CUSTOM_GET: Final = _queries(resourceVersion="string")
CREATE: Final = _queries(
    dryRun="string", fieldManager="string", fieldValidation="string"
)
PATCH: Final = (
    *CREATE,
    _query("force", "boolean"),
    body(f"{_META}Patch", required=True),
)
DELETE: Final = (
    *_queries(
        dryRun="string",
        gracePeriodSeconds="integer",
        ignoreStoreReadErrorWithClusterBreakingPotential="boolean",
        orphanDependents="boolean",
        propagationPolicy="string",
    ),
    body(f"{_META}DeleteOptions", required=False),
)
_SELECTION: Final = _queries(
    **{"continue": "string"},
    fieldSelector="string",
    labelSelector="string",
    limit="integer",
    resourceVersion="string",
    resourceVersionMatch="string",
    sendInitialEvents="boolean",
    shardSelector="string",
    timeoutSeconds="integer",
)
LIST: Final = (*_SELECTION, *_queries(allowWatchBookmarks="boolean", watch="boolean"))
DELETE_COLLECTION: Final = (*DELETE, *_SELECTION)
_STDIO: Final = _queries(
    container="string",
    stderr="boolean",
    stdin="boolean",
    stdout="boolean",
    tty="boolean",
)
_PATH: Final = _queries(path="string")
# By subresource and resource.
OPTIONS: Final[Mapping[tuple[str, str], Parameters]] = {
    ("attach", "pods"): _STDIO,
    ("exec", "pods"): (_query("command"), *_STDIO),
    ("portforward", "pods"): _queries(ports="integer"),
    ("proxy", "nodes"): _PATH,
    ("proxy", "pods"): _PATH,
    ("proxy", "services"): _PATH,
    ("log", "pods"): _queries(
        container="string",
        follow="boolean",
        insecureSkipTLSVerifyBackend="boolean",
        limitBytes="integer",
        previous="boolean",
        sinceSeconds="integer",
        stream="string",
        tailLines="integer",
        timestamps="boolean",
    ),
}
