"""/status: the half of an object that its controller writes."""

from typing import Any

import pytest

from tests.harness.objects import deployment, pod
from tests.harness.server import Server


@pytest.fixture
async def d(server: Server) -> Any:
    """A Deployment of the name d."""
    return (await server.post(server.apps("deployments"), deployment("d"))).ok(201)


@pytest.fixture
def path(server: Server) -> str:
    """The path of its status."""
    return server.apps("deployments/d/status")


async def test_status_is_read_as_the_object(server: Server, d: Any, path: str) -> None:
    assert (await server.get(path)).ok() == d


async def test_status_starts_empty(d: Any) -> None:
    assert d["status"] == {}


async def test_update_writes_status(server: Server, d: Any, path: str) -> None:
    body = {**d, "status": {"replicas": 3, "observedGeneration": 1}}
    item = (await server.put(path, body)).ok()
    assert item["status"] == {"replicas": 3, "observedGeneration": 1}
    assert (await server.get(server.apps("deployments/d"))).ok() == item


async def test_update_leaves_spec_alone(server: Server, d: Any, path: str) -> None:
    body = {**d, "spec": {**d["spec"], "replicas": 7}, "status": {"replicas": 3}}
    assert (await server.put(path, body)).ok()["spec"] == d["spec"]


async def test_update_leaves_labels_alone(server: Server, d: Any, path: str) -> None:
    assert d
    patch = {"metadata": {"labels": {"l": "1"}}, "status": {"replicas": 3}}
    item = (await server.merge(path, patch)).ok()
    assert "labels" not in item["metadata"]
    assert item["status"] == {"replicas": 3}


async def test_update_raises_the_version(server: Server, d: Any, path: str) -> None:
    item = (await server.merge(path, {"status": {"replicas": 3}})).ok()
    before = int(d["metadata"]["resourceVersion"])
    assert int(item["metadata"]["resourceVersion"]) > before


async def test_main_update_keeps_status(server: Server, d: Any, path: str) -> None:
    assert d
    await server.merge(path, {"status": {"replicas": 3}})
    answer = await server.put(server.apps("deployments/d"), deployment("d", replicas=2))
    assert answer.ok()["status"] == {"replicas": 3}


async def test_patch_removes_from_status(server: Server, d: Any, path: str) -> None:
    assert d
    await server.merge(path, {"status": {"replicas": 3, "readyReplicas": 1}})
    item = (await server.merge(path, {"status": {"readyReplicas": None}})).ok()
    assert item["status"] == {"replicas": 3}


async def test_apply_to_status_owns_status(server: Server, d: Any, path: str) -> None:
    assert d
    body = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d"},
        "spec": {"replicas": 9},
        "status": {"replicas": 1},
    }
    item = (await server.apply(path, body, "s")).ok()
    assert item["spec"]["replicas"] == 1
    entry = next(e for e in item["metadata"]["managedFields"] if e["manager"] == "s")
    assert (entry["operation"], entry["subresource"]) == ("Apply", "status")
    assert entry["fieldsV1"] == {"f:status": {"f:replicas": {}}}


async def test_update_is_owned_under_the_subresource(
    server: Server, d: Any, path: str
) -> None:
    assert d
    patch = {"status": {"replicas": 3}}
    item = (await server.merge(path, patch, fieldManager="s")).ok()
    entry = next(e for e in item["metadata"]["managedFields"] if e["manager"] == "s")
    assert (entry["operation"], entry["subresource"]) == ("Update", "status")
    assert entry["fieldsV1"] == {"f:status": {"f:replicas": {}}}


async def test_status_is_validated(server: Server, d: Any, path: str) -> None:
    assert d
    answer = await server.merge(path, {"status": {"replicas": -1}})
    answer.refused(422, "Invalid")
    message = answer.json["message"]
    assert "status.replicas: Invalid value: -1: must be greater than" in message


