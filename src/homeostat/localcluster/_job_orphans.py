"""The other half of the Job controller: pods that no Job will ever count let go.

A pod that a Job has made stays until it is counted. Where the Job is gone, or has
ended, or the pod is nobody's any more, its finalizer would hold it for ever.

Source: kubernetes ``pkg/controller/job/job_controller.go`` (syncOrphanPod).
"""

from collections.abc import Iterable

from homeostat.api import OwnerReference, Request, controller_of
from homeostat.cache import Reader, Record
from homeostat.controller import Context, Watch, controller, predicate
from homeostat.errors import NotFoundError
from homeostat.k8s import batch_v1, core_v1
from homeostat.localcluster._claims import pods_by_controller
from homeostat.localcluster._job_pods import TRACKING, is_tracked
from homeostat.localcluster._job_status import ended_as
from homeostat.localcluster._jobs import is_managed_elsewhere, untrack

__all__ = ["orphaned_pods"]


def _of_job(record: Record, reader: Reader) -> Iterable[Request]:
    for pod in reader.list(pods_by_controller[record.uid], namespace=record.namespace):
        yield Request(pod.metadata.namespace, pod.metadata.name)


@predicate
def _ended(_old: Record | None, new: Record | None) -> bool:
    """Pass a Job that is gone, and one that has ended."""
    if new is None:
        return True
    conditions = new.path("status.conditions") or ()
    return any(
        c["type"] in {"Complete", "Failed"} and c["status"] == "True"
        for c in conditions
    )


@predicate
def _is_loose(_old: Record | None, new: Record | None) -> bool:
    """Pass a tracked pod that is nobody's, or on its way out."""
    if new is None or not (new.deleting or not new.controller_uid):
        return False
    return TRACKING in (new.path("metadata.finalizers") or ())


@controller(
    core_v1.Pod,
    name="job-controller-orphans",
    watches=[Watch(batch_v1.Job, to=_of_job, predicate=_ended)],
    predicate=_is_loose,
    reconcile_deleting=True,
)
async def orphaned_pods(pod: core_v1.Pod, ctx: Context) -> None:
    """Take the finalizer off a pod that no Job will count."""
    if is_tracked(pod) and await _is_forsaken(pod, ctx):
        await untrack(pod, ctx)


async def _is_forsaken(pod: core_v1.Pod, ctx: Context) -> bool:
    owner = controller_of(pod)
    if owner is None:
        return True
    if (owner.kind, owner.api_version) != ("Job", "batch/v1"):
        return False
    job = await _owner(owner, pod, ctx)
    if job is None:
        return True
    return not is_managed_elsewhere(job) and ended_as(job) is not None


async def _owner(
    owner: OwnerReference, pod: core_v1.Pod, ctx: Context
) -> batch_v1.Job | None:
    job = ctx.find(batch_v1.Job, owner.name)
    if job is None or job.metadata.uid != owner.uid:
        # The cache may be behind, and a pod that is let go too early is not counted.
        try:
            namespace = pod.metadata.namespace
            job = await ctx.client.get(batch_v1.Job, owner.name, namespace=namespace)
        except NotFoundError:
            return None
    return job if job.metadata.uid == owner.uid else None
