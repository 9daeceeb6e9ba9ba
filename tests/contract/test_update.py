"""PUT: what an update replaces, keeps and refuses."""

from typing import Any

import pytest

from tests.harness.objects import config_map, deployment, rejection
from tests.harness.server import Server


@pytest.fixture
async def a(server: Server) -> Any:
    """A ConfigMap of the name a."""
    path = server.core("configmaps")
    return (await server.post(path, config_map("a", {"x": "1"}))).ok(201)


async def test_update_replaces_the_object(server: Server, a: Any) -> None:
    path = server.core("configmaps/a")
    item = (await server.put(path, {**a, "data": {"y": "2"}})).ok()
    assert item["data"] == {"y": "2"}
    assert (await server.get(path)).ok() == item


async def test_update_raises_the_resource_version(server: Server, a: Any) -> None:
    item = (await server.put(server.core("configmaps/a"), {**a, "data": {}})).ok()
    before = int(a["metadata"]["resourceVersion"])
    assert int(item["metadata"]["resourceVersion"]) > before


@pytest.mark.parametrize("kept", ["uid", "creationTimestamp", "namespace"])
async def test_update_keeps_identity(server: Server, a: Any, kept: str) -> None:
    path = server.core("configmaps/a")
    item = (await server.put(path, config_map("a", {"x": "2"}))).ok()
    assert item["metadata"][kept] == a["metadata"][kept]


async def test_update_without_resource_version_wins(server: Server, a: Any) -> None:
    path = server.core("configmaps/a")
    assert (await server.put(path, config_map("a", {"x": "2"}))).ok()["data"] == {
        "x": "2"
    }
    assert (await server.put(path, config_map("a", {"x": "3"}))).ok()["data"] == {
        "x": "3"
    }
    assert a["data"] == {"x": "1"}


async def test_update_drops_labels_that_are_not_sent(server: Server) -> None:
    await server.post(server.core("configmaps"), config_map("a", labels={"l": "1"}))
    item = (await server.put(server.core("configmaps/a"), config_map("a"))).ok()
    assert "labels" not in item["metadata"]


@pytest.mark.parametrize("resource", ["configmaps", "secrets"])
async def test_update_of_nothing_is_not_found(server: Server, resource: str) -> None:
    answer = await server.put(
        server.core(f"{resource}/no"), {"metadata": {"name": "no"}}
    )
    details = answer.refused(404, "NotFound", f'{resource} "no" not found')
    assert details == {"name": "no", "kind": resource}


async def test_lease_is_created_by_an_update(server: Server) -> None:
    path = server.path("coordination.k8s.io/v1", "leases/l")
    (await server.put(path, {"metadata": {"name": "l"}})).ok(201)


async def test_lease_update_must_name_the_version(server: Server) -> None:
    path = server.path("coordination.k8s.io/v1", "leases/l")
    item = (await server.put(path, {"metadata": {"name": "l"}})).ok(201)
    details = (await server.put(path, {"metadata": {"name": "l"}})).refused(
        422,
        "Invalid",
        'leases.coordination.k8s.io "l" is invalid: metadata.resourceVersion: Invalid'
        " value: 0: must be specified for an update",
    )
    assert rejection(details) == [("FieldValueInvalid", "metadata.resourceVersion")]
    item["spec"] = {"holderIdentity": "me"}
    (await server.put(path, item)).ok()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            config_map("b"),
            "the name of the object (b) does not match the name on the URL (a)",
        ),
        (
            {"metadata": {}},
            (
                "the name of the object (a based on URL) was undeterminable: name must"
                " be"
                " provided"
            ),
        ),
        (
            config_map("a", namespace="default"),
            (
                "the namespace of the provided object does not match the namespace"
                " sent on"
                " the request"
            ),
        ),
    ],
)
async def test_body_must_agree_with_the_path(
    server: Server, a: Any, body: Any, message: str
) -> None:
    assert a
    answer = await server.put(server.core("configmaps/a"), body)
    answer.refused(400, "BadRequest", message)


async def test_creation_timestamp_cannot_be_changed(server: Server, a: Any) -> None:
    body = config_map("a", creationTimestamp="2001-01-01T00:00:00Z")
    item = (await server.put(server.core("configmaps/a"), body)).ok()
    assert item["metadata"]["creationTimestamp"] == a["metadata"]["creationTimestamp"]


async def test_deletion_timestamp_cannot_be_set(server: Server, a: Any) -> None:
    assert a
    body = config_map("a", deletionTimestamp="2001-01-01T00:00:00Z")
    details = (await server.put(server.core("configmaps/a"), body)).refused(
        422,
        "Invalid",
        'ConfigMap "a" is invalid: metadata.deletionTimestamp: Invalid value:'
        ' "2001-01-01T00:00:00Z": field is immutable',
    )
    assert set(rejection(details)) == {
        ("FieldValueInvalid", "metadata.deletionTimestamp")
    }


async def test_deployment_selector_is_immutable(server: Server) -> None:
    await server.post(server.apps("deployments"), deployment("d"))
    labels = {"app": "other"}
    body = deployment("d", selector={"matchLabels": labels})
    body["spec"]["template"]["metadata"]["labels"] = labels
    details = (await server.put(server.apps("deployments/d"), body)).refused(
        422,
        "Invalid",
        'Deployment.apps "d" is invalid: spec.selector: Invalid value:'
        ' {"matchLabels":{"app":"other"}}: field is immutable',
    )
    assert rejection(details) == [("FieldValueInvalid", "spec.selector")]


async def test_immutable_config_map_keeps_its_data(server: Server) -> None:
    body = {**config_map("i", {"x": "1"}), "immutable": True}
    await server.post(server.core("configmaps"), body)
    answer = await server.put(server.core("configmaps/i"), {**body, "data": {}})
    answer.refused(
        422,
        "Invalid",
        'ConfigMap "i" is invalid: data: Forbidden: field is immutable when'
        " `immutable` is set",
    )


async def test_immutable_config_map_stays_immutable(server: Server) -> None:
    body = {**config_map("i", {"x": "1"}), "immutable": True}
    await server.post(server.core("configmaps"), body)
    answer = await server.put(server.core("configmaps/i"), config_map("i", {"x": "1"}))
    answer.refused(
        422,
        "Invalid",
        'ConfigMap "i" is invalid: immutable: Forbidden: field is immutable when'
        " `immutable` is set",
    )


async def test_update_ignores_status_of_a_status_subresource(server: Server) -> None:
    item = (await server.post(server.apps("deployments"), deployment("d"))).ok(201)
    body = {**item, "status": {"replicas": 5}}
    assert (await server.put(server.apps("deployments/d"), body)).ok()["status"] == {}
