"""How a Job ends, and what its status says: functions that change the status they get.

A pod is counted in three steps, so that none is counted twice or lost whenever the
controller stops: its uid goes into ``uncountedTerminatedPods``, its finalizer comes
off, and only then does the counter take the uid's place.

Source: kubernetes ``pkg/controller/job/job_controller.go``.
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import datetime

from homeostat.api import Time
from homeostat.k8s import batch_v1, core_v1
from homeostat.localcluster._job_indexes import format_indexes
from homeostat.localcluster._job_pods import (
    index_of,
    is_failed,
    is_indexed,
    is_tracked,
)
from homeostat.localcluster._job_policies import failure_verdict, matched_success_rule
from homeostat.localcluster._job_state import JobState, deadline_left

__all__ = [
    "REACHED",
    "Verdict",
    "add_interim",
    "add_uncounted",
    "count",
    "end",
    "ended_as",
    "find_condition",
    "is_complete",
    "note_suspension",
    "uncounted_of",
    "verdict_on",
]

# As many uids as the status holds at a time.
MAX_UNCOUNTED = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a Job ends: said first, and made final once all its pods are counted."""

    success: bool
    reason: str
    message: str

    @property
    def interim(self) -> str:
        """The condition that says how the Job will end."""
        return "SuccessCriteriaMet" if self.success else "FailureTarget"

    @property
    def final(self) -> str:
        """The condition that says that the Job has ended."""
        return "Complete" if self.success else "Failed"


REACHED = Verdict(
    success=True,
    reason="CompletionsReached",
    message="Reached expected number of succeeded pods",
)


def find_condition(job: batch_v1.Job, kind: str) -> batch_v1.JobCondition | None:
    """Return the condition of a type, None without one that is true."""
    for condition in job.status.conditions:
        if (condition.type, condition.status) == (kind, "True"):
            return condition
    return None


def ended_as(job: batch_v1.Job) -> batch_v1.JobCondition | None:
    """Return the condition with which the Job has ended, None while it has not."""
    return find_condition(job, "Complete") or find_condition(job, "Failed")


def verdict_on(state: JobState) -> Verdict | None:
    """Return how a Job ends, None of one that goes on or is done with its work.

    What was said once stands. Failures weigh more than successes.
    """
    job = state.job
    for success, kind in ((True, "SuccessCriteriaMet"), (False, "FailureTarget")):
        said = find_condition(job, kind)
        if said is not None:
            return Verdict(success=success, reason=said.reason, message=said.message)
    reason, message = _fault(state) or _fault_of_indexes(state) or ("", "")
    if reason:
        return Verdict(success=False, reason=reason, message=message)
    rule = matched_success_rule(
        job.spec.success_policy, state.completed, job.spec.completions or 0
    )
    if rule is None:
        return None
    text = f"Matched rules at index {rule}"
    return Verdict(success=True, reason="SuccessPolicy", message=text)


def _fault(state: JobState) -> tuple[str, str] | None:
    job = state.job
    for pod in state.pods:
        if is_failed(pod, job):
            verdict = failure_verdict(job.spec.pod_failure_policy, pod)
            if verdict.message:
                return "PodFailurePolicy", verdict.message
    limit = job.spec.backoff_limit
    if limit is not None and (state.failed > limit or _restarts_reach(limit, state)):
        return "BackoffLimitExceeded", "Job has reached the specified backoff limit"
    left = deadline_left(job, state.now)
    if left is not None and left <= 0:
        return "DeadlineExceeded", "Job was active longer than specified deadline"
    return None


def _restarts_reach(limit: int, state: JobState) -> bool:
    """Tell whether containers that are restarted in place have failed too often."""
    if state.job.spec.template.spec.restart_policy != "OnFailure":
        return False
    restarts = sum(
        status.restart_count
        for pod in state.pods
        if pod.status.phase in {"Running", "Pending"}
        for status in (
            *pod.status.init_container_statuses,
            *pod.status.container_statuses,
        )
    )
    return restarts >= max(limit, 1)


def _fault_of_indexes(state: JobState) -> tuple[str, str] | None:
    if not state.lost:
        return None
    most = state.job.spec.max_failed_indexes
    if most is not None and len(state.lost) > most:
        text = "Job has exceeded the specified maximal number of failed indexes"
        return "MaxFailedIndexesExceeded", text
    if len(state.lost) + len(state.completed) >= (state.job.spec.completions or 0):
        return "FailedIndexes", "Job has failed indexes"
    return None


def is_complete(state: JobState, active: int) -> bool:
    """Tell whether a Job has done its work.

    Args:
        state: Of the Job.
        active: How many pods are active by now.
    """
    completions = state.job.spec.completions
    wanted = 1 if completions is None else completions
    return active == 0 and state.succeeded >= wanted


def note_suspension(job: batch_v1.Job, now: datetime) -> tuple[str, str] | None:
    """Say in the status whether the Job is suspended.

    Returns:
        Reason and message of the event that tells of a change, None without one.
    """
    known = next((c for c in job.status.conditions if c.type == "Suspended"), None)
    suspended = bool(job.spec.suspend)
    if suspended == (known is not None and known.status == "True"):
        return None
    if suspended:
        _put(job, "Suspended", "True", "JobSuspended", "Job suspended", now)
        job.status.start_time = None
        return "Suspended", "Job suspended"
    _put(job, "Suspended", "False", "JobResumed", "Job resumed", now)
    # The deadline is one of the time for which it is active without a break.
    job.status.start_time = Time.of(now)
    return "Resumed", "Job resumed"


