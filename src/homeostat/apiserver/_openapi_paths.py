"""The paths of an OpenAPI v3 document: one operation for each verb of a resource.

Source: kubernetes ``staging/src/k8s.io/apiserver/pkg/endpoints/installer.go``.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from homeostat.api import GroupVersionKind, Resource
from homeostat.k8s import subresources

__all__ = ["resource_paths"]

Document = dict[str, Any]
NameOf = Callable[[GroupVersionKind], str | None]

_REFERENCE: Final = "#/components/schemas/"
_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1."
_PATCH_TYPES: Final = (
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
)
_STRATEGIC: Final = "application/strategic-merge-patch+json"
_BUILTIN_TYPES: Final = (
    "application/json",
    "application/vnd.kubernetes.protobuf",
    "application/yaml",
)
_ANY_TYPE: Final = ("*/*",)
_CUSTOM_TYPES: Final = ("application/json", "application/yaml")


def _query(name: str, kind: str = "string") -> Document:
    return {"name": name, "in": "query", "schema": {"type": kind, "uniqueItems": True}}


def _in_path(name: str) -> Document:
    schema = {"type": "string", "uniqueItems": True}
    return {"name": name, "in": "path", "required": True, "schema": schema}


_WRITE: Final = [_query(n) for n in ("dryRun", "fieldManager", "fieldValidation")]
_FORCE: Final = _query("force", "boolean")
_GET: Final = [_query("resourceVersion")]
_DELETE: Final = [
    _query("dryRun"),
    _query("gracePeriodSeconds", "integer"),
    _query("ignoreStoreReadErrorWithClusterBreakingPotential", "boolean"),
    _query("orphanDependents", "boolean"),
    _query("propagationPolicy"),
]
_LIST: Final = [
    _query("allowWatchBookmarks", "boolean"),
    _query("continue"),
    _query("fieldSelector"),
    _query("labelSelector"),
    _query("limit", "integer"),
    _query("resourceVersion"),
    _query("resourceVersionMatch"),
    _query("sendInitialEvents", "boolean"),
    _query("timeoutSeconds", "integer"),
    _query("watch", "boolean"),
]
_PRETTY: Final = _query("pretty")
# Streams and proxies are upgraded connections: no schema describes them.
_CONNECTED: Final = frozenset({"attach", "exec", "portforward", "proxy"})
# HTTP method, and what Kubernetes calls it, of each verb on one object.
_ON_ITEM: Final = (
    ("get", "get", "get"),
    ("update", "put", "put"),
    ("delete", "delete", "delete"),
    ("patch", "patch", "patch"),
)
_ON_ALL: Final = (
    ("list", "get", "list"),
    ("create", "post", "post"),
    ("deletecollection", "delete", "deletecollection"),
)
_READS: Final = {"get": "read", "put": "replace", "post": "create", "list": "list"}


def resource_paths(
    resource: Resource,
    kinds: Mapping[str, GroupVersionKind],
    name_of: NameOf,
    *,
    custom: bool,
) -> dict[str, Document]:
    """Return the paths of a resource and of its subresources.

    Args:
        resource: What is served.
        kinds: The kind of each subresource.
        name_of: Gives the component of a kind, None when it has none.
        custom: Whether it is a custom resource: no strategic patches, no protobuf.
    """
    made = _Paths(resource, name_of, custom=custom)
    verbs = frozenset(resource.verbs)
    collection = resource.path("{namespace}" if resource.namespaced else "")
    made.add(collection, _ON_ALL, verbs, resource.gvk)
    made.add(f"{collection}/{{name}}", _ON_ITEM, verbs, resource.gvk)
    if resource.namespaced and "list" in verbs:
        made.add(resource.path(), _ON_ALL[:1], verbs, resource.gvk)
    known = {sub.name: sub.verbs for sub in subresources(resource.gvr)}
    for sub, gvk in kinds.items():
        if sub not in resource.subresources or sub in _CONNECTED:
            continue
        on_sub = (*_ON_ITEM, ("create", "post", "post"))
        path = f"{collection}/{{name}}/{sub}"
        allowed = known.get(sub, ("get", "patch", "update"))
        made.add(path, on_sub, frozenset(allowed), gvk, sub)
    return made.paths


class _Paths:
    """The paths of one resource while they are made."""

    def __init__(self, resource: Resource, name_of: NameOf, *, custom: bool) -> None:
        self.paths: dict[str, Document] = {}
        self._resource = resource
        self._name_of = name_of
        self._types = _CUSTOM_TYPES if custom else _BUILTIN_TYPES
        self._bodies = _CUSTOM_TYPES if custom else _ANY_TYPE
        self._patches = _PATCH_TYPES if custom else (*_PATCH_TYPES, _STRATEGIC)

    def add(
        self,
        path: str,
        methods: tuple[tuple[str, str, str], ...],
        verbs: frozenset[str],
        gvk: GroupVersionKind,
        sub: str = "",
    ) -> None:
        """Add one path with the operations that its verbs allow."""
        item: Document = {}
        for verb, method, action in methods:
            if verb in verbs:
                # The path of all namespaces is the only one that shares its operations
                # with another: their ids must differ.
                everywhere = action == "list" and "{namespace}" not in path
                item[method] = self._operation(action, gvk, sub, everywhere=everywhere)
        if not item:
            return
        parameters = [_PRETTY]
        for name in ("name", "namespace"):
            if f"{{{name}}}" in path:
                parameters.insert(0, _in_path(name))
        self.paths[path] = item | {"parameters": parameters}

    def _operation(
        self, action: str, gvk: GroupVersionKind, sub: str, *, everywhere: bool
    ) -> Document:
        name = self._name_of(gvk)
        answer = name or f"{_META}Status"
        if action == "list":
            answer = f"{name}List"
        elif action in ("delete", "deletecollection"):
            answer = f"{_META}Status"
        made: Document = {
            "tags": [self._tag()],
            "operationId": self._id(action, sub, everywhere=everywhere),
            "parameters": _parameters(action),
            "responses": self._responses(action, answer),
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": {
                "group": gvk.group,
                "version": gvk.version,
                "kind": gvk.kind,
            },
        }
        body = self._body(action, name)
        return made | {"requestBody": body} if body else made

    def _responses(self, action: str, component: str) -> Document:
        schema = {"schema": {"$ref": _REFERENCE + component}}
        content = dict.fromkeys(self._types, schema)
        made: Document = {"200": {"description": "OK", "content": content}}
        if action in ("post", "put", "patch"):
            made["201"] = {"description": "Created", "content": content}
        if action in ("post", "delete"):
            made["202"] = {"description": "Accepted", "content": content}
        return made | {"401": {"description": "Unauthorized"}}

    def _body(self, action: str, component: str | None) -> Document | None:
        if action in ("get", "list"):
            return None
        if action == "patch":
            patch = {"schema": {"$ref": f"{_REFERENCE}{_META}Patch"}}
            return {"content": dict.fromkeys(self._patches, patch), "required": True}
        if action in ("delete", "deletecollection"):
            options = {"schema": {"$ref": f"{_REFERENCE}{_META}DeleteOptions"}}
            return {"content": dict.fromkeys(self._bodies, options)}
        if component is None:
            return None
        schema = {"schema": {"$ref": _REFERENCE + component}}
        return {"content": dict.fromkeys(self._bodies, schema), "required": True}

    def _tag(self) -> str:
        gvk = self._resource.gvk
        group = gvk.group.removesuffix(".k8s.io") or "core"
        first, *rest = group.replace("-", ".").split(".")
        return f"{first}{''.join(part.capitalize() for part in rest)}_{gvk.version}"

    def _id(self, action: str, sub: str, *, everywhere: bool) -> str:
        group, _, version = self._tag().rpartition("_")
        scope = "Namespaced" if self._resource.namespaced else ""
        if everywhere and scope:
            scope = ""
        kind = self._resource.gvk.kind
        suffix = "ForAllNamespaces" if everywhere and self._resource.namespaced else ""
        verb = _READS.get(action, action)
        if action == "deletecollection":
            verb, scope = "delete", f"Collection{scope}"
        where = f"{group[:1].upper()}{group[1:]}{version.capitalize()}"
        return f"{verb}{where}{scope}{kind}{sub.capitalize()}{suffix}"


def _parameters(action: str) -> list[Document]:
    match action:
        case "get":
            return _GET
        case "list":
            return _LIST
        case "delete":
            return _DELETE
        case "deletecollection":
            return [*_LIST, *_DELETE]
        case "patch":
            return [*_WRITE, _FORCE]
        case _:
            return _WRITE
