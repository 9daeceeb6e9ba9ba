"""Where a Job stands, what it needs next, and whether it has ended.

Source: kubernetes ``pkg/controller/job/job_controller.go``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from homeostat.k8s import batch_v1, core_v1
from homeostat.localcluster._job_backoff import Backoff
from homeostat.localcluster._job_indexes import indexes_in, pending
from homeostat.localcluster._job_pods import (
    failed_tries,
    finished_at,
    index_of,
    indexes_of,
    is_failed,
    is_indexed,
    is_tracked,
    replaces_only_failed,
    surplus,
)
from homeostat.localcluster._job_policies import failure_verdict
from homeostat.localcluster._replicas import is_active, is_terminating

__all__ = ["JobState", "Plan", "deadline_left", "look", "plan"]

# As many pods as one reconcile creates or deletes; the rest waits for the next one.
BURST = 500

Pods: TypeAlias = Sequence[core_v1.Pod]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobState:
    """A Job and its pods at one moment.

    Attributes:
        job: The Job, with the status that was written last.
        pods: Its pods, those that have ended included.
        active: Those that have not, and are not being deleted.
        terminating: Those that have not, and are.
        succeeded: How many have succeeded; of an Indexed Job, how many indexes.
        failed: How many have failed, but for those that a policy ignores.
        backoff: The failures since the last success.
        counted: The indexes whose success is in the status already.
        completed: The indexes that have succeeded.
        lost: The indexes that have failed too often; None where all pods share one
            limit.
        awaiting: By index, the failed pod that stays until another takes its place.
        now: Wall time.
    """

    job: batch_v1.Job
    pods: Pods
    active: Pods
    terminating: Pods
    succeeded: int
    failed: int
    backoff: Backoff
    counted: frozenset[int]
    completed: frozenset[int]
    lost: frozenset[int] | None
    awaiting: dict[int, core_v1.Pod]
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a Job that goes on does with its pods.

    Attributes:
        delete: The pods that go.
        create: For each new pod the index that it is to complete, or None.
        after: Seconds until there is more to create, None when there is not.
    """

    delete: Pods = ()
    create: Sequence[int | None] = ()
    after: float | None = None


def look(job: batch_v1.Job, pods: Pods, backoff: Backoff, now: datetime) -> JobState:
    """Return where a Job stands.

    Args:
        job: The Job.
        pods: Its pods.
        backoff: As it was before these pods ended.
        now: Wall time.
    """
    uncounted = job.status.uncounted_terminated_pods or (
        batch_v1.UncountedTerminatedPods()
    )
    active = [pod for pod in pods if is_active(pod)]
    valid = [pod for pod in pods if is_tracked(pod) and _has_place(pod, job)]
    succeeded = [
        pod
        for pod in valid
        if pod.status.phase == "Succeeded"
        and pod.metadata.uid not in uncounted.succeeded
    ]
    failed = [
        pod
        for pod in valid
        if is_failed(pod, job) and pod.metadata.uid not in uncounted.failed
    ]
    policy = job.spec.pod_failure_policy
    counted_failures = sum(failure_verdict(policy, pod).counts for pod in failed)
    indexes = _Indexes(job, valid, active) if is_indexed(job) else None
    done = job.status.succeeded + len(succeeded) + len(uncounted.succeeded)
    return JobState(
        job=job,
        pods=pods,
        active=active,
        terminating=[pod for pod in pods if is_terminating(pod)],
        succeeded=len(indexes.completed) if indexes else done,
        failed=job.status.failed + counted_failures + len(uncounted.failed),
        backoff=backoff.after(map(finished_at, succeeded), map(finished_at, failed)),
        counted=frozenset(indexes.counted) if indexes else frozenset(),
        completed=frozenset(indexes.completed) if indexes else frozenset(),
        lost=indexes.lost if indexes else None,
        awaiting=indexes.awaiting if indexes else {},
        now=now,
    )


def _has_place(pod: core_v1.Pod, job: batch_v1.Job) -> bool:
    """Tell whether a pod of an Indexed Job has one of its indexes."""
    if not is_indexed(job):
        return True
    index = index_of(pod)
    return index is not None and index < (job.spec.completions or 0)


