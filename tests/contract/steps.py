"""Random requests: what one step of a differential run may be."""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from tests.contract.bodies import HOLDS, KINDS, MAPS, SCALED, STATUS, bodies, specs

__all__ = ["Step", "sequences"]

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One request to the object ``a`` of a kind, or to all of them.

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
_VERBS = (
    *("create", "create", "put", "merge", "strategic", "json", "apply", "apply"),
    *("delete", "delete", "delete-all", "scale", "get", "list"),
)
_SELECTIONS = st.fixed_dictionaries(
    {},
    optional={
        "labelSelector": st.sampled_from(
            ["a", "!a", "a=x", "a!=x", "a in (x,y),b", "a=="]
        ),
        "fieldSelector": st.sampled_from(
            [
                *("metadata.name=a", "metadata.name!=a", "metadata.name=b"),
                *(
                    "type=Opaque",
                    "spec.type!=ClusterIP",
                    "spec.nope=1",
                    "metadata.name",
                ),
            ]
        ),
    },
)
_SCALES = st.sampled_from(
    [
        *({"spec": {"replicas": n}} for n in (0, 2, -1, None, "x")),
        *({}, {"spec": {}}, {"spec": None}, {"status": {"replicas": 7}}),
        {"metadata": {"name": "b"}, "spec": {"replicas": 1}},
    ]
)


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
            patch["metadata"]["finalizers"] = draw(st.none() | HOLDS)
    if kind == "configmaps":
        patch["data"] = draw(MAPS | st.none())
    elif kind in SCALED and draw(st.booleans()):
        patch["status"] = draw(STATUS)
    else:
        patch |= draw(specs(kind))
    return patch


@st.composite
def _steps(draw: st.DrawFn) -> Step:
    """Draw one request."""
    query: Json
    kind = draw(st.sampled_from(KINDS))
    verb = draw(st.sampled_from(_VERBS))
    version = draw(st.sampled_from(["none", "live", "live", "stale"]))
    if verb == "get":
        return Step(verb=verb, kind=kind, status=kind in SCALED and draw(st.booleans()))
    if verb == "list":
        query = {"limit": draw(st.integers(0, 1)), **draw(_SELECTIONS)}
        return Step(verb=verb, kind=kind, query=query)
    if verb == "scale":
        kind = draw(st.sampled_from(SCALED))
        manager = {"fieldManager": draw(st.sampled_from(["u1", "u2"]))}
        return Step(verb=verb, kind=kind, body=draw(_SCALES), query=manager)
    if verb in {"delete", "delete-all"}:
        query = draw(_SELECTIONS) if verb == "delete-all" else {}
        policy = draw(st.sampled_from(["", "", "Background", "Orphan", "Foreground"]))
        query |= {"propagationPolicy": policy} if policy else {}
        query |= {"dryRun": "All"} if draw(st.integers(0, 9)) == 0 else {}
        return Step(verb=verb, kind=kind, query=query)
    query = {"dryRun": "All"} if draw(st.integers(0, 9)) == 0 else {}
    validation = draw(st.sampled_from(["", "", "", "Strict", "Ignore"]))
    if validation:
        query["fieldValidation"] = validation
    status = verb != "create" and kind in SCALED and draw(st.integers(0, 4)) == 0
    if verb in {"merge", "strategic"}:
        body: Any = draw(_merges(kind))
    elif verb == "json":
        body = draw(st.lists(_OPERATION, min_size=1, max_size=3))
    else:
        body = draw(bodies(kind, verb))
    if verb == "apply":
        query["fieldManager"] = draw(st.sampled_from(["m1", "m2", "m3"]))
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
