"""What only the embedded server can be asked for: expiry, compaction, boot, speed."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from homeostat._random import Random
from homeostat._transport import HttpRequest, HttpResponse, HttpStream
from homeostat.apiserver import ApiServer
from homeostat.errors import TransportError

PATH = "/api/v1/namespaces/default/configmaps"


async def ask(
    server: ApiServer, method: str, path: str, body: Any = None, **query: str
) -> HttpResponse:
    data = b"" if body is None else json.dumps(body).encode()
    request = HttpRequest(
        method=method, path=path, query=tuple(query.items()), body=data
    )
    return await server.transport().request(request)


def watch(**query: str) -> HttpRequest:
    pairs = tuple({"watch": "1", **query}.items())
    return HttpRequest(method="GET", path=PATH, query=pairs)


async def first_line(stream: HttpStream) -> Any:
    async for chunk in stream.chunks():
        return json.loads(chunk.splitlines()[0])
    return None


@pytest.fixture
async def server() -> AsyncIterator[ApiServer]:
    server = ApiServer(random=Random(1))
    await ask(server, "POST", PATH, {"metadata": {"name": "a"}})
    yield server
    server.drop_watches()


async def test_expired_watch_ends_with_410(server: ApiServer) -> None:
    version = str(server.revision)
    async with server.stream(watch(resourceVersion=version)) as stream:
        server.expire_watches()
        event = await first_line(stream)
    assert (event["type"], event["object"]["code"]) == ("ERROR", 410)


async def test_dropped_watch_is_a_broken_connection(server: ApiServer) -> None:
    version = str(server.revision)
    async with server.stream(watch(resourceVersion=version)) as stream:
        server.drop_watches()
        with pytest.raises(TransportError):
            await first_line(stream)


async def test_watch_that_is_closed_ends_cleanly(server: ApiServer) -> None:
    version = str(server.revision)
    async with server.stream(watch(resourceVersion=version)) as stream:
        server.drop_watches(clean=True)
        assert await first_line(stream) is None


async def test_pages_of_compacted_state_offer_to_go_on(server: ApiServer) -> None:
    await ask(server, "POST", PATH, {"metadata": {"name": "b"}})
    page = json.loads((await ask(server, "GET", PATH, limit="1")).body)
    await ask(server, "POST", PATH, {"metadata": {"name": "c"}})
    server.compact()
    token = page["metadata"]["continue"]
    refused = await ask(server, "GET", PATH, **{"limit": "1", "continue": token})
    assert refused.status == 410
    token = json.loads(refused.body)["metadata"]["continue"]
    rest = json.loads((await ask(server, "GET", PATH, **{"continue": token})).body)
    assert [i["metadata"]["name"] for i in rest["items"]] == ["b", "c"]


async def test_same_seed_gives_the_same_ids() -> None:
    bodies = []
    for _ in range(2):
        server = ApiServer(random=Random(7))
        body = {"metadata": {"generateName": "x-"}}
        metadata = json.loads((await ask(server, "POST", PATH, body)).body)["metadata"]
        bodies.append((metadata["name"], metadata["uid"]))
    assert bodies[0] == bodies[1]


async def test_cel_rules_are_refused_with_the_reason(server: ApiServer) -> None:
    schema = {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "x-kubernetes-validations": [{"rule": "true"}],
            }
        },
    }
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
    }
    body = {
        "metadata": {"name": "foos.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "foos", "kind": "Foo"},
            "versions": [version],
        },
    }
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    answer = await ask(server, "POST", path, body)
    assert answer.status == 422
    message = json.loads(answer.body)["message"]
    assert "x-kubernetes-validations: Forbidden: CEL rules cannot be run" in message


async def test_abandoned_stream_leaves_nothing_behind(server: ApiServer) -> None:
    version = str(server.revision)
    async with asyncio.timeout(5):
        async with server.stream(watch(resourceVersion=version)):
            pass
    table = server._cluster.store.tables["configmaps."]
    assert table.watchers == []
