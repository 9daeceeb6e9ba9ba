"""What is said to those who may not do what they ask for."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.harness.kube import ControlPlane
from tests.harness.secure import Secure, secure

ACCESS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
IN_DEFAULT = 'in API group "" in the namespace "default"'


@pytest.fixture
async def place(plane: ControlPlane | None) -> AsyncIterator[Secure]:
    """One API server over TLS, where jane may do nothing."""
    async with secure(plane, strict=True) as found:
        yield found


@pytest.mark.parametrize(
    ("method", "path", "subject", "attempt"),
    [
        ("GET", "/api/v1/pods", "pods", 'list resource "pods" in API group "" at the '),
        ("GET", "/nope", "", 'get path "/nope"'),
        ("POST", "/<b>", "", 'post path "/&lt;b&gt;"'),
        (
            *("GET", "/api/v1/namespaces/default/pods/x/log", 'pods "x"'),
            f'get resource "pods/log" {IN_DEFAULT}',
        ),
        (
            *("GET", "/api/v1/namespaces/default/pods?watch=1", "pods"),
            f'watch resource "pods" {IN_DEFAULT}',
        ),
        (
            *("GET", "/api/v1/watch/namespaces/default/pods", "pods"),
            f'watch resource "pods" {IN_DEFAULT}',
        ),
        (
            *("DELETE", "/api/v1/namespaces/default/pods", "pods"),
            f'deletecollection resource "pods" {IN_DEFAULT}',
        ),
        (
            *("GET", "/apis/nope/v1/namespaces/default/nopes/a/b", 'nopes.nope "a"'),
            'get resource "nopes/b" in API group "nope" in the namespace "default"',
        ),
        (
            *("PUT", "/api/v1/namespaces/default/finalize", 'namespaces "default"'),
            f'update resource "namespaces/finalize" {IN_DEFAULT}',
        ),
        (
            *("GET", "/api/v1/namespaces?fieldSelector=metadata.name=x"),
            *('namespaces "x"', 'list resource "namespaces" in API group "" at the '),
        ),
        (
            *("POST", "/apis/apps/v1/namespaces/default/deployments"),
            *("deployments.apps", 'create resource "deployments" in API group "apps" '),
        ),
    ],
)
async def test_request_is_forbidden(
    place: Secure, method: str, path: str, subject: str, attempt: str
) -> None:
    path, _, query = path.partition("?")
    pairs: Any = dict([query.split("=", 1)]) if query else {}
    body: Any = {} if method in ("POST", "PUT") else None
    answer = await place.who("token-of-jane").request(method, path, body, **pairs)
    details = answer.refused(403, "Forbidden")
    head = f"{subject} is forbidden" if subject else "forbidden"
    assert answer.json["message"].startswith(f'{head}: User "jane" cannot {attempt}')
    assert answer.headers["x-content-type-options"] == "nosniff"
    kind = subject.partition(" ")[0].partition(".")[0]
    assert details.get("kind", "") == kind


@pytest.mark.parametrize(
    ("user", "mode"),
    [
        ("bob", "user-info"),
        ("system:serviceaccount:default:web", "serviceaccount"),
        ("system:node:n1", "arbitrary-node"),
    ],
)
async def test_impersonation_is_forbidden(place: Secure, user: str, mode: str) -> None:
    headers = {"impersonate-user": user}
    answer = await place.who("token-of-jane").get("/api/v1/pods", headers=headers)
    message = (
        f'pods is forbidden: User "jane" cannot impersonate-on:{mode}:list resource '
        '"pods" in API group "" at the cluster scope'
    )
    answer.refused(403, "Forbidden", message)


async def test_who_is_impersonated_may_do_what_he_may(place: Secure) -> None:
    headers = {"impersonate-user": "jane"}
    answer = await place.admin.get("/api/v1/pods", headers=headers)
    answer.refused(403, "Forbidden")
    headers["impersonate-group"] = "system:masters"
    (await place.admin.get("/api/v1/pods", headers=headers)).ok()


async def test_review_tells_what_somebody_may_not(place: Secure) -> None:
    attributes = {"verb": "get", "resource": "pods", "namespace": "default"}
    spec = {"resourceAttributes": attributes, "user": "jane"}
    answer = (await place.admin.post(ACCESS, {"spec": spec})).ok(201)
    assert answer["status"] == {"allowed": False}


async def test_nobody_in_particular_may_little(place: Secure) -> None:
    answer = await place.who().get("/api/v1/pods")
    message = (
        'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API '
        'group "" at the cluster scope'
    )
    answer.refused(403, "Forbidden", message)
