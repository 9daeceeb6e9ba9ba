"""Evictions: deletions of pods that ask the disruption budgets first.

Source: kubernetes ``pkg/registry/core/pod/storage/eviction.go``.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from homeostat.api import Selector
from homeostat.apiserver._access import child, items
from homeostat.apiserver._arrange import arranged
from homeostat.apiserver._context import Cluster
from homeostat.apiserver._delete import check_preconditions, delete_entry
from homeostat.apiserver._options import DeleteOptions
from homeostat.apiserver._registry import Served
from homeostat.apiserver._status import StatusError, forbidden, server_error
from homeostat.apiserver._store import Entry

__all__ = ["evict"]

Value = dict[str, Any]

_REFUSED = "Cannot evict pod as it would violate the pod's disruption budget."
_UNGUARDED = frozenset({"Succeeded", "Failed", "Pending"})
# Evictions that the controller has not seen the end of yet.
_MOST_DISRUPTED = 2000
_TARGET: Mapping[str, str] = {
    "type": "DisruptionTarget",
    "status": "True",
    "reason": "EvictionByEvictionAPI",
    "message": "Eviction API: evicting",
}


def evict(
    cluster: Cluster, served: Served, live: Entry, options: DeleteOptions
) -> None:
    """Delete a pod, unless a disruption budget is against it.

    Args:
        cluster: Where it is.
        served: The pods.
        live: The pod.
        options: Of the deletion.

    Raises:
        StatusError: 429 where the budget is spent, 500 where there are several.
    """
    pod = live.value
    if not _is_unguarded(pod):
        _ask_budgets(cluster, pod, dry_run=options.dry_run)
    check_preconditions(served, live, options)
    if not options.dry_run:
        live = _mark(cluster, served, live, pod)
        # They held before the condition was added.
        options = replace(options, version=None)
    delete_entry(cluster, served, live, options)


def _is_unguarded(pod: Value) -> bool:
    """Tell whether the pod serves nobody any more, or not yet."""
    leaving = "deletionTimestamp" in pod["metadata"]
    return leaving or child(pod, "status").get("phase") in _UNGUARDED


def _mark(cluster: Cluster, served: Served, live: Entry, pod: Value) -> Entry:
    """Say in the pod's conditions why it goes."""
    status = child(pod, "status")
    conditions = items(status, "conditions")
    known = next((c for c in conditions if c["type"] == _TARGET["type"]), None)
    since = cluster.now()
    if known is not None and known["status"] == _TARGET["status"]:
        since = known.get("lastTransitionTime", since)
    condition = {**_TARGET, "lastProbeTime": None, "lastTransitionTime": since}
    if known is None:
        conditions = [*conditions, condition]
    else:
        conditions = [condition if c is known else c for c in conditions]
    pod["status"] = {**status, "conditions": conditions}
    final = arranged(served, pod)
    if final == live.value:
        return live
    return cluster.store.put(served.table, live.key, final)


def _ask_budgets(cluster: Cluster, pod: Value, *, dry_run: bool) -> None:
    served = cluster.registry.find("policy", "v1", "poddisruptionbudgets")
    if served is None:
        return
    budgets = [
        entry
        for entry in served.table.live.values()
        if entry.namespace == pod["metadata"]["namespace"]
        and _selects(entry.value, pod)
    ]
    if len(budgets) > 1:
        raise server_error(
            "This pod has more than one PodDisruptionBudget, which the eviction "
            "subresource does not support."
        )
    for entry in budgets:
        budget = entry.value
        if not _spares(budget, pod):
            _spend(cluster, budget, pod["metadata"]["name"])
            if not dry_run:
                cluster.store.put(served.table, entry.key, arranged(served, budget))


def _selects(budget: Value, pod: Value) -> bool:
    selector = child(budget, "spec").get("selector")
    if selector is None:
        return False
    labels: dict[str, str] = child(pod["metadata"], "labels")
    return Selector.of(selector).matches(labels)


def _spares(budget: Value, pod: Value) -> bool:
    """Tell whether an unhealthy pod may go at nobody's expense."""
    conditions = items(child(pod, "status"), "conditions")
    if any((c["type"], c["status"]) == ("Ready", "True") for c in conditions):
        return False
    if child(budget, "spec").get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    status = child(budget, "status")
    healthy: int = status.get("currentHealthy", 0)
    desired: int = status.get("desiredHealthy", 0)
    return healthy >= desired > 0


def _spend(cluster: Cluster, budget: Value, pod: str) -> None:
    """Take one disruption from a budget, for a pod.

    Raises:
        StatusError: There is none to take.
    """
    name, status = budget["metadata"]["name"], dict(child(budget, "status"))
    if status.get("observedGeneration", 0) < budget["metadata"]["generation"]:
        text = f"The disruption budget {name} is still being processed by the server."
        raise _too_many(text, retry_after=10)
    allowed: int = status.get("disruptionsAllowed", 0)
    disrupted: dict[str, str] = child(status, "disruptedPods")
    subject = ("policy", "poddisruptionbudget", name)
    if allowed < 0:
        raise forbidden(*subject, "pdb disruptions allowed is negative")
    if len(disrupted) > _MOST_DISRUPTED:
        text = "DisruptedPods map too big - too many evictions not confirmed by "
        raise forbidden(*subject, f"{text}PDB controller")
    if allowed == 0:
        raise _too_many(_why_not(name, status))
    status["disruptionsAllowed"] = allowed - 1
    status["disruptedPods"] = {**disrupted, pod: cluster.now()}
    if allowed == 1:
        _note_spent(cluster, status)
    budget["status"] = status


def _why_not(name: str, status: Value) -> str:
    found = _condition(status)
    told = found.get("message", "") if found.get("status") == "False" else ""
    current, desired = status.get("currentHealthy", 0), status.get("desiredHealthy", 0)
    head = f"The disruption budget {name}"
    refusal = f"{head} does not allow evicting pods currently"
    if told and found.get("reason") == "SyncFailed":
        return f"{refusal} because it failed sync: {told}"
    if current <= desired:
        return f"{head} needs {desired} healthy pods and has {current} currently"
    return f"{refusal} ({found['reason']}): {told}" if told else refusal


def _condition(status: Value) -> Value:
    kind = "DisruptionAllowed"
    found: list[Value] = items(status, "conditions")
    none: Value = {}
    return next((c for c in found if c["type"] == kind), none)


def _note_spent(cluster: Cluster, status: Value) -> None:
    known = _condition(status)
    condition = {
        "type": "DisruptionAllowed",
        "status": "False",
        "observedGeneration": status.get("observedGeneration", 0),
        "lastTransitionTime": cluster.now(),
        "reason": "InsufficientPods",
        "message": known.get("message", ""),
    }
    others = [c for c in items(status, "conditions") if c is not known]
    status["conditions"] = [*others, condition]


def _too_many(why: str, *, retry_after: int = 0) -> StatusError:
    cause = {"reason": "DisruptionBudget", "message": why}
    details: Value = {"causes": [cause]}
    if retry_after:
        details["retryAfterSeconds"] = retry_after
    return StatusError(429, "TooManyRequests", _REFUSED, details=details)
