"""Who asks: certificates, bearer tokens, nobody in particular, somebody else."""

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.harness.kube import ControlPlane
from tests.harness.secure import Secure, secure
from tests.harness.server import Server, attempts

SELF = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"
CREDENTIAL = "authentication.kubernetes.io/credential-id"
IN_ALL = "system:authenticated"


@pytest.fixture
async def place(plane: ControlPlane | None) -> AsyncIterator[Secure]:
    """One API server over TLS."""
    async with secure(plane) as found:
        yield found


async def whoami(server: Server, headers: dict[str, str] | None = None) -> Any:
    answer = (await server.post(SELF, {}, headers=headers)).ok(201)
    assert answer["metadata"].keys() == {"creationTimestamp"}
    return answer["status"]["userInfo"]


async def test_certificate_names_user_and_groups(place: Secure) -> None:
    found = await whoami(place.who(certificate=True))
    (credential,) = found.pop("extra").pop(CREDENTIAL)
    assert found == {"username": "admin", "groups": ["system:masters", IN_ALL]}
    assert credential.startswith("X509SHA256=")
    assert len(credential) == 11 + 64


async def test_certificate_comes_before_token(place: Secure) -> None:
    found = await whoami(place.who("nonsense", certificate=True))
    assert found["username"] == "admin"


async def test_static_token_names_its_user(place: Secure) -> None:
    assert await whoami(place.who("token-of-jane")) == {
        "username": "jane",
        "uid": "jane",
        "groups": ["", IN_ALL],
    }


@pytest.mark.parametrize("path", ["/api/v1/namespaces", "/nope", "/version"])
async def test_wrong_token_is_unauthorized(place: Secure, path: str) -> None:
    answer = await place.who("nonsense").get(path)
    assert answer.refused(401, "Unauthorized", "Unauthorized") == {}
    assert "audit-id" in answer.headers


async def test_watch_with_a_wrong_token_is_unauthorized(place: Secure) -> None:
    answer = await place.who("nonsense").try_watch("/api/v1/namespaces")
    answer.refused(401, "Unauthorized", "Unauthorized")


@pytest.mark.parametrize("header", ["Basic YTpi", "bearer", "Bearer  token-of-admin"])
async def test_what_is_no_bearer_token_is_anonymous(place: Secure, header: str) -> None:
    headers = {"authorization": header}
    (await place.who().get("/version", headers=headers)).ok()


async def test_scheme_of_a_token_has_no_case(place: Secure) -> None:
    headers = {"authorization": "bEARER token-of-jane and more"}
    found = await whoami(place.who(), headers)
    assert found["username"] == "jane"


async def make_account(server: Server, name: str) -> Any:
    body = {"metadata": {"name": name}}
    return (await server.post(server.core("serviceaccounts"), body)).ok(201)


async def ask_token(server: Server, name: str, spec: Any = None) -> Any:
    path = server.core(f"serviceaccounts/{name}/token")
    return (await server.post(path, {"spec": spec or {}})).ok(201)


def decoded(token: str) -> tuple[Any, Any]:
    head, body, _ = token.split(".")
    parts = (base64.urlsafe_b64decode(part + "==") for part in (head, body))
    header, claims = map(json.loads, parts)
    return header, claims


async def test_account_token_has_the_servers_claims(server: Server) -> None:
    account = await make_account(server, "web")
    uid = account["metadata"]["uid"]
    answer = await ask_token(server, "web", {"expirationSeconds": 700})
    meta = answer["metadata"]
    found = (meta["name"], meta["namespace"], meta["uid"])
    assert found == ("web", server.namespace, uid)
    assert meta["managedFields"][0]["subresource"] == "token"
    assert meta["managedFields"][0]["fieldsV1"] == {
        "f:spec": {"f:expirationSeconds": {}}
    }
    assert list(answer["spec"]) == ["audiences", "expirationSeconds", "boundObjectRef"]
    header, claims = decoded(answer["status"]["token"])
    assert header.keys() == {"alg", "kid"}
    issuer = claims["iss"]
    assert answer["spec"]["audiences"] == claims["aud"] == [issuer]
    assert claims.pop("jti")
    assert claims["exp"] - claims["iat"] == 700
    assert claims["nbf"] == claims["iat"]
    assert claims["sub"] == f"system:serviceaccount:{server.namespace}:web"
    assert claims["kubernetes.io"] == {
        "namespace": server.namespace,
        "serviceaccount": {"name": "web", "uid": uid},
    }
    assert list(claims) == sorted(claims)


