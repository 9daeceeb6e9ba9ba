"""Random requests: what one step of a differential run may be."""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from tests.harness.objects import config_map, deployment
from tests.harness.widgets import widget

__all__ = ["KINDS", "Step", "sequences"]

KINDS = ("configmaps", "deployments", "widgets")

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One request to the object ``a`` of a kind.

    Attributes:
        verb: What is done.
        kind: Which kind it is done to.
        body: What is sent.
        version: ``none``, ``live`` or ``stale``: the resourceVersion in the body.
        status: The request goes to ``/status``.
        query: Its parameters.
    """

    verb: str
    kind: str
    body: Any = None
    version: str = "none"
    status: bool = False
    query: Json = field(default_factory=dict[str, Any])


_WORDS = st.sampled_from(["", "x", "y"])
_MAPS = st.dictionaries(st.sampled_from(["a", "b"]), _WORDS, max_size=2)
# What an applied configuration has null for is owned, and so is told from its absence.
_NULLABLE = _MAPS | st.sampled_from([None, {"a": None}, {"a": "x", "b": None}])
_HOLDS = st.lists(
    st.sampled_from(["example.com/a", "example.com/b", "bad"]), max_size=2, unique=True
)
_METADATA = st.fixed_dictionaries(
    {}, optional={"labels": _NULLABLE, "annotations": _NULLABLE, "finalizers": _HOLDS}
)
# The real server stores what is null in an applied custom resource's metadata although
# nobody can read it, and so takes a write of nothing for a change: not repeated here.
_METADATA_OF_APPLIED = st.fixed_dictionaries(
    {}, optional={"labels": _MAPS, "annotations": _MAPS, "finalizers": _HOLDS}
)
_PORT = st.fixed_dictionaries(
    {"port": st.sampled_from([1, 2])},
    optional={"protocol": st.sampled_from(["TCP", "UDP", None])},
)
_WIDGET = st.fixed_dictionaries(
    {},
    optional={
        "size": st.sampled_from([0, 1, 10, 11, -1, "x", 1.5, None]),
        "color": st.sampled_from(["red", "green", "blue", None]),
        "tags": st.none() | st.lists(st.sampled_from(["s", "t", "u"]), max_size=3),
        "ports": st.none() | st.lists(_PORT, max_size=2),
        "labels": _NULLABLE,
        "any": _NULLABLE,
        "nested": st.sampled_from(
            [{}, {"deep": 4}, {"other": 1}, {"deep": None}, None]
        ),
        "nullable": st.sampled_from(["n", None]),
        "unknown": st.just(1),
    },
)
_DEPLOYMENT = st.fixed_dictionaries(
    {},
    optional={
        "replicas": st.sampled_from([0, 1, 3, -1, None]),
        "paused": st.sampled_from([True, False, None]),
        "minReadySeconds": st.sampled_from([0, 5, -5]),
        "strategy": st.sampled_from(
            [
                {"type": "Recreate"},
                {"type": "RollingUpdate"},
                {"type": "Nope"},
                {},
                None,
            ]
        ),
        "unknown": st.just(1),
    },
)
_STATUS = st.sampled_from(
    [{}, {"replicas": 1}, {"replicas": -1}, {"observedGeneration": 1}, {"ready": 2}]
)
_POINTERS = st.sampled_from(
    [
        "/metadata/labels",
        "/metadata/labels/a",
        "/metadata/annotations",
        "/metadata/finalizers",
        "/metadata/finalizers/0",
        "/data/a",
        "/spec/replicas",
        "/spec/tags/-",
        "/spec/color",
        "/nope",
    ]
)
_VALUES: Any = st.sampled_from(["x", 1, None, {"a": "x"}, ["example.com/a"]])
_OPERATION = st.one_of(
    st.builds(
        lambda op, path, value: {"op": op, "path": path, "value": value},
        st.sampled_from(["add", "replace", "test"]),
        _POINTERS,
        _VALUES,
    ),
    st.builds(lambda path: {"op": "remove", "path": path}, _POINTERS),
)
_VERBS = ("create", "create", "put", "merge", "json", "apply", "apply", "delete")


@st.composite
def _bodies(draw: st.DrawFn, kind: str, verb: str) -> Json:
    """Draw an object of a kind; not all of them are good."""
    applied = (kind, verb) == ("widgets", "apply")
    metadata: Json = draw(_METADATA_OF_APPLIED if applied else _METADATA)
    if kind == "configmaps":
        item = {**config_map("a"), "data": draw(_NULLABLE)}
    elif kind == "deployments":
        item = deployment("a", **draw(_DEPLOYMENT))
    else:
        item = widget("a", **draw(_WIDGET))
    if kind != "configmaps" and draw(st.booleans()):
        item["status"] = draw(_STATUS)
    item["metadata"] = {**item["metadata"], **metadata}
    return item


@st.composite
def _merges(draw: st.DrawFn, kind: str) -> Json:
    """Draw a merge patch."""
    patch: Json = {}
    if draw(st.booleans()):
        nullable = st.dictionaries(
            st.sampled_from(["a", "b"]), st.sampled_from(["x", "y", None]), max_size=2
        )
        keys = st.sampled_from(["labels", "annotations"])
        patch["metadata"] = draw(st.dictionaries(keys, nullable, max_size=2))
        if draw(st.booleans()):
            patch["metadata"]["finalizers"] = draw(st.none() | _HOLDS)
    if kind == "configmaps":
        patch["data"] = draw(_MAPS | st.none())
    elif draw(st.booleans()):
        patch["status"] = draw(_STATUS)
    else:
        patch["spec"] = draw(_DEPLOYMENT if kind == "deployments" else _WIDGET)
    return patch


@st.composite
def _steps(draw: st.DrawFn) -> Step:
    """Draw one request."""
    kind = draw(st.sampled_from(KINDS))
    verb = draw(st.sampled_from(_VERBS))
    version = draw(st.sampled_from(["none", "live", "live", "stale"]))
    if verb == "delete":
        policy = draw(st.sampled_from(["", "Background", "Orphan", "Foreground"]))
        options = {"propagationPolicy": policy} if policy else {}
        return Step(verb=verb, kind=kind, query=options)
    query: Json = {"dryRun": "All"} if draw(st.integers(0, 9)) == 0 else {}
    validation = draw(st.sampled_from(["", "", "", "Strict", "Ignore"]))
    if validation:
        query["fieldValidation"] = validation
    status = verb != "create" and kind != "configmaps" and draw(st.integers(0, 4)) == 0
    if verb == "merge":
        body: Any = draw(_merges(kind))
    elif verb == "json":
        body = draw(st.lists(_OPERATION, min_size=1, max_size=3))
    else:
        body = draw(_bodies(kind, verb))
    if verb == "apply":
        query["fieldManager"] = draw(st.sampled_from(["m1", "m2"]))
        query["force"] = draw(st.booleans())
        version = "none"
    else:
        query["fieldManager"] = draw(st.sampled_from(["u1", "u2"]))
    return Step(
        verb=verb, kind=kind, body=body, version=version, status=status, query=query
    )


def sequences() -> st.SearchStrategy[list[Step]]:
    """Draw requests to be made one after the other: about ten, and then fewer."""
    half = st.lists(_steps(), max_size=10)
    return st.builds(lambda first, second: first + second, half, half)
