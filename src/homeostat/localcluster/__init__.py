"""A whole cluster in one object: API server, built-in controllers, nodes and pods.

Guarantees:

- A fresh cluster is a matter of milliseconds and of one process; kubectl works on it.
- The built-in controllers are written with this library's own, and treat the API server
  as any client does: ``Simulation`` gives a real kube-apiserver nodes and pods as well.
- No container runs. Pods get nodes, become ready, and end, as far as the API shows; a
  ``PodLife``, by annotation or in Python, has them crash, lack an image, or be evicted.
"""

from typing import TYPE_CHECKING

from homeostat.localcluster._cluster import LocalCluster, Profile, kubeconfig_for
from homeostat.localcluster._pki import Credentials, Pki
from homeostat.localcluster._pod_life import PodLife, PodLives

if TYPE_CHECKING:
    from homeostat.localcluster._simulation import Simulation

__all__ = [
    "Credentials",
    "LocalCluster",
    "Pki",
    "PodLife",
    "PodLives",
    "Profile",
    "Simulation",
    "kubeconfig_for",
]


def __getattr__(name: str) -> object:
    """Load what a server alone does not need, with all controllers, when it is used."""
    if name != "Simulation":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from homeostat.localcluster._simulation import Simulation  # noqa: PLC0415

    return Simulation
