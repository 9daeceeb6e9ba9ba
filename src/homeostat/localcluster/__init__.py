"""A whole cluster in one object: API server, built-in controllers, nodes and pods.

Guarantees:

- A fresh cluster is a matter of milliseconds and of one process; kubectl works on it.
- The built-in controllers are written with this library's own, and treat the API server
  as any client does: ``Simulation`` gives a real kube-apiserver nodes and pods as well.
- No container runs. Pods get nodes, become ready, and end, as far as the API shows; a
  ``PodLife``, by annotation or in Python, has them crash, lack an image, or be evicted.
"""

from homeostat.localcluster._cluster import LocalCluster, Profile, kubeconfig_for
from homeostat.localcluster._pki import Credentials, Pki
from homeostat.localcluster._pod_life import PodLife, PodLives
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
