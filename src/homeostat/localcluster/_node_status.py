"""What a simulated node reports of itself: pure functions."""

from homeostat.api import Quantity, Time
from homeostat.k8s import core_v1

__all__ = ["node_labels", "node_status"]

_CAPACITY = {"cpu": "8", "memory": "32Gi", "pods": "110", "ephemeral-storage": "100Gi"}

_FINE = (
    (
        "MemoryPressure",
        "False",
        "KubeletHasSufficientMemory",
        "has sufficient memory available",
    ),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "has no disk pressure"),
    (
        "PIDPressure",
        "False",
        "KubeletHasSufficientPID",
        "has sufficient PID available",
    ),
    ("Ready", "True", "KubeletReady", "is posting ready status"),
)


def node_labels(name: str) -> dict[str, str]:
    """Return the labels that a kubelet gives its node."""
    return {
        "kubernetes.io/hostname": name,
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
    }


def node_status(name: str, host_ip: str, now: Time) -> core_v1.NodeStatus:
    """Return the status of a node that is ready and has room."""
    room = {name: Quantity(amount) for name, amount in _CAPACITY.items()}
    return core_v1.NodeStatus(
        capacity=room,
        allocatable=room,
        addresses=[
            core_v1.NodeAddress(type="InternalIP", address=host_ip),
            core_v1.NodeAddress(type="Hostname", address=name),
        ],
        conditions=[
            core_v1.NodeCondition(
                type=type_,
                status=status,
                reason=reason,
                message=f"kubelet {message}",
                last_heartbeat_time=now,
                last_transition_time=now,
            )
            for type_, status, reason, message in _FINE
        ],
        node_info=core_v1.NodeSystemInfo(
            architecture="amd64",
            operating_system="linux",
            os_image="homeostat (simulated)",
            kernel_version="simulated",
            kubelet_version="v1.36.3",
            container_runtime_version="simulated://1",
        ),
    )
