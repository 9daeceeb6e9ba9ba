"""The life of a namespace, without the controller that empties it."""

from typing import Any

import pytest

from tests.harness.objects import config_map, pod
from tests.harness.server import Server

ALL = "/api/v1/namespaces"


@pytest.fixture
def own(server: Server) -> str:
    """The path of the test's namespace."""
    return f"{ALL}/{server.namespace}"


async def test_namespace_is_active(server: Server, own: str) -> None:
    item = (await server.get(own)).ok()
    assert item["status"] == {"phase": "Active"}
    assert item["spec"] == {"finalizers": ["kubernetes"]}


async def test_namespace_is_labelled_with_its_name(server: Server, own: str) -> None:
    labels = (await server.get(own)).ok()["metadata"]["labels"]
    assert labels == {"kubernetes.io/metadata.name": server.namespace}


@pytest.mark.parametrize(
    "labels", [None, {"kubernetes.io/metadata.name": "other"}, {"a": None}]
)
async def test_name_label_stays(server: Server, own: str, labels: Any) -> None:
    item = (await server.merge(own, {"metadata": {"labels": labels}})).ok()
    labels = item["metadata"]["labels"]
    assert labels == {"kubernetes.io/metadata.name": server.namespace}


async def test_body_finalizers_are_kept(server: Server) -> None:
    name = f"{server.namespace}-x"
    body = {
        "metadata": {"name": name},
        "spec": {"finalizers": ["example.com/x"]},
        "status": {"phase": "Terminating"},
    }
    item = (await server.post(ALL, body)).ok(201)
    assert item["spec"]["finalizers"] == ["example.com/x", "kubernetes"]
    assert item["status"] == {"phase": "Active"}


async def test_name_has_no_dots(server: Server) -> None:
    answer = await server.post(ALL, {"metadata": {"name": "a.b"}})
    answer.refused(
        422,
        "Invalid",
        'Namespace "a.b" is invalid: metadata.name: Invalid value: "a.b": must not'
        " contain dots",
    )


@pytest.mark.parametrize(
    "name", ["default", "kube-system", "kube-public", "kube-node-lease"]
)
async def test_namespaces_that_are_always_there(server: Server, name: str) -> None:
    assert (await server.get(f"{ALL}/{name}")).ok()["status"]["phase"] == "Active"


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public"])
async def test_namespaces_that_cannot_be_deleted(server: Server, name: str) -> None:
    answer = await server.delete(f"{ALL}/{name}")
    details = answer.refused(
        403,
        "Forbidden",
        f'namespaces "{name}" is forbidden: this namespace may not be deleted',
    )
    assert details == {"name": name, "kind": "namespaces"}


async def test_deleted_namespace_is_terminating(server: Server, own: str) -> None:
    item = (await server.delete(own)).ok()
    assert item["kind"] == "Namespace"
    assert item["status"] == {"phase": "Terminating"}
    assert item["metadata"]["deletionTimestamp"]
    assert "deletionGracePeriodSeconds" not in item["metadata"]


async def test_second_delete_changes_nothing(server: Server, own: str) -> None:
    first = (await server.delete(own)).ok()
    assert (await server.delete(own)).ok() == first


@pytest.mark.parametrize("how", ["create", "apply"])
async def test_nothing_new_in_a_terminating_namespace(
    server: Server, own: str, how: str
) -> None:
    await server.delete(own)
    if how == "create":
        answer = await server.post(server.core("configmaps"), config_map("a"))
    else:
        answer = await server.apply(server.core("configmaps/a"), config_map("a"))
    details = answer.refused(403, "Forbidden")
    assert server.plain(answer.json["message"]) == (
        'configmaps "a" is forbidden: unable to create new content in namespace NS'
        " because it is being terminated"
    )
    assert (details["name"], details["kind"]) == ("a", "configmaps")
    assert details["causes"] == [
        {
            "reason": "NamespaceTerminating",
            "message": f"namespace {server.namespace} is being terminated",
            "field": "metadata.namespace",
        }
    ]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("pods/p/binding", {"target": {"kind": "Node", "name": "n1"}}),
        ("bindings", {"target": {"kind": "Node", "name": "n1"}}),
        ("pods/p/eviction", {}),
    ],
)
async def test_no_binding_and_no_eviction_in_a_terminating_namespace(
    server: Server, own: str, path: str, body: dict[str, Any]
) -> None:
    await server.post(server.core("pods"), pod("p"))
    await server.delete(own)
    body = {"metadata": {"name": "p"}, **body}
    answer = await server.post(server.core(path), body)
    details = answer.refused(403, "Forbidden")
    assert (details["name"], details["kind"]) == ("p", path.partition("/")[0])
    assert [c["reason"] for c in details["causes"]] == ["NamespaceTerminating"]


async def test_content_of_a_terminating_namespace_changes(
    server: Server, own: str
) -> None:
    await server.post(server.core("configmaps"), config_map("a"))
    await server.delete(own)
    (await server.merge(server.core("configmaps/a"), {"data": {"x": "1"}})).ok()
    (await server.delete(server.core("configmaps/a"))).ok()


async def test_terminating_namespace_cannot_be_created(
    server: Server, own: str
) -> None:
    await server.delete(own)
    answer = await server.post(ALL, {"metadata": {"name": server.namespace}})
    answer.refused(409, "AlreadyExists")
    assert server.plain(answer.json["message"]) == (
        'object is being deleted: namespaces "NS" already exists'
    )


async def test_finalize_removes_the_namespace(server: Server, own: str) -> None:
    item = (await server.delete(own)).ok()
    item["spec"] = {"finalizers": []}
    assert (await server.put(f"{own}/finalize", item)).ok()["spec"] == {}
    (await server.get(own)).refused(404, "NotFound")


async def test_finalize_of_a_living_namespace(server: Server, own: str) -> None:
    body = {
        "metadata": {"name": server.namespace},
        "spec": {"finalizers": ["kubernetes", "example.com/x"]},
    }
    item = (await server.put(f"{own}/finalize", body)).ok()
    assert item["spec"]["finalizers"] == ["kubernetes", "example.com/x"]


@pytest.mark.parametrize("method", ["GET", "PATCH", "POST", "DELETE"])
async def test_finalize_is_an_update(server: Server, own: str, method: str) -> None:
    answer = await server.request(method, f"{own}/finalize")
    answer.refused(405, "MethodNotAllowed")


async def test_update_leaves_finalizers(server: Server, own: str) -> None:
    body = {"metadata": {"name": server.namespace}, "spec": {"finalizers": []}}
    item = (await server.put(own, body)).ok()
    assert item["spec"]["finalizers"] == ["kubernetes"]


async def test_namespace_has_a_status(server: Server, own: str) -> None:
    condition = {"type": "X", "status": "True"}
    patch = {"status": {"conditions": [condition]}}
    item = (await server.merge(f"{own}/status", patch)).ok()
    assert item["status"]["conditions"][0]["type"] == "X"


async def test_phase_follows_the_deletion(server: Server, own: str) -> None:
    answer = await server.merge(f"{own}/status", {"status": {"phase": "Terminating"}})
    answer.refused(422, "Invalid")
    assert server.plain(answer.json["message"]) == (
        'Namespace "NS" is invalid: status.Phase: Invalid value: "Terminating": may'
        " only be 'Active' if `deletionTimestamp` is empty"
    )
