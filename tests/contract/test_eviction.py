"""pods/eviction: a deletion that asks first."""

from typing import Any

import pytest

from tests.harness.objects import pod
from tests.harness.server import Server


def _eviction(name: str = "p", **more: Any) -> Any:
    return {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": name},
        **more,
    }


@pytest.fixture
async def path(server: Server) -> str:
    """The path of the eviction of a pod p on a node."""
    (await server.post(server.core("pods"), pod("p", nodeName="n1"))).ok(201)
    return server.core("pods/p/eviction")


async def test_eviction_answers_201_with_a_status(server: Server, path: str) -> None:
    assert (await server.post(path, _eviction())).ok(201) == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "code": 201,
    }


async def test_evicted_pod_has_its_grace(server: Server, path: str) -> None:
    await server.post(path, _eviction())
    metadata = (await server.get(server.core("pods/p"))).ok()["metadata"]
    assert metadata["deletionGracePeriodSeconds"] == 30


async def test_unscheduled_pod_goes_at_once(server: Server) -> None:
    await server.post(server.core("pods"), pod("q"))
    (await server.post(server.core("pods/q/eviction"), _eviction("q"))).ok(201)
    (await server.get(server.core("pods/q"))).refused(404, "NotFound")


async def test_options_of_the_deletion_count(server: Server, path: str) -> None:
    body = _eviction(deleteOptions={"gracePeriodSeconds": 0})
    (await server.post(path, body)).ok(201)
    (await server.get(server.core("pods/p"))).refused(404, "NotFound")


async def test_dry_run_evicts_nothing(server: Server, path: str) -> None:
    (await server.post(path, _eviction(), dryRun="All")).ok(201)
    metadata = (await server.get(server.core("pods/p"))).ok()["metadata"]
    assert "deletionTimestamp" not in metadata


async def test_eviction_of_nothing_is_not_found(server: Server) -> None:
    answer = await server.post(server.core("pods/no/eviction"), _eviction("no"))
    answer.refused(404, "NotFound", 'pods "no" not found')


async def test_name_must_be_that_of_the_path(server: Server, path: str) -> None:
    (await server.post(path, _eviction("x"))).refused(
        400, "BadRequest", "name in URL does not match name in Eviction object"
    )


async def test_body_must_be_an_eviction(server: Server, path: str) -> None:
    (await server.post(path, pod("p"))).refused(400, "BadRequest")


async def test_eviction_is_a_create(server: Server, path: str) -> None:
    (await server.get(path)).refused(405, "MethodNotAllowed")


NO_EVICTION = 'Eviction in version "v1" cannot be handled as a Eviction: '


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"deleteOptions": {"gracePeriodSeconds": "x"}},
            (
                f"{NO_EVICTION}json: cannot unmarshal string into Go struct field"
                " DeleteOptions.deleteOptions.gracePeriodSeconds of type int64"
            ),
        ),
        ({"foo": 1}, f'{NO_EVICTION}strict decoding error: unknown field "foo"'),
        (
            {"metadata": {"name": "p", "namespace": "other"}},
            (
                "the namespace of the provided object does not match the namespace sent"
                " on the request"
            ),
        ),
    ],
)
async def test_eviction_must_be_one(
    server: Server, path: str, change: Any, message: str
) -> None:
    answer = await server.post(path, _eviction(**change), fieldValidation="Strict")
    answer.refused(400, "BadRequest", message)


async def test_evicted_pod_says_why_it_goes(server: Server, path: str) -> None:
    await server.post(path, _eviction())
    item = (await server.get(server.core("pods/p"))).ok()
    [condition] = item["status"]["conditions"]
    del condition["lastTransitionTime"]
    assert condition == {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
        "lastProbeTime": None,
    }
