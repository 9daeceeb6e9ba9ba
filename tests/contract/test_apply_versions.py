"""Ownership over several versions and subresources of a resource."""

from typing import Any

import pytest

from tests.harness.objects import deployment, managed, rejection
from tests.harness.server import Server
from tests.harness.widgets import CRDS, crd, establish

Json = dict[str, Any]

GROUP = "owners.example.com"
SCALER = "horizontalpodautoscalers/h"


def only(**spec: Any) -> Json:
    """Return the configuration of a Deployment that says little."""
    head = {"apiVersion": "apps/v1", "kind": "Deployment"}
    return {**head, "metadata": {"name": "d"}, "spec": spec}


def scale(**spec: Any) -> Json:
    """Return a Scale of the Deployment."""
    head = {"apiVersion": "autoscaling/v1", "kind": "Scale"}
    return {**head, "metadata": {"name": "d"}, "spec": spec}


def scaler(short: str, **spec: Any) -> Json:
    """Return an autoscaler in a version."""
    head = {"apiVersion": f"autoscaling/{short}", "kind": "HorizontalPodAutoscaler"}
    return {**head, "metadata": {"name": "h"}, "spec": spec}


def cpu(percent: int) -> Json:
    """Return a metric, which v1 has a field for."""
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


@pytest.fixture
async def d(server: Server) -> str:
    """The path of a Deployment that m applied."""
    path = server.apps("deployments/d")
    (await server.apply(path, deployment("d", replicas=2), "m")).ok(201)
    return path


async def test_scale_is_fought_over_as_a_scale(server: Server, d: str) -> None:
    (await server.merge(f"{d}/scale", {"spec": {"replicas": 3}}, fieldManager="s")).ok()
    entries = (await server.get(d)).ok()["metadata"]["managedFields"]
    [entry] = [each for each in entries if each["manager"] == "s"]
    assert entry == {
        "manager": "s",
        "operation": "Update",
        "apiVersion": "apps/v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": {"f:replicas": {}}},
        "subresource": "scale",
    }
    owner = '"s" with subresource "scale" using'
    for path, body, version in (
        (d, only(replicas=9), "apps/v1"),
        (f"{d}/scale", scale(replicas=9), "autoscaling/v1"),
    ):
        (await server.apply(path, body, "n")).refused(
            409,
            "Conflict",
            f"Apply failed with 1 conflict: conflict with {owner} {version}: "
            ".spec.replicas",
        )
    (await server.apply(f"{d}/scale", scale(replicas=9), "n", force=True)).ok()
    assert set(managed((await server.get(d)).ok())) == {"m", "n"}


async def test_conflicts_of_several_owners_are_listed(server: Server, d: str) -> None:
    for name in ("a", "b"):
        condition = {"type": name, "status": "True"}
        body = {**only(), "status": {"replicas": 1, "conditions": [condition]}}
        del body["spec"]
        (await server.apply(f"{d}/status", body, name)).ok()
    body["status"] = {
        "replicas": 2,
        "conditions": [{"type": "a", "status": "False"}],
    }
    details = (await server.apply(f"{d}/status", body, "c")).refused(
        409,
        "Conflict",
        'Apply failed with 3 conflicts: conflicts with "a" with subresource "status":\n'
        '- .status.replicas\n- .status.conditions[type="a"].status\n'
        'conflicts with "b" with subresource "status":\n- .status.replicas',
    )
    assert len(rejection(details)) == 3


async def test_apply_takes_over_from_an_update_of_its_name(
    server: Server, d: str
) -> None:
    (await server.merge(d, {"spec": {"replicas": 5}}, fieldManager="m")).ok()
    (await server.apply(d, deployment("d", replicas=4), "m")).refused(
        409,
        "Conflict",
        'Apply failed with 1 conflict: conflict with "m" using apps/v1: .spec.replicas',
    )
    item = (await server.apply(d, deployment("d", replicas=5), "m")).ok()
    found = [entry["operation"] for entry in item["metadata"]["managedFields"]]
    assert found == ["Apply", "Update"]


@pytest.mark.parametrize("version", ["apps/v9", "apps/v1beta1", "v1"])
async def test_owner_of_an_unknown_version_is_forgotten(
    server: Server, d: str, version: str
) -> None:
    entry: Json = {
        "manager": "x",
        "operation": "Apply",
        "apiVersion": version,
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": {"f:replicas": {}}},
    }
    item = (await server.merge(d, {"metadata": {"managedFields": [entry]}})).ok()
    assert managed(item) == {}


async def test_built_in_versions_know_each_others_fields(server: Server) -> None:
    v1, v2 = (server.path(f"autoscaling/{v}", SCALER) for v in ("v1", "v2"))
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}
    body = scaler(
        "v1", scaleTargetRef=target, maxReplicas=5, targetCPUUtilizationPercentage=50
    )
    (await server.apply(v1, body, "a")).ok(201)
    answer = await server.apply(v2, scaler("v2", metrics=[cpu(60)]), "b")
    details = answer.refused(409, "Conflict")
    field = ".spec.targetCPUUtilizationPercentage"
    assert rejection(details) == [("FieldManagerConflict", field)]
    item = (await server.apply(v2, scaler("v2", metrics=[cpu(60)]), "b", force=1)).ok()
    assert managed(item)["b"] == {"f:spec": {"f:metrics": {}}}
    assert "f:targetCPUUtilizationPercentage" not in managed(item)["a"]["f:spec"]
    details = (await server.apply(v1, body, "a")).refused(409, "Conflict")
    assert rejection(details) == [("FieldManagerConflict", ".spec.metrics")]
    # In v1 the target is one value, in v2 it has fields.
    applied = scaler("v2", scaleTargetRef=target, maxReplicas=5)
    owned = managed((await server.apply(v2, applied, "a")).ok())["a"]["f:spec"]
    assert set(owned["f:scaleTargetRef"]) == {"f:apiVersion", "f:kind", "f:name"}
    (await server.merge(v1, {"spec": {"maxReplicas": 6}}, fieldManager="u")).ok()
    owned = managed((await server.get(v2)).ok())["a"]["f:spec"]
    assert set(owned) == {"f:scaleTargetRef"}


