"""The decisions of the Job controller that take time, or pods in rare states."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from homeostat.api import ObjectMeta, Time
from homeostat.k8s import batch_v1, core_v1
from homeostat.localcluster._job_backoff import NO_FAILURES, Backoff, Backoffs
from homeostat.localcluster._job_indexes import (
    format_indexes,
    indexes_in,
    parse_spans,
    pending,
)
from homeostat.localcluster._job_pods import (
    INDEX,
    TRACKING,
    finished_at,
    pod_of,
    surplus,
)
from homeostat.localcluster._job_policies import matched_success_rule
from homeostat.localcluster._job_state import JobState, look, plan
from homeostat.localcluster._job_status import add_uncounted, count, uncounted_of

START = datetime(2026, 1, 1, tzinfo=UTC)
FAILURES = "batch.kubernetes.io/job-index-failure-count"


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def job(**spec: Any) -> batch_v1.Job:
    spec = {"parallelism": 1, "completions": 1, "backoff_limit": 6, **spec}
    meta = ObjectMeta(name="j", namespace="n", uid="u")
    return batch_v1.Job(metadata=meta, spec=batch_v1.JobSpec(**spec))


def pod(uid: str, phase: str, *, end: float = 0, **annotations: str) -> core_v1.Pod:
    """Return a tracked pod; one that has ended did so at ``end``."""
    ended = core_v1.ContainerStateTerminated(finished_at=Time.of(at(end)))
    state = core_v1.ContainerState(terminated=ended)
    status = core_v1.ContainerStatus(name="c", state=state)
    index = annotations.pop("index", None)
    names = {"failures": FAILURES}
    notes = {names[key]: value for key, value in annotations.items()}
    return core_v1.Pod(
        metadata=ObjectMeta(
            name=uid,
            uid=uid,
            finalizers=[TRACKING],
            annotations=notes if index is None else {INDEX: index, **notes},
            creation_timestamp=Time.of(START),
        ),
        status=core_v1.PodStatus(phase=phase, container_statuses=[status]),
    )


def state(
    item: batch_v1.Job,
    *pods: core_v1.Pod,
    now: float = 0,
    before: Backoff = NO_FAILURES,
) -> JobState:
    return look(item, list(pods), before, at(now))


@pytest.mark.parametrize(
    ("text", "indexes"),
    [("", set[int]()), ("3", {3}), ("0,1,5-7", {0, 1, 5, 6, 7}), ("x,2,4-", {2, 4})],
)
def test_indexes_are_read(text: str, indexes: set[int]) -> None:
    assert indexes_in(text, 10) == indexes


def test_indexes_past_the_end_are_cut_without_counting_them() -> None:
    assert parse_spans("1-2000000000", 3) == [range(1, 3)]
    assert parse_spans("3-4", 3) == []


@pytest.mark.parametrize(
    ("indexes", "text"),
    [(set[int](), ""), ({4}, "4"), ({0, 1}, "0,1"), ({7, 1, 2, 3, 5}, "1-3,5,7")],
)
def test_indexes_are_written_in_spans(indexes: set[int], text: str) -> None:
    assert format_indexes(indexes) == text


def test_first_free_indexes_are_next() -> None:
    assert pending({0, 2}, 2, 10) == [1, 3]
    assert pending({0, 2}, 9, 4) == [1, 3]


def test_backoff_doubles_up_to_its_cap() -> None:
    last = Backoff()
    waits: list[float] = []
    for _ in range(8):
        last = last.after([], [at(0)])
        waits.append(last.remaining(at(0)))
    assert waits == [10, 20, 40, 80, 160, 320, 600, 600]
    assert last.remaining(at(590)) == 10
    assert Backoff(10**6, at(0)).remaining(at(0)) == 600


def test_success_forgets_the_failures_before_it() -> None:
    failed = Backoff().after([], [at(1), at(2)])
    assert failed == Backoff(2, at(2))
    assert failed.after([at(3)], []) == NO_FAILURES
    assert failed.after([at(3)], [at(2), at(4)]) == Backoff(1, at(4))
    assert failed.after([], []) == failed


def test_backoffs_of_few_jobs_are_kept() -> None:
    backoffs = Backoffs(size=1)
    backoffs.note("a", Backoff(1, at(0)))
    backoffs.note("b", Backoff(2, at(0)))
    assert backoffs.of("a") == NO_FAILURES
    assert backoffs.of("b").failures == 2
    backoffs.note("b", NO_FAILURES)
    assert backoffs.of("b") == NO_FAILURES


def test_failed_pod_is_replaced_when_its_time_has_come() -> None:
    item, failed = job(), pod("a", "Failed", end=0)
    assert plan(state(item, failed, now=4)).after == 6
    assert plan(state(item, failed, now=10)).create == [None]


def test_each_index_waits_for_itself() -> None:
    item = job(
        completion_mode="Indexed",
        completions=3,
        parallelism=3,
        backoff_limit_per_index=5,
    )
    pods = [
        pod("a", "Failed", end=0, index="0", failures="0"),
        pod("b", "Failed", end=0, index="1", failures="1"),
        pod("c", "Running", index="2", failures="0"),
    ]
    early = plan(state(item, *pods, now=1))
    assert (early.create, early.after) == ([], 9)
    later = plan(state(item, *pods, now=10))
    assert (later.create, later.after) == ([0], 10)
    # The one that comes in its place knows how often it has failed.
    assert pod_of(item, 1, pods[1]).metadata.annotations[FAILURES] == "2"
    done, _ = add_uncounted(state(item, *pods, now=10), None)
    assert done == []


def test_time_of_the_end_is_taken_from_what_there_is() -> None:
    item = pod("a", "Failed", end=5)
    assert finished_at(item) == at(5)
    item.status.container_statuses = []
    assert finished_at(item) == START
    item.metadata.deletion_timestamp = Time.of(at(30))
    item.metadata.deletion_grace_period_seconds = 10
    assert finished_at(item) == at(20)
    item.status.conditions = [
        core_v1.PodCondition(
            type="Ready", status="False", last_transition_time=Time.of(at(7))
        )
    ]
    assert finished_at(item) == at(7)


def test_pods_without_a_place_go_before_those_that_are_too_many() -> None:
    item = job(completion_mode="Indexed", completions=3)
    pods = [
        pod("none", "Running"),
        pod("beyond", "Running", index="3"),
        pod("twin", "Pending", index="0"),
        pod("zero", "Running", index="0"),
        pod("one", "Pending", index="1"),
    ]
    going = {each.metadata.uid for each in surplus(item, pods, 0)}
    assert going == {"none", "beyond", "twin"}
    going = {each.metadata.uid for each in surplus(item, pods, 4)}
    assert going == {"none", "beyond", "twin", "one"}


def test_pod_is_counted_once_in_three_steps() -> None:
    item = job(completions=3)
    done, whole = add_uncounted(state(item, pod("a", "Succeeded")), None)
    assert ([p.metadata.uid for p in done], whole) == (["a"], True)
    # The controller stops here, and begins anew with what the status says.
    seen = state(item, pod("a", "Succeeded"))
    assert seen.succeeded == 1
    add_uncounted(seen, None)
    assert uncounted_of(item).succeeded == ["a"]
    count(item, {"a"})
    assert item.status.succeeded == 0
    count(item, frozenset[str]())
    assert (item.status.succeeded, uncounted_of(item).succeeded) == (1, [])


def test_status_holds_so_many_uids_and_the_rest_waits() -> None:
    item = job(completions=1000)
    pods = [pod(f"p{n}", "Succeeded") for n in range(600)]
    done, whole = add_uncounted(state(item, *pods), None)
    assert (len(done), whole) == (500, False)


@pytest.mark.parametrize(
    ("rule", "met"),
    [
        ({"succeeded_indexes": "0-1"}, False),
        ({"succeeded_indexes": "1,3"}, True),
        ({"succeeded_indexes": "0-1", "succeeded_count": 1}, True),
        ({"succeeded_count": 2}, True),
        ({"succeeded_count": 3}, False),
        ({"succeeded_indexes": "9"}, False),
    ],
)
def test_success_rule_asks_for_indexes_or_their_number(
    rule: dict[str, Any], met: bool
) -> None:
    policy = batch_v1.SuccessPolicy(rules=[batch_v1.SuccessPolicyRule(**rule)])
    assert matched_success_rule(policy, {1, 3}, 5) == (0 if met else None)
