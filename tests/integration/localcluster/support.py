"""Objects and answers of the tests of garbage and of namespaces."""

import json
from typing import Any

from homeostat._transport import HttpRequest, HttpResponse
from homeostat.errors import NotFoundError
from tests.integration.controller.support import CONFIG_MAP, World


def refusal(code: int, reason: str) -> HttpResponse:
    body = f'{{"kind":"Status","status":"Failure","reason":"{reason}","code":{code}}}'
    return HttpResponse(status=code, body=body.encode())


async def without_an_answer(world: World, request: HttpRequest) -> HttpResponse:
    """Return the discovery of a server for whose group test.dev nobody answers."""
    answer = await world.server.handle(request)
    root = json.loads(answer.body)
    for group in root["items"]:
        if group["metadata"]["name"] == "test.dev":
            group["versions"] = [{"version": "v1", "freshness": "Stale"}]
    body = json.dumps(root).encode()
    return HttpResponse(status=answer.status, headers=answer.headers, body=body)


def config(
    name: str,
    owner: tuple[str, str, str, str] | None = None,
    namespace: str = "default",
) -> dict[str, Any]:
    """Return a ConfigMap; its owner is named by API version, kind, name and uid."""
    meta: dict[str, Any] = {"name": name, "namespace": namespace}
    if owner is not None:
        fields = ("apiVersion", "kind", "name", "uid")
        meta["ownerReferences"] = [dict(zip(fields, owner, strict=True))]
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}


async def is_there(world: World, name: str, namespace: str = "default") -> bool:
    try:
        await world.outsider.get(CONFIG_MAP, name, namespace=namespace)
    except NotFoundError:
        return False
    return True
