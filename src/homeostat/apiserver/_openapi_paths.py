"""The paths of OpenAPI v2: one operation for each verb of a resource.

What all operations of a path take stands at the path, and the rest at the operation,
both by name.

Source: kubernetes ``staging/src/k8s.io/apiserver/pkg/endpoints/installer.go``,
apiextensions ``pkg/controller/openapi/builder``, kube-openapi ``pkg/builder``.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from homeostat.api import GroupVersionKind, Resource
from homeostat.apiserver._kinds import RETURNS_DELETED
from homeostat.apiserver._openapi_parameters import (
    CREATE,
    CUSTOM_GET,
    DELETE,
    DELETE_COLLECTION,
    IN_NAMESPACE,
    LIST,
    NAMED,
    OPTIONS,
    PATCH,
    PRETTY,
    WITH_PATH,
    body,
)
from homeostat.k8s import subresources

__all__ = ["PREFIX", "document_path", "resource_paths", "tag_of"]

Document = dict[str, Any]
NameOf = Callable[[GroupVersionKind], str | None]

PREFIX: Final = "#/definitions/"
_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1."
_PATCHES: Final = ("application/json-patch+json", "application/merge-patch+json")
_STRATEGIC: Final = "application/strategic-merge-patch+json"
_APPLY: Final = "application/apply-patch+yaml"
_PROTOBUF: Final = "application/vnd.kubernetes.protobuf"
_CUSTOM_TYPES: Final = ("application/json", "application/yaml")
_BUILTIN_TYPES: Final = (*_CUSTOM_TYPES, _PROTOBUF)
_STREAMS: Final = ("application/json;stream=watch", f"{_PROTOBUF};stream=watch")
_ANY_TYPE: Final = ("*/*",)
_TEXT: Final = "text/plain"
# Streams and proxies, which are upgraded connections, and the methods of each.
_STREAM_METHODS: Final = ("get", "post")
_PROXY_METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch")
_CONNECTED: Final[Mapping[str, tuple[str, ...]]] = {
    "attach": _STREAM_METHODS,
    "exec": _STREAM_METHODS,
    "portforward": _STREAM_METHODS,
    "proxy": _PROXY_METHODS,
}
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
_WORDS: Final = {
    "deletecollection": "delete",
    "get": "read",
    "post": "create",
    "put": "replace",
    "watchlist": "watch",
}
_PARAMETERS: Final[Mapping[str, tuple[Document, ...]]] = {
    "delete": DELETE,
    "deletecollection": DELETE_COLLECTION,
    "list": LIST,
    "patch": PATCH,
    "post": CREATE,
    "put": CREATE,
    "watch": LIST,
    "watchlist": LIST,
}


def document_path(group: str, version: str) -> str:
    """Return where a version of a group is, as ``apis/apps/v1``."""
    return f"apis/{group}/{version}" if group else f"api/{version}"


def tag_of(group: str) -> str:
    """Return the name of a group in tags, as ``rbacAuthorization``."""
    first, *rest = (
        (group.removesuffix(".k8s.io") or "core").replace("-", ".").split(".")
    )
    return f"{first}{''.join(part.capitalize() for part in rest)}"


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
        name_of: Gives the definition of a kind, None when it has none.
        custom: Whether it is a custom resource: no strategic patches, no protobuf.
    """
    made = _Paths(resource, name_of, custom=custom)
    verbs = frozenset(resource.verbs)
    collection = resource.path("{namespace}" if resource.namespaced else "")
    item = f"{collection}/{{name}}"
    made.add(collection, _ON_ALL, verbs)
    made.add(item, _ON_ITEM, verbs)
    if resource.namespaced and "list" in verbs:
        made.add(resource.path(), _ON_ALL[:1], verbs)
    if "watch" in verbs and not custom:
        made.add_watches(collection, item)
    known = {sub.name: sub.verbs for sub in subresources(resource.gvr)}
    for sub, gvk in kinds.items():
        if sub not in resource.subresources:
            continue
        if sub in _CONNECTED:
            made.connect(f"{item}/{sub}", gvk, sub)
            continue
        on_sub = (*_ON_ITEM, ("create", "post", "post"))
        allowed = known.get(sub, ("get", "patch", "update"))
        made.add(f"{item}/{sub}", on_sub, frozenset(allowed), gvk, sub)
    return made.paths