def _put(
    job: batch_v1.Job,
    kind: str,
    status: str,
    reason: str,
    message: str,
    now: datetime,
) -> None:
    moment = Time.of(now)
    condition = batch_v1.JobCondition(
        type=kind,
        status=status,
        reason=reason,
        message=message,
        last_probe_time=moment,
        last_transition_time=moment,
    )
    known = [c.type for c in job.status.conditions]
    if kind in known:
        job.status.conditions[known.index(kind)] = condition
    else:
        job.status.conditions.append(condition)


def add_interim(job: batch_v1.Job, verdict: Verdict, now: datetime) -> None:
    """Say in the status how the Job will end, unless it says so already."""
    if find_condition(job, verdict.interim) is None:
        reason, message = verdict.reason, verdict.message
        _put(job, verdict.interim, "True", reason, message, now)


def end(job: batch_v1.Job, verdict: Verdict, now: datetime) -> None:
    """Say in the status that the Job has ended."""
    _put(job, verdict.final, "True", verdict.reason, verdict.message, now)
    if verdict.success:
        job.status.completion_time = Time.of(now)


def uncounted_of(job: batch_v1.Job) -> batch_v1.UncountedTerminatedPods:
    """Return the uids of the pods that ended and are not counted, to be changed."""
    if job.status.uncounted_terminated_pods is None:
        job.status.uncounted_terminated_pods = batch_v1.UncountedTerminatedPods()
    return job.status.uncounted_terminated_pods


def count(job: batch_v1.Job, tracked: Container[str]) -> None:
    """Count the pods whose finalizer is off.

    Args:
        job: The Job.
        tracked: The uids of the pods that have it still.
    """
    status, uncounted = job.status, uncounted_of(job)
    rest = [uid for uid in uncounted.succeeded if uid in tracked]
    status.succeeded += len(uncounted.succeeded) - len(rest)
    uncounted.succeeded = rest
    rest = [uid for uid in uncounted.failed if uid in tracked]
    status.failed += len(uncounted.failed) - len(rest)
    uncounted.failed = rest


def add_uncounted(
    state: JobState, verdict: Verdict | None
) -> tuple[list[core_v1.Pod], bool]:
    """Take the pods that have ended into the status, as not counted yet.

    Args:
        state: Of the Job, whose status is changed.
        verdict: How it ends, None while it goes on.

    Returns:
        The pods whose finalizers may come off, and whether that is all of them.
    """
    job, uncounted = state.job, uncounted_of(state.job)
    done: list[core_v1.Pod] = []
    new_indexes = 0
    for pod in _in_order(state):
        if not is_tracked(pod) or not _may_go(pod, state, verdict):
            continue
        done.append(pod)
        uid, succeeded = pod.metadata.uid, pod.status.phase == "Succeeded"
        if succeeded and uid not in uncounted.failed:
            if is_indexed(job):
                new_indexes += _is_new(pod, state)
            elif uid not in uncounted.succeeded:
                uncounted.succeeded.append(uid)
        elif _counts_as_failed(pod, state, verdict) and uid not in uncounted.failed:
            uncounted.failed.append(uid)
        size = len(uncounted.succeeded) + len(uncounted.failed) + new_indexes
        if size >= MAX_UNCOUNTED:
            return done, False
    if is_indexed(job):
        job.status.succeeded = len(state.completed)
        job.status.completed_indexes = format_indexes(state.completed)
        if state.lost is not None:
            job.status.failed_indexes = format_indexes(state.lost)
    return done, True


def _in_order(state: JobState) -> Iterable[core_v1.Pod]:
    if not is_indexed(state.job):
        return state.pods
    return sorted(state.pods, key=lambda pod: index_of(pod) or -1)


def _may_go(pod: core_v1.Pod, state: JobState, verdict: Verdict | None) -> bool:
    """Tell whether nothing needs the pod any more."""
    leaving = state.job.metadata.deletion_timestamp is not None
    if leaving or verdict is not None or pod.status.phase == "Succeeded":
        return True
    if not is_failed(pod, state.job):
        return False
    # The next pod of its index takes over from it how often that has failed.
    return all(pod.metadata.uid != p.metadata.uid for p in state.awaiting.values())


def _is_new(pod: core_v1.Pod, state: JobState) -> bool:
    index = index_of(pod)
    return index in state.completed and index not in state.counted


def _counts_as_failed(
    pod: core_v1.Pod, state: JobState, verdict: Verdict | None
) -> bool:
    job = state.job
    # What still runs when the Job has failed has failed as well.
    lost = verdict is not None and not verdict.success
    if not (lost or is_failed(pod, job)):
        return False
    index = index_of(pod)
    if is_indexed(job) and (index is None or index >= (job.spec.completions or 0)):
        return False
    return failure_verdict(job.spec.pod_failure_policy, pod).counts
