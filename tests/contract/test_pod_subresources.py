"""Debug containers and resizes: parts of a pod that change while it runs."""

from typing import Any

import pytest

from tests.harness.objects import managed, pod, rejection
from tests.harness.server import STRATEGIC, Answer, Server

Json = dict[str, Any]

AMOUNTS = {
    "requests": {"cpu": "100m", "memory": "64Mi"},
    "limits": {"cpu": "200m", "memory": "64Mi"},
}


async def patch(server: Server, path: str, body: object) -> Answer:
    """Send a strategic merge patch, as kubectl does."""
    return await server.request("PATCH", path, body, media=STRATEGIC)


@pytest.fixture
async def p(server: Server) -> str:
    """The path of a pod that asks for something."""
    body = pod("p")
    body["spec"]["containers"][0]["resources"] = AMOUNTS
    (await server.post(server.core("pods"), body)).ok(201)
    return server.core("pods/p")


def debug(*containers: Json) -> Json:
    """Return a patch that adds debug containers."""
    return {"spec": {"ephemeralContainers": list(containers)}}


def resize(container: Json) -> Json:
    """Return a patch of the pod's container."""
    return {"spec": {"containers": [{"name": "c", **container}]}}


async def test_debug_containers_are_added(server: Server, p: str) -> None:
    first = {"name": "d", "image": "busybox:1", "targetContainerName": "c"}
    item = (await patch(server, f"{p}/ephemeralcontainers", debug(first))).ok()
    [container] = item["spec"]["ephemeralContainers"]
    assert container["imagePullPolicy"] == "IfNotPresent"
    assert item["metadata"]["generation"] == 2
    owners = [
        entry.get("subresource", "") for entry in item["metadata"]["managedFields"]
    ]
    assert owners == ["", "ephemeralcontainers"]
    # All else stays.
    body = debug({"name": "e", "image": "i"})
    body["spec"]["activeDeadlineSeconds"] = 5
    body |= {"metadata": {"labels": {"a": "b"}}, "status": {"phase": "Failed"}}
    item = (await patch(server, f"{p}/ephemeralcontainers", body)).ok()
    assert len(item["spec"]["ephemeralContainers"]) == 2
    assert "activeDeadlineSeconds" not in item["spec"]
    assert "labels" not in item["metadata"]
    assert item["status"]["phase"] == "Pending"
    assert (await server.get(f"{p}/ephemeralcontainers")).ok() == item
    item["spec"]["ephemeralContainers"].append({"name": "f", "image": "i"})
    item = (await server.put(f"{p}/ephemeralcontainers", item)).ok()
    assert len(item["spec"]["ephemeralContainers"]) == 3


@pytest.mark.parametrize(
    ("container", "causes"),
    [
        ({"name": "c", "image": "i"}, [("FieldValueDuplicate", "name")]),
        ({"name": "d"}, [("FieldValueRequired", "image")]),
        (
            {"name": "d", "image": "i", "targetContainerName": "x"},
            [("FieldValueNotFound", "targetContainerName")],
        ),
        (
            {"name": "d", "image": "i", "ports": [{"containerPort": 1}]},
            [("FieldValueForbidden", "ports")],
        ),
    ],
)
async def test_bad_debug_container_is_refused(
    server: Server, p: str, container: Json, causes: list[tuple[str, str]]
) -> None:
    answer = await patch(server, f"{p}/ephemeralcontainers", debug(container))
    path = "spec.ephemeralContainers[0]"
    found = rejection(answer.refused(422, "Invalid"))
    assert found == [(reason, f"{path}.{field}") for reason, field in causes]


