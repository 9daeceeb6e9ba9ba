"""Jobs: the selector that the server makes, and what it is never changed to."""

from typing import Any

import pytest

from tests.harness.server import Answer, Server

CONTROLLER = "batch.kubernetes.io/controller-uid"
LABELS = "spec.template.metadata.labels"
MISMATCH = "`selector` does not match template `labels`"
NOT_MADE = "`selector` not auto-generated"


def job(labels: Any = None, **spec: Any) -> Any:
    """Return a Job of the name j; keywords go into its spec."""
    template: dict[str, Any] = {
        "spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}
    }
    if labels:
        template["metadata"] = {"labels": labels}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "j"},
        "spec": {"template": template, **spec},
    }


@pytest.fixture
def path(server: Server) -> str:
    """The path of the Jobs in the namespace."""
    return server.path("batch/v1", "jobs")


def _causes(answer: Answer) -> list[tuple[str, str]]:
    """Return field and end of each cause; of an update the server tells some twice."""
    causes = answer.refused(422, "Invalid")["causes"]
    return [(each["field"], each["message"].rpartition(": ")[2]) for each in causes]


async def test_selector_and_labels_are_made(server: Server, path: str) -> None:
    item = (await server.post(path, job())).ok(201)
    uid = item["metadata"]["uid"]
    assert item["spec"]["selector"] == {"matchLabels": {CONTROLLER: uid}}
    made = {
        CONTROLLER: uid,
        "batch.kubernetes.io/job-name": "j",
        "controller-uid": uid,
        "job-name": "j",
    }
    assert item["spec"]["template"]["metadata"]["labels"] == made


async def test_selector_of_ones_own_must_be_declared(server: Server, path: str) -> None:
    labels = {"a": "b"}
    mine: dict[str, Any] = {"selector": {"matchLabels": labels}}
    answer = await server.post(path, job(**mine))
    assert _causes(answer) == [("spec.selector", NOT_MADE), (LABELS, MISMATCH)]
    answer = await server.post(path, job(labels, **mine))
    assert _causes(answer) == [("spec.selector", NOT_MADE)]
    expression = {"matchExpressions": [{"key": "a", "operator": "Exists"}]}
    answer = await server.post(path, job(labels, selector=expression))
    assert _causes(answer) == [("spec.selector", NOT_MADE)]
    (await server.post(path, job(labels, manualSelector=True, **mine))).ok(201)


async def test_malformed_selector_is_told_alone(server: Server, path: str) -> None:
    wrong = {"matchExpressions": [{"key": "a", "operator": "Foo"}]}
    answer = await server.post(path, job(selector=wrong))
    where = "spec.selector.matchExpressions[0].operator"
    assert _causes(answer) == [(where, "not a valid selector operator")]


async def test_labels_that_the_server_makes_are_not_overwritten(
    server: Server, path: str
) -> None:
    answer = await server.post(path, job({"job-name": "other"}))
    assert _causes(answer) == [(f"{LABELS}[job-name]", "must be 'j'")]


async def test_selector_cannot_be_changed(server: Server, path: str) -> None:
    (await server.post(path, job())).ok(201)
    patch = {"spec": {"selector": {"matchLabels": {"x": "y"}}}}
    answer = await server.merge(f"{path}/j", patch)
    assert _causes(answer) == [
        ("spec.selector", NOT_MADE),
        (LABELS, MISMATCH),
        (LABELS, MISMATCH),
        ("spec.selector", "field is immutable"),
    ]
    answer = await server.merge(f"{path}/j", {"spec": {"selector": None}})
    assert _causes(answer) == [
        ("spec.selector", "Required value"),
        (LABELS, MISMATCH),
        ("spec.selector", "Required value"),
        (LABELS, MISMATCH),
        ("spec.selector", "field is immutable"),
    ]


async def test_template_cannot_be_changed(server: Server, path: str) -> None:
    item = (await server.post(path, job())).ok(201)
    uid = item["metadata"]["uid"]
    containers = [{"name": "c", "image": "other"}]
    patch = {"spec": {"template": {"spec": {"containers": containers}}}}
    answer = await server.merge(f"{path}/j", patch)
    assert _causes(answer) == [("spec.template", "field is immutable")]
    # What follows is the struct that the real server works with.
    assert answer.json["message"].startswith(
        'Job.batch "j" is invalid: spec.template: Invalid value: {"labels":{'
        f'"{CONTROLLER}":"{uid}","batch.kubernetes.io/job-name":"j",'
        f'"controller-uid":"{uid}","job-name":"j"}},"Spec":{{'
    )


async def test_labels_of_the_template_cannot_be_taken_away(
    server: Server, path: str
) -> None:
    item = (await server.post(path, job())).ok(201)
    uid = item["metadata"]["uid"]
    patch = {"spec": {"template": {"metadata": {"labels": None}}}}
    answer = await server.merge(f"{path}/j", patch)
    assert _causes(answer) == [
        (f"{LABELS}[controller-uid]", f"must be '{uid}'"),
        (f"{LABELS}[job-name]", "must be 'j'"),
        (f"{LABELS}[{CONTROLLER}]", f"must be '{uid}'"),
        (f"{LABELS}[batch.kubernetes.io/job-name]", "must be 'j'"),
        (LABELS, MISMATCH),
        (LABELS, MISMATCH),
        ("spec.template", "field is immutable"),
    ]


BY_FAILURE = {
    "rules": [
        {"action": "Ignore", "onPodConditions": [{"type": "x", "status": "True"}]}
    ]
}


@pytest.mark.parametrize(
    ("policy", "spec", "supported"),
    [
        ("x", {}, '"Failed", "TerminatingOrFailed"'),
        ("", {}, '"Failed", "TerminatingOrFailed"'),
        ("TerminatingOrFailed", {"podFailurePolicy": BY_FAILURE}, '"Failed"'),
    ],
)
async def test_replacement_policy_must_be_one(
    server: Server, path: str, policy: str, spec: Any, supported: str
) -> None:
    spec = {"podReplacementPolicy": policy, "backoffLimitPerIndex": -1, **spec}
    spec |= {"completionMode": "Indexed", "completions": 1}
    wrong = [
        ("backoffLimitPerIndex", "must be greater than or equal to 0"),
        ("podReplacementPolicy", supported),
    ]
    answer = await server.post(path, job(**spec))
    assert _causes(answer) == [(f"spec.{name}", text) for name, text in wrong]
    cron = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "c"},
        "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": job(**spec)["spec"]}},
    }
    answer = await server.post(server.path("batch/v1", "cronjobs"), cron)
    where = "spec.jobTemplate.spec"
    assert _causes(answer) == [(f"{where}.{name}", text) for name, text in wrong]


async def test_replacement_policy_may_change(server: Server, path: str) -> None:
    (await server.post(path, job(podReplacementPolicy="Failed"))).ok(201)
    patch = {"spec": {"podReplacementPolicy": "TerminatingOrFailed"}}
    (await server.merge(f"{path}/j", patch)).ok()
