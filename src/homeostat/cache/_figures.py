"""What an informer measures of its stores."""

from collections.abc import Sequence
from datetime import datetime
from typing import final

from homeostat._metrics import Metrics
from homeostat.cache._store import Store

__all__ = ["Figures"]


@final
class Figures:
    """Publishes what has changed since the last time.

    Args:
        metrics: Where figures go.
        name: Of the informer.
    """

    __slots__ = ("_metrics", "_name", "_published")

    def __init__(self, metrics: Metrics, name: str) -> None:
        self._metrics = metrics
        self._name = name
        self._published = (0, 0, 0, 0)

    def publish(self, stores: Sequence[Store], now: datetime) -> None:
        """Publish the state of the stores of one informer."""
        backlogs = [store.backlog for store in stores]
        figures = (
            min(store.watermark for store in stores),
            sum(backlog["unacked"] for backlog in backlogs),
            sum(backlog["tombs"] for backlog in backlogs),
            sum(store.bookmarks for store in stores),
        )
        published, self._published = self._published, figures
        if figures == published:
            return
        watermark, unacked, tombs, bookmarks = figures
        gauge, name = self._metrics.gauge, self._name
        if watermark != published[0]:
            gauge("store_resource_version", watermark, name=name)
        if (watermark, bookmarks) != (published[0], published[3]):
            gauge("store_watermark_timestamp_seconds", now.timestamp(), name=name)
        if unacked != published[1]:
            gauge("store_unacked", unacked, name=name)
        if tombs != published[2]:
            gauge("store_tombs", tombs, name=name)
