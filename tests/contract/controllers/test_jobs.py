"""What the Job controller makes of pods that succeed, fail, and are taken away."""

from collections.abc import Sequence
from typing import Any

from tests.contract.controllers.batch import JOB, Jobs
from tests.contract.controllers.workload import POD
from tests.harness.clusters import AnyCluster, with_ours

pytestmark = with_ours

Json = dict[str, Any]

INDEXED: Json = {"completionMode": "Indexed", "completions": 3, "parallelism": 3}
PAIR: Json = {"completions": 2, "parallelism": 2}
REACHED = "CompletionsReached: Reached expected number of succeeded pods"
LIMIT = "BackoffLimitExceeded: Job has reached the specified backoff limit"


def rules(**rule: Any) -> Json:
    """Return a failure policy of one rule."""
    return {"podFailurePolicy": {"rules": [rule]}}


def exit_code(code: int) -> Json:
    return {"operator": "In", "values": [code]}


def complete(why: str) -> Sequence[str]:
    return f"SuccessCriteriaMet=True {why}", f"Complete=True {why}"


def failed(why: str) -> Sequence[str]:
    return f"FailureTarget=True {why}", f"Failed=True {why}"


def test_jobs_end_as_their_pods_and_policies_say(any_cluster: AnyCluster) -> None:
    jobs = Jobs(any_cluster)
    jobs.create("pair", **PAIR)
    jobs.create("any", parallelism=2)
    jobs.create("limit", backoffLimit=0, **PAIR)
    fatal = {"action": "FailJob", "onExitCodes": exit_code(42)}
    jobs.create("fatal", **PAIR, **rules(**fatal))
    disrupted = [{"type": "DisruptionTarget", "status": "True"}]
    ignore = {"action": "Ignore", "onPodConditions": disrupted}
    jobs.create("ignored", backoffLimit=0, **rules(**ignore))
    jobs.create("each", backoffLimitPerIndex=0, **INDEXED)
    jobs.create("most", backoffLimitPerIndex=0, maxFailedIndexes=0, **INDEXED)
    lost = {"action": "FailIndex", "onExitCodes": exit_code(7)}
    jobs.create("lost", backoffLimitPerIndex=5, **INDEXED, **rules(**lost))
    winner = {"rules": [{"succeededIndexes": "0-1", "succeededCount": 1}]}
    jobs.create("winner", successPolicy=winner, **INDEXED)
    jobs.create("late", activeDeadlineSeconds=1)
    jobs.create("restarts", backoffLimit=1, pod={"restartPolicy": "OnFailure"})
    jobs.create("others", managedBy="example.com/other")

    for name in ("pair", "any"):
        for pod in jobs.pods(name, 2):
            jobs.become(pod, "Succeeded", code=0)
    first, second = jobs.pods("limit", 2)
    jobs.become(second, "Running", ready=True)
    jobs.become(first, "Failed", code=1)
    first, second = jobs.pods("fatal", 2)
    jobs.become(first, "Failed", code=42)
    [first] = jobs.pods("ignored", 1)
    jobs.become(first, "Failed", code=1, condition="DisruptionTarget")
    zero, one, two = jobs.pods("each", 3)
    jobs.become(one, "Failed", code=1)
    for pod in (zero, two):
        jobs.become(pod, "Succeeded", code=0)
    zero, one, two = jobs.pods("most", 3)
    jobs.become(one, "Failed", code=1)
    zero, one, two = jobs.pods("lost", 3)
    jobs.become(zero, "Failed", code=7)
    jobs.become(one, "Succeeded", code=0)
    zero, one, two = jobs.pods("winner", 3)
    jobs.become(two, "Succeeded", code=0)
    jobs.become(one, "Succeeded", code=0)
    [first] = jobs.pods("restarts", 1)
    jobs.become(first, "Running", restarts=1)

    ended = "terminating=0 startTime"
    done = "  pod Succeeded"
    text = "Container c for pod POD failed with exit code 42"
    jobs.show(
        pair=(
            f"ready=0 succeeded=2 {ended} completionTime",
            *complete(REACHED),
            *[done] * 2,
        ),
        any=(
            f"ready=0 succeeded=2 {ended} completionTime",
            *complete(REACHED),
            *[done] * 2,
        ),
        limit=(f"failed=2 ready=0 {ended}", *failed(LIMIT), "  pod Failed"),
        fatal=(
            f"failed=2 ready=0 {ended}",
            *failed(f"PodFailurePolicy: {text} matching FailJob rule at index 0"),
            "  pod Failed",
        ),
        ignored=(
            f"active=1 ready=0 {ended}",
            "  pod Failed",
            "  pod Pending tracked",
        ),
        each=(
            (
                "completedIndexes=0,2 failed=1 failedIndexes=1 ready=0 succeeded=2 "
                f"{ended}"
            ),
            *failed("FailedIndexes: Job has failed indexes"),
            "  pod [0] Succeeded job-index-failure-count=0",
            "  pod [1] Failed job-index-failure-count=0",
            "  pod [2] Succeeded job-index-failure-count=0",
        ),
        most=(
            f"failed=3 failedIndexes=1 ready=0 {ended}",
            *failed(
                "MaxFailedIndexesExceeded: "
                "Job has exceeded the specified maximal number of failed "
                "indexes"
            ),
            "  pod [1] Failed job-index-failure-count=0",
        ),
        lost=(
            (
                "active=1 completedIndexes=1 failed=1 failedIndexes=0 ready=0 "
                f"succeeded=1 {ended}"
            ),
            "  pod [0] Failed job-index-failure-count=0",
            "  pod [1] Succeeded job-index-failure-count=0",
            "  pod [2] Pending job-index-failure-count=0 tracked",
        ),
        winner=(
            f"completedIndexes=1,2 ready=0 succeeded=2 {ended} completionTime",
            *complete("SuccessPolicy: Matched rules at index 0"),
            "  pod [1] Succeeded",
            "  pod [2] Succeeded",
        ),
        late=(
            f"failed=1 ready=0 {ended}",
            *failed("DeadlineExceeded: Job was active longer than specified deadline"),
        ),
        restarts=(f"failed=1 ready=0 {ended}", *failed(LIMIT)),
        others=("",),
    )
    assert jobs.events("limit") == [
        "Normal SuccessfulCreate: Created pod: POD",
        "Normal SuccessfulDelete: Deleted pod: POD",
        f"Warning {LIMIT}",
    ]
    assert jobs.events("pair") == [
        "Normal Completed: Job completed",
        "Normal SuccessfulCreate: Created pod: POD",
    ]


