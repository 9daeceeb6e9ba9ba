"""How many of the pods that a budget selects may be disrupted: pure decisions.

Source: kubernetes ``pkg/controller/disruption``.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from datetime import datetime, timedelta
from fractions import Fraction

from homeostat.api import LabelSelector, Time, set_condition
from homeostat.k8s import core_v1, policy_v1
from homeostat.localcluster._replicas import is_finished, is_ready

__all__ = [
    "TARGET",
    "budget_status",
    "failed_status",
    "needs_scale",
    "printed",
    "stale_in",
    "still_disrupted",
]

ALLOWED = "DisruptionAllowed"
TARGET = "DisruptionTarget"
# Until an eviction whose pod is still there counts for nothing.
TIMEOUT = timedelta(minutes=2)


def needs_scale(budget: policy_v1.PodDisruptionBudget) -> bool:
    """Tell whether the budget is a part of how many pods there should be."""
    spec = budget.spec
    return spec.max_unavailable is not None or isinstance(spec.min_available, str)


def still_disrupted(
    budget: policy_v1.PodDisruptionBudget, pods: Iterable[core_v1.Pod], now: datetime
) -> tuple[dict[str, Time], list[core_v1.Pod]]:
    """Return the evictions under way, and the pods that were to go and have not.

    Args:
        budget: The budget.
        pods: Those that it selects.
        now: Wall time.
    """
    under_way: dict[str, Time] = {}
    late: list[core_v1.Pod] = []
    for pod in pods:
        since = budget.status.disrupted_pods.get(pod.metadata.name)
        if since is None or pod.metadata.deletion_timestamp:
            continue
        if since + TIMEOUT < now:
            late.append(pod)
        else:
            under_way[pod.metadata.name] = since
    return under_way, late


def budget_status(
    budget: policy_v1.PodDisruptionBudget,
    pods: Sequence[core_v1.Pod],
    expected: int,
    disrupted: Mapping[str, Time],
    now: datetime,
) -> policy_v1.PodDisruptionBudgetStatus:
    """Return what the status of a budget should say.

    Args:
        budget: With its present status, whose conditions are carried on.
        pods: Those that it selects.
        expected: How many there should be.
        disrupted: The evictions under way.
        now: Wall time.
    """
    desired = _desired(budget.spec, expected)
    healthy = sum(
        is_ready(pod)
        and not pod.metadata.deletion_timestamp
        and pod.metadata.name not in disrupted
        for pod in pods
    )
    allowed = max(healthy - desired, 0) if expected > 0 else 0
    generation = budget.metadata.generation or 0
    conditions = deepcopy(budget.status.conditions)
    set_condition(
        conditions,
        ALLOWED,
        allowed > 0,
        reason="SufficientPods" if allowed else "InsufficientPods",
        observed_generation=generation,
        now=now,
    )
    return policy_v1.PodDisruptionBudgetStatus(
        observed_generation=generation,
        disrupted_pods=dict(disrupted),
        disruptions_allowed=allowed,
        current_healthy=healthy,
        desired_healthy=desired,
        expected_pods=expected,
        conditions=conditions,
    )


def _desired(spec: policy_v1.PodDisruptionBudgetSpec, expected: int) -> int:
    if spec.max_unavailable is not None:
        return max(expected - _part(spec.max_unavailable, expected), 0)
    return 0 if spec.min_available is None else _part(spec.min_available, expected)


def _part(value: int | str, total: int) -> int:
    if isinstance(value, int):
        return value
    return math.ceil(Fraction(int(value.rstrip("%")) * total, 100))


def failed_status(
    budget: policy_v1.PodDisruptionBudget, why: str, now: datetime
) -> policy_v1.PodDisruptionBudgetStatus:
    """Return the status of a budget about which too little is known: none may go."""
    status = deepcopy(budget.status)
    set_condition(
        status.conditions,
        ALLOWED,
        status=False,
        reason="SyncFailed",
        message=why,
        observed_generation=status.observed_generation,
        now=now,
    )
    status.disruptions_allowed = 0
    return status


def stale_in(pod: core_v1.Pod, now: datetime) -> float | None:
    """Return the seconds until nobody believes any more that a pod will be disrupted.

    None of a pod of which nobody says so, or which has ended or is about to.
    """
    if pod.metadata.deletion_timestamp or is_finished(pod):
        return None
    for condition in pod.status.conditions:
        if (condition.type, condition.status) != (TARGET, "True"):
            continue
        since = condition.last_transition_time
        if condition.reason == "TerminationByKubelet" or since is None:
            return None
        return max((TIMEOUT - (now - since)).total_seconds(), 0.0)
    return None


def printed(selector: LabelSelector | None) -> str:
    """Return a selector as Go prints it in the texts of events."""
    if selector is None:
        return "nil"
    labels = "".join(f"{k}: {v}," for k, v in sorted(selector.match_labels.items()))
    rules = "".join(
        f"LabelSelectorRequirement{{Key:{each.key},Operator:{each.operator},"
        f"Values:[{' '.join(each.values)}],}},"
        for each in selector.match_expressions
    )
    return (
        f"&LabelSelector{{MatchLabels:map[string]string{{{labels}}},"
        f"MatchExpressions:[]LabelSelectorRequirement{{{rules}}},}}"
    )