@dataclass(slots=True)
class _Indexes:
    """The indexes of an Indexed Job, from its status and its uncounted pods."""

    job: batch_v1.Job
    valid: Pods
    active: Pods
    counted: set[int] = field(init=False)
    completed: set[int] = field(init=False)
    lost: frozenset[int] | None = field(init=False, default=None)
    awaiting: dict[int, core_v1.Pod] = field(
        init=False, default_factory=dict[int, core_v1.Pod]
    )

    def __post_init__(self) -> None:
        status, completions = self.job.status, self.job.spec.completions or 0
        self.counted = indexes_in(status.completed_indexes, completions)
        succeeded = (pod for pod in self.valid if pod.status.phase == "Succeeded")
        self.completed = self.counted | indexes_of(succeeded)
        limit = self.job.spec.backoff_limit_per_index
        if limit is None:
            return
        known = indexes_in(status.failed_indexes or "", completions)
        failed = [pod for pod in self.valid if is_failed(pod, self.job)]
        lost = indexes_of(pod for pod in failed if self._ends_index(pod, limit))
        self.lost = frozenset(known | lost)
        ended = self.completed | self.lost | indexes_of(self.active)
        for pod in failed:
            index = index_of(pod)
            if index is not None and index not in ended:
                self.awaiting[index] = _later(self.awaiting.get(index), pod)

    def _ends_index(self, pod: core_v1.Pod, limit: int) -> bool:
        verdict = failure_verdict(self.job.spec.pod_failure_policy, pod)
        if verdict.action == "FailIndex":
            return True
        return verdict.counts and failed_tries(pod)[0] >= limit


def _later(known: core_v1.Pod | None, pod: core_v1.Pod) -> core_v1.Pod:
    if known is None:
        return pod
    tries = sum(failed_tries(pod)), sum(failed_tries(known))
    is_later = tries[0] >= tries[1] and finished_at(pod) >= finished_at(known)
    return pod if is_later else known


def plan(state: JobState) -> Plan:
    """Return what to do with the pods of a Job that has not ended.

    A Job deletes or creates pods at one time, never both.
    """
    job, active = state.job, state.active
    if job.spec.suspend:
        return Plan(delete=surplus(job, active, len(active)))
    wanted = _wanted(state)
    going = surplus(job, active, max(len(active) - wanted, 0))[:BURST]
    if going:
        return Plan(delete=going)
    room = wanted - len(active)
    if replaces_only_failed(job):
        room -= len(state.terminating)
    return _creations(state, min(room, BURST)) if room > 0 else Plan()


def _wanted(state: JobState) -> int:
    """Return how many pods the Job has to have active."""
    parallelism = state.job.spec.parallelism or 0
    completions = state.job.spec.completions
    if completions is None:
        # After the first success what runs may end, and nothing more begins.
        return len(state.active) if state.succeeded else parallelism
    return max(min(completions - state.succeeded, parallelism), 0)


def _creations(state: JobState, room: int) -> Plan:
    job = state.job
    by_index = job.spec.backoff_limit_per_index is not None
    left = 0.0 if by_index else state.backoff.remaining(state.now)
    if left:
        return Plan(after=left)
    if not is_indexed(job):
        return Plan(create=[None] * room)
    taken = state.completed | (state.lost or frozenset()) | indexes_of(state.active)
    if replaces_only_failed(job):
        taken |= indexes_of(state.terminating)
    wanted = pending(taken, room, job.spec.completions or 0)
    waits = {index: _wait(state, index) for index in wanted}
    due = [index for index in wanted if not waits[index]]
    return Plan(create=due, after=min(filter(None, waits.values()), default=None))


def _wait(state: JobState, index: int) -> float:
    """Return the seconds until the failed pod of an index may be replaced."""
    pod = state.awaiting.get(index)
    if pod is None:
        return 0.0
    return Backoff(sum(failed_tries(pod)) + 1, finished_at(pod)).remaining(state.now)


def deadline_left(job: batch_v1.Job, now: datetime) -> float | None:
    """Return the seconds for which a Job may still be active, None for ever."""
    limit, start = job.spec.active_deadline_seconds, job.status.start_time
    if limit is None or start is None or job.spec.suspend:
        return None
    return limit - (now - start).total_seconds()