async def test_keys_of_tokens_are_told(server: Server) -> None:
    await make_account(server, "web")
    header, claims = decoded((await ask_token(server, "web"))["status"]["token"])
    answer = await server.get("/openid/v1/jwks")
    assert answer.headers["content-type"] == "application/jwk-set+json"
    assert answer.headers["cache-control"] == "public, max-age=3600"
    (key,) = answer.ok()["keys"]
    assert (key["kid"], key["alg"], key["use"]) == (header["kid"], header["alg"], "sig")
    document = (await server.get("/.well-known/openid-configuration")).ok()
    assert document.pop("jwks_uri").endswith("/openid/v1/jwks")
    assert document == {
        "issuer": claims["iss"],
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [header["alg"]],
    }
    (await server.post("/openid/v1/jwks", {})).refused(405, "MethodNotAllowed")


async def test_account_is_who_its_token_says(place: Secure) -> None:
    admin = place.admin
    account = await make_account(admin, f"web-{id(place)}")
    name = account["metadata"]["name"]
    token = (await ask_token(admin, name))["status"]["token"]
    found = await whoami(place.who(token))
    _, claims = decoded(token)
    assert found == {
        "username": f"system:serviceaccount:default:{name}",
        "uid": account["metadata"]["uid"],
        "groups": ["system:serviceaccounts", "system:serviceaccounts:default", IN_ALL],
        "extra": {CREDENTIAL: [f"JTI={claims['jti']}"]},
    }
    other = await ask_token(admin, name, {"audiences": ["others"]})
    answer = await place.who(other["status"]["token"]).get("/version")
    answer.refused(401, "Unauthorized", "Unauthorized")
    await admin.delete(admin.core(f"serviceaccounts/{name}"))


@pytest.mark.parametrize(
    ("body", "code", "reason", "message"),
    [
        (
            {"spec": {"expirationSeconds": 599}},
            *(422, "Invalid", 'TokenRequest.authentication.k8s.io "" is invalid: '),
        ),
        (
            {"spec": {"expirationSeconds": 4294967297}},
            *(422, "Invalid", 'TokenRequest.authentication.k8s.io "" is invalid: '),
        ),
        (
            {"metadata": {"name": "other"}},
            *(422, "Invalid", 'TokenRequest.authentication.k8s.io "web" is invalid: '),
        ),
        (
            {"metadata": {"namespace": "other"}},
            *(400, "BadRequest", "the namespace of the provided object does not match"),
        ),
        (
            {"metadata": {"uid": "other"}},
            *(409, "Conflict", "Operation cannot be fulfilled on TokenRequest.auth"),
        ),
        (
            {"spec": {"boundObjectRef": {"kind": "Pod", "name": "nope"}}},
            *(404, "NotFound", 'pods "nope" not found'),
        ),
        (
            {"spec": {"boundObjectRef": {"kind": "ConfigMap", "apiVersion": "v1"}}},
            *(400, "BadRequest", "cannot bind token to object of type /v1, Kind="),
        ),
        (
            {"spec": {"boundObjectRef": {"kind": "Pod", "name": "of-other"}}},
            *(400, "BadRequest", 'cannot bind token for serviceaccount "web" to pod '),
        ),
        (
            {"spec": {"boundObjectRef": {"kind": "Pod", "name": "p", "uid": "x"}}},
            *(409, "Conflict", 'Operation cannot be fulfilled on Pod "p": the UID in'),
        ),
        (
            {"kind": "ConfigMap", "apiVersion": "v1"},
            *(
                400,
                "BadRequest",
                'ConfigMap in version "v1" cannot be handled as a Tok',
            ),
        ),
    ],
)
async def test_token_is_refused(
    server: Server, body: Any, code: int, reason: str, message: str
) -> None:
    await make_account(server, "web")
    for name, account in (("p", "web"), ("of-other", "other")):
        await make_pod(server, name, account)
    answer = await server.post(server.core("serviceaccounts/web/token"), body)
    answer.refused(code, reason)
    assert answer.json["message"].startswith(message)


