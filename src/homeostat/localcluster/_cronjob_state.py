"""When a CronJob has to start what: pure decisions.

Source: kubernetes ``pkg/controller/cronjob`` (utils.go).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from homeostat.api import ObjectMeta
from homeostat.k8s import batch_v1
from homeostat.localcluster._cron_schedule import Schedule
from homeostat.localcluster._job_status import find_condition

__all__ = [
    "Missed",
    "delay",
    "is_too_late",
    "job_name",
    "job_of",
    "missed",
    "surplus_jobs",
    "told_time",
    "zone_of",
]

SCHEDULED_AT = "batch.kubernetes.io/cronjob-scheduled-timestamp"
# A reconcile comes a little late, so that clocks that differ agree that it is due.
PADDING = 0.1  # seconds
MANY = 100
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """The starts since the last one.

    Attributes:
        since: From when on they count.
        latest: The latest that is due, None without one.
        many: There are so many that something must have been wrong.
        is_broken: The schedule never comes twice.
    """

    since: datetime
    latest: datetime | None = None
    many: bool = False
    is_broken: bool = False


def zone_of(cron_job: batch_v1.CronJob) -> tzinfo:
    """Return where the hours of a CronJob are counted.

    Raises:
        ValueError: Nobody knows such a zone.
    """
    name = cron_job.spec.time_zone
    if name is None:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError):
        raise ValueError(f"unknown time zone {name}") from None


def missed(
    cron_job: batch_v1.CronJob,
    schedule: Schedule,
    now: datetime,
    *,
    within_deadline: bool,
) -> Missed:
    """Return which starts are due by now.

    Args:
        cron_job: The CronJob.
        schedule: Its schedule.
        now: Wall time.
        within_deadline: Leave out those for which it is too late.
    """
    since = cron_job.status.last_schedule_time or cron_job.metadata.creation_timestamp
    assert since is not None  # of every object that was stored
    start: datetime = since
    limit = cron_job.spec.starting_deadline_seconds
    if within_deadline and limit is not None:
        start = max(start, now - timedelta(seconds=limit))
    first = schedule.next(start)
    second = schedule.next(first) if first else None
    if first is None or second is None:
        return Missed(since=start, is_broken=True)
    if now < first:
        return Missed(since=start)
    if now < second:
        return Missed(since=start, latest=first)
    step = second - first
    count = (now - first) // step + 1
    # From a little before what a regular schedule would come to, one by one.
    latest: datetime | None = None
    found = schedule.next(first + step * (count - 2))
    while found is not None and found <= now:
        latest, found = found, schedule.next(found)
    return Missed(since=start, latest=latest, many=count > MANY)


def delay(
    cron_job: batch_v1.CronJob, schedule: Schedule, now: datetime
) -> float | None:
    """Return the seconds until the CronJob is due next, None for never."""
    found = missed(cron_job, schedule, now, within_deadline=False)
    base = now if found.is_broken else found.latest or found.since
    following = schedule.next(base)
    if following is None:
        return None
    return max((following - now).total_seconds() + PADDING, 0.0)


def is_too_late(cron_job: batch_v1.CronJob, scheduled: datetime, now: datetime) -> bool:
    """Tell whether a start has been missed for good."""
    limit = cron_job.spec.starting_deadline_seconds
    return limit is not None and scheduled + timedelta(seconds=limit) < now


def job_name(cron_job: batch_v1.CronJob, scheduled: datetime) -> str:
    """Return the name of the Job of a start: there is one such Job at most."""
    return f"{cron_job.metadata.name}-{int(scheduled.timestamp()) // 60}"


def job_of(
    cron_job: batch_v1.CronJob, scheduled: datetime, zone: tzinfo
) -> batch_v1.Job:
    """Return the Job of a start."""
    template = cron_job.spec.job_template
    local = scheduled.astimezone(zone).isoformat(timespec="seconds")
    told = local.removesuffix("+00:00") + "Z" if local.endswith("+00:00") else local
    meta = ObjectMeta(
        name=job_name(cron_job, scheduled),
        namespace=cron_job.metadata.namespace,
        labels=template.metadata.labels,
        annotations={**template.metadata.annotations, SCHEDULED_AT: told},
    )
    return batch_v1.Job(metadata=meta, spec=template.spec)


def surplus_jobs(
    cron_job: batch_v1.CronJob, jobs: Iterable[batch_v1.Job]
) -> list[batch_v1.Job]:
    """Return the Jobs that have ended and are no part of the history any more."""
    spec, found = cron_job.spec, list(jobs)
    limits = (
        ("Complete", spec.successful_jobs_history_limit),
        ("Failed", spec.failed_jobs_history_limit),
    )
    going: list[batch_v1.Job] = []
    for kind, limit in limits:
        if limit is not None:
            ended = sorted((j for j in found if find_condition(j, kind)), key=_age)
            going += ended[: max(len(ended) - limit, 0)]
    return going


def _age(job: batch_v1.Job) -> tuple[bool, float, str]:
    start = job.status.start_time
    return start is None, start.timestamp() if start else 0.0, job.metadata.name


def told_time(moment: datetime) -> str:
    """Return a moment as the texts of events tell it: RFC 1123 with a numeric zone."""
    utc = moment.astimezone(UTC)
    day, month = _DAYS[utc.weekday()], _MONTHS[utc.month - 1]
    return f"{day}, {utc.day:02d} {month} {utc.year} {utc:%H:%M:%S} +0000"
