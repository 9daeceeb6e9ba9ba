"""Whatever is asked, the server answers, and never with a failure of its own."""

import asyncio
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat._transport import HttpRequest
from homeostat.apiserver import ApiServer

# kube-apiserver answers some bad input with a 500 of its own, and so does this server.
OURS = "the embedded server failed"

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
METADATA = (
    "name",
    "namespace",
    "labels",
    "annotations",
    "uid",
    "resourceVersion",
    "generation",
    "finalizers",
    "ownerReferences",
    "managedFields",
    "deletionTimestamp",
    "generateName",
)
metadata = st.dictionaries(st.sampled_from(METADATA), values, max_size=3) | values
FIELDS = ("spec", "status", "data", "target", "apiVersion", "kind", "preconditions")
objects = st.builds(
    lambda meta, rest: {"metadata": meta, **rest},
    metadata,
    st.dictionaries(st.sampled_from(FIELDS), values, max_size=3),
)
named = st.builds(
    lambda rest: {"metadata": {"name": "a"}, **rest},
    st.dictionaries(st.sampled_from(FIELDS), values, max_size=3),
)
definition = st.builds(
    lambda rest: {
        "metadata": {"name": "foos.x.io"},
        "spec": {"group": "x.io", "names": {"plural": "foos", "kind": "Foo"}, **rest},
    },
    st.dictionaries(
        st.sampled_from(("scope", "versions", "names", "conversion", "group")),
        values,
        max_size=3,
    ),
)
documents = objects | named | definition | values
bodies = (
    documents.map(lambda value: json.dumps(value).encode())
    | st.binary(max_size=40)
    | st.sampled_from([b"", b"{", b"[" * 5000, b'{"a":' * 5000, b"&a [*a, *a]"])
)
PLURALS = (
    "/api/v1/namespaces/default/configmaps",
    "/api/v1/namespaces/default/pods",
    "/api/v1/namespaces/default/services",
    "/api/v1/namespaces/default/events",
    "/api/v1/namespaces/default/secrets",
    "/api/v1/namespaces",
    "/api/v1/nodes",
    "/apis/apps/v1/namespaces/default/deployments",
    "/apis/batch/v1/namespaces/default/jobs",
    "/apis/events.k8s.io/v1/namespaces/default/events",
    "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers",
    "/apis/coordination.k8s.io/v1/namespaces/default/leases",
    "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    "/apis/example.com/v1/namespaces/default/things",
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
)
TAILS = ("", "/a", "/a/status", "/a/scale", "/a/binding", "/a/eviction", "/a/finalize")
paths = st.builds(str.__add__, st.sampled_from(PLURALS), st.sampled_from(TAILS))
odd_paths = st.text(max_size=30).map(lambda text: f"/{text}") | st.sampled_from(
    ["/", "/api", "/apis/", "/openapi/v3/x", "/version", "/healthz?x", "/api/v1/watch"]
)
TYPES = (
    "",
    "application/json",
    "application/yaml",
    "application/merge-patch+json",
    "application/json-patch+json",
    "application/apply-patch+yaml",
    "application/strategic-merge-patch+json",
    ";;;",
    "text/plain",
)
PARAMETERS = (
    "limit",
    "continue",
    "resourceVersion",
    "resourceVersionMatch",
    "labelSelector",
    "fieldSelector",
    "watch",
    "sendInitialEvents",
    "timeoutSeconds",
    "dryRun",
    "fieldManager",
    "fieldValidation",
    "force",
    "gracePeriodSeconds",
    "propagationPolicy",
)
texts = st.text(max_size=12) | st.sampled_from(
    [
        "1",
        "0",
        "-1",
        "true",
        "All",
        "Exact",
        "NotOlderThan",
        "a=b",
        "a in (b)",
        "Strict",
    ]
)
requests = st.builds(
    HttpRequest,
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "FOO"]),
    path=paths | odd_paths,
    query=st.lists(st.tuples(st.sampled_from(PARAMETERS), texts), max_size=3).map(
        tuple
    ),
    headers=st.fixed_dictionaries(
        {"content-type": st.sampled_from(TYPES)},
        optional={"accept": texts | st.just("application/json;as=Table;v=v1")},
    ),
    body=bodies,
)

THING: Any = {
    "metadata": {"name": "things.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "things", "kind": "Thing"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {
                    "status": {},
                    "scale": {
                        "specReplicasPath": ".spec.replicas",
                        "statusReplicasPath": ".status.replicas",
                    },
                },
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "x-kubernetes-preserve-unknown-fields": True,
                            }
                        },
                    }
                },
            }
        ],
    },
}


def _request(method: str, path: str, body: Any) -> HttpRequest:
    return HttpRequest(method=method, path=path, body=json.dumps(body).encode())


async def _ask(asked: list[HttpRequest]) -> None:
    server = ApiServer()
    first = [
        _request("POST", f"{PLURALS[0]}", {"metadata": {"name": "a"}}),
        _request("POST", PLURALS[13], THING),
    ]
    for request in first:
        assert (await server.handle(request)).status == 201
    for request in asked:
        answer = await server.handle(request)
        assert OURS.encode() not in answer.body, (request, answer.body)
        assert 200 <= answer.status < 600


@settings(max_examples=150, deadline=None)
@given(st.lists(requests, min_size=1, max_size=8))
def test_no_request_makes_the_server_fail(asked: list[HttpRequest]) -> None:
    with asyncio.Runner() as runner:
        # A read ahead of the store waits three seconds for it, by design.
        short = [
            r for r in asked if not any(k == "resourceVersion" for k, _ in r.query)
        ]
        runner.run(_ask(short))