@pytest.mark.parametrize(
    ("status", "causes"),
    [
        (
            {"replicas": -1},
            [
                ("replicas", "-1: must be greater than or equal to 0"),
                ("updatedReplicas", "0: cannot be greater than status.replicas"),
                ("readyReplicas", "0: cannot be greater than status.replicas"),
                ("availableReplicas", "0: cannot be greater than status.replicas"),
            ],
        ),
        (
            {"replicas": 1, "availableReplicas": 2, "observedGeneration": -1},
            [
                ("observedGeneration", "-1: must be greater than or equal to 0"),
                ("availableReplicas", "2: cannot be greater than status.replicas"),
                ("availableReplicas", "2: cannot be greater than readyReplicas"),
            ],
        ),
        ({"collisionCount": None}, [("collisionCount", "0: cannot be decremented")]),
        ({"collisionCount": 0}, [("collisionCount", "0: cannot be decremented")]),
    ],
)
async def test_figures_must_fit_each_other(
    server: Server, d: Any, path: str, status: Any, causes: list[tuple[str, str]]
) -> None:
    assert d
    (await server.merge(path, {"status": {"collisionCount": 1}})).ok()
    details = (await server.merge(path, {"status": status})).refused(422, "Invalid")
    assert [(c["field"], c["message"]) for c in details["causes"]] == [
        (f"status.{name}", f"Invalid value: {text}") for name, text in causes
    ]


async def test_status_of_nothing_is_not_found(server: Server) -> None:
    answer = await server.merge(server.apps("deployments/no/status"), {})
    answer.refused(404, "NotFound", 'deployments.apps "no" not found')


async def test_events_of_status_writes_are_told(
    server: Server, d: Any, path: str
) -> None:
    version = d["metadata"]["resourceVersion"]
    async with server.watch(
        server.apps("deployments"), resourceVersion=version
    ) as watch:
        await server.merge(path, {"status": {"replicas": 3}})
        kind, item = await watch.next()
    assert (kind, item["status"]) == ("MODIFIED", {"replicas": 3})


_METADATA: dict[str, Any] = {
    "labels": {"l": "1"},
    "annotations": {"a": "1"},
    "finalizers": ["example.com/hold"],
    "ownerReferences": [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": "u"}
    ],
}


def _replica_set() -> Any:
    return {**deployment("d"), "kind": "ReplicaSet"}


def _attachment(server: Server) -> Any:
    return {
        "metadata": {"name": server.namespace},
        "spec": {
            "attacher": "example.com",
            "nodeName": "n",
            "source": {"persistentVolumeName": "v"},
        },
    }


@pytest.mark.parametrize(
    ("kind", "kept"),
    [
        ("deployments", {"annotations", "finalizers", "ownerReferences"}),
        ("replicasets", {"labels", "annotations", "finalizers", "ownerReferences"}),
        ("pods", {"labels", "annotations", "finalizers"}),
        ("volumeattachments", set[str]()),
    ],
)
async def test_metadata_of_a_status_write(
    server: Server, kind: str, kept: set[str]
) -> None:
    if kind == "pods":
        path, body = server.core("pods"), pod("d")
    elif kind == "volumeattachments":
        path = "/apis/storage.k8s.io/v1/volumeattachments"
        body = _attachment(server)
    else:
        path = server.apps(kind)
        body = deployment("d") if kind == "deployments" else _replica_set()
    await server.post(path, body)
    path = f"{path}/{body['metadata']['name']}/status"
    patch = {"metadata": _METADATA}
    item = (await server.merge(path, patch, fieldManager="s")).ok()
    metadata = item["metadata"]
    assert {key for key in _METADATA if key in metadata} == kept
    entries = [e for e in metadata["managedFields"] if e["manager"] == "s"]
    owned = {key for e in entries for key in e["fieldsV1"]["f:metadata"]}
    assert owned == {f"f:{key}" for key in kept}