async def test_what_v1_has_no_fields_for_stands_in_annotations(
    server: Server,
) -> None:
    v1, v2 = (server.path(f"autoscaling/{v}", SCALER) for v in ("v1", "v2"))
    memory = {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1"}}
    metrics = [cpu(60), {"type": "Resource", "resource": memory}]
    body = scaler(
        "v2",
        scaleTargetRef={"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"},
        maxReplicas=5,
        metrics=metrics,
        behavior={"scaleDown": {"stabilizationWindowSeconds": 5}},
    )
    stored = (await server.apply(v2, body, "a")).ok(201)["spec"]
    item = (await server.get(v1)).ok()
    assert item["spec"]["targetCPUUtilizationPercentage"] == 60
    assert item["status"] == {"currentReplicas": 0, "desiredReplicas": 0}
    prefix = "autoscaling.alpha.kubernetes.io"
    told = item["metadata"]["annotations"]
    assert told[f"{prefix}/metrics"] == (
        '[{"type":"Resource","resource":{"name":"memory","targetAverageValue":"1"}}]'
    )
    head = '{"ScaleUp":{"StabilizationWindowSeconds":0,"SelectPolicy":"Max","Policies":'
    assert told[f"{prefix}/behavior"].startswith(head)
    # An update of v1 leaves them as they are.
    (await server.put(v1, item)).ok()
    spec = (await server.get(v2)).ok()["spec"]
    assert spec == {**stored, "metrics": metrics[::-1]}
    [listed] = (await server.get(v1.removesuffix("/h"))).ok()["items"]
    assert "kind" not in listed


def version(name: str, *, storage: bool = False, kind: str = "set", **more: Any) -> Any:
    """Return a version whose list is of a kind."""
    tags = {"type": "array", "items": {"type": "string"}}
    fields = {"a": {"type": "integer"}, **more}
    fields["tags"] = {**tags, "x-kubernetes-list-type": kind}
    spec = {"type": "object", "properties": fields}
    schema = {"type": "object", "properties": {"spec": spec}}
    document = {"openAPIV3Schema": schema}
    return {"name": name, "served": True, "storage": storage, "schema": document}


def gizmo(short: str, **spec: Any) -> Json:
    """Return a Gizmo in a version."""
    head = {"apiVersion": f"{GROUP}/{short}", "kind": "Gizmo"}
    return {**head, "metadata": {"name": "g"}, "spec": spec}


@pytest.fixture
async def at(server: Server) -> dict[str, str]:
    """The path of a Gizmo in each version; v3 has a field that others have not."""
    number = {"type": "integer"}
    versions = [
        version("v1", storage=True, b=number),
        version("v2", kind="atomic", b=number),
        version("v3", b=number, c={"type": "integer", "default": 1}),
    ]
    if (await server.get(f"{CRDS}/gizmos.{GROUP}")).status != 200:
        body = crd(GROUP, plural="gizmos", kind="Gizmo", versions=versions)
        await establish(server, body)
    return {
        short: server.path(f"{GROUP}/{short}", "gizmos/g")
        for short in ("v1", "v2", "v3")
    }


async def test_custom_owners_are_told_in_their_own_versions(
    server: Server, at: dict[str, str]
) -> None:
    body = gizmo("v1", a=1, tags=["x"])
    (await server.apply(at["v1"], body, "one")).ok(201)
    item = (await server.apply(at["v2"], gizmo("v2", b=2, tags=["x"]), "two")).ok()
    assert managed(item) == {
        "one": {"f:spec": {"f:a": {}, "f:tags": {'v:"x"': {}}}},
        "two": {"f:spec": {"f:b": {}, "f:tags": {}}},
    }
    # The list is one value where it is atomic, and x is still an item of the other.
    body = gizmo("v1", a=1, tags=["x", "y"])
    details = (await server.apply(at["v1"], body, "one")).refused(409, "Conflict")
    assert rejection(details) == [("FieldManagerConflict", ".spec.tags")]
    item = (await server.apply(at["v1"], body, "one", force=True)).ok()
    assert managed(item)["two"] == {"f:spec": {"f:b": {}}}
    # What was applied in v1 and not again in v2 goes.
    item = (await server.apply(at["v2"], gizmo("v2", tags=["x"]), "one")).ok()
    assert item["spec"] == {"b": 2, "tags": ["x"]}
    assert managed(item)["one"] == {"f:spec": {"f:tags": {}}}


async def test_fields_that_another_version_lacks_end_the_record(
    server: Server, at: dict[str, str]
) -> None:
    (await server.apply(at["v1"], gizmo("v1", a=1), "one")).ok(201)
    # The default of v3 is no field of v1: nothing can be told of the owner there.
    patch = {"spec": {"b": 3}}
    assert managed((await server.merge(at["v3"], patch)).ok()) == {}
