"""What a simulated node reports of itself: pure functions."""

from homeostat.api import Quantity, Time
from homeostat.k8s import core_v1

__all__ = ["node_labels", "node_status"]

_CAPACITY = {"cpu": "8", "memory": "32Gi", "pods": "110", "ephemeral-storage": "100Gi"}


def node_labels(name: str) -> dict[str, str]:
    """Return the labels that a kubelet gives its node."""
    return {
        "kubernetes.io/hostname": name,
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
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
