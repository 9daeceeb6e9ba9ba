"""Good requests with something wrong in them: a Status answers each, and in time."""

import asyncio
import copy
import json
import time
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat._transport import HttpRequest
from homeostat.apiserver import ApiServer
from tests.harness.objects import config_map, deployment
from tests.harness.widgets import CRDS, crd, schema, widget

SECONDS = 5.0  # for one request on a busy machine; most take a millisecond
OURS = b"the embedded server failed"
CORE = "/api/v1/namespaces/default"
APPS = "/apis/apps/v1/namespaces/default"
THINGS = "/apis/contract.example.com/v1/namespaces/default/widgets"
MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"

POD: Any = {
    "metadata": {"name": "p", "labels": {"a": "b"}, "ownerReferences": []},
    "spec": {
        "nodeName": "n",
        "containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 80}]}],
    },
}
SERVICE: Any = {
    "metadata": {"name": "s"},
    "spec": {"selector": {"a": "b"}, "ports": [{"port": 80, "targetPort": "web"}]},
}
EVENT: Any = {
    "metadata": {"name": "e"},
    "regarding": {"kind": "Pod", "namespace": "default", "name": "p"},
    "eventTime": "2026-01-01T00:00:00.000000Z",
    "reportingController": "example.com/c",
    "reportingInstance": "i",
    "series": {"count": 2, "lastObservedTime": "2026-01-01T00:00:00.000000Z"},
    "reason": "R",
    "note": "n",
    "type": "Normal",
    "action": "A",
}
DEFINITION: Any = crd(
    "contract.example.com", plural="widgets", kind="Widget", schema=schema()
)
WIDGET: Any = {
    **widget(size=1),
    "apiVersion": "contract.example.com/v1",
    "kind": "Widget",
}
APPLIED: Any = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    **deployment("d", replicas=3),
}
OPERATIONS: Any = [
    {"op": "test", "path": "/metadata/name", "value": "a"},
    {"op": "add", "path": "/data", "value": {"x": "1"}},
    {"op": "copy", "from": "/data/x", "path": "/data/y"},
    {"op": "remove", "path": "/data/x"},
]
SCALE: Any = {"metadata": {"name": "d"}, "spec": {"replicas": 2}}
OPTIONS: Any = {
    "kind": "DeleteOptions",
    "apiVersion": "v1",
    "preconditions": {"uid": "u", "resourceVersion": "1"},
    "gracePeriodSeconds": 1,
    "propagationPolicy": "Foreground",
}
BINDING: Any = {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": "n"}}
EVICTION: Any = {"metadata": {"name": "p"}, "deleteOptions": OPTIONS}
EVENTS = "/apis/events.k8s.io/v1/namespaces/default/events"
GOOD: list[tuple[str, str, str, Any]] = [
    ("POST", f"{CORE}/configmaps", "", config_map("a", {"x": "1"})),
    ("PUT", f"{CORE}/configmaps/a", "", config_map("a", {"x": "2"})),
    ("PATCH", f"{CORE}/configmaps/a", JSON_PATCH, OPERATIONS),
    ("POST", f"{APPS}/deployments", "", deployment("d")),
    ("PUT", f"{APPS}/deployments/d/scale", "", SCALE),
    ("PATCH", f"{APPS}/deployments/d/scale", MERGE, SCALE),
    ("PATCH", f"{APPS}/deployments/d", APPLY, APPLIED),
    ("PATCH", f"{APPS}/deployments/d/status", MERGE, {"status": {"replicas": 1}}),
    ("POST", f"{CORE}/pods", "", POD),
    ("POST", f"{CORE}/pods/p/binding", "", BINDING),
    ("POST", f"{CORE}/pods/p/eviction", "", EVICTION),
    ("POST", f"{CORE}/services", "", SERVICE),
    ("POST", EVENTS, "", EVENT),
    ("PUT", f"{EVENTS}/e", "", EVENT),
    ("POST", CRDS, "", DEFINITION),
    ("POST", THINGS, "", WIDGET),
    ("PATCH", f"{THINGS}/w", APPLY, WIDGET),
    ("PUT", f"{THINGS}/w", "", WIDGET),
    ("DELETE", f"{CORE}/configmaps/a", "", OPTIONS),
    ("DELETE", f"{CORE}/configmaps", "", OPTIONS),
    ("GET", f"{CORE}/configmaps", "", None),
    ("GET", f"{THINGS}/w", "", None),
]

ODD: list[Any] = [
    *(None, True, False, 0, -1, 2**31, 2**63, 2**64, 10**40, 1.5, 1e308, "", "x", "0"),
    *("\N{REPLACEMENT CHARACTER}", "a/b/c", "-1", "5%", "9" * 400, "\0", [], {}),
    *([None], [{}], [[]], {"": None}, {"a": {"a": {}}}, "2026-13-45T00:00:00Z"),
]
TOKENS = [
    *(b"1e400", b"-1e999", b'"\\ud800"', b"[" * 200, b"]" * 200, b"{", b"}", b'"'),
    *(b"\xff", b"\0", b"NaN", b"\xef\xbb\xbf", b",", b":", b"-", b"\\", b"tru", b"&a"),
]
QUERIES = [
    *("fieldManager", "fieldValidation", "dryRun", "force", "limit", "continue"),
    *("resourceVersionMatch", "labelSelector", "fieldSelector", "timeoutSeconds"),
    *("sendInitialEvents", "allowWatchBookmarks", "propagationPolicy", "pretty"),
    *("gracePeriodSeconds", "watch"),
]
VALUES = [
    *("", "All", "Strict", "Warn", "true", "0", "-5", "9" * 30, "a=b,!c,d in (e)"),
    *("a in", "metadata.name=a", "spec.x=1", "eyJ2IjoibWV0YS5rOHMuaW8vdjEifQ", "\0"),
    *("Exact", "NotOlderThan", "x" * 200, "\ud800"),
]


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    places = [path] if path else []
    if isinstance(value, dict):
        for key in value:
            places += _places(value[key], (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            places += _places(item, (*path, index))
    return places


def _mutate(draw: st.DrawFn, document: Any) -> Any:
    document = copy.deepcopy(document)
    for _ in range(draw(st.integers(0, 3))):
        places = _places(document)
        if not places:
            return draw(st.sampled_from(ODD))
        *way, last = draw(st.sampled_from(places))
        holder = document
        for step in way:
            holder = holder[step]
        match draw(st.sampled_from(["replace", "remove", "wrap", "add"])):
            case "replace":
                holder[last] = copy.deepcopy(draw(st.sampled_from(ODD)))
            case "remove":
                del holder[last]
            case "wrap":
                holder[last] = draw(st.sampled_from([[holder[last]], {"a": 1}]))
            case _ if isinstance(holder, dict):
                name = draw(st.sampled_from(["x", "", "managedFields", "finalizers"]))
                holder[name] = copy.deepcopy(draw(st.sampled_from(ODD)))
            case _:
                holder.append(copy.deepcopy(draw(st.sampled_from(ODD))))
    return document


@st.composite
def requests(draw: st.DrawFn) -> HttpRequest:
    """Draw a good request, and spoil its body, its bytes or its query."""
    method, path, media, document = draw(st.sampled_from(GOOD))
    body = b""
    if document is not None:
        body = json.dumps(_mutate(draw, document)).encode()
        if draw(st.integers(0, 3)) == 0:
            at = draw(st.integers(0, len(body)))
            gone = draw(st.integers(0, 3))
            token = draw(st.sampled_from([b"", *TOKENS]))
            body = body[:at] + token + body[at + gone :]
    names, values = st.sampled_from(QUERIES), st.sampled_from(VALUES)
    query = draw(st.lists(st.tuples(names, values), max_size=2))
    if media == APPLY:
        query.append(("fieldManager", "fuzz"))
    headers = {"content-type": media} if media else {}
    if draw(st.integers(0, 9)) == 0:
        headers["content-type"] = draw(st.sampled_from(["application/yaml", ";", "x"]))
    return HttpRequest(
        method=method, path=path, query=tuple(query), headers=headers, body=body
    )


def _request(method: str, path: str, media: str, body: Any) -> HttpRequest:
    headers = {"content-type": media} if media else {}
    text = json.dumps(body).encode()
    return HttpRequest(method=method, path=path, headers=headers, body=text)


async def _ask(server: ApiServer, request: HttpRequest) -> None:
    before = time.process_time()
    async with server.stream(request) as stream:
        text = b""
        try:
            # A watch is quiet after what there is.
            async with asyncio.timeout(0.01):
                async for chunk in stream.chunks():
                    text += chunk
        except TimeoutError:
            pass
    spent = time.process_time() - before
    assert spent < SECONDS, (spent, request)
    assert OURS not in text, (request, text)
    if stream.status >= 400 and text != b"404 page not found\n":
        status = json.loads(text)
        assert (status["kind"], status["code"]) == ("Status", stream.status), request
        assert status["message"], request


async def _ask_all(asked: list[HttpRequest]) -> None:
    server = ApiServer()
    for good in (GOOD[0], GOOD[3], GOOD[8], GOOD[14], GOOD[15], GOOD[12]):
        assert (await server.handle(_request(*good))).status == 201
    for request in asked:
        await _ask(server, request)
        # Whatever was let in can be shown, and does no harm to others.
        for path in (f"{CORE}/configmaps", THINGS, f"{CORE}/events", CRDS):
            await _ask(server, HttpRequest(method="GET", path=path))


@settings(max_examples=60, deadline=None)
@given(st.lists(requests(), min_size=1, max_size=8))
def test_spoiled_requests_are_answered_by_a_status(asked: list[HttpRequest]) -> None:
    with asyncio.Runner() as runner:
        runner.run(_ask_all(asked))
