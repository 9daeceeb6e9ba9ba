"""The Job controller: pods run until enough of them have succeeded.

Source: kubernetes ``pkg/controller/job``.
"""

from collections.abc import Iterable, Sequence

from homeostat.api import Time
from homeostat.controller import Context, KindController, Result, Watch, controller
from homeostat.errors import ApiError, ConflictError, NotFoundError
from homeostat.k8s import batch_v1, core_v1
from homeostat.localcluster._claims import (
    adopters,
    candidates,
    claim,
    pods_by_controller,
    selector_of,
    settle,
)
from homeostat.localcluster._job_backoff import Backoffs
from homeostat.localcluster._job_pods import TRACKING, is_tracked, pod_of
from homeostat.localcluster._job_state import (
    JobState,
    Plan,
    deadline_left,
    look,
    plan,
)
from homeostat.localcluster._job_status import (
    REACHED,
    Verdict,
    add_interim,
    add_uncounted,
    count,
    end,
    ended_as,
    is_complete,
    note_suspension,
    uncounted_of,
    verdict_on,
)
from homeostat.localcluster._pod_writes import create_pod, delete_pod
from homeostat.localcluster._refusals import Refusals
from homeostat.localcluster._replicas import is_active, is_ready, is_terminating

__all__ = ["MANAGER", "is_managed_elsewhere", "jobs", "untrack"]

MANAGER = "kubernetes.io/job-controller"


def is_managed_elsewhere(job: batch_v1.Job) -> bool:
    """Tell whether another controller than this one has the Job in its care."""
    return job.spec.managed_by not in {None, MANAGER}


def jobs() -> KindController[batch_v1.Job]:
    """Return a Job controller."""
    refusals, backoffs = Refusals(), Backoffs()

    @controller(
        batch_v1.Job,
        name="job-controller",
        owns=[core_v1.Pod],
        watches=[Watch(core_v1.Pod, to=adopters(batch_v1.Job))],
        max_concurrent_reconciles=4,
        reconcile_deleting=True,
    )
    async def job(item: batch_v1.Job, ctx: Context) -> Result | None:
        """Count the pods that have ended, then create or delete what is due."""
        if is_managed_elsewhere(item):
            return None
        if ended_as(item):
            backoffs.forget(item.metadata.uid)
            return None
        with refusals.asking_for(item):
            return await _Sync(item, ctx, backoffs).run()

    return job


