"""What a Job sees in one of its pods, and the pods that it makes.

Source: kubernetes ``pkg/controller/job`` (indexed_job_utils.go, backoff_utils.go).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from homeostat.api import ObjectMeta
from homeostat.k8s import batch_v1, core_v1
from homeostat.localcluster._job_policies import failure_verdict
from homeostat.localcluster._replicas import is_ready, ready_since

__all__ = [
    "INDEX",
    "TRACKING",
    "failed_tries",
    "finished_at",
    "index_of",
    "indexes_of",
    "is_failed",
    "is_indexed",
    "is_tracked",
    "pod_of",
    "replaces_only_failed",
    "surplus",
]

TRACKING = "batch.kubernetes.io/job-tracking"
INDEX = "batch.kubernetes.io/job-completion-index"
_FAILURES = "batch.kubernetes.io/job-index-failure-count"
_IGNORED = "batch.kubernetes.io/job-index-ignored-failure-count"
_INDEX_VARIABLE = "JOB_COMPLETION_INDEX"
# The server adds five random letters to it, and a name has at most 63.
_PREFIX_SIZE = 58
_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}


def is_indexed(job: batch_v1.Job) -> bool:
    """Tell whether each pod of the Job has an index of its own to complete."""
    return job.spec.completion_mode == "Indexed"


def is_tracked(pod: core_v1.Pod) -> bool:
    """Tell whether the pod has still to be counted."""
    return TRACKING in pod.metadata.finalizers


def index_of(pod: core_v1.Pod) -> int | None:
    """Return the completion index of a pod, None of one that has none."""
    text = pod.metadata.annotations.get(INDEX, "")
    return int(text) if text.isdecimal() else None


def indexes_of(pods: Iterable[core_v1.Pod]) -> set[int]:
    """Return the completion indexes that these pods have."""
    return {index for pod in pods if (index := index_of(pod)) is not None}


def replaces_only_failed(job: batch_v1.Job) -> bool:
    """Tell whether a pod that is being deleted is replaced only when it has failed."""
    policy = job.spec.pod_replacement_policy
    return policy == "Failed" or job.spec.pod_failure_policy is not None


def is_failed(pod: core_v1.Pod, job: batch_v1.Job) -> bool:
    """Tell whether the pod counts as failed for its Job.

    One that is being deleted may never get so far as to say so itself.
    """
    if pod.status.phase == "Failed":
        return True
    if replaces_only_failed(job):
        return False
    leaving = pod.metadata.deletion_timestamp is not None
    return leaving and pod.status.phase != "Succeeded"


def finished_at(pod: core_v1.Pod) -> datetime:
    """Return when the pod ended, as well as one can tell from what it says."""
    times = _container_ends(pod)
    if times:
        return max(times)
    for condition in pod.status.conditions:
        since = condition.last_transition_time
        if (condition.type, condition.status) == ("Ready", "False") and since:
            return since
    meta = pod.metadata
    if meta.deletion_timestamp:
        grace = timedelta(seconds=meta.deletion_grace_period_seconds or 0)
        return meta.deletion_timestamp - grace
    assert meta.creation_timestamp is not None  # of every object that was stored
    return meta.creation_timestamp


def _container_ends(pod: core_v1.Pod) -> list[datetime]:
    """Return when each container ended that counts; nothing while one runs."""
    sidecars = {
        c.name for c in pod.spec.init_containers if c.restart_policy == "Always"
    }
    statuses = [
        *pod.status.container_statuses,
        *(s for s in pod.status.init_container_statuses if s.name in sidecars),
    ]
    times: list[datetime] = []
    for status in statuses:
        ended = status.state.terminated
        if ended is None or ended.finished_at is None:
            return []
        times.append(ended.finished_at)
    return times


def failed_tries(pod: core_v1.Pod) -> tuple[int, int]:
    """Return how many failed pods of its index came before, counted and ignored."""
    counts = (pod.metadata.annotations.get(key, "") for key in (_FAILURES, _IGNORED))
    counted, ignored = (int(text) if text.isdecimal() else 0 for text in counts)
    return counted, ignored


def surplus(
    job: batch_v1.Job, active: Sequence[core_v1.Pod], at_least: int
) -> list[core_v1.Pod]:
    """Return the active pods that have to go, those that are missed least first.

    Args:
        job: The Job.
        active: Its active pods.
        at_least: How many are too many. Of an Indexed Job those go as well that have no
            index to complete, or share one.
    """
    ranked = sorted(active, key=_worth)
    if not is_indexed(job):
        return ranked[:at_least]
    keepers = {
        index: pod
        for pod in ranked
        if (index := index_of(pod)) is not None and index < (job.spec.completions or 0)
    }
    kept = {pod.metadata.uid for pod in keepers.values()}
    going = [pod for pod in ranked if pod.metadata.uid not in kept]
    staying = [pod for pod in ranked if pod.metadata.uid in kept]
    return going + staying[: max(at_least - len(going), 0)]


def _worth(pod: core_v1.Pod) -> tuple[bool, int, bool, float, int, float]:
    """Return what makes a pod worth keeping, the weightiest first.

    Source: ``ActivePods.Less`` of kubernetes ``pkg/controller/controller_utils.go``.
    """
    since, created = ready_since(pod), pod.metadata.creation_timestamp
    restarts = max((c.restart_count for c in pod.status.container_statuses), default=0)
    return (
        bool(pod.spec.node_name),
        _PHASES.get(pod.status.phase, 0),
        is_ready(pod),
        -since.timestamp() if since else 0.0,
        -restarts,
        -created.timestamp() if created else 0.0,
    )


def pod_of(
    job: batch_v1.Job, index: int | None = None, replaced: core_v1.Pod | None = None
) -> core_v1.Pod:
    """Return a pod to create.

    Args:
        job: The Job.
        index: What it is to complete; None of a Job that is not Indexed.
        replaced: The failed pod in whose place it comes.
    """
    name, template = job.metadata.name, job.spec.template
    meta = ObjectMeta(
        generate_name=f"{name}-",
        namespace=job.metadata.namespace,
        labels=dict(template.metadata.labels),
        annotations=dict(template.metadata.annotations),
        finalizers=list(template.metadata.finalizers),
    )
    if TRACKING not in meta.finalizers:
        meta.finalizers.append(TRACKING)
    spec = template.spec
    if index is not None:
        meta.generate_name = _prefix(name, index)
        meta.labels[INDEX] = meta.annotations[INDEX] = str(index)
        spec.hostname = f"{name}-{index}"
        if job.spec.backoff_limit_per_index is not None:
            meta.annotations.update(_counts(job, replaced))
        for container in (*spec.init_containers, *spec.containers):
            _add_variable(container)
    return core_v1.Pod(metadata=meta, spec=spec)


def _prefix(name: str, index: int) -> str:
    end = f"-{index}-"
    return f"{name[: _PREFIX_SIZE - len(end)]}{end}"


def _counts(job: batch_v1.Job, replaced: core_v1.Pod | None) -> dict[str, str]:
    """Return how often its index has failed so far, as annotations of a pod."""
    if replaced is None:
        return {_FAILURES: "0"}
    counted, ignored = failed_tries(replaced)
    if failure_verdict(job.spec.pod_failure_policy, replaced).counts:
        counted += 1
    else:
        ignored += 1
    counts = {_FAILURES: str(counted)}
    return {**counts, _IGNORED: str(ignored)} if ignored else counts


def _add_variable(container: core_v1.Container) -> None:
    if any(variable.name == _INDEX_VARIABLE for variable in container.env):
        return
    field = core_v1.ObjectFieldSelector(field_path=f"metadata.labels['{INDEX}']")
    source = core_v1.EnvVarSource(field_ref=field)
    container.env.append(core_v1.EnvVar(name=_INDEX_VARIABLE, value_from=source))
