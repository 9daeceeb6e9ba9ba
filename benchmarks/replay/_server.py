"""The API, as far as clients ask for it before and while they watch."""

import asyncio
import re
from collections.abc import Callable
from typing import Any, Final

from benchmarks.replay import _documents as documents
from benchmarks.replay._connection import JSON, Answer, Connection, Query, Request
from benchmarks.replay._history import History
from benchmarks.replay._objects import API_VERSION, GROUP, KIND, PLURAL, number_of
from benchmarks.replay._streams import IdleWatch, ObjectList, Source, Watch, line

__all__ = ["Api", "serve"]

LASTS: Final = 1800.0  # seconds that a watch lasts when the client does not say
_AGGREGATED = "as=APIGroupDiscoveryList"
_AGGREGATED_TYPE = (
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
)
_WIDGETS = re.compile(
    rf"/apis/{re.escape(API_VERSION)}(?:/namespaces/([^/]+))?/{PLURAL}(?:/([^/]+))?"
)
# kr8s says it twice.
_NAMED = re.compile(r"metadata\.name==?([^,=!]+)(?:,metadata\.name==?\1)*")
_NAMESPACE = re.compile(r"/api/v1/namespaces(?:/([^/]+))?")
_CRD = re.compile(
    r"/apis/apiextensions\.k8s\.io/v1/customresourcedefinitions(?:/([^/]+))?"
)


class Api:
    """Answers requests.

    Args:
        history: The objects.
        watch_list: Watches may begin with the state (``sendInitialEvents``).
    """

    def __init__(self, history: History, *, watch_list: bool = True) -> None:
        self._history = history
        self._watch_list = watch_list

    def __call__(self, request: Request) -> Answer | Source:
        """Answer a request."""
        path = request.path.rstrip("/") or "/"
        if path == "/bench/storm":
            self._history.storm(int(request.query["events"]))
            return Answer({"resourceVersion": str(self._history.version)})
        if request.method != "GET":
            return _status(405, "MethodNotAllowed", "this server only replays")
        return self._read(path, request)

    def _read(self, path: str, request: Request) -> Answer | Source:
        if found := _WIDGETS.fullmatch(path):
            return self._widgets(request, found[1] or "", found[2] or "")
        if found := _NAMESPACE.fullmatch(path):
            spaces = ["default", "kube-system", "kube-public", "kube-node-lease"]
            spaces += [f"team-{n}" for n in range(self._history.template.namespaces)]
            held = [documents.namespace(each) for each in spaces]
            return _few(request, "v1", "Namespace", held, found[1] or "")
        if found := _CRD.fullmatch(path):
            kind = "CustomResourceDefinition"
            group_version = "apiextensions.k8s.io/v1"
            held = [documents.DEFINITION]
            return _few(request, group_version, kind, held, found[1] or "")
        return _document(
            path, aggregated=_AGGREGATED in request.headers.get("accept", "")
        )

    def _widgets(self, request: Request, namespace: str, name: str) -> Answer | Source:
        history, query = self._history, request.query
        if name:
            number = number_of(name)
            if number is None or number >= history.count:
                message = f'{PLURAL}.{GROUP} "{name}" not found'
                return _status(404, "NotFound", message)
            return Answer(history.object_at(number, history.updates) + b"\n")
        only = _NAMED.fullmatch(query.get("fieldSelector", ""))
        if only is not None and "watch" not in query:
            return self._one(namespace, only[1])
        if query.get("labelSelector") or query.get("fieldSelector"):
            return _status(400, "BadRequest", "this server has no selectors")
        if query.get("watch", "").lower() in {"1", "true"}:
            return self._watch(query, namespace)
        start, _, update = query.get("continue", "").partition(".")
        return ObjectList(
            history,
            namespace,
            start=int(start or 0),
            limit=int(query.get("limit") or 0),
            update=int(update or history.updates),
        )

    def _one(self, namespace: str, name: str) -> Answer:
        """Answer a list that selects one name."""
        history = self._history
        number = number_of(name)
        found = b""
        if (
            number is not None
            and number < history.count
            and namespace in {"", history.template.namespace_of(number)}
        ):
            found = history.object_at(number, history.updates)
        head = b'{"apiVersion":"%b","kind":"%bList","metadata":{"resourceVersion":"%d"}'
        named = head % (API_VERSION.encode(), KIND.encode(), history.version)
        return Answer(named + b',"items":[%b]}\n' % found)

    def _watch(self, query: Query, namespace: str) -> Answer | Source:
        history = self._history
        initial = query.get("sendInitialEvents", "").lower() == "true"
        if initial and not self._watch_list:
            message = (
                "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for "
                "watch unless the WatchList feature gate is enabled"
            )
            return _status(422, "Invalid", message)
        version = query.get("resourceVersion", "")
        begins = initial or version in {"", "0"}
        update = history.updates
        seconds = float(query.get("timeoutSeconds") or LASTS)
        if not begins:
            known = history.update_of(int(version))
            if known is None:
                message = f"too old resource version: {version}"
                return IdleWatch([line("ERROR", _failure(410, "Expired", message))], 0)
            update = known
        return Watch(
            history,
            namespace,
            update=update,
            state=begins,
            announced=initial,
            bookmarks=query.get("allowWatchBookmarks", "").lower() in {"1", "true"},
            seconds=seconds,
        )


