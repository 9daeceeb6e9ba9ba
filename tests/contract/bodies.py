"""Random objects of each kind: what the steps of a differential run send."""

from typing import Any

from hypothesis import strategies as st

from tests.harness.objects import config_map, deployment
from tests.harness.widgets import widget
from tests.robust.spoiled import places

__all__ = ["HOLDS", "KINDS", "MAPS", "NULLABLE", "SCALED", "STATUS", "bodies", "specs"]

Json = dict[str, Any]

MAPS = st.dictionaries(
    st.sampled_from(["a", "b"]), st.sampled_from(["", "x", "y"]), max_size=2
)
# What an applied configuration has null for is owned, and so is told from its absence.
NULLABLE = MAPS | st.sampled_from([None, {"a": None}, {"a": "x", "b": None}])
HOLDS = st.lists(
    st.sampled_from(["example.com/a", "example.com/b", "bad"]), max_size=2, unique=True
)
_METADATA = st.fixed_dictionaries(
    {}, optional={"labels": NULLABLE, "annotations": NULLABLE, "finalizers": HOLDS}
)
# The real server stores what is null in an applied custom resource's metadata although
# nobody can read it, and so takes a write of nothing for a change: not repeated here.
_METADATA_OF_APPLIED = st.fixed_dictionaries(
    {}, optional={"labels": MAPS, "annotations": MAPS, "finalizers": HOLDS}
)
_PORT = st.fixed_dictionaries(
    {"port": st.sampled_from([1, 2])},
    optional={"protocol": st.sampled_from(["TCP", "UDP", None])},
)
_NUMBERS = st.sampled_from([0, 1, 3, -1, None])
_COUNTS = st.sampled_from([0, 5, -5])
_FLAGS = st.sampled_from([True, False, None])
_WIDGET: Json = {
    "size": st.sampled_from([0, 1, 10, 11, -1, "x", 1.5, None]),
    "color": st.sampled_from(["red", "green", "blue", None]),
    "tags": st.none() | st.lists(st.sampled_from(["s", "t", "u"]), max_size=3),
    "ports": st.none() | st.lists(_PORT, max_size=2),
    "labels": NULLABLE,
    "any": NULLABLE,
    "nested": st.sampled_from([{}, {"deep": 4}, {"other": 1}, {"deep": None}, None]),
    "nullable": st.sampled_from(["n", None]),
    "unknown": st.just(1),
}
_DEPLOYMENT: Json = {
    "replicas": _NUMBERS,
    "paused": _FLAGS,
    "minReadySeconds": _COUNTS,
    "strategy": st.sampled_from(
        [{"type": "Recreate"}, {"type": "RollingUpdate"}, {"type": "Nope"}, {}, None]
    ),
    "unknown": st.just(1),
}
_STATEFUL_SET: Json = {
    "replicas": _NUMBERS,
    "serviceName": st.sampled_from(["s", "", None]),
    "podManagementPolicy": st.sampled_from(["Parallel", "OrderedReady", "Nope", None]),
    "minReadySeconds": _COUNTS,
    "revisionHistoryLimit": _COUNTS,
    "updateStrategy": st.sampled_from(
        [
            *({"type": "OnDelete"}, {}, None),
            {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}},
            {"type": "RollingUpdate", "rollingUpdate": {"partition": -1}},
        ]
    ),
    "unknown": st.just(1),
}
_SERVICE_PORT = st.fixed_dictionaries(
    {"port": st.sampled_from([80, 81, 0])},
    optional={
        "name": st.sampled_from(["a", "b", "", "A"]),
        "protocol": st.sampled_from(["TCP", "UDP", "Nope", None]),
        "targetPort": st.sampled_from([8080, "web", 0, "", None]),
    },
)
_SERVICE: Json = {
    "ports": st.none() | st.lists(_SERVICE_PORT, max_size=2),
    "selector": NULLABLE,
    "type": st.sampled_from(["ClusterIP", "ExternalName", "Nope", "", None]),
    "externalName": st.sampled_from(["example.com", "", "_"]),
    "sessionAffinity": st.sampled_from(["None", "ClientIP", "Nope", None]),
    "clusterIP": st.sampled_from(["None", "", "x", None]),
    "publishNotReadyAddresses": _FLAGS,
    "unknown": st.just(1),
}
_SECRET: Json = {
    "data": NULLABLE | st.just({"a": "eA=="}),
    "stringData": NULLABLE,
    "type": st.sampled_from(["Opaque", "kubernetes.io/tls", "example.com/x", "", None]),
    "immutable": _FLAGS,
    "unknown": st.just(1),
}
STATUS = st.sampled_from(
    [{}, {"replicas": 1}, {"replicas": -1}, {"observedGeneration": 1}, {"ready": 2}]
)
_FIELDS: dict[str, Json] = {
    "configmaps": {"data": NULLABLE, "immutable": _FLAGS},
    "deployments": _DEPLOYMENT,
    "secrets": _SECRET,
    "services": _SERVICE,
    "statefulsets": _STATEFUL_SET,
    "widgets": _WIDGET,
}
KINDS = tuple(_FIELDS)
SCALED = ("deployments", "statefulsets", "widgets")
_FLAT = ("configmaps", "secrets")  # their fields lie at the top
_ODD: list[Any] = [None, True, -1, 2**31, 1.5, "", "x", "\N{SNOWMAN}", [], {}, [None]]


def specs(kind: str) -> st.SearchStrategy[Json]:
    """Draw what an object has beside its metadata; a merge patch has it alike."""
    fields = st.fixed_dictionaries({}, optional=_FIELDS[kind])
    return fields if kind in _FLAT else fields.map(lambda spec: {"spec": spec})


def _whole(kind: str, drawn: Json) -> Json:
    match kind:
        case "configmaps":
            return {**config_map("a"), **drawn}
        case "secrets":
            return {**config_map("a"), "kind": "Secret", **drawn}
        case "services":
            spec = {"ports": [{"port": 80}], **drawn["spec"]}
            return {**config_map("a"), "kind": "Service", "spec": spec}
        case "deployments":
            return deployment("a", **drawn["spec"])
        case "statefulsets":
            item = deployment("a", **{"serviceName": "s", **drawn["spec"]})
            return {**item, "kind": "StatefulSet"}
        case _:
            return widget("a", **drawn["spec"])


@st.composite
def bodies(draw: st.DrawFn, kind: str, verb: str) -> Json:
    """Draw an object of a kind; not all of them are good."""
    applied = (kind, verb) == ("widgets", "apply")
    metadata: Json = draw(_METADATA_OF_APPLIED if applied else _METADATA)
    item = _whole(kind, draw(specs(kind)))
    if kind in SCALED and draw(st.booleans()):
        item["status"] = draw(STATUS)
    item["metadata"] = {**item["metadata"], **metadata}
    if not applied and draw(st.integers(0, 5)) == 0:
        _spoil(draw, item)
    return item


def _spoil(draw: st.DrawFn, item: Json) -> None:
    """Take something out of an object's own part, or put something odd in."""
    found = [path for path in places(item) if path[0] in {"spec", "data", "stringData"}]
    if not found:
        return
    *way, last = draw(st.sampled_from(found))
    holder: Any = item
    for step in way:
        holder = holder[step]
    match draw(st.sampled_from(["drop", "odd", "odd", "twice"])):
        case "drop":
            del holder[last]
        case "twice" if isinstance(holder, list):
            holder.append(holder[last])
        case _:
            holder[last] = draw(st.sampled_from(_ODD))