class _Paths:
    """The paths of one resource while they are made."""

    def __init__(self, resource: Resource, name_of: NameOf, *, custom: bool) -> None:
        self.paths: dict[str, Document] = {}
        self._resource = resource
        self._name_of = name_of
        self._custom = custom
        self._types = _CUSTOM_TYPES if custom else _BUILTIN_TYPES
        self._bodies = _CUSTOM_TYPES if custom else _ANY_TYPE

    def add(
        self,
        path: str,
        methods: Iterable[tuple[str, str, str]],
        verbs: frozenset[str],
        gvk: GroupVersionKind | None = None,
        sub: str = "",
    ) -> None:
        """Add one path with the operations that its verbs allow.

        Args:
            path: The path.
            methods: Verb, method and action of those that there may be.
            verbs: Those that there are.
            gvk: The kind of a subresource, None for the resource itself.
            sub: The subresource's name.
        """
        item: dict[str, Document] = {}
        for verb, method, action in methods:
            if verb in verbs:
                # The path of all namespaces is the only one that shares its operations
                # with another: their ids must differ.
                everywhere = action == "list" and "{namespace}" not in path
                name = self._id(action, sub, everywhere=everywhere)
                item[method] = self._operation(action, name, gvk, sub)
        self._put(path, item)

    def add_watches(self, collection: str, item: str) -> None:
        """Add the paths of watches as they were before ``?watch=1``."""
        resource = self._resource
        root = resource.path("")[: -len(resource.plural)]
        every = [(collection, "watchlist", False), (item, "watch", False)]
        if resource.namespaced:
            every.append((resource.path(), "watchlist", True))
        for path, action, everywhere in every:
            name = self._id(action, "", everywhere=everywhere)
            operation = self._operation(action, name, None, "")
            self._put(f"{root}watch/{path.removeprefix(root)}", {"get": operation})

    def connect(self, path: str, gvk: GroupVersionKind, sub: str) -> None:
        """Add the path of a stream, or both of a proxy."""
        paths = [(path, "")]
        if sub == "proxy":
            paths.append((f"{path}/{{path}}", "WithPath"))
        for each, suffix in paths:
            item = {
                method: self._operation(
                    "connect",
                    f"{self._id('connect', sub, method=method)}{suffix}",
                    gvk,
                    sub,
                )
                for method in _CONNECTED[sub]
            }
            self._put(each, item)

    def _put(self, path: str, item: dict[str, Document]) -> None:
        """Add a path; what all of its operations take is taken from them."""
        if not item:
            return
        placed = [given for word, given in _PLACED.items() if f"{{{word}}}" in path]
        given = [
            {each["name"]: each for each in operation.get("parameters", ())}
            for operation in item.values()
        ]
        shared = set(given[0]).intersection(*given[1:]) - {"body"}
        for operation, named in zip(item.values(), given, strict=True):
            own = [named[name] for name in sorted(named) if name not in shared]
            operation.pop("parameters", None)
            if own:
                operation["parameters"] = own
        common = [*placed, *(given[0][name] for name in shared)]
        self.paths[path] = {
            **item,
            "parameters": sorted(common, key=lambda each: (each["name"], each["in"])),
        }

    def _operation(
        self, action: str, name: str, gvk: GroupVersionKind | None, sub: str
    ) -> Document:
        own = self._resource.gvk
        # Of a custom resource also the operations on its scale have its own kind.
        kind = own if gvk is None or self._custom else gvk
        definition = self._name_of(gvk or own)
        made: Document = {
            "consumes": self._consumed(action),
            "produces": self._produced(action, sub),
            "schemes": ["https"],
            "tags": [f"{tag_of(own.group)}_{own.version}"],
            "operationId": name,
            "responses": self._responses(action, sub, definition),
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": {
                "group": kind.group,
                "kind": kind.kind,
                "version": kind.version,
            },
        }
        parameters = self._parameters(action, sub, definition)
        return made | ({"parameters": parameters} if parameters else {})

    def _consumed(self, action: str) -> list[str]:
        if action != "patch":
            return list(self._bodies)
        return [*_PATCHES, *(() if self._custom else (_STRATEGIC,)), _APPLY]

    def _produced(self, action: str, sub: str) -> list[str]:
        if action == "connect":
            return list(_ANY_TYPE)
        if sub == "log":
            return [_TEXT, *self._types]
        if action in ("list", "watch", "watchlist") and not self._custom:
            return [*self._types, *_STREAMS]
        return list(self._types)

    def _parameters(
        self, action: str, sub: str, definition: str | None
    ) -> list[Document]:
        if action == "connect":
            return list(OPTIONS[sub, self._resource.plural])
        made = [PRETTY, *_PARAMETERS.get(action, ())]
        if sub == "log":
            made += OPTIONS[sub, self._resource.plural]
        if self._custom and action == "get":
            made += CUSTOM_GET
        if action == "deletecollection" and self._custom:
            return [PRETTY, *LIST]
        if action in ("post", "put") and definition:
            made.append(body(PREFIX + definition, required=True))
        return made

    def _responses(self, action: str, sub: str, definition: str | None) -> Document:
        schema: Document = {"type": "string"}
        if action != "connect" and sub != "log":
            answer = self._answer(action, definition or f"{_META}Status")
            schema = {"$ref": PREFIX + answer}
        made: Document = {"200": {"description": "OK", "schema": schema}}
        if action in ("post", "put") or (action == "patch" and not self._custom):
            made["201"] = {"description": "Created", "schema": schema}
        if action in ("post", "delete"):
            made["202"] = {"description": "Accepted", "schema": schema}
        return made | {"401": {"description": "Unauthorized"}}

    def _answer(self, action: str, definition: str) -> str:
        match action:
            case "list":
                return f"{definition}List"
            case "watch" | "watchlist":
                return f"{_META}WatchEvent"
            case "deletecollection":
                return f"{_META}Status"
            case "delete" if not self._returns_deleted:
                return f"{_META}Status"
            case _:
                return definition

    @property
    def _returns_deleted(self) -> bool:
        resource = self._resource
        # A namespace is there for long after the first answer, which is no Status then.
        name = (resource.gvk.group, resource.plural)
        return name in RETURNS_DELETED and name != ("", "namespaces")

    def _id(
        self, action: str, sub: str, *, everywhere: bool = False, method: str = ""
    ) -> str:
        resource = self._resource
        tag = tag_of(resource.gvk.group)
        where = f"{tag[:1].upper()}{tag[1:]}{resource.gvk.version.capitalize()}"
        scope = "Namespaced" if resource.namespaced and not everywhere else ""
        if action == "deletecollection":
            scope = f"Collection{scope}"
        suffix = "List" if action == "watchlist" else ""
        if everywhere and resource.namespaced:
            suffix += "ForAllNamespaces"
        verb = _WORDS.get(action, action)
        what = f"{method.capitalize()}{scope}{resource.gvk.kind}{sub.capitalize()}"
        return f"{verb}{where}{what}{suffix}"


_PLACED: Final[Mapping[str, Document]] = {
    "name": NAMED,
    "namespace": IN_NAMESPACE,
    "path": WITH_PATH,
}