async def make_pod(server: Server, name: str, account: str) -> Any:
    spec = {
        "serviceAccountName": account,
        "automountServiceAccountToken": False,
        "containers": [{"name": "a", "image": "b"}],
    }
    body = {"metadata": {"name": name}, "spec": spec}
    return (await server.post(server.core("pods"), body)).ok(201)


async def test_token_needs_its_account(server: Server) -> None:
    path = server.core("serviceaccounts/nope/token")
    message = 'serviceaccounts "nope" not found'
    (await server.post(path, {})).refused(404, "NotFound", message)
    (await server.get(path)).refused(405, "MethodNotAllowed")
    path = "/api/v1/namespaces/nope/serviceaccounts/web/token"
    (await server.post(path, {})).refused(404, "NotFound")


async def review(server: Server, token: str, audiences: Any = None) -> Any:
    spec = {"token": token, **({"audiences": audiences} if audiences else {})}
    answer = (await server.post(REVIEWS, {"spec": spec})).ok(201)
    assert answer["spec"] == spec
    return answer["status"]


async def test_token_review_tells_whose_token_it_is(server: Server) -> None:
    account = await make_account(server, "web")
    pod = await make_pod(server, "p", "web")
    reference = {"kind": "Pod", "apiVersion": "v1", "name": "p"}
    spec = {"boundObjectRef": reference, "expirationSeconds": 3607}
    answer = await ask_token(server, "web", spec)
    _, claims = decoded(answer["status"]["token"])
    assert claims["exp"] - claims["iat"] == 31536000  # clients that never ask again
    bound = {"name": "p", "uid": pod["metadata"]["uid"]}
    assert claims["kubernetes.io"]["pod"] == bound
    assert claims["kubernetes.io"]["warnafter"] == claims["iat"] + 3607
    assert answer["spec"]["boundObjectRef"] == reference
    group = f"system:serviceaccounts:{server.namespace}"
    prefix = "authentication.kubernetes.io"
    assert await review(server, answer["status"]["token"]) == {
        "authenticated": True,
        "user": {
            "username": claims["sub"],
            "uid": account["metadata"]["uid"],
            "groups": ["system:serviceaccounts", group, IN_ALL],
            "extra": {
                f"{prefix}/credential-id": [f"JTI={claims['jti']}"],
                f"{prefix}/pod-name": ["p"],
                f"{prefix}/pod-uid": [bound["uid"]],
            },
        },
        "audiences": claims["aud"],
    }


async def test_token_review_compares_audiences(server: Server) -> None:
    await make_account(server, "web")
    answer = await ask_token(server, "web", {"audiences": ["x", "y"]})
    token = answer["status"]["token"]
    assert (await review(server, token, ["x", "z"]))["audiences"] == ["x"]
    refused = await review(server, token)
    assert refused.keys() == {"user", "error"}
    head = '[invalid bearer token, token audiences ["x" "y"] is invalid for the target'
    assert refused["error"].startswith(head)


@pytest.mark.parametrize(
    ("token", "error"),
    [("nonsense", "invalid bearer token"), ("a.b.c", "invalid bearer token")],
)
async def test_token_review_says_why_not(
    server: Server, token: str, error: str
) -> None:
    assert await review(server, token) == {"user": {}, "error": error}


async def test_forged_token_is_not_believed(server: Server) -> None:
    await make_account(server, "web")
    token = (await ask_token(server, "web"))["status"]["token"]
    head, body, signature = token.split(".")
    forged = f"{head}.{body}.{'A' * len(signature)}"
    error = "[invalid bearer token, go-jose/go-jose: error in cryptographic primitive]"
    assert await review(server, forged) == {"user": {}, "error": error}


async def test_token_review_needs_a_token(server: Server) -> None:
    message = "token is required for TokenReview in authentication"
    (await server.post(REVIEWS, {})).refused(400, "BadRequest", message)


