"""The built-in controllers: the embedded ones do as kube-controller-manager does.

Each test drives the same steps on the embedded cluster and on the real control plane,
with the same simulated nodes, and looks at what is there once nothing moves any more.
Where the two differ, the embedded one is wrong. Those ``with_ours`` take them a third
time: on the real API server with our controllers.
"""

from tests.harness.clusters import any_cluster, our_plane, simulated_plane

__all__ = ["any_cluster", "our_plane", "simulated_plane"]
