"""The CronJob controller: Jobs at the times of a schedule.

Source: kubernetes ``pkg/controller/cronjob``.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo

from homeostat.api import Time, controller_of
from homeostat.cache import Index, Record
from homeostat.controller import Context, KindController, Result, controller
from homeostat.errors import AlreadyExistsError, ApiError, NotFoundError
from homeostat.k8s import batch_v1, core_v1
from homeostat.localcluster._cron_schedule import Schedule, parse_schedule
from homeostat.localcluster._cronjob_state import (
    delay,
    is_too_late,
    job_name,
    job_of,
    missed,
    surplus_jobs,
    told_time,
    zone_of,
)
from homeostat.localcluster._job_status import ended_as, find_condition
from homeostat.localcluster._refusals import Refusals

__all__ = ["cron_jobs"]


def _controller_uid(record: Record) -> str | None:
    return record.controller_uid


jobs_by_controller = Index(batch_v1.Job, by=_controller_uid, name="controller")


def cron_jobs() -> KindController[batch_v1.CronJob]:
    """Return a CronJob controller."""
    refusals, plans = Refusals(), _Plans()

    @controller(
        batch_v1.CronJob,
        name="cronjob-controller",
        owns=[batch_v1.Job],
        max_concurrent_reconciles=4,
        reconcile_deleting=True,
    )
    async def cron_job(item: batch_v1.CronJob, ctx: Context) -> Result | None:
        """Take in what became of the Jobs, and start the one that is due."""
        is_new_plan = plans.note(item)
        with refusals.asking_for(item):
            return await _Sync(item, ctx).run(starts=not is_new_plan)

    return cron_job


class _Plans:
    """The schedules that were seen last, by uid.

    With another schedule nothing is due that would have been: it begins to count. Not
    so where a controller begins anew, which knows of no other schedule.
    """

    def __init__(self, *, size: int = 4096) -> None:
        self._size = size
        self._known: dict[str, tuple[str, str | None]] = {}

    def note(self, item: batch_v1.CronJob) -> bool:
        """Take in the schedule of a CronJob; return whether it was another before."""
        plan = item.spec.schedule, item.spec.time_zone
        before = self._known.pop(item.metadata.uid, plan)
        self._known[item.metadata.uid] = plan
        while len(self._known) > self._size:
            del self._known[next(iter(self._known))]
        return before != plan


class _Sync:
    """One reconcile of a CronJob."""

    def __init__(self, cron_job: batch_v1.CronJob, ctx: Context) -> None:
        self.item = cron_job
        self.ctx = ctx
        self._zone: tzinfo = UTC

    async def run(self, *, starts: bool) -> Result | None:
        item, now = self.item, self.ctx.clock.now()
        for job in surplus_jobs(item, self._jobs()):
            await self._delete(job)
        await self._take_in(self._jobs())
        after: float | None = None
        try:
            schedule = await self._schedule()
            if schedule is not None:
                if starts:
                    await self._start(schedule, now)
                after = delay(item, schedule, now)
        finally:
            await self.ctx.update_status(item)
        return None if after is None else Result(requeue_after=after)

    def _jobs(self) -> Sequence[batch_v1.Job]:
        return self.ctx.list(jobs_by_controller[self.item.metadata.uid])

    async def _take_in(self, jobs: Sequence[batch_v1.Job]) -> None:
        """Say in the status which Jobs are at work, and when one last succeeded."""
        status = self.item.status
        active = {each.uid for each in status.active}
        for job in jobs:
            end, name = ended_as(job), job.metadata.name
            if end is None and job.metadata.uid not in active:
                text = "Saw a job that the controller did not create or forgot"
                self.ctx.event("UnexpectedJob", f"{text}: {name}", type="Warning")
            if end is not None and job.metadata.uid in active:
                self._forget(job.metadata.uid)
                text = f"Saw completed job: {name}, condition: {end.type}"
                self.ctx.event("SawCompletedJob", text)
            done, last = job.status.completion_time, status.last_successful_time
            if find_condition(job, "Complete") and done and (not last or done > last):
                status.last_successful_time = done
        known = {job.metadata.uid for job in jobs}
        for each in [each for each in status.active if each.uid not in known]:
            if await self._live(each) is None:
                text = f"Active job went missing: {each.name}"
                self.ctx.event("MissingJob", text)
                self._forget(each.uid)

    def _forget(self, uid: str) -> None:
        status = self.item.status
        status.active = [each for each in status.active if each.uid != uid]

    async def _live(self, reference: core_v1.ObjectReference) -> batch_v1.Job | None:
        try:
            return await self.ctx.client.get(
                batch_v1.Job, reference.name, namespace=reference.namespace
            )
        except NotFoundError:
            return None

    async def _schedule(self) -> Schedule | None:
        """Return the schedule, None where nothing is to be started by it."""
        item = self.item
        if item.metadata.deletion_timestamp:
            return None
        try:
            # Zones are read from files.
            self._zone = await self.ctx.in_thread(zone_of, item)
        except ValueError as error:
            text = f'invalid timeZone: "{item.spec.time_zone}": {error}'
            self.ctx.event("UnknownTimeZone", text, type="Warning")
            return None
        if item.spec.suspend:
            return None
        try:
            return parse_schedule(item.spec.schedule, self._zone)
        except ValueError as error:
            text = f'unparseable schedule: "{item.spec.schedule}" : {error}'
            self.ctx.event("UnparseableSchedule", text, type="Warning")
            return None

    async def _start(self, schedule: Schedule, now: datetime) -> None:
        """Start the Job that is due, if the policies allow it."""
        item = self.item
        found = missed(item, schedule, now, within_deadline=True)
        if found.is_broken:
            text = "time difference between two schedules is less than 1 second"
            text = f"invalid schedule: {item.spec.schedule} : {text}"
            self.ctx.event("InvalidSchedule", text, type="Warning")
        due = found.latest
        if due is None:
            return
        if found.many:
            text = "too many missed start times. Set or decrease "
            text += ".spec.startingDeadlineSeconds or check clock skew"
            self.ctx.event("TooManyMissedTimes", text, type="Warning")
        if is_too_late(item, due, now):
            text = f"Missed scheduled time to start a job: {told_time(due)}"
            self.ctx.event("MissSchedule", text, type="Warning")
            return
        active = {each.name for each in item.status.active}
        if job_name(item, due) in active or item.status.last_schedule_time == due:
            return
        if active and item.spec.concurrency_policy == "Forbid":
            text = "Not starting job because prior execution is running and "
            self.ctx.event("JobAlreadyActive", f"{text}concurrency policy is Forbid")
            return
        if item.spec.concurrency_policy == "Replace":
            await self._stop_active()
        await self._create(due)

    async def _stop_active(self) -> None:
        for each in self.item.status.active:
            job = await self._live(each)
            if job is None:
                self._forget(each.uid)
            else:
                await self._delete(job)

    async def _create(self, due: datetime) -> None:
        job = job_of(self.item, due, self._zone)
        try:
            made = await self.ctx.create(job, owned=True)
        except AlreadyExistsError:
            meta = job.metadata
            # It was made before, by a controller that did not get further.
            made = await self.ctx.client.get(
                batch_v1.Job, meta.name, namespace=meta.namespace
            )
            owner = controller_of(made)
            if owner is None or owner.uid != self.item.metadata.uid:
                return
        except ApiError as error:
            if not error.is_namespace_terminating:
                text = f"Error creating job: {error.message}"
                self.ctx.event("FailedCreate", text, type="Warning")
            raise
        else:
            name = made.metadata.name
            self.ctx.event("SuccessfulCreate", f"Created job {name}")
        status = self.item.status
        status.active.append(
            core_v1.ObjectReference(
                api_version="batch/v1",
                kind="Job",
                namespace=made.metadata.namespace,
                name=made.metadata.name,
                uid=made.metadata.uid,
                resource_version=made.metadata.resource_version,
            )
        )
        status.last_schedule_time = Time.of(due)

    async def _delete(self, job: batch_v1.Job) -> None:
        try:
            await self.ctx.delete(job, propagation="Background")
        except ApiError as error:
            text = f"Deleted job: {error.message}"
            self.ctx.event("FailedDelete", text, type="Warning")
            raise
        self._forget(job.metadata.uid)
        self.ctx.event("SuccessfulDelete", f"Deleted job {job.metadata.name}")
