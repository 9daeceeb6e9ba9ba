"""A refusal names what the embedded server reads, and what to do instead."""

import json
from typing import Any

import pytest

from homeostat._transport import HttpRequest
from homeostat.apiserver import ApiServer

COLLECTION = "/api/v1/namespaces/default/configmaps"


async def _refusal(method: str, path: str, media: str) -> Any:
    server = ApiServer()
    body = {"metadata": {"name": "a"}}
    create = HttpRequest(method="POST", path=COLLECTION, body=json.dumps(body).encode())
    assert (await server.handle(create)).status == 201
    answer = await server.handle(
        HttpRequest(
            method=method, path=path, headers={"content-type": media}, body=b"k8s\0"
        )
    )
    status = json.loads(answer.body)
    assert (answer.status, status["kind"]) == (415, "Status")
    assert status["reason"] == "UnsupportedMediaType"
    return status["message"]


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_protobuf_is_not_named_where_it_is_refused(method: str) -> None:
    path = COLLECTION if method == "POST" else f"{COLLECTION}/a"
    text = await _refusal(method, path, "application/vnd.kubernetes.protobuf")
    listed, _, hint = text.partition(" (")
    assert listed.endswith("include: application/json, application/yaml")
    assert "kubectl apply -f -" in hint
