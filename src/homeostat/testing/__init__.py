"""Test controllers without a cluster, and without waiting.

- ``cluster``, a pytest fixture: a fresh Kubernetes API server with the built-in
  controllers, in the test's own process.
- ``eventually()``: retry an assertion until it holds.
- ``run_virtual()`` and ``VirtualTimeLoop``: an event loop that jumps to its next timer.
"""

from homeostat.testing._eventually import eventually
from homeostat.testing._loop import (
    DeadlockError,
    LoopClock,
    VirtualTimeLoop,
    run_virtual,
)

__all__ = [
    "DeadlockError",
    "LoopClock",
    "VirtualTimeLoop",
    "eventually",
    "run_virtual",
]
