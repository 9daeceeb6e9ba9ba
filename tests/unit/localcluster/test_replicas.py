from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from homeostat.api import ObjectMeta, Time
from homeostat.errors import ForbiddenError
from homeostat.k8s import apps_v1, core_v1
from homeostat.localcluster._replicas import (
    DELETION_COST,
    is_active,
    is_available,
    is_terminating,
    next_available,
    status_of,
    victims,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def pod(
    name: str,
    *,
    node: str = "",
    phase: str = "Running",
    ready: bool = True,
    ready_for: float = 60.0,
    age: float = 60.0,
    cost: str = "",
    labels: dict[str, str] | None = None,
    restarts: int = 0,
    sidecar_restarts: int = 0,
    deleting: bool = False,
) -> core_v1.Pod:
    condition = core_v1.PodCondition(
        type="Ready",
        status="True" if ready else "False",
        last_transition_time=at(-ready_for),
    )
    return core_v1.Pod(
        metadata=ObjectMeta(
            name=name,
            uid=f"uid-{name}",
            labels={"app": "web"} if labels is None else labels,
            annotations={DELETION_COST: cost} if cost else {},
            creation_timestamp=at(-age),
            deletion_timestamp=at(0) if deleting else None,
        ),
        spec=core_v1.PodSpec(
            node_name=node,
            init_containers=[
                core_v1.Container(name="once"),
                core_v1.Container(name="sidecar", restart_policy="Always"),
            ],
        ),
        status=core_v1.PodStatus(
            phase=phase,
            conditions=[condition],
            container_statuses=[restarted("c", restarts), restarted("d", 0)],
            init_container_statuses=[
                restarted("once", 9 - restarts),
                restarted("sidecar", sidecar_restarts),
            ],
        ),
    )


def restarted(name: str, count: int) -> core_v1.ContainerStatus:
    return core_v1.ContainerStatus(name=name, restart_count=count)


def at(seconds: float) -> Time:
    return Time.of(NOW + timedelta(seconds=seconds))


def names(pods: list[core_v1.Pod]) -> list[str]:
    return [p.metadata.name for p in pods]


@pytest.mark.parametrize(
    ("rest", "active"),
    [({}, True), ({"phase": "Failed"}, False), ({"deleting": True}, False)],
)
def test_is_active(rest: dict[str, Any], *, active: bool) -> None:
    assert is_active(pod("a", **rest)) is active


def test_pod_is_available_once_it_was_ready_for_long_enough() -> None:
    item = pod("a", ready_for=30)
    assert is_available(item, 0, NOW)
    assert is_available(item, 30, NOW)
    assert not is_available(item, 31, NOW)
    assert not is_available(pod("b", ready=False), 0, NOW)


def test_next_available_is_the_first_of_those_that_wait() -> None:
    pods = [
        pod("a", ready_for=3),
        pod("b", ready_for=8),
        pod("c", ready_for=60),
        pod("d", ready=False, ready_for=9),
    ]
    assert next_available(pods, 10, NOW) == 2
    assert next_available(pods, 3, NOW) is None


@pytest.mark.parametrize(
    ("rest", "terminating"),
    [({}, False), ({"deleting": True}, True), ({"phase": "Failed"}, False)],
)
def test_is_terminating(rest: dict[str, Any], *, terminating: bool) -> None:
    assert is_terminating(pod("a", **rest)) is terminating
    assert not is_terminating(pod("a", phase="Succeeded", deleting=True))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (pod("b", node=""), pod("a", node="n1")),
        (pod("b", phase="Pending"), pod("a", phase="Unknown")),
        (pod("b", phase="Unknown"), pod("a")),
        (pod("b", ready=False), pod("a")),
        (pod("b", cost="-5"), pod("a", cost="nonsense")),
        (pod("b", ready_for=1, age=600), pod("a", ready_for=60)),
        (pod("b", restarts=1, age=600), pod("a", sidecar_restarts=9)),
        (pod("b", sidecar_restarts=1, age=600), pod("a")),
        (pod("b", age=1), pod("a", age=60)),
        (pod("b", ready=False, age=1), pod("a", ready=False, age=60)),
    ],
    ids=[
        "unscheduled",
        "pending",
        "unknown",
        "not-ready",
        "cheap",
        "lately-ready",
        "restarted",
        "restarted-sidecar",
        "young",
        "young-not-ready",
    ],
)
def test_victim_is_the_pod_that_is_missed_least(
    first: core_v1.Pod, second: core_v1.Pod
) -> None:
    assert names(victims([second, first], 1, now=NOW)) == ["b"]
    assert names(victims([first, second], 1, now=NOW)) == ["b"]


def test_ages_of_one_magnitude_are_equal_and_the_uid_decides() -> None:
    older, younger = pod("a", ready_for=1000), pod("b", ready_for=900)
    assert names(victims([younger, older], 1, now=NOW)) == ["a"]


def test_crowded_node_gives_its_pods_first() -> None:
    pods = [pod("a", node="n1"), pod("b", node="n2"), pod("c", node="n2")]
    related = [*pods, pod("d", node="n1", deleting=True)]
    assert names(victims(pods, 1, related=related, now=NOW)) == ["b"]
    assert names(victims(pods, 1, now=NOW)) == ["a"]


def replica_set(
    *conditions: apps_v1.ReplicaSetCondition, replicas: int = 3
) -> apps_v1.ReplicaSet:
    template = core_v1.PodTemplateSpec(metadata=ObjectMeta(labels={"app": "web"}))
    return apps_v1.ReplicaSet(
        metadata=ObjectMeta(name="rs", generation=4),
        spec=apps_v1.ReplicaSetSpec(
            replicas=replicas, template=template, min_ready_seconds=10
        ),
        status=apps_v1.ReplicaSetStatus(conditions=list(conditions)),
    )


def test_status_counts_replicas() -> None:
    active = [
        pod("a", ready_for=60),
        pod("b", ready_for=5),
        pod("c", ready=False, labels={}),
    ]
    status = status_of(replica_set(), active, 2, NOW)
    assert (status.replicas, status.fully_labeled_replicas) == (3, 2)
    assert (status.ready_replicas, status.available_replicas) == (2, 1)
    assert status.terminating_replicas == 2
    assert status.observed_generation == 4


FULL = ForbiddenError("quota is full", code=403, reason="Forbidden")
OTHER = apps_v1.ReplicaSetCondition(type="Other", status="True")
EARLIER = apps_v1.ReplicaSetCondition(
    type="ReplicaFailure", status="True", reason="FailedCreate", message="earlier"
)


@pytest.mark.parametrize(
    ("replicas", "reason", "message"),
    [
        (2, "FailedCreate", "quota is full"),
        (0, "FailedDelete", "unable to delete pods: quota is full"),
    ],
)
def test_status_says_what_failed(replicas: int, reason: str, message: str) -> None:
    item = replica_set(OTHER, replicas=replicas)
    status = status_of(item, [pod("a")], 0, NOW, failure=FULL)
    other, failure = status.conditions
    assert other == OTHER
    assert (failure.type, failure.status) == ("ReplicaFailure", "True")
    assert (failure.reason, failure.message) == (reason, message)
    assert failure.last_transition_time == NOW


def test_first_failure_is_told_until_all_is_well() -> None:
    item = replica_set(EARLIER, OTHER)
    status = status_of(item, [], 0, NOW, failure=FULL)
    assert status.conditions == [EARLIER, OTHER]
    assert status_of(item, [], 0, NOW).conditions == [OTHER]
