"""The TTL-after-finished controller: Jobs that have ended go after a while.

Source: kubernetes ``pkg/controller/ttlafterfinished``.
"""

from datetime import datetime

from homeostat.cache import Record
from homeostat.controller import Context, Result, controller, predicate
from homeostat.k8s import batch_v1
from homeostat.localcluster._job_status import ended_as

__all__ = ["expires_in", "finished_jobs"]


@predicate
def _is_transient(_old: Record | None, new: Record | None) -> bool:
    """Pass a Job that goes some time after its end."""
    return new is not None and new.path("spec.ttlSecondsAfterFinished") is not None


def expires_in(job: batch_v1.Job, now: datetime) -> float | None:
    """Return the seconds until a Job goes, None of one that stays or has not ended."""
    end, ttl = ended_as(job), job.spec.ttl_seconds_after_finished
    if ttl is None or end is None or end.last_transition_time is None:
        return None
    return ttl - (now - end.last_transition_time).total_seconds()


@controller(batch_v1.Job, name="ttl-after-finished-controller", predicate=_is_transient)
async def finished_jobs(job: batch_v1.Job, ctx: Context) -> Result | None:
    """Delete the Job, and what is below it, when its time is over."""
    left = expires_in(job, ctx.clock.now())
    if left is None:
        return None
    if left > 0:
        return Result(requeue_after=left)
    # Somebody may have let it live longer a moment ago.
    await ctx.delete(job, unchanged=True, propagation="Foreground")
    return None
