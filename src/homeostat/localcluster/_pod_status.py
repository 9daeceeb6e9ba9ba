"""What a simulated kubelet reports about its pods: pure functions.

Nothing runs. These are the statuses, in the words of a kubelet of 1.36, that operators
and kubectl read.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from homeostat.api import Time
from homeostat.k8s import core_v1

__all__ = [
    "KILLED",
    "Report",
    "crashed_status",
    "ended_status",
    "evicted_status",
    "running_status",
    "waiting_status",
]

EVICTED = "The node was low on resource: memory. "
KILLED = 137  # 128 and SIGKILL
_SANDBOX = "PodReadyToStartContainers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What every status of a pod says besides its state.

    Attributes:
        pod: The pod; conditions of other writers are kept.
        host_ip: Address of its node.
        pod_ip: Its own address.
        now: Time of what changes.
    """

    pod: core_v1.Pod
    host_ip: str
    pod_ip: str
    now: Time


def waiting_status(
    report: Report, reasons: Mapping[str, tuple[str, str]]
) -> core_v1.PodStatus:
    """Return the status of a pod whose containers do not run yet.

    Args:
        report: The pod.
        reasons: Reason and message by container; the others are being created.
    """
    containers = [
        core_v1.ContainerStatus(
            name=each.name,
            image=each.image,
            ready=False,
            started=False,
            state=_waiting(*reasons.get(each.name, ("ContainerCreating", ""))),
        )
        for each in report.pod.spec.containers
    ]
    status = _status(report, "Pending", containers, sandbox=False)
    status.pod_ip, status.pod_ips = "", []
    return status


def running_status(
    report: Report, *, ready: bool = True, again: bool = False
) -> core_v1.PodStatus:
    """Return the status of a pod whose containers run.

    Args:
        report: The pod.
        ready: Whether its containers are ready.
        again: They have just been started once more.
    """
    before = {each.name: each for each in report.pod.status.container_statuses}
    containers: list[core_v1.ContainerStatus] = []
    for each in report.pod.spec.containers:
        last = before.get(each.name)
        goes_on = not again and last is not None and last.state.running is not None
        state = last.state if goes_on and last else _running(report.now)
        container = _container(each, state, ready=ready, started=True)
        if last is not None:
            container.restart_count = last.restart_count + again
            container.last_state = _ended_state(last) if again else last.last_state
        containers.append(container)
    return _status(report, "Running", containers)


def ended_status(report: Report, exit_code: int) -> core_v1.PodStatus:
    """Return the status of a pod whose containers have exited for good."""
    phase = "Failed" if exit_code else "Succeeded"
    return _status(report, phase, _exited(report, exit_code), sandbox=False)


def crashed_status(report: Report, exit_code: int, delay: float) -> core_v1.PodStatus:
    """Return the status of a pod whose containers wait for their next start.

    Args:
        report: The pod.
        exit_code: What they exited with.
        delay: How long they wait, in seconds.
    """
    meta = report.pod.metadata
    containers = _exited(report, exit_code)
    for each in containers:
        each.last_state = each.state
        each.state = _waiting(
            "CrashLoopBackOff",
            f"back-off {_duration(delay)} restarting failed container={each.name} "
            f"pod={meta.name}_{meta.namespace}({meta.uid})",
        )
    return _status(report, "Running", containers)


def evicted_status(report: Report) -> core_v1.PodStatus:
    """Return the status of a pod that its node has evicted."""
    status = _status(report, "Failed", _exited(report, KILLED), sandbox=False)
    status.reason, status.message = "Evicted", EVICTED
    status.conditions.append(
        core_v1.PodCondition(
            type="DisruptionTarget",
            status="True",
            reason="TerminationByKubelet",
            message=EVICTED,
            last_transition_time=report.now,
        )
    )
    return status


def _status(
    report: Report,
    phase: str,
    containers: list[core_v1.ContainerStatus],
    *,
    sandbox: bool = True,
) -> core_v1.PodStatus:
    pod, now = report.pod, report.now
    started = pod.status.start_time or now
    return core_v1.PodStatus(
        phase=phase,
        conditions=_conditions(report, phase, containers, sandbox=sandbox),
        host_ip=report.host_ip,
        host_ips=[core_v1.HostIP(ip=report.host_ip)],
        pod_ip=report.pod_ip,
        pod_ips=[core_v1.PodIP(ip=report.pod_ip)],
        start_time=started,
        qos_class=pod.status.qos_class or "BestEffort",
        container_statuses=containers,
        init_container_statuses=[
            _init_container(each, started) for each in pod.spec.init_containers
        ],
    )