def test_suspended_job_has_no_pods_and_no_start(any_cluster: AnyCluster) -> None:
    jobs = Jobs(any_cluster)
    jobs.create("j", suspend=True, **INDEXED)
    idle = "ready=0 terminating=0"
    suspended = "Suspended=True JobSuspended: Job suspended"
    resumed = "Suspended=False JobResumed: Job resumed"
    jobs.show(j=(idle, suspended))
    jobs.patch("j", suspend=False)
    pods = [f"  pod [{n}] Pending tracked" for n in range(3)]
    jobs.show(j=(f"active=3 {idle} startTime", resumed, *pods))
    # Those that are missed least go first.
    jobs.become(jobs.pods("j", 3)[1], "Running", ready=True)
    jobs.patch("j", parallelism=1)
    one = "  pod [1] Running tracked"
    jobs.show(j=("active=1 ready=1 terminating=0 startTime", resumed, one))
    jobs.patch("j", suspend=True)
    jobs.show(j=(idle, suspended))
    jobs.patch("j", suspend=False, parallelism=1, completions=1)
    jobs.show(j=(f"active=1 {idle} startTime", resumed, pods[0]))
    jobs.become(jobs.pods("j", 1)[0], "Succeeded", code=0)
    end = f"completedIndexes=0 ready=0 succeeded=1 {'terminating=0'}"
    jobs.show(
        j=(
            f"{end} startTime completionTime",
            resumed,
            *complete(REACHED),
            "  pod [0] Succeeded",
        )
    )