class _Sync:
    """One reconcile of a Job that has not ended."""

    def __init__(self, job: batch_v1.Job, ctx: Context, backoffs: Backoffs) -> None:
        self.job = job
        self.ctx = ctx
        self._backoffs = backoffs
        # What could not be created or deleted is told once all the rest is done.
        self._failure: ApiError | None = None
        self._after: float | None = None

    async def run(self) -> Result | None:
        job, now = self.job, self.ctx.clock.now()
        uid = job.metadata.uid
        await self._settle_owners()
        state = look(job, self._pods(), self._backoffs.of(uid), now)
        if job.status.start_time is None and not job.spec.suspend:
            job.status.start_time = Time.of(now)
        verdict = await self._advance(state)
        whole = await self._count(state, verdict)
        terminating = job.status.terminating
        if verdict and whole and not (terminating or self._has_uncounted()):
            end(job, verdict, now)
        else:
            verdict = None
        await self.ctx.update_status(job)
        if verdict:
            self._tell_end(verdict)
        if self._failure:
            raise self._failure
        waits = (self._after, None if verdict else deadline_left(job, now))
        return _result(wait for wait in waits if wait is not None)

    async def _settle_owners(self) -> None:
        selector = selector_of(self.job.spec.selector)
        found = candidates(self.job, selector, pods_by_controller, self.ctx)
        claims = claim(self.job, selector, found)
        await settle(self.job, claims, self.ctx, finalizer=TRACKING)

    def _pods(self) -> Sequence[core_v1.Pod]:
        selector = selector_of(self.job.spec.selector)
        owned = self.ctx.list(pods_by_controller[self.job.metadata.uid])
        return [pod for pod in owned if selector.matches(pod.metadata.labels)]

    async def _advance(self, state: JobState) -> Verdict | None:
        """Bring the pods where the Job wants them; return how it ends, if it does."""
        job = self.job
        verdict = verdict_on(state)
        if verdict:
            await self._delete(state.active)
            active = self._note_numbers()
            return None if active else verdict
        managed = job.metadata.deletion_timestamp is None
        if managed:
            await self._follow(state, plan(state))
        active = self._note_numbers()
        if is_complete(state, active):
            return REACHED
        if managed and (told := note_suspension(job, state.now)):
            self.ctx.event(*told)
        return None

    async def _follow(self, state: JobState, steps: Plan) -> None:
        self._after = steps.after
        await self._delete(steps.delete, tracked=False)
        for index in steps.create:
            replaced = None if index is None else state.awaiting.get(index)
            pod = pod_of(self.job, index, replaced)
            if not await self._create(pod):
                return

    async def _create(self, pod: core_v1.Pod) -> bool:
        try:
            return await create_pod(pod, self.ctx)
        except ApiError as error:
            self._failure = error
            return False

    async def _delete(
        self, pods: Iterable[core_v1.Pod], *, tracked: bool = True
    ) -> None:
        """Delete pods; those that are not ``tracked`` any more are not counted."""
        for pod in pods:
            try:
                if not tracked:
                    await untrack(pod, self.ctx)
                await delete_pod(pod, self.ctx)
            except ConflictError:
                raise  # it has changed meanwhile, and so may have what is due
            except ApiError as error:
                self._failure = self._failure or error

    def _note_numbers(self) -> int:
        """Say in the status what pods there are; return how many are active."""
        pods, status = self._pods(), self.job.status
        active = [pod for pod in pods if is_active(pod)]
        status.active = len(active)
        status.ready = sum(map(is_ready, active))
        status.terminating = sum(map(is_terminating, pods))
        return status.active

    async def _count(self, state: JobState, verdict: Verdict | None) -> bool:
        """Count the pods that have ended; return whether these are all of them."""
        job = self.job
        tracked = {pod.metadata.uid for pod in state.pods if is_tracked(pod)}
        count(job, tracked)
        done, whole = add_uncounted(state, verdict)
        if verdict:
            add_interim(job, verdict, state.now)
        await self.ctx.update_status(job)
        self._backoffs.note(job.metadata.uid, state.backoff)
        for pod in done:
            await untrack(pod, self.ctx)
            tracked.discard(pod.metadata.uid)
        count(job, tracked)
        return whole

    def _has_uncounted(self) -> bool:
        uncounted = uncounted_of(self.job)
        return bool(uncounted.succeeded or uncounted.failed)

    def _tell_end(self, verdict: Verdict) -> None:
        job = self.job
        if not verdict.success:
            self.ctx.event(verdict.reason, verdict.message, type="Warning")
            return
        wanted = job.spec.completions
        if wanted is not None and job.status.succeeded > wanted:
            text = "Too many succeeded pods running after completion count reached"
            self.ctx.event("TooManySucceededPods", text, type="Warning")
        self.ctx.event("Completed", "Job completed")


def _result(waits: Iterable[float]) -> Result | None:
    after = min(waits, default=None)
    return None if after is None else Result(requeue_after=max(after, 0.0))


async def untrack(pod: core_v1.Pod, ctx: Context) -> None:
    """Take the finalizer off a pod that is counted, or that nobody will count."""
    meta = pod.metadata
    if TRACKING not in meta.finalizers:
        return
    # Whatever else has changed in the pod meanwhile: it must not be counted twice.
    removal = {"$deleteFromPrimitiveList/finalizers": [TRACKING]}
    patch = {"metadata": {"uid": meta.uid, **removal}}
    name, namespace = meta.name, meta.namespace
    try:
        await ctx.client.patch(
            core_v1.Pod, name, patch, namespace=namespace, type="strategic"
        )
    except NotFoundError:
        return