async def _unseen(server: Server, spec: Any = None) -> list[str]:
    """Make tokens: the real server believes for ten seconds what it has once seen."""
    answers = [await ask_token(server, "web", spec) for _ in range(20)]
    return [each["status"]["token"] for each in answers]


async def _dies(server: Server, tokens: list[str], error: str) -> None:
    """Fail unless tokens are refused; the real server learns why from its own watch."""
    async for _ in attempts():
        assert tokens, "no token was refused"
        answer = await review(server, tokens.pop())
        if answer == {"user": {}, "error": error}:
            return
        assert server.kind == "real", answer
        assert answer["authenticated"], answer


async def test_token_dies_with_what_it_is_bound_to(server: Server) -> None:
    await make_account(server, "web")
    path = server.core("secrets")
    (await server.post(path, {"metadata": {"name": "s"}})).ok(201)
    spec = {"boundObjectRef": {"kind": "Secret", "name": "s"}}
    tokens = await _unseen(server, spec)
    assert (await review(server, tokens.pop()))["authenticated"]
    await server.delete(server.core("secrets/s"))
    error = "[invalid bearer token, service account token has been invalidated]"
    await _dies(server, tokens, error)


async def test_token_dies_with_its_account(server: Server) -> None:
    await make_account(server, "web")
    tokens = await _unseen(server)
    await server.delete(server.core("serviceaccounts/web"))
    error = '[invalid bearer token, serviceaccounts "web" not found]'
    await _dies(server, tokens, error)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"user": "bob"}, {"username": "bob", "groups": [IN_ALL]}),
        (
            {"user": "bob", "group": "system:masters\na, b"},
            {"username": "bob", "groups": ["system:masters", "a, b", IN_ALL]},
        ),
        (
            {"user": "bob", "group": "system:unauthenticated\nsystem:masters"},
            {
                "username": "bob",
                "groups": ["system:unauthenticated", "system:masters"],
            },
        ),
        (
            {"user": "system:serviceaccount:default:web"},
            {
                "username": "system:serviceaccount:default:web",
                "groups": [
                    "system:serviceaccounts",
                    "system:serviceaccounts:default",
                    IN_ALL,
                ],
            },
        ),
        (
            {"user": "system:serviceaccount:default:web:x"},
            {"username": "system:serviceaccount:default:web:x", "groups": [IN_ALL]},
        ),
        (
            {"user": "system:anonymous", "group": "system:masters"},
            {
                "username": "system:anonymous",
                "groups": ["system:masters", "system:unauthenticated"],
            },
        ),
        (
            {
                "user": "bob",
                "uid": "u-1",
                "group": "system:masters",
                "extra-Scopes": "v1\nv2",
                "extra-acme.com%2Fproject": "p",
            },
            {
                "username": "bob",
                "uid": "u-1",
                "groups": ["system:masters", IN_ALL],
                "extra": {"acme.com/project": ["p"], "scopes": ["v1", "v2"]},
            },
        ),
    ],
)
async def test_impersonation(
    server: Server, headers: dict[str, str], expected: Any
) -> None:
    sent = {f"impersonate-{key}".lower(): text for key, text in headers.items()}
    assert await whoami(server, sent) == expected


async def test_groups_come_in_headers_of_their_own(place: Secure) -> None:
    headers = {"impersonate-user": "bob", "impersonate-group": "a\nb"}
    found = await whoami(place.admin, headers)
    assert found["groups"] == ["a", "b", IN_ALL]


@pytest.mark.parametrize(
    ("headers", "shown"),
    [
        ({"group": "g"}, '"", Groups:[]string{"g"}, Extra:map[string][]string(nil)'),
        (
            {"uid": "u", "extra-scopes": "v1\nv2"},
            (
                '"u", Groups:[]string(nil), '
                'Extra:map[string][]string{"scopes":[]string{"v1", "v2"}}'
            ),
        ),
    ],
)
async def test_impersonation_needs_a_user(
    server: Server, headers: dict[str, str], shown: str
) -> None:
    sent = {f"impersonate-{key}": text for key, text in headers.items()}
    message = (
        f'requested &user.DefaultInfo{{Name:"", UID:{shown}}} without impersonating a '
        "user name"
    )
    answer = await server.get("/nope", headers=sent)
    answer.refused(400, "BadRequest", message)
