"""What one request may cost: it is refused before it holds up all others."""

import json
import time
from typing import Any

import pytest

from homeostat._transport import HttpRequest, HttpResponse
from homeostat.apiserver import ApiServer
from homeostat.apiserver._warnings import warning_header
from tests.harness.protobuf import MEDIA, body, field

CORE = "/api/v1/namespaces/default"
SECONDS = 10.0  # of the processor; the worst takes one where nothing else runs


async def _post(plural: str, sent: bytes, media: str = "") -> HttpResponse:
    request = HttpRequest(
        method="POST",
        path=f"{CORE}/{plural}",
        headers={"content-type": media} if media else {},
        body=sent,
    )
    before = time.process_time()
    answer = await ApiServer().handle(request)
    assert time.process_time() - before < SECONDS
    return answer


def _pod(**spec: Any) -> bytes:
    return json.dumps({"metadata": {"name": "p"}, "spec": spec}).encode()


@pytest.mark.parametrize(
    ("plural", "sent", "media"),
    [
        ("pods", _pod(containers=[{}] * 110_000), ""),
        ("pods", _pod(tolerations=[{}] * 20_000), ""),
        ("pods", body("v1", "Pod", field(2, field(2) * 110_000)), MEDIA),
        ("configmaps", json.dumps({"metadata": {"finalizers": ["a"] * 20_000}}), ""),
    ],
    ids=["items", "errors", "protobuf", "metadata"],
)
async def test_what_nobody_would_wait_for_is_refused_at_once(
    plural: str, sent: bytes | str, media: str
) -> None:
    data = sent.encode() if isinstance(sent, str) else sent
    answer = await _post(plural, data, media)
    status = json.loads(answer.body)
    assert (answer.status, status["reason"]) == (504, "Timeout")
    assert len(answer.body) < 1_000


async def test_many_owners_are_told_apart_in_time() -> None:
    owners = [
        {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": str(n)}
        for n in range(5_000)
    ]
    twice = {"metadata": {"name": "a", "ownerReferences": [*owners, owners[0]]}}
    answer = await _post("configmaps", json.dumps(twice).encode())
    assert answer.status == 201
    assert len(json.loads(answer.body)["metadata"]["ownerReferences"]) == 5_000


async def test_aliases_are_no_way_into_the_deep() -> None:
    chain = "".join(
        f"a{n}: &a{n} {{x: {f'*a{n - 1}' if n else 1}}}\n" for n in range(1_000)
    )
    answer = await _post("configmaps", chain.encode(), "application/yaml")
    assert answer.status == 400
    assert b"nested more than" in answer.body


async def test_number_that_no_float_holds_is_refused_in_a_custom_resource() -> None:
    server = ApiServer()
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True}
    spec = {
        "group": "example.com",
        "scope": "Cluster",
        "names": {"plural": "things", "kind": "Thing"},
        "versions": [{**version, "schema": {"openAPIV3Schema": schema}}],
    }
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    made = {"metadata": {"name": "things.example.com"}, "spec": spec}
    sent = json.dumps(made).encode()
    await server.handle(HttpRequest(method="POST", path=definitions, body=sent))
    thing = {"apiVersion": "example.com/v1", "kind": "Thing", "x": 10**400}
    answer = await server.handle(
        HttpRequest(
            method="POST",
            path="/apis/example.com/v1/things",
            body=json.dumps(thing).encode(),
        )
    )
    assert answer.status == 400
    assert b"into Go value of type float64" in answer.body


def test_warnings_are_cut_when_they_are_too_long_together() -> None:
    short = [f"warning {n:>5}" for n in range(10)]
    assert warning_header(short).count("299 - ") == 10
    long = ["x" * 3_000, "y" * 3_000, *(f"{n:>256}" for n in range(30))]
    header = warning_header(long)
    # Two cut ones, and others until there are 4,096 characters again.
    assert header.count("299 - ") == 16
    assert max(map(len, header.split(", "))) == 256 + len('299 - ""')
