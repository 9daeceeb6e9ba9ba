"""What every layer measures, as a protocol; the manager brings the library.

Names are the ecosystem's (``workqueue_depth``, ``controller_runtime_reconcile_total``),
so that dashboards written for Go controllers work. Those of the queue, the controllers
and the requests mean what they mean there. The rest, with the label of each:

=====================================  =================================================
``reflector_lists_total``              lists begun, by ``name`` of the kind
``reflector_watches_total``            watches begun, by ``name`` of the kind
``store_resource_version``             gauge: the version up to which everything was
                                       said, by ``name`` of what is watched
``store_watermark_timestamp_seconds``  gauge: when an event, a list or a bookmark last
                                       said so, since the epoch: the time since then is
                                       the age of a cache; by ``name``
``store_unacked``                      gauge: own writes that are read and whose event
                                       has not come, by ``name``
``store_tombs``                        gauge: objects hidden by own deletes whose event
                                       has not come, by ``name``
``ambiguous_writes_total``             writes that were sent and had no answer, by
                                       ``verb`` and ``resource``
``barrier_reads_total``                live lists that took the place of a watch, by
                                       ``name`` of what is watched
``stale_sync_skips_total``             reconciles put off because the caches were behind
                                       the key's own writes, by ``controller`` and
                                       ``reason``: ``suspect`` while a write without an
                                       answer is looked up, else ``behind``
``events_dropped_total``               events that could not be sent, by ``component``
=====================================  =================================================

``store_unacked`` and ``store_tombs`` go back to zero whenever nothing is written.
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
