"""What a simulated kubelet does next with a pod: pure decisions."""

from dataclasses import dataclass, replace

from homeostat.k8s import core_v1
from homeostat.localcluster._pod_life import PodLife
from homeostat.localcluster._pod_status import (
    Report,
    crashed_status,
    ended_status,
    evicted_status,
    running_status,
    waiting_status,
)

__all__ = ["Step", "next_step", "stage_of"]

# A start that takes longer is shown: a write more for each pod.
SHOWN_DELAY = 0.5  # seconds
PULL_BACKOFF = 1.0  # seconds from the first failed pull to the back-off
MAX_BACKOFF = 300.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is to be done.

    Attributes:
        status: The status to write; None when it is as it should be.
        wait: Seconds until there is something to do again; None for nothing.
        event: Reason and message of a Warning to record.
    """

    status: core_v1.PodStatus | None = None
    wait: float | None = None
    event: tuple[str, str] | None = None


def stage_of(pod: core_v1.Pod) -> str:
    """Return a name for what a pod waits for; its time counts from when it changed."""
    status = pod.status
    restarts = max((c.restart_count for c in status.container_statuses), default=0)
    if status.phase in {"Succeeded", "Failed"}:
        return "over"
    if status.phase != "Running":
        images = " ".join(container.image for container in pod.spec.containers)
        return f"starting {images}"
    waits = any(c.state.waiting is not None for c in status.container_statuses)
    return f"{'crashed' if waits else 'running'} {restarts}"


def next_step(report: Report, life: PodLife, *, since: float, start: float) -> Step:
    """Decide what comes next in a pod's life.

    Args:
        report: The pod, bound and not being deleted.
        life: Its script.
        since: Seconds in its present stage.
        start: Seconds from the binding to running, unless the life says so.
    """
    # What is due in less than a microsecond is due: sums of floats fall short.
    since = round(since, 6)
    stage = stage_of(report.pod).split()[0]
    if stage == "over":
        return Step()
    if stage == "starting":
        delay = start if life.start_delay is None else life.start_delay
        return _starting(report, life, since=since, delay=delay)
    if stage == "crashed":
        delay = _backoff(life, report.pod)
        if since < delay:
            return Step(wait=delay - since)
        return Step(
            status=running_status(report, ready=_ready_at_once(life), again=True)
        )
    return _running(report, life, since=since)


def _starting(report: Report, life: PodLife, *, since: float, delay: float) -> Step:
    pod = report.pod
    missing = {
        each.name: each.image
        for each in pod.spec.containers
        if each.image in life.missing_images
    }
    if missing:
        return _unpulled(report, missing, since=since)
    if since >= delay:
        return Step(status=running_status(report, ready=_ready_at_once(life)))
    shown = bool(pod.status.container_statuses) and not _reason(pod, "Image")
    if delay >= SHOWN_DELAY and not shown:
        return Step(status=waiting_status(report, {}), wait=delay - since)
    return Step(wait=delay - since)


def _unpulled(report: Report, missing: dict[str, str], *, since: float) -> Step:
    reasons: dict[str, tuple[str, str]] = {}
    first = since < PULL_BACKOFF
    for name, image in missing.items():
        lost = f'failed to pull image "{image}": {image}: not found'
        reasons[name] = (
            ("ErrImagePull", lost)
            if first
            else ("ImagePullBackOff", f'Back-off pulling image "{image}": {lost}')
        )
    wait = PULL_BACKOFF - since if first else None
    if _reason(report.pod, "ErrImagePull" if first else "ImagePullBackOff"):
        return Step(wait=wait)
    reason, message = next(iter(reasons.values()))
    event = ("Failed", f"Error: {reason}") if first else ("BackOff", message)
    return Step(status=waiting_status(report, reasons), wait=wait, event=event)


def _reason(pod: core_v1.Pod, part: str) -> bool:
    """Tell whether a container waits for a reason with this in its name."""
    waiting = (each.state.waiting for each in pod.status.container_statuses)
    return any(part in state.reason for state in waiting if state is not None)


def _running(report: Report, life: PodLife, *, since: float) -> Step:
    pod = report.pod
    ends = _ends(pod, life)
    due = min((when for when, _ in ends), default=None)
    if due is not None and since >= due:
        what = next(what for when, what in ends if when == due)
        if what == "evict":
            return Step(status=evicted_status(report), event=("Evicted", "evicted"))
        if what == "deadline":
            return Step(status=_late(report))
        return _exit(report, life)
    later = None if due is None else due - since
    if life.ready and since < life.ready_delay:
        wait = life.ready_delay - since
        later = wait if later is None else min(wait, later)
    status = running_status(report, ready=life.ready and since >= life.ready_delay)
    if _verdicts(status) == _verdicts(pod.status):
        return Step(wait=later)
    return Step(status=status, wait=later)


def _verdicts(status: core_v1.PodStatus) -> set[tuple[str, str]]:
    """Return what readiness comes down to, of the containers and of the whole pod."""
    return {(c.type, c.status) for c in status.conditions}


def _ends(pod: core_v1.Pod, life: PodLife) -> list[tuple[float, str]]:
    """Return what will end the run, with the seconds from its start."""
    ends: list[tuple[float, str]] = []
    if life.evict_after is not None:
        ends.append((life.evict_after, "evict"))
    if life.exit_code is not None:
        ends.append((life.run_for, "exit"))
    if pod.spec.active_deadline_seconds is not None:
        ends.append((float(pod.spec.active_deadline_seconds), "deadline"))
    return ends


def _late(report: Report) -> core_v1.PodStatus:
    status = ended_status(report, 137)
    status.reason = "DeadlineExceeded"
    status.message = "Pod was active on the node longer than the specified deadline"
    return status


def _exit(report: Report, life: PodLife) -> Step:
    code = life.exit_code or 0
    policy = report.pod.spec.restart_policy
    if policy == "Never" or (policy == "OnFailure" and code == 0):
        return Step(status=ended_status(report, code))
    delay = _backoff(life, report.pod)
    status = crashed_status(report, code, delay)
    if delay:
        each = status.container_statuses[0].state.waiting
        event = ("BackOff", each.message.capitalize()) if each else None
        return Step(status=status, wait=delay, event=event)
    pod = report.pod
    crashed = replace(
        report, pod=core_v1.Pod(metadata=pod.metadata, spec=pod.spec, status=status)
    )
    return Step(status=running_status(crashed, ready=_ready_at_once(life), again=True))


def _ready_at_once(life: PodLife) -> bool:
    return life.ready and life.ready_delay <= 0


def _backoff(life: PodLife, pod: core_v1.Pod) -> float:
    """Return the seconds before the next start: none before the first restart."""
    restarts = max((c.restart_count for c in pod.status.container_statuses), default=0)
    if restarts == 0:
        return 0.0
    return min(life.restart_delay * 2.0 ** min(restarts - 1, 20), MAX_BACKOFF)
