"""Good requests, and what to put into them that is not good."""

from typing import Any

from tests.harness.objects import config_map, deployment
from tests.harness.widgets import CRDS, crd, schema, widget

__all__ = [
    "APPLY",
    "CORE",
    "GOOD",
    "ODD",
    "QUERIES",
    "THINGS",
    "TOKENS",
    "VALUES",
    "places",
]

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


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths of everything inside a document."""
    found = [path] if path else []
    if isinstance(value, dict):
        for key in value:
            found += places(value[key], (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += places(item, (*path, index))
    return found
