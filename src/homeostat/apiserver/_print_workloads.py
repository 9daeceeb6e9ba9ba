"""How workloads and what guards them are shown.

Source: kubernetes ``pkg/printers/internalversion/printers.go``.
"""

from datetime import datetime
from typing import Any

from homeostat.api import JSON
from homeostat.apiserver._access import child, items
from homeostat.apiserver._print_columns import (
    AGE,
    NAME,
    Column,
    Printer,
    integers,
    texts,
    wide,
)
from homeostat.apiserver._print_text import (
    NONE,
    UNSET,
    Ages,
    containers,
    duration,
    labels,
    name_of,
    selector,
    some,
)

__all__ = ["PRINTERS"]

Value = dict[str, Any]


def _count(value: Value, name: str) -> int:
    return value.get(name) or 0


def _counts(value: Value, *names: str) -> list[JSON]:
    return [_count(value, name) for name in names]


def _deployment(value: Value, ages: Ages) -> list[JSON]:
    spec, status = child(value, "spec"), child(value, "status")
    return [
        name_of(value),
        f"{_count(status, 'readyReplicas')}/{_count(spec, 'replicas')}",
        *_counts(status, "updatedReplicas", "availableReplicas"),
        ages.of(value),
        *containers(child(spec, "template")),
        selector(spec.get("selector")),
    ]


def _replicas(value: Value, ages: Ages, selected: str) -> list[JSON]:
    spec, status = child(value, "spec"), child(value, "status")
    return [
        name_of(value),
        _count(spec, "replicas"),
        *_counts(status, "replicas", "readyReplicas"),
        ages.of(value),
        *containers(child(spec, "template")),
        some(selected),
    ]


def _replica_set(value: Value, ages: Ages) -> list[JSON]:
    return _replicas(value, ages, selector(child(value, "spec").get("selector")))


def _replication_controller(value: Value, ages: Ages) -> list[JSON]:
    return _replicas(value, ages, labels(child(value, "spec").get("selector")))


def _stateful_set(value: Value, ages: Ages) -> list[JSON]:
    spec, status = child(value, "spec"), child(value, "status")
    return [
        name_of(value),
        f"{_count(status, 'readyReplicas')}/{_count(spec, 'replicas')}",
        ages.of(value),
        *containers(child(spec, "template")),
    ]


def _daemon_set(value: Value, ages: Ages) -> list[JSON]:
    spec, status = child(value, "spec"), child(value, "status")
    template = child(spec, "template")
    return [
        name_of(value),
        *_counts(
            status,
            "desiredNumberScheduled",
            "currentNumberScheduled",
            "numberReady",
            "updatedNumberScheduled",
            "numberAvailable",
        ),
        some(labels(child(template, "spec").get("nodeSelector"))),
        ages.of(value),
        *containers(template),
        some(selector(spec.get("selector"))),
    ]


def _job(value: Value, ages: Ages) -> list[JSON]:
    spec, status = child(value, "spec"), child(value, "status")
    return [
        name_of(value),
        _job_status(value),
        _completions(spec, _count(status, "succeeded")),
        _job_duration(status, ages),
        ages.of(value),
        *containers(child(spec, "template")),
        some(selector(spec.get("selector"))),
    ]


def _job_status(value: Value) -> str:
    known: dict[str, str] = {}
    for condition in items(child(value, "status"), "conditions"):
        known.setdefault(condition["type"], condition["status"])
    deleted = bool(value["metadata"].get("deletionTimestamp"))
    for condition, shown in (
        ("Complete", "Complete"),
        ("Failed", "Failed"),
        ("", "Terminating"),
        ("Suspended", "Suspended"),
        ("FailureTarget", "FailureTarget"),
        ("SuccessCriteriaMet", "SuccessCriteriaMet"),
    ):
        if known.get(condition) == "True" or (not condition and deleted):
            return shown
    return "Running"


