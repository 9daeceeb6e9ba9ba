from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from homeostat.api import ObjectMeta, Time
from homeostat.k8s import apps_v1
from homeostat.localcluster._deployment_status import (
    NO_DEADLINE,
    deployment_status,
    is_complete,
    note_pause,
    progress_left,
    set_condition,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
DEADLINE = 600


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def condition(
    type_: str, status: str, reason: str, *, updated: float = 0, since: float = 0
) -> apps_v1.DeploymentCondition:
    return apps_v1.DeploymentCondition(
        type=type_,
        status=status,
        reason=reason,
        last_update_time=Time.of(at(updated)),
        last_transition_time=Time.of(at(since)),
    )


def deployment(
    replicas: int = 3,
    *,
    deadline: int | None = DEADLINE,
    paused: bool = False,
    status: apps_v1.DeploymentStatus | None = None,
) -> apps_v1.Deployment:
    return apps_v1.Deployment(
        metadata=ObjectMeta(name="web", generation=2),
        spec=apps_v1.DeploymentSpec(
            replicas=replicas, progress_deadline_seconds=deadline, paused=paused
        ),
        status=status or apps_v1.DeploymentStatus(),
    )


def replica_set(
    name: str,
    replicas: int,
    available: int,
    *,
    ready: int | None = None,
    asked: int | None = None,
    failure: str = "",
) -> apps_v1.ReplicaSet:
    failed = apps_v1.ReplicaSetCondition(
        type="ReplicaFailure",
        status="True",
        reason=failure,
        message=f"from {name}",
        last_transition_time=Time.of(at(-5)),
    )
    other = apps_v1.ReplicaSetCondition(type="Other", status="True")
    return apps_v1.ReplicaSet(
        metadata=ObjectMeta(name=name),
        spec=apps_v1.ReplicaSetSpec(replicas=replicas if asked is None else asked),
        status=apps_v1.ReplicaSetStatus(
            conditions=[other, failed] if failure else [other],
            replicas=replicas,
            ready_replicas=available if ready is None else ready,
            available_replicas=available,
        ),
    )


def status_of(
    item: apps_v1.Deployment,
    new: apps_v1.ReplicaSet | None,
    *old: apps_v1.ReplicaSet,
    max_unavailable: int = 1,
    rolling: bool = True,
    now: float = 0,
) -> apps_v1.DeploymentStatus:
    return deployment_status(
        item,
        new,
        old,
        max_unavailable=max_unavailable,
        rolling=rolling,
        now=at(now),
    )


def found(status: apps_v1.DeploymentStatus, type_: str) -> tuple[str, str] | None:
    for each in status.conditions:
        if each.type == type_:
            return each.status, each.reason
    return None


def test_counts_are_those_of_all_replica_sets() -> None:
    status = status_of(
        deployment(),
        replica_set("new", 2, 1, ready=2, asked=6),
        replica_set("old", 3, 2, asked=1),
    )
    assert (status.replicas, status.updated_replicas) == (5, 2)
    assert (status.ready_replicas, status.available_replicas) == (4, 3)
    assert status.unavailable_replicas == 7 - 3  # of those that were asked for
    assert status.observed_generation == 2


@pytest.mark.parametrize(
    ("available", "max_unavailable", "expected"),
    [
        (3, 0, ("True", "MinimumReplicasAvailable")),
        (2, 0, ("False", "MinimumReplicasUnavailable")),
        (2, 1, ("True", "MinimumReplicasAvailable")),
        (1, 1, ("False", "MinimumReplicasUnavailable")),
    ],
)
def test_available_as_long_as_no_more_are_missing_than_may(
    available: int, max_unavailable: int, expected: tuple[str, str]
) -> None:
    new = replica_set("new", 3, available)
    status = status_of(deployment(), new, max_unavailable=max_unavailable)
    assert found(status, "Available") == expected


@dataclass(frozen=True)
class Case:
    """How a rollout stands, and what its Progressing condition becomes.

    Attributes:
        known: The condition before, by status and reason, updated at second 0.
        before: Replicas, updated, ready and available in the status before.
        new: Replicas and available of the new ReplicaSet, None before it exists.
        old: The same of the old one.
        now: Seconds since the condition was updated.
    """

    known: tuple[str, str] | None
    before: tuple[int, int, int, int]
    new: tuple[int, int] | None
    old: tuple[int, int]
    now: float
    expected: tuple[str, str] | None


CREATED = ("True", "NewReplicaSetCreated")
UPDATED = ("True", "ReplicaSetUpdated")
DONE = ("True", "NewReplicaSetAvailable")
TIMED_OUT = ("False", "ProgressDeadlineExceeded")
RESUMED = ("Unknown", "DeploymentResumed")

CASES = {
    "more updated pods": Case(CREATED, (3, 0, 3, 3), (1, 0), (3, 3), 9, UPDATED),
    "fewer old pods": Case(UPDATED, (4, 1, 3, 3), (1, 0), (2, 2), 9, UPDATED),
    "more ready pods": Case(CREATED, (3, 3, 0, 0), (3, 1), (0, 0), 9, UPDATED),
    "the first pods": Case(None, (0, 0, 0, 0), (3, 0), (0, 0), 9, UPDATED),
    "nothing moved yet": Case(CREATED, (3, 3, 0, 0), (3, 0), (0, 0), 599, CREATED),
    "nothing known": Case(None, (3, 3, 0, 0), (3, 0), (0, 0), 9999, None),
    "complete": Case(UPDATED, (3, 3, 2, 2), (3, 3), (0, 0), 9, DONE),
    "complete late": Case(TIMED_OUT, (3, 3, 2, 2), (3, 3), (0, 0), 9999, DONE),
    "old pods are left": Case(UPDATED, (4, 3, 4, 4), (3, 3), (1, 1), 9, UPDATED),
    "deadline": Case(UPDATED, (3, 3, 0, 0), (3, 0), (0, 0), 600, TIMED_OUT),
    "stays timed out": Case(TIMED_OUT, (3, 3, 0, 0), (3, 0), (0, 0), 1, TIMED_OUT),
    "moves after all": Case(TIMED_OUT, (3, 3, 0, 0), (3, 1), (0, 0), 9999, UPDATED),
    "resumed": Case(RESUMED, (3, 3, 0, 0), (3, 0), (0, 0), 599, RESUMED),
    "resumed for long": Case(RESUMED, (3, 3, 0, 0), (3, 0), (0, 0), 600, TIMED_OUT),
    "a pod of a finished one": Case(DONE, (3, 3, 3, 3), (3, 2), (0, 0), 9999, DONE),
    "a rollback": Case(DONE, (3, 3, 3, 3), None, (3, 3), 9999, DONE),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_progress(case: Case) -> None:
    replicas, updated, ready, available = case.before
    before = apps_v1.DeploymentStatus(
        replicas=replicas,
        updated_replicas=updated,
        ready_replicas=ready,
        available_replicas=available,
        conditions=[condition("Progressing", *case.known)] if case.known else [],
    )
    new = replica_set("new", *case.new) if case.new else None
    old = replica_set("old", *case.old)
    status = status_of(deployment(status=before), new, old, now=case.now)
    assert found(status, "Progressing") == case.expected


def test_progress_restarts_the_deadline_without_a_transition() -> None:
    known = condition("Progressing", "True", "ReplicaSetUpdated", since=-50)
    before = apps_v1.DeploymentStatus(conditions=[known])
    item = deployment(status=before)
    status = status_of(item, replica_set("new", 3, 1), now=500)
    (progressing,) = (c for c in status.conditions if c.type == "Progressing")
    assert progressing.last_update_time == Time.of(at(500))
    assert progressing.last_transition_time == Time.of(at(-50))
    assert progress_left(item, status, at(500)) == DEADLINE


@pytest.mark.parametrize("deadline", [None, NO_DEADLINE])
def test_without_a_deadline_progress_is_not_judged(deadline: int | None) -> None:
    known = condition("Progressing", "True", "NewReplicaSetCreated")
    before = apps_v1.DeploymentStatus(conditions=[known])
    item = deployment(deadline=deadline, status=before)
    status = status_of(item, replica_set("new", 3, 3))
    assert found(status, "Progressing") is None
    assert progress_left(item, status, START) is None


def test_progress_is_not_judged_while_paused() -> None:
    known = condition("Progressing", "Unknown", "DeploymentPaused")
    before = apps_v1.DeploymentStatus(conditions=[known])
    item = deployment(paused=True, status=before)
    status = status_of(item, replica_set("new", 3, 3), rolling=False, now=9999)
    assert found(status, "Progressing") == ("Unknown", "DeploymentPaused")
    assert progress_left(item, status, at(0)) is None


@pytest.mark.parametrize(
    ("reason", "now", "left"),
    [
        ("ReplicaSetUpdated", 100, 500.0),
        ("ReplicaSetUpdated", 9999, 0.0),
        ("ProgressDeadlineExceeded", 9999, None),
        # A pod of a finished rollout went: nobody waits for a deadline.
        ("NewReplicaSetAvailable", 9999, None),
    ],
)
def test_time_until_the_deadline(reason: str, now: float, left: float | None) -> None:
    known = condition("Progressing", "True", reason)
    status = apps_v1.DeploymentStatus(
        observed_generation=2, replicas=3, updated_replicas=3, conditions=[known]
    )
    assert progress_left(deployment(), status, at(now)) == left


def test_complete_is_what_the_present_generation_asks_for() -> None:
    status = status_of(deployment(), replica_set("new", 3, 3))
    assert is_complete(deployment(), status)
    assert not is_complete(deployment(4), status)
    status.observed_generation = 1
    assert not is_complete(deployment(), status)


def test_a_condition_that_flips_has_a_new_transition_time() -> None:
    status = apps_v1.DeploymentStatus(conditions=[condition("X", "True", "A")])
    set_condition(status, "X", "True", "B", "b", now=at(10))
    (other_reason,) = status.conditions
    assert other_reason.last_transition_time == Time.of(at(0))
    assert other_reason.last_update_time == Time.of(at(10))
    set_condition(status, "X", "False", "C", "c", now=at(20))
    (flipped,) = status.conditions
    assert flipped.last_transition_time == Time.of(at(20))


def test_a_condition_of_the_same_reason_stays_as_it_is() -> None:
    known = condition("X", "True", "A")
    status = apps_v1.DeploymentStatus(conditions=[known])
    set_condition(status, "X", "True", "A", "other words", now=at(10))
    assert status.conditions == [known]


def test_progress_names_the_replica_set_that_progresses() -> None:
    known = condition("Progressing", "True", "ReplicaSetUpdated")
    before = apps_v1.DeploymentStatus(conditions=[known])
    status = status_of(deployment(status=before), replica_set("new", 3, 1), now=9)
    (progressing,) = (c for c in status.conditions if c.type == "Progressing")
    assert progressing.message == 'ReplicaSet "new" is progressing.'


def test_conditions_of_others_are_carried_on() -> None:
    known = condition("Other", "True", "Reason")
    before = apps_v1.DeploymentStatus(conditions=[known])
    status = status_of(deployment(status=before), replica_set("new", 3, 3))
    assert known in status.conditions


def failure_of(status: apps_v1.DeploymentStatus) -> apps_v1.DeploymentCondition | None:
    return next((c for c in status.conditions if c.type == "ReplicaFailure"), None)


def test_failure_of_the_new_replica_set_comes_before_that_of_others() -> None:
    new = replica_set("new", 0, 0, failure="FailedCreate")
    old = replica_set("old", 0, 0, failure="FailedDelete")
    failure = failure_of(status_of(deployment(), new, old))
    assert failure is not None
    assert (failure.status, failure.reason) == ("True", "FailedCreate")
    assert failure.message == "from new"
    assert failure.last_update_time == failure.last_transition_time == at(-5)
    failure = failure_of(status_of(deployment(), replica_set("new", 0, 0), old))
    assert failure is not None
    assert failure.message == "from old"


def test_failure_stays_as_it_was_first_told_and_goes_with_its_cause() -> None:
    known = condition("ReplicaFailure", "True", "FailedCreate")
    before = apps_v1.DeploymentStatus(conditions=[known])
    item = deployment(status=before)
    failing = replica_set("new", 0, 0, failure="FailedCreate")
    assert failure_of(status_of(item, failing)) == known
    worse = failure_of(status_of(item, replica_set("new", 0, 0, failure="Other")))
    assert worse is not None
    assert worse.reason == "Other"
    assert failure_of(status_of(item, replica_set("new", 3, 3))) is None


def test_failures_are_not_looked_at_while_nothing_rolls_out() -> None:
    known = condition("ReplicaFailure", "True", "FailedCreate")
    before = apps_v1.DeploymentStatus(conditions=[known])
    status = status_of(
        deployment(status=before), replica_set("new", 3, 3), rolling=False
    )
    assert failure_of(status) == known


@pytest.mark.parametrize(
    ("counts", "total"),
    [
        # By (observed generation, terminating replicas) of each ReplicaSet.
        ([], 0),
        ([(1, 2), (3, 0), (2, 5)], 7),
        ([(1, 2), (0, None)], 2),
        ([(0, 2), (1, 1)], 3),
        ([(1, 2), (1, None)], None),
    ],
)
def test_terminating_replicas_are_known_where_all_tell(
    counts: list[tuple[int, int | None]], total: int | None
) -> None:
    sets = [replica_set(str(n), 0, 0) for n in range(len(counts))]
    for each, (generation, terminating) in zip(sets, counts, strict=True):
        each.status.observed_generation = generation
        each.status.terminating_replicas = terminating
    assert status_of(deployment(), None, *sets).terminating_replicas == total


@pytest.mark.parametrize(
    ("paused", "deadline", "known", "expected"),
    [
        (True, DEADLINE, None, ("Unknown", "DeploymentPaused")),
        (True, DEADLINE, "ReplicaSetUpdated", ("Unknown", "DeploymentPaused")),
        (True, DEADLINE, "ProgressDeadlineExceeded", TIMED_OUT),
        (False, DEADLINE, "DeploymentPaused", RESUMED),
        (False, DEADLINE, "ReplicaSetUpdated", ("True", "ReplicaSetUpdated")),
        (False, DEADLINE, None, None),
        (True, None, None, None),
        (True, NO_DEADLINE, None, None),
    ],
)
def test_pause_is_noted_where_progress_counts(
    *,
    paused: bool,
    deadline: int | None,
    known: str | None,
    expected: tuple[str, str] | None,
) -> None:
    value = {"ProgressDeadlineExceeded": "False", "DeploymentPaused": "Unknown"}
    before = apps_v1.DeploymentStatus(
        conditions=[condition("Progressing", value.get(known, "True"), known)]
        if known
        else []
    )
    item = deployment(paused=paused, deadline=deadline, status=before)
    note_pause(item, at(7))
    assert found(item.status, "Progressing") == expected
    note_pause(item, at(8))
    told = [c for c in item.status.conditions if c.status == "Unknown"]
    assert all(c.last_update_time == at(7) for c in told)
    assert {c.message for c in told} <= {
        "Deployment is paused",
        "Deployment is resumed",
    }