def test_pods_are_adopted_released_and_let_go(any_cluster: AnyCluster) -> None:
    jobs = Jobs(any_cluster)
    jobs.create("j", **PAIR)
    jobs.create("orphans", **PAIR)
    # A node of its own that is missing: others' may be missed for long already.
    nowhere = {"nodeName": any_cluster.namespace}
    jobs.create("goes", pod=nowhere, **PAIR)
    # What is being deleted is not replaced before it has failed.
    jobs.create("once", pod=nowhere, podReplacementPolicy="Failed")
    released, _ = jobs.pods("j", 2)
    labels = released["metadata"]["labels"]
    jobs.change_pod(released, labels=dict.fromkeys(labels))
    jobs.pods("j", 2)
    loose = jobs.cluster.call(lambda client: client.get(POD, name_of(released)))
    assert "ownerReferences" not in loose["metadata"]
    assert "finalizers" not in loose["metadata"]
    # Adopted again it is one too many.
    jobs.change_pod(released, labels=labels)
    two = ["  pod Pending tracked"] * 2
    jobs.show(j=("active=2 ready=0 terminating=0 startTime", *two))

    [once] = jobs.pods("once", 1)
    jobs.become(once, "Running", ready=True)
    jobs.delete_pod(once)
    leaving = "  pod Running leaving tracked"
    jobs.show(once=("ready=0 terminating=1 startTime", leaving))
    jobs.pods("orphans", 2), jobs.pods("goes", 2)
    jobs.delete("orphans", "Orphan")
    jobs.delete("goes", "Foreground")

    def let_go() -> None:
        for pod in jobs.pods("orphans", 2):
            assert "ownerReferences" not in pod["metadata"]
            assert "finalizers" not in pod["metadata"]
        for pod in jobs.pods("goes"):
            assert "deletionTimestamp" in pod["metadata"]
            assert "finalizers" not in pod["metadata"]

    jobs.cluster.eventually(let_go)


def test_pods_of_an_indexed_job_know_their_index(any_cluster: AnyCluster) -> None:
    jobs, name = Jobs(any_cluster), "j" * 61
    container = {"name": "c", "image": "busybox", "env": [{"name": "A", "value": "b"}]}
    jobs.create(
        name, completionMode="Indexed", completions=1, pod={"containers": [container]}
    )
    [pod] = jobs.pods(name, 1)
    meta, spec = pod["metadata"], pod["spec"]
    assert meta["generateName"] == "j" * 55 + "-0-"
    index = "batch.kubernetes.io/job-completion-index"
    assert (meta["labels"][index], meta["annotations"]) == ("0", {index: "0"})
    assert meta["finalizers"] == ["batch.kubernetes.io/job-tracking"]
    assert spec["hostname"] == f"{name}-0"
    source = {"apiVersion": "v1", "fieldPath": f"metadata.labels['{index}']"}
    assert spec["containers"][0]["env"] == [
        {"name": "A", "value": "b"},
        {"name": "JOB_COMPLETION_INDEX", "valueFrom": {"fieldRef": source}},
    ]


def test_pods_on_nodes_do_their_work_and_end(any_cluster: AnyCluster) -> None:
    jobs = Jobs(any_cluster)
    jobs.create("j", completions=3, parallelism=2, pod={"schedulerName": None})
    numbers = "ready=0 succeeded=3 terminating=0 startTime completionTime"
    jobs.show(j=(numbers, *complete(REACHED), *["  pod Succeeded"] * 3))


def test_job_goes_a_while_after_its_end(any_cluster: AnyCluster) -> None:
    jobs = Jobs(any_cluster)
    jobs.create("stays", ttlSecondsAfterFinished=0)
    jobs.create("later", ttlSecondsAfterFinished=3600)
    jobs.create("goes", ttlSecondsAfterFinished=0)
    for name in ("later", "goes"):
        jobs.become(jobs.pods(name, 1)[0], "Succeeded", code=0)

    def left() -> None:
        found = any_cluster.call(lambda client: client.list(JOB))
        assert {item["metadata"]["name"] for item in found} == {"later", "stays"}
        assert not jobs.pods("goes")

    any_cluster.eventually(left)


def name_of(pod: Json) -> str:
    name: str = pod["metadata"]["name"]
    return name
