"""The end of a streamed state names the version of that state, not a later one."""

import json

from homeostat._transport import HttpRequest
from homeostat.apiserver import ApiServer

PATH = "/api/v1/namespaces/default/configmaps"


async def test_write_while_the_state_is_sent_is_not_covered_by_its_bookmark() -> None:
    transport = ApiServer().transport()

    async def create(name: str) -> int:
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
        answer = await transport.request(
            HttpRequest(method="POST", path=PATH, body=json.dumps(body).encode())
        )
        return int(json.loads(answer.body)["metadata"]["resourceVersion"])

    await create("before")
    query = {
        "watch": "true",
        "sendInitialEvents": "true",
        "allowWatchBookmarks": "true",
        "resourceVersionMatch": "NotOlderThan",
    }
    request = HttpRequest(method="GET", path=PATH, query=tuple(query.items()))
    seen: list[tuple[str, int]] = []
    async with transport.stream(request) as stream:
        written = await create("meanwhile")
        async for chunk in stream.chunks():
            for line in chunk.splitlines():
                event = json.loads(line)
                version = int(event["object"]["metadata"]["resourceVersion"])
                seen.append((event["type"], version))
            if seen[-1] == ("ADDED", written):
                break
    [end] = [version for kind, version in seen if kind == "BOOKMARK"]
    assert end < written
