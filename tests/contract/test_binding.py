"""pods/binding: how a scheduler puts a pod on a node."""

from typing import Any

import pytest

from tests.harness.objects import pod
from tests.harness.server import Server


@pytest.fixture
async def path(server: Server) -> str:
    """The path of the binding of an unbound pod p."""
    (await server.post(server.core("pods"), pod("p"))).ok(201)
    return server.core("pods/p/binding")


def _binding(node: str = "n1", name: str = "p", **target: Any) -> Any:
    return {
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": name},
        "target": {"kind": "Node", "name": node, **target},
    }


async def test_binding_answers_201_with_a_status(server: Server, path: str) -> None:
    assert (await server.post(path, _binding())).ok(201) == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "code": 201,
    }


async def test_bound_pod_has_a_node(server: Server, path: str) -> None:
    await server.post(path, _binding())
    item = (await server.get(server.core("pods/p"))).ok()
    assert item["spec"]["nodeName"] == "n1"


async def test_bound_pod_is_scheduled(server: Server, path: str) -> None:
    await server.post(path, _binding())
    status = (await server.get(server.core("pods/p"))).ok()["status"]
    condition = status["conditions"][0]
    assert (condition["type"], condition["status"]) == ("PodScheduled", "True")
    assert condition["lastTransitionTime"].endswith("Z")


async def test_binding_leaves_the_generation(server: Server, path: str) -> None:
    await server.post(path, _binding())
    item = (await server.get(server.core("pods/p"))).ok()
    assert item["metadata"]["generation"] == 1


async def test_binding_adds_labels_and_annotations(server: Server, path: str) -> None:
    body = _binding()
    body["metadata"].update(labels={"l": "m"}, annotations={"a": "b"})
    await server.post(path, body)
    metadata = (await server.get(server.core("pods/p"))).ok()["metadata"]
    assert (metadata["labels"], metadata["annotations"]) == ({"l": "m"}, {"a": "b"})


async def test_pod_is_bound_once(server: Server, path: str) -> None:
    await server.post(path, _binding())
    answer = await server.post(path, _binding("n2"))
    details = answer.refused(
        409,
        "Conflict",
        'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned'
        ' to node "n1"',
    )
    assert details == {"name": "p", "kind": "pods/binding"}


async def test_pod_waits_at_its_gates(server: Server) -> None:
    gated = pod("gated")
    gated["spec"]["schedulingGates"] = [{"name": "example.com/paid"}]
    (await server.post(server.core("pods"), gated)).ok(201)
    path = server.core("pods/gated/binding")
    answer = await server.post(path, _binding(name="gated"))
    answer.refused(
        409,
        "Conflict",
        'Operation cannot be fulfilled on pods/binding "gated": pod gated has non-empty'
        " .spec.schedulingGates",
    )


async def test_collection_of_bindings_binds_too(server: Server, path: str) -> None:
    assert path
    (await server.post(server.core("bindings"), _binding())).ok(201)
    item = (await server.get(server.core("pods/p"))).ok()
    assert item["spec"]["nodeName"] == "n1"


async def test_binding_of_nothing_is_not_found(server: Server) -> None:
    answer = await server.post(server.core("pods/no/binding"), _binding(name="no"))
    answer.refused(404, "NotFound", 'pods "no" not found')


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"name": ""}, "target.name: Required value"),
        (
            {"name": "n1", "kind": "Pod"},
            (
                'target.kind: Unsupported value: "Pod": supported values: "Node",'
                ' "<empty>"'
            ),
        ),
    ],
)
async def test_target_must_be_a_node(
    server: Server, path: str, target: Any, message: str
) -> None:
    body = {"metadata": {"name": "p"}, "target": target}
    (await server.post(path, body)).refused(500, "", message)


async def test_name_must_be_that_of_the_path(server: Server, path: str) -> None:
    answer = await server.post(path, _binding(name="q"))
    answer.refused(
        400, "BadRequest", "name in URL does not match name in Binding object"
    )


async def test_binding_of_another_uid_is_a_conflict(server: Server, path: str) -> None:
    body = _binding()
    body["metadata"]["uid"] = "zz"
    answer = await server.post(path, body)
    details = answer.refused(409, "Conflict")
    assert details == {"name": "p", "kind": "pods"}


OTHER_NAMESPACE = (
    "the namespace of the provided object does not match the namespace sent on the"
    " request"
)
NO_BINDING = 'Binding in version "v1" cannot be handled as a Binding: '
NO_FIELD = "json: cannot unmarshal {} into Go struct field {} of type {}"


@pytest.mark.parametrize("rest", ["pods/p/binding", "bindings"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"metadata": "x"},
            NO_BINDING + NO_FIELD.format("string", "Binding.metadata", "v1.ObjectMeta"),
        ),
        (
            {"target": {"name": 1}},
            NO_BINDING
            + NO_FIELD.format("number", "ObjectReference.target.name", "string"),
        ),
        (
            {"kind": "Pod"},
            (
                'Pod in version "v1" cannot be handled as a Binding: converting'
                " (v1.Pod) to (core.Binding): unknown conversion"
            ),
        ),
        ({"foo": 1}, f'{NO_BINDING}strict decoding error: unknown field "foo"'),
        ({"metadata": {"name": "p", "namespace": "other"}}, OTHER_NAMESPACE),
    ],
)
async def test_binding_must_be_one(
    server: Server, path: str, rest: str, change: Any, message: str
) -> None:
    assert path
    body = {**_binding(), **change}
    answer = await server.post(server.core(rest), body, fieldValidation="Strict")
    answer.refused(400, "BadRequest", message)


async def test_target_is_looked_at_before_the_pod(server: Server) -> None:
    for rest in ("pods/no/binding", "bindings"):
        answer = await server.post(server.core(rest), _binding("", name="no"))
        answer.refused(500, "", "target.name: Required value")
