"""What every layer measures, as a protocol; the manager brings the library.

Names are the ecosystem's (``workqueue_depth``, ``controller_runtime_reconcile_total``),
so that dashboards written for Go controllers work.
"""

from typing import Protocol

__all__ = ["NO_METRICS", "Metrics"]


class Metrics(Protocol):
    """A sink for figures. Calls are synchronous, cheap and never raise."""

    def count(self, name: str, amount: float = 1.0, /, **labels: str) -> None:
        """Add ``amount`` to a counter."""
        ...

    def gauge(self, name: str, value: float, /, **labels: str) -> None:
        """Set a gauge."""
        ...

    def observe(self, name: str, value: float, /, **labels: str) -> None:
        """Add one observation to a histogram; durations are in seconds."""
        ...


class _NoMetrics:
    __slots__ = ()

    def count(self, name: str, amount: float = 1.0, /, **labels: str) -> None:
        pass

    def gauge(self, name: str, value: float, /, **labels: str) -> None:
        pass

    def observe(self, name: str, value: float, /, **labels: str) -> None:
        pass


NO_METRICS: Metrics = _NoMetrics()