def _conditions(
    report: Report,
    phase: str,
    containers: list[core_v1.ContainerStatus],
    *,
    sandbox: bool,
) -> list[core_v1.PodCondition]:
    """Return the conditions: a kubelet's own, in its order, then those of others."""
    reason = {"Succeeded": "PodCompleted", "Failed": "PodFailed"}.get(phase, "")
    unready = [each.name for each in containers if not each.ready]
    message = ""
    if unready and not reason:
        reason = "ContainersNotReady"
        message = f"containers with unready status: [{' '.join(unready)}]"
    ready = ("False", reason, message) if unready else ("True", "", "")
    own = {
        _SANDBOX: ("True" if sandbox else "False", "", ""),
        "Initialized": ("True", reason if reason == "PodCompleted" else "", ""),
        "Ready": ready,
        "ContainersReady": ready,
    }
    pod = report.pod
    others = [each for each in pod.status.conditions if each.type not in own]
    if not unready and not _gates_met(pod, others):
        own["Ready"] = ("False", "ReadinessGatesNotReady", "")
    before = {each.type: each for each in pod.status.conditions}
    ours: list[core_v1.PodCondition] = []
    for name, (status, why, text) in own.items():
        last = before.get(name)
        since = last.last_transition_time if last and last.status == status else None
        ours.append(
            core_v1.PodCondition(
                type=name,
                status=status,
                reason=why,
                message=text,
                last_transition_time=since or report.now,
            )
        )
    return [*ours, *others]


def _gates_met(pod: core_v1.Pod, conditions: list[core_v1.PodCondition]) -> bool:
    true = {c.type for c in conditions if c.status == "True"}
    return all(gate.condition_type in true for gate in pod.spec.readiness_gates)


def _exited(report: Report, exit_code: int) -> list[core_v1.ContainerStatus]:
    before = {each.name: each for each in report.pod.status.container_statuses}
    found: list[core_v1.ContainerStatus] = []
    for each in report.pod.spec.containers:
        last = before.get(each.name)
        running = last.state.running if last is not None else None
        state = _terminated(
            exit_code, report.now, running.started_at if running else report.now
        )
        container = _container(each, state, ready=False, started=False)
        if last is not None:
            container.restart_count = last.restart_count
            container.last_state = last.last_state
        found.append(container)
    return found


def _container(
    container: core_v1.Container,
    state: core_v1.ContainerState,
    *,
    ready: bool,
    started: bool,
) -> core_v1.ContainerStatus:
    return core_v1.ContainerStatus(
        name=container.name,
        image=container.image,
        image_id=f"simulated://{container.image}",
        container_id=f"simulated://{container.name}",
        ready=ready,
        started=started,
        restart_count=0,
        state=state,
    )


def _init_container(container: core_v1.Container, now: Time) -> core_v1.ContainerStatus:
    """Return the status of an init container: done, or at its pod's side for good."""
    if container.restart_policy == "Always":
        return _container(container, _running(now), ready=True, started=True)
    return _container(container, _terminated(0, now, now), ready=True, started=False)


def _running(now: Time) -> core_v1.ContainerState:
    return core_v1.ContainerState(running=core_v1.ContainerStateRunning(started_at=now))


def _waiting(reason: str, message: str) -> core_v1.ContainerState:
    return core_v1.ContainerState(
        waiting=core_v1.ContainerStateWaiting(reason=reason, message=message)
    )


def _terminated(
    exit_code: int, now: Time, started: Time | None
) -> core_v1.ContainerState:
    return core_v1.ContainerState(
        terminated=core_v1.ContainerStateTerminated(
            exit_code=exit_code,
            reason="Error" if exit_code else "Completed",
            started_at=started,
            finished_at=now,
        )
    )


def _ended_state(last: core_v1.ContainerStatus) -> core_v1.ContainerState:
    return last.state if last.state.terminated else last.last_state


def _duration(seconds: float) -> str:
    """Return a duration in Go's form."""
    if seconds < 1:
        return f"{seconds * 1000:g}ms"
    minutes, rest = divmod(seconds, 60)
    return f"{minutes:g}m{rest:g}s" if minutes else f"{rest:g}s"
