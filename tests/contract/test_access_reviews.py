"""Who may do what, as the server tells it; both servers let their admin do it all."""

from typing import Any

import pytest

from tests.harness.server import Server

BASE = "/apis/authorization.k8s.io/v1"
PODS = {"namespace": "default", "verb": "get", "resource": "pods"}
PATH = {"path": "/version", "verb": "get"}
MASTER = {"user": "bob", "groups": ["system:masters"]}
EMPTY = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
FIELDS = "spec.resourceAttributes.fieldSelector"
LABELS = "spec.resourceAttributes.labelSelector"
NO_VALUES = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
NEEDS_VALUES = "must be specified when `operator` is 'In' or 'NotIn'"
NO_USER = "at least one of user or group must be specified"


async def ask(server: Server, kind: str, spec: Any, **metadata: Any) -> Any:
    body = {"metadata": metadata, "spec": spec}
    return await server.post(f"{BASE}/{kind}", body)


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("selfsubjectaccessreviews", {"resourceAttributes": PODS}),
        ("selfsubjectaccessreviews", {"resourceAttributes": {}}),
        ("selfsubjectaccessreviews", {"nonResourceAttributes": PATH}),
        ("subjectaccessreviews", {"resourceAttributes": PODS, **MASTER}),
        ("subjectaccessreviews", {"nonResourceAttributes": PATH, **MASTER}),
        (
            "namespaces/default/localsubjectaccessreviews",
            {"resourceAttributes": PODS, **MASTER},
        ),
    ],
)
async def test_review_allows(server: Server, kind: str, spec: Any) -> None:
    answer = (await ask(server, kind, spec)).ok(201)
    assert (answer["spec"], answer["status"]) == (spec, {"allowed": True})
    (owner,) = answer["metadata"]["managedFields"]
    assert owner["fieldsV1"].keys() == {"f:spec"}


@pytest.mark.parametrize(
    ("kind", "spec", "faults"),
    [
        (
            "selfsubjectaccessreviews",
            {},
            [f"spec.resourceAttributes: Invalid value: null: {EMPTY}"],
        ),
        (
            "subjectaccessreviews",
            {"resourceAttributes": PODS, "nonResourceAttributes": PATH},
            [
                (
                    'spec.nonResourceAttributes: Invalid value: {"Path":"/version",'
                    '"Verb":"get"}: cannot be specified in combination with '
                    "resourceAttributes"
                ),
                f'spec.user: Invalid value: "": {NO_USER}',
            ],
        ),
        (
            "namespaces/default/localsubjectaccessreviews",
            {"nonResourceAttributes": PATH, "user": "bob"},
            [
                (
                    'spec.nonResourceAttributes: Invalid value: {"Path":"/version",'
                    '"Verb":"get"}: disallowed on this kind of request'
                )
            ],
        ),
        (
            "namespaces/default/localsubjectaccessreviews",
            {"resourceAttributes": {**PODS, "namespace": "o"}, "user": "bob"},
            [
                (
                    'spec.resourceAttributes.namespace: Invalid value: "o": must match '
                    "metadata.namespace"
                )
            ],
        ),
        (
            "selfsubjectaccessreviews",
            {"resourceAttributes": {**PODS, "fieldSelector": {}}},
            [
                (
                    f"{FIELDS}.requirements: Required value: when {FIELDS} is "
                    "specified, requirements or rawSelector is required"
                ),
            ],
        ),
        (
            "selfsubjectaccessreviews",
            {
                "resourceAttributes": {
                    "fieldSelector": {
                        "requirements": [
                            {"key": "a", "operator": "Exists", "values": ["b"]},
                            {"key": "", "operator": "In"},
                        ]
                    }
                }
            },
            [
                f"{FIELDS}.requirements[0].values: Forbidden: {NO_VALUES}",
                f"{FIELDS}.requirements[1].key: Required value: must be specified",
                f"{FIELDS}.requirements[1].values: Required value: {NEEDS_VALUES}",
            ],
        ),
        (
            "selfsubjectaccessreviews",
            {
                "resourceAttributes": {
                    "labelSelector": {
                        "rawSelector": "a=b",
                        "requirements": [{"key": "b", "operator": "Unknown"}],
                    }
                }
            },
            [
                (
                    f'{LABELS}.rawSelector: Invalid value: "a=b": may not specified '
                    "at the same time as requirements"
                ),
            ],
        ),
    ],
)
async def test_review_is_refused(
    server: Server, kind: str, spec: Any, faults: list[str]
) -> None:
    answer = await ask(server, kind, spec)
    text = faults[0] if len(faults) == 1 else f"[{', '.join(faults)}]"
    details = answer.refused(
        422, "Invalid", f'.authorization.k8s.io "" is invalid: {text}'
    )
    assert "kind" not in details


async def test_review_has_no_metadata(server: Server) -> None:
    spec = {"resourceAttributes": PODS}
    answer = await ask(server, "selfsubjectaccessreviews", spec, name="x")
    answer.refused(422, "Invalid")
    head = '.authorization.k8s.io "" is invalid: metadata: Invalid value: {"name":"x",'
    assert answer.json["message"].startswith(f'{head}"managedFields":[')
    assert answer.json["message"].endswith("]}: must be empty")


@pytest.mark.parametrize(
    ("selector", "error"),
    [
        ({"labelSelector": {"rawSelector": "a=("}}, "labelSelector ignored"),
        (
            {
                "fieldSelector": {
                    "requirements": [
                        {"key": "a", "operator": "Exists"},
                        {"key": "b", "operator": "In", "values": ["c"]},
                    ]
                }
            },
            "fieldSelector partially ignored",
        ),
    ],
)
async def test_review_says_what_it_ignores(
    server: Server, selector: Any, error: str
) -> None:
    spec = {"resourceAttributes": {**PODS, **selector}}
    answer = (await ask(server, "selfsubjectaccessreviews", spec)).ok(201)
    assert answer["status"] == {
        "allowed": True,
        "evaluationError": f"spec.resourceAttributes.{error} due to parse error",
    }


async def test_rules_review_tells_all(server: Server) -> None:
    spec = {"namespace": "default"}
    answer = (await ask(server, "selfsubjectrulesreviews", spec)).ok(201)
    assert (answer["metadata"], answer["spec"]) == ({}, {})
    status = answer["status"]
    everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
    assert everything in status["resourceRules"]
    assert {"verbs": ["*"], "nonResourceURLs": ["*"]} in status["nonResourceRules"]
    assert status["incomplete"] is False


async def test_rules_review_needs_a_namespace(server: Server) -> None:
    answer = await ask(server, "selfsubjectrulesreviews", {})
    answer.refused(400, "BadRequest", "no namespace on request")


@pytest.mark.parametrize("kind", ["selfsubjectaccessreviews", "subjectaccessreviews"])
async def test_review_is_not_stored(server: Server, kind: str) -> None:
    (await server.get(f"{BASE}/{kind}")).refused(405, "MethodNotAllowed")
    (await server.get(f"{BASE}/{kind}/x")).refused(404, "NotFound")