async def test_debug_containers_stay_as_they_are(server: Server, p: str) -> None:
    path = f"{p}/ephemeralcontainers"
    (await patch(server, path, debug({"name": "d", "image": "i"}))).ok()
    answer = await patch(server, path, debug({"name": "d", "$patch": "delete"}))
    answer.refused(
        422,
        "Invalid",
        'Pod "p" is invalid: spec.ephemeralContainers: Forbidden: existing ephemeral'
        ' containers "d" may not be removed\n',
    )
    answer = await patch(server, path, debug({"name": "d", "image": "j"}))
    assert "may not be changed" in answer.json["message"]
    answer = await patch(server, p, debug({"name": "e", "image": "i"}))
    assert "pod updates may not change fields" in answer.json["message"]
    body = pod("q", ephemeralContainers=[{"name": "d", "image": "i"}])
    details = (await server.post(server.core("pods"), body)).refused(422, "Invalid")
    assert rejection(details) == [("FieldValueForbidden", "spec.ephemeralContainers")]


async def test_resize_changes_what_is_asked_for(server: Server, p: str) -> None:
    body = resize({"image": "j", "resources": {"requests": {"cpu": "150m"}}})
    item = (await patch(server, f"{p}/resize", body)).ok()
    [container] = item["spec"]["containers"]
    assert container["image"] == "i:1"
    assert container["resources"]["requests"] == {"cpu": "150m", "memory": "64Mi"}
    assert item["metadata"]["generation"] == 2
    assert managed(item).keys() == {"contract"}


@pytest.mark.parametrize(
    ("container", "message"),
    [
        (
            {"resources": {"requests": {"cpu": "200m"}}},
            (
                'spec: Invalid value: "Burstable": Pod QOS Class may not change as a'
                " result of resizing"
            ),
        ),
        (
            {"resources": {"requests": {"cpu": "900m"}}},
            (
                'spec.containers[0].resources.requests: Invalid value: "900m": must be'
                " less than or equal to cpu limit of 200m"
            ),
        ),
        (
            {"resources": {"limits": {"cpu": None}}},
            (
                "spec.containers[0].resources.limits: Forbidden: resource limits cannot"
                " be removed"
            ),
        ),
        (
            {"name": "n", "image": "i"},
            (
                "spec.containers: Forbidden: containers may not be added or removed on"
                " resize"
            ),
        ),
        (
            {"resizePolicy": [{"resourceName": "cpu", "restartPolicy": "NotRequired"}]},
            "spec: Forbidden: only cpu and memory resources are mutable",
        ),
    ],
)
async def test_bad_resize_is_refused(
    server: Server, p: str, container: Json, message: str
) -> None:
    answer = await patch(server, f"{p}/resize", resize(container))
    answer.refused(422, "Invalid", f'Pod "p" is invalid: {message}')


async def test_resources_change_through_resize_alone(server: Server, p: str) -> None:
    body = resize({"resources": {"requests": {"cpu": "50m"}}})
    (await patch(server, p, body)).refused(422, "Invalid")
    for name in ("resize", "ephemeralcontainers"):
        (await server.delete(f"{p}/{name}")).refused(405, "MethodNotAllowed")


async def test_evictions_of_the_old_version_are_carried_out(
    server: Server, p: str
) -> None:
    body: Json = {"apiVersion": "policy/v1beta1", "kind": "Eviction"}
    body |= {"metadata": {"name": "p"}}
    (await server.post(f"{p}/eviction", body)).ok(201)
    answer = await server.post(
        f"{p}/eviction", {**body, "no": 1}, fieldValidation="Strict"
    )
    assert 'version "v1beta1"' in answer.json["message"]


async def test_finalize_writes_a_namespace_but_its_status(server: Server) -> None:
    path = f"/api/v1/namespaces/{server.namespace}"
    held = ["kubernetes", "example.com/x"]
    body: Json = {
        "metadata": {"name": server.namespace, "labels": {"a": "b"}},
        "spec": {"finalizers": held},
        "status": {"phase": "Terminating"},
    }
    item = (await server.put(f"{path}/finalize", body)).ok()
    assert (item["spec"], item["status"]) == ({"finalizers": held}, {"phase": "Active"})
    assert item["metadata"]["labels"]["a"] == "b"
    body["spec"] = {"finalizers": ["bad"]}
    details = (await server.put(f"{path}/finalize", body)).refused(422, "Invalid")
    assert rejection(details) == [("FieldValueInvalid", "spec.finalizers[0]")]
