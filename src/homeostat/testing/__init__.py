"""Test controllers without a cluster, and without waiting.

- ``cluster``, a pytest fixture, and ``Cluster``: a fresh Kubernetes API server with the
  built-in controllers, in the test's own process.
- ``eventually()``: retry an assertion until it holds.
- ``run_virtual()`` and ``VirtualTimeLoop``: an event loop that jumps to its next timer.
"""

from typing import TYPE_CHECKING, Any

from homeostat.testing._eventually import eventually
from homeostat.testing._loop import (
    DeadlockError,
    LoopClock,
    VirtualTimeLoop,
    run_virtual,
)

if TYPE_CHECKING:
    from homeostat.testing._cluster import Cluster

__all__ = [
    "Cluster",
    "DeadlockError",
    "LoopClock",
    "VirtualTimeLoop",
    "eventually",
    "run_virtual",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401
    # The whole runtime hangs on it, and the pytest plugin imports this package in
    # projects that may never ask for a cluster.
    if name == "Cluster":
        from homeostat.testing._cluster import Cluster  # noqa: PLC0415

        return Cluster
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
