from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from homeostat.api import ObjectMeta, OwnerReference, Selector, Time
from homeostat.k8s import apps_v1, core_v1
from homeostat.localcluster._replicas import (
    DELETION_COST,
    claim,
    is_active,
    is_available,
    status_of,
    victims,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def pod(
    name: str,
    *,
    owner: str = "",
    node: str = "",
    phase: str = "Running",
    ready: bool = True,
    ready_for: float = 60.0,
    age: float = 60.0,
    cost: str = "",
    labels: dict[str, str] | None = None,
    deleting: bool = False,
) -> core_v1.Pod:
    reference = OwnerReference(
        api_version="apps/v1", kind="ReplicaSet", name="rs", uid=owner, controller=True
    )
    condition = core_v1.PodCondition(
        type="Ready",
        status="True" if ready else "False",
        last_transition_time=at(-ready_for),
    )
    return core_v1.Pod(
        metadata=ObjectMeta(
            name=name,
            labels={"app": "web"} if labels is None else labels,
            annotations={DELETION_COST: cost} if cost else {},
            owner_references=[reference] if owner else [],
            creation_timestamp=at(-age),
            deletion_timestamp=at(0) if deleting else None,
        ),
        spec=core_v1.PodSpec(node_name=node),
        status=core_v1.PodStatus(phase=phase, conditions=[condition]),
    )


def at(seconds: float) -> Time:
    return Time.of(NOW + timedelta(seconds=seconds))


def names(pods: list[core_v1.Pod]) -> list[str]:
    return [p.metadata.name for p in pods]


def test_claim_sorts_pods_by_controller_and_selector() -> None:
    selector = Selector.parse("app=web")
    claims = claim(
        "me",
        selector,
        [
            pod("mine", owner="me"),
            pod("theirs", owner="other"),
            pod("nobodys"),
            pod("leaving", deleting=True),
            pod("lost", owner="me", labels={}),
        ],
    )
    assert names(claims.owned) == ["mine"]
    assert names(claims.adopt) == ["nobodys"]
    assert names(claims.release) == ["lost"]


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


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (pod("b", node=""), pod("a", node="n1")),
        (pod("b", phase="Pending"), pod("a")),
        (pod("b", ready=False), pod("a")),
        (pod("b", cost="-5"), pod("a")),
        (pod("b", age=1), pod("a", age=60)),
    ],
    ids=["unscheduled", "pending", "not-ready", "cheap", "young"],
)
def test_victim_is_the_pod_that_is_missed_least(
    first: core_v1.Pod, second: core_v1.Pod
) -> None:
    assert names(victims([second, first], 1)) == ["b"]


def test_crowded_node_gives_its_pods_first() -> None:
    pods = [pod("a", node="n1"), pod("b", node="n2"), pod("c", node="n2")]
    assert names(victims(pods, 1)) == ["b"]


def test_status_counts_replicas() -> None:
    template = core_v1.PodTemplateSpec(metadata=ObjectMeta(labels={"app": "web"}))
    replica_set = apps_v1.ReplicaSet(
        metadata=ObjectMeta(name="rs", generation=4),
        spec=apps_v1.ReplicaSetSpec(template=template, min_ready_seconds=10),
    )
    active = [
        pod("a", ready_for=60),
        pod("b", ready_for=5),
        pod("c", ready=False, labels={}),
    ]
    status = status_of(replica_set, active, NOW)
    assert (status.replicas, status.fully_labeled_replicas) == (3, 2)
    assert (status.ready_replicas, status.available_replicas) == (2, 1)
    assert status.observed_generation == 4
