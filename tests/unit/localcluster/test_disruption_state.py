from datetime import UTC, datetime, timedelta

import pytest

from homeostat.api import ObjectMeta, Time
from homeostat.k8s import core_v1, policy_v1
from homeostat.localcluster._disruption_state import (
    budget_status,
    stale_in,
    still_disrupted,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def ago(seconds: float) -> Time:
    return Time.of(NOW - timedelta(seconds=seconds))


def pod(name: str, *conditions: core_v1.PodCondition) -> core_v1.Pod:
    ready = core_v1.PodCondition(type="Ready", status="True")
    return core_v1.Pod(
        metadata=ObjectMeta(name=name),
        status=core_v1.PodStatus(phase="Running", conditions=[ready, *conditions]),
    )


def budget(**disrupted: Time) -> policy_v1.PodDisruptionBudget:
    return policy_v1.PodDisruptionBudget(
        metadata=ObjectMeta(generation=1),
        spec=policy_v1.PodDisruptionBudgetSpec(max_unavailable="30%"),
        status=policy_v1.PodDisruptionBudgetStatus(disrupted_pods=disrupted),
    )


def test_eviction_counts_until_it_is_two_minutes_old() -> None:
    item, pods = budget(a=ago(119), b=ago(121)), [pod("a"), pod("b"), pod("c")]
    under_way, late = still_disrupted(item, pods, NOW)
    assert list(under_way) == ["a"]
    assert [each.metadata.name for each in late] == ["b"]
    status = budget_status(item, pods, 3, under_way, NOW)
    # A part of a pod is a whole one: 30% of three may be missing, which is one.
    assert (status.current_healthy, status.desired_healthy) == (2, 2)
    assert status.disruptions_allowed == 0


@pytest.mark.parametrize(
    ("reason", "age", "left"),
    [("x", 20, 100.0), ("x", 500, 0.0), ("TerminationByKubelet", 20, None)],
)
def test_disruption_that_does_not_come_is_taken_back(
    reason: str, age: float, left: float | None
) -> None:
    condition = core_v1.PodCondition(
        type="DisruptionTarget",
        status="True",
        reason=reason,
        last_transition_time=ago(age),
    )
    assert stale_in(pod("a", condition), NOW) == left
