"""Logs and commands of pods, as far as a server without kubelets answers them."""

from typing import Any

import pytest

from tests.harness.server import Server


@pytest.fixture
async def pods(server: Server) -> str:
    """Two pods without nodes: ``one`` with one container, ``two`` with two."""
    path = f"/api/v1/namespaces/{server.namespace}/pods"
    for count, name in enumerate(("one", "two"), 1):
        spec: Any = {
            "containers": [{"name": f"c{n}", "image": "b"} for n in range(count)],
            "initContainers": [{"name": "i", "image": "b"}],
        }
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}}
        (await server.post(path, {**body, "spec": spec})).ok(201)
    return path


@pytest.mark.parametrize("query", [{}, {"container": "c0"}, {"follow": "true"}])
async def test_a_pod_without_a_node_has_nothing_to_say(
    server: Server, pods: str, query: Any
) -> None:
    answer = await server.get(f"{pods}/one/log", **query)
    assert (answer.status, answer.body) == (204, b"")


@pytest.mark.parametrize("sub", ["log", "exec", "attach"])
async def test_the_container_must_be_clear(server: Server, pods: str, sub: str) -> None:
    answer = await server.get(f"{pods}/two/{sub}")
    text = "a container name must be specified for pod two, choose one of: [i c0 c1]"
    answer.refused(400, "BadRequest", text)
    answer = await server.get(f"{pods}/two/{sub}", container="x")
    answer.refused(400, "BadRequest", "container x is not valid for pod two")
    answer = await server.get(f"{pods}/none/{sub}")
    answer.refused(404, "NotFound", 'pods "none" not found')


NEGATIVE = "must be greater than or equal to 0"
ZERO = "must be greater than 0"


@pytest.mark.parametrize(
    ("query", "field", "text"),
    [
        ({"tailLines": "-1"}, "tailLines", f"Invalid value: -1: {NEGATIVE}"),
        ({"limitBytes": "0"}, "limitBytes", f"Invalid value: 0: {ZERO}"),
        ({"sinceSeconds": "0"}, "sinceSeconds", f"Invalid value: 0: {ZERO}"),
        (
            {"sinceSeconds": "1", "sinceTime": "2026-01-01T00:00:00Z"},
            "[]",
            "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified",
        ),
        ({"stream": "Stdout"}, "stream", "Forbidden: may not be specified"),
    ],
)
async def test_parameters_are_checked(
    server: Server, pods: str, query: Any, field: str, text: str
) -> None:
    answer = await server.get(f"{pods}/one/log", **query)
    message = f'PodLogOptions "one" is invalid: {field}: {text}'
    details = answer.refused(422, "Invalid", message)
    assert [(c["field"], c["message"]) for c in details["causes"]] == [(field, text)]


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ({"tailLines": "x"}, 'strconv.ParseInt: parsing "x": invalid syntax'),
        (
            {"sinceTime": "x"},
            (
                'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as '
                '"2006"'
            ),
        ),
    ],
)
async def test_parameters_that_cannot_be_read(
    server: Server, pods: str, query: Any, text: str
) -> None:
    answer = await server.get(f"{pods}/one/log", **query)
    answer.refused(400, "BadRequest", text)


@pytest.mark.parametrize("sub", ["exec", "attach", "portforward"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_processes_need_a_node(
    server: Server, pods: str, sub: str, method: str
) -> None:
    answer = await server.request(method, f"{pods}/one/{sub}", None, command="ls")
    answer.refused(400, "BadRequest", "pod one does not have a host assigned")


async def test_logs_are_only_read(server: Server, pods: str) -> None:
    answer = await server.post(f"{pods}/one/log", {})
    answer.refused(405, "MethodNotAllowed")
