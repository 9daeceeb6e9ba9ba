"""Test controllers without a cluster, and without waiting.

- ``cluster``, a pytest fixture, and ``Cluster``: a fresh Kubernetes API server with the
  built-in controllers, in the test's own process. ``module_cluster`` and
  ``session_cluster`` share one, and undo in milliseconds what a test did.
- ``Fault``: what goes wrong with which requests, by verb, kind, name and n-th call.
- ``PodLife``: what simulated pods live through.
- ``eventually()``: retry an assertion until it holds.
- ``run_virtual()`` and ``VirtualTimeLoop``: an event loop that jumps to its next timer.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from homeostat.testing._eventually import eventually
from homeostat.testing._loop import (
    DeadlockError,
    LoopClock,
    VirtualTimeLoop,
    run_virtual,
)

if TYPE_CHECKING:
    from homeostat.apiserver import Fault
    from homeostat.localcluster import PodLife
    from homeostat.testing._cluster import Cluster

__all__ = [
    "Cluster",
    "DeadlockError",
    "Fault",
    "LoopClock",
    "PodLife",
    "VirtualTimeLoop",
    "eventually",
    "run_virtual",
]

# The whole runtime hangs on them, and the pytest plugin imports this package in
# projects that may never ask for a cluster.
_LAZY = {
    "Cluster": "homeostat.testing._cluster",
    "Fault": "homeostat.apiserver",
    "PodLife": "homeostat.localcluster",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
