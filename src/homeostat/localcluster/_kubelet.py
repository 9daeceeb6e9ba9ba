"""What a simulated kubelet reports about its pods and its node: pure functions.

Nothing runs. The statuses are those that operators and kubectl read of a pod whose
containers start at once and stay up.
"""

from collections.abc import Iterable, Sequence

from homeostat.api import Quantity, Time
from homeostat.k8s import core_v1

__all__ = [
    "ended_status",
    "is_ending",
    "is_starting",
    "node_labels",
    "node_status",
    "running_status",
]

# Order and reasons as a kubelet of 1.36 writes them.
_READY_CONDITIONS = (
    "PodReadyToStartContainers",
    "Initialized",
    "Ready",
    "ContainersReady",
)
_CAPACITY = {"cpu": "8", "memory": "32Gi", "pods": "110", "ephemeral-storage": "100Gi"}


def is_starting(pod: core_v1.Pod) -> bool:
    """Tell whether the pod is bound to a node and its containers do not run yet."""
    bound = bool(pod.spec.node_name) and not pod.metadata.deletion_timestamp
    return bound and pod.status.phase in {"", "Pending"}


def is_ending(pod: core_v1.Pod) -> bool:
    """Tell whether the pod runs, and has work that comes to an end.

    Containers that are started again and again have none.
    """
    return pod.status.phase == "Running" and pod.spec.restart_policy != "Always"


def ended_status(pod: core_v1.Pod, *, exit_code: int, now: Time) -> core_v1.PodStatus:
    """Return the status of a pod whose containers have just ended.

    Args:
        pod: The pod, which runs.
        exit_code: Of each of its containers.
        now: Wall time.
    """
    status = pod.status
    failed = exit_code != 0
    status.phase = "Failed" if failed else "Succeeded"
    for condition in status.conditions:
        if condition.type in {"Ready", "ContainersReady"}:
            condition.status = "False"
            condition.reason = "PodFailed" if failed else "PodCompleted"
            condition.last_transition_time = now
    for container in status.container_statuses:
        container.ready = container.started = False
        running = container.state.running
        ended = core_v1.ContainerStateTerminated(
            exit_code=exit_code,
            reason="Error" if failed else "Completed",
            started_at=running.started_at if running else now,
            finished_at=now,
            container_id=container.container_id,
        )
        container.state = core_v1.ContainerState(terminated=ended)
    return status


def running_status(
    pod: core_v1.Pod, *, host_ip: str, pod_ip: str, now: Time
) -> core_v1.PodStatus:
    """Return the status of a pod whose containers have just become ready.

    Conditions of other writers (PodScheduled, readiness gates) are kept.
    """
    own = set(_READY_CONDITIONS)
    others = [c for c in pod.status.conditions if c.type not in own]
    gates_met = _gates_met(pod, others)
    conditions = [
        core_v1.PodCondition(
            type=name,
            status="True" if name != "Ready" or gates_met else "False",
            reason="" if name != "Ready" or gates_met else "ReadinessGatesNotReady",
            last_transition_time=now,
        )
        for name in _READY_CONDITIONS
    ]
    return core_v1.PodStatus(
        phase="Running",
        conditions=[*conditions, *others],
        host_ip=host_ip,
        host_ips=[core_v1.HostIP(ip=host_ip)],
        pod_ip=pod_ip,
        pod_ips=[core_v1.PodIP(ip=pod_ip)],
        start_time=now,
        qos_class=pod.status.qos_class or "BestEffort",
        container_statuses=_container_statuses(pod.spec.containers, now),
        init_container_statuses=_container_statuses(
            pod.spec.init_containers, now, finished=True
        ),
    )


def _gates_met(pod: core_v1.Pod, conditions: Iterable[core_v1.PodCondition]) -> bool:
    true = {c.type for c in conditions if c.status == "True"}
    return all(gate.condition_type in true for gate in pod.spec.readiness_gates)


def _container_statuses(
    containers: Sequence[core_v1.Container], now: Time, *, finished: bool = False
) -> list[core_v1.ContainerStatus]:
    if finished:
        ended = core_v1.ContainerStateTerminated(
            exit_code=0, reason="Completed", started_at=now, finished_at=now
        )
        state = core_v1.ContainerState(terminated=ended)
    else:
        running = core_v1.ContainerStateRunning(started_at=now)
        state = core_v1.ContainerState(running=running)
    return [
        core_v1.ContainerStatus(
            name=container.name,
            image=container.image,
            image_id=f"simulated://{container.image}",
            container_id=f"simulated://{container.name}",
            ready=True,
            started=not finished,
            restart_count=0,
            state=state,
        )
        for container in containers
    ]


def node_labels(name: str) -> dict[str, str]:
    """Return the labels that a kubelet gives its node."""
    return {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
    }


def node_status(host_ip: str, now: Time) -> core_v1.NodeStatus:
    """Return the status of a node that is ready and has room."""
    room = {name: Quantity(amount) for name, amount in _CAPACITY.items()}
    fine = (
        ("MemoryPressure", "False", "KubeletHasSufficientMemory"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID"),
        ("Ready", "True", "KubeletReady"),
    )
    return core_v1.NodeStatus(
        capacity=room,
        allocatable=room,
        addresses=[core_v1.NodeAddress(type="InternalIP", address=host_ip)],
        conditions=[
            core_v1.NodeCondition(
                type=type_,
                status=status,
                reason=reason,
                last_heartbeat_time=now,
                last_transition_time=now,
            )
            for type_, status, reason in fine
        ],
        node_info=core_v1.NodeSystemInfo(
            architecture="amd64",
            operating_system="linux",
            os_image="homeostat (simulated)",
            kubelet_version="v1.36.3",
            container_runtime_version="simulated://1",
        ),
    )