def _completions(spec: Value, succeeded: int) -> str:
    wanted = spec.get("completions")
    if wanted is not None:
        return f"{succeeded}/{wanted}"
    parallel = _count(spec, "parallelism")
    return f"{succeeded}/1 of {parallel}" if parallel > 1 else f"{succeeded}/1"


def _job_duration(status: Value, ages: Ages) -> str:
    start, end = status.get("startTime"), status.get("completionTime")
    if not start:
        return ""
    if not end:
        return ages.since(start)
    span = datetime.fromisoformat(end) - datetime.fromisoformat(start)
    return duration(span.total_seconds())


def _cron_job(value: Value, ages: Ages) -> list[JSON]:
    spec, status = child(value, "spec"), child(value, "status")
    job = child(child(spec, "jobTemplate"), "spec")
    last, suspend = status.get("lastScheduleTime"), spec.get("suspend")
    return [
        name_of(value),
        spec.get("schedule", ""),
        spec.get("timeZone", NONE),
        UNSET if suspend is None else str(suspend),
        len(items(status, "active")),
        ages.since(last) if last else NONE,
        ages.of(value),
        *containers(child(job, "template")),
        some(selector(job.get("selector"))),
    ]


def _controller_revision(value: Value, ages: Ages) -> list[JSON]:
    owners = items(value["metadata"], "ownerReferences")
    owner = next((each for each in owners if each.get("controller")), None)
    shown = NONE
    if owner is not None:
        group, slash, _ = owner["apiVersion"].partition("/")
        kind = f"{owner['kind']}.{group}" if slash else owner["kind"]
        shown = f"{kind.lower()}/{owner['name']}"
    return [name_of(value), shown, value.get("revision", 0), ages.of(value)]


def _disruption_budget(value: Value, ages: Ages) -> list[JSON]:
    spec = child(value, "spec")
    return [
        name_of(value),
        str(spec.get("minAvailable", "N/A")),
        str(spec.get("maxUnavailable", "N/A")),
        _count(child(value, "status"), "disruptionsAllowed"),
        ages.of(value),
    ]


_POD_TEMPLATE = wide("Containers", "Images")
_TEMPLATE = (*_POD_TEMPLATE, *wide("Selector"))
_REPLICAS = (NAME, *integers("Desired", "Current", "Ready"), AGE, *_TEMPLATE)

PRINTERS = {
    ("apps", "deployments"): Printer(
        (NAME, *texts("Ready", "Up-to-date", "Available"), AGE, *_TEMPLATE),
        _deployment,
    ),
    ("apps", "replicasets"): Printer(_REPLICAS, _replica_set),
    ("", "replicationcontrollers"): Printer(_REPLICAS, _replication_controller),
    ("apps", "statefulsets"): Printer(
        (NAME, *texts("Ready"), AGE, *_POD_TEMPLATE), _stateful_set
    ),
    ("apps", "daemonsets"): Printer(
        (
            NAME,
            *integers("Desired", "Current", "Ready", "Up-to-date", "Available"),
            *texts("Node Selector"),
            AGE,
            *_TEMPLATE,
        ),
        _daemon_set,
    ),
    ("batch", "jobs"): Printer(
        (NAME, *texts("Status", "Completions", "Duration"), AGE, *_TEMPLATE), _job
    ),
    ("batch", "cronjobs"): Printer(
        (
            NAME,
            *texts("Schedule", "Timezone"),
            Column("Suspend", "boolean"),
            *integers("Active"),
            *texts("Last Schedule"),
            AGE,
            *_TEMPLATE,
        ),
        _cron_job,
    ),
    ("apps", "controllerrevisions"): Printer(
        (NAME, *texts("Controller", "Revision"), AGE), _controller_revision
    ),
    ("policy", "poddisruptionbudgets"): Printer(
        (
            NAME,
            *texts("Min Available", "Max Unavailable"),
            *integers("Allowed Disruptions"),
            AGE,
        ),
        _disruption_budget,
    ),
}