async def test_status_is_defaulted(server: Server, d: Any, path: str) -> None:
    assert d
    condition = {"type": "A", "status": "True"}
    item = (await server.merge(path, {"status": {"conditions": [condition]}})).ok()
    assert item["status"]["conditions"] == [
        {**condition, "lastTransitionTime": None, "lastUpdateTime": None}
    ]


ALL = {"annotations", "finalizers", "labels", "ownerReferences"}
NOTHING: set[str] = set()
EMPTY: dict[str, Any] = {}
_CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1"}}}
_TEMPLATE = {"metadata": {"labels": {"a": "b"}}, "spec": pod("p")["spec"]}
_SELECTED = {"selector": {"matchLabels": {"a": "b"}}, "template": _TEMPLATE}
_JOB = {**pod("p")["spec"], "restartPolicy": "Never"}
_ATTACHMENT = {
    "attacher": "x",
    "nodeName": "n",
    "source": {"persistentVolumeName": "v"},
}
_FLOW = {"priorityLevelConfiguration": {"name": "exempt"}}


@pytest.mark.parametrize(
    ("where", "spec", "taken"),
    [
        ("v1 namespaced pods", pod("p")["spec"], ALL - {"ownerReferences"}),
        ("v1 namespaced persistentvolumeclaims", _CLAIM, ALL),
        ("v1 namespaced resourcequotas", {"hard": {"pods": "1"}}, ALL),
        ("v1 namespaced services", {"ports": [{"port": 80}]}, ALL),
        ("v1 cluster nodes", EMPTY, ALL),
        ("apps/v1 namespaced deployments", _SELECTED, ALL - {"labels"}),
        ("apps/v1 namespaced replicasets", _SELECTED, ALL),
        ("apps/v1 namespaced statefulsets", _SELECTED, ALL),
        ("apps/v1 namespaced daemonsets", _SELECTED, ALL),
        ("batch/v1 namespaced jobs", {"template": {"spec": _JOB}}, ALL),
        ("policy/v1 namespaced poddisruptionbudgets", EMPTY, ALL),
        (
            "networking.k8s.io/v1 cluster servicecidrs",
            {"cidrs": ["10.9.0.0/24"]},
            NOTHING,
        ),
        ("storage.k8s.io/v1 cluster volumeattachments", _ATTACHMENT, NOTHING),
        ("flowcontrol.apiserver.k8s.io/v1 cluster flowschemas", _FLOW, NOTHING),
    ],
)
async def test_status_of_each_kind_takes_its_part_of_metadata(
    server: Server, where: str, spec: Any, taken: set[str]
) -> None:
    version, scope, plural = where.split()
    root = "/apis" if "/" in version else "/api"
    space = f"/namespaces/{server.namespace}" if scope == "namespaced" else ""
    path = f"{root}/{version}{space}/{plural}"
    name = server.namespace
    item = (await server.post(path, {"metadata": {"name": name}, "spec": spec})).ok(201)
    owner = {"apiVersion": "v1", "kind": "Pod", "name": "o", "uid": "u"}
    given: dict[str, Any] = {
        "annotations": {"example.com/a": "1"},
        "finalizers": ["example.com/f"],
        "labels": {"example.com/l": "1"},
        "ownerReferences": [owner],
    }
    meta = item["metadata"]
    wanted: dict[str, Any] = {
        key: {**meta.get(key, {}), **value}
        if isinstance(value, dict)
        else [*meta.get(key, []), *value]
        for key, value in given.items()
    }
    answer = await server.merge(f"{path}/{name}/status", {"metadata": wanted})
    after = answer.ok()["metadata"]
    try:
        changed = {key for key in ALL if after.get(key) != meta.get(key)}
        assert (changed, after.get("generation")) == (taken, meta.get("generation"))
        assert all(after[key] == wanted[key] for key in taken)
    finally:
        freed = {"metadata": {"finalizers": None}}
        await server.merge(f"{path}/{name}", freed)
        await server.delete(f"{path}/{name}")