def _few(
    request: Request, api_version: str, kind: str, held: list[Any], name: str
) -> Answer | Source:
    """Answer a request for one of the kinds that never change."""
    query = request.query
    if name:
        found = next((each for each in held if each["metadata"]["name"] == name), None)
        return Answer(found) if found else _status(404, "NotFound", f"{name} not found")
    if query.get("watch", "").lower() in {"1", "true"}:
        initial = query.get("sendInitialEvents", "").lower() == "true"
        begins = initial or query.get("resourceVersion", "") in {"", "0"}
        lines = [line("ADDED", each) for each in held] if begins else []
        if initial:
            annotations = {"k8s.io/initial-events-end": "true"}
            meta = {"resourceVersion": "10", "annotations": annotations}
            bookmark = {"apiVersion": api_version, "kind": kind, "metadata": meta}
            lines.append(line("BOOKMARK", bookmark))
        return IdleWatch(lines, float(query.get("timeoutSeconds") or LASTS))
    body = {
        "kind": f"{kind}List",
        "apiVersion": api_version,
        "metadata": {"resourceVersion": "10"},
        "items": held,
    }
    return Answer(body)


def _document(path: str, *, aggregated: bool) -> Answer:
    made: Callable[[], Any] | None = {
        "/version": lambda: documents.VERSION,
        "/api": lambda: documents.root(aggregated=aggregated),
        "/apis": lambda: documents.groups(aggregated=aggregated),
        "/openapi/v2": lambda: {"swagger": "2.0", "paths": {}, "definitions": {}},
        "/openapi/v3": lambda: {"paths": {}},
        "/healthz": lambda: "ok",
        "/readyz": lambda: "ok",
    }.get(path)
    if made is not None:
        as_groups = aggregated and path in {"/api", "/apis"}
        return Answer(made(), content_type=_AGGREGATED_TYPE if as_groups else JSON)
    name = path.removeprefix("/apis/").removeprefix("/api/")
    found = documents.resources(name) or documents.group(name)
    if found is not None:
        return Answer(found)
    return _status(404, "NotFound", "the server could not find the requested resource")


def _failure(code: int, reason: str, message: str) -> dict[str, Any]:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }


def _status(code: int, reason: str, message: str) -> Answer:
    return Answer(_failure(code, reason, message), status=code)


async def serve(api: Api, history: History, port: int = 0) -> asyncio.Server:
    """Listen on the loopback address; 0 takes any free port."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(
        lambda: Connection(api, history), "127.0.0.1", port, backlog=64
    )
