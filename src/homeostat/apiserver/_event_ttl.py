"""Events go an hour after the last time that somebody wrote them.

There is no timer: what is too old is taken away when an Event is written, or Events
are read, which is when anybody could tell.

Source: kubernetes ``pkg/registry/core/event/storage``, kube-apiserver ``--event-ttl``.
"""

from datetime import datetime, timedelta

from homeostat.apiserver._context import Cluster, Strategy
from homeostat.apiserver._store import Entry

__all__ = ["EventStrategy"]

TTL = timedelta(hours=1)


class EventStrategy(Strategy):
    """Keeps Events for an hour.

    Invariant: ``_written`` is in the order of its times, and knows of every Event that
    is there since the last write or read.
    """

    def __init__(self) -> None:
        self._written: dict[str, datetime] = {}

    def committed(self, cluster: Cluster, entry: Entry) -> None:
        """Note when the Event was written, and take away what is too old."""
        self._written.pop(entry.key, None)
        self._written[entry.key] = cluster.clock.now()
        self.reading(cluster)

    def removed(self, cluster: Cluster, entry: Entry) -> None:
        """Forget an Event that was deleted."""
        del cluster
        self._written.pop(entry.key, None)

    def reading(self, cluster: Cluster) -> None:
        """Take away what is too old."""
        served = cluster.registry.find("", "v1", "events")
        if served is None:
            return
        table, limit = served.table, cluster.clock.now() - TTL
        if len(self._written) != len(table.live):
            self._look(table.live)
        while self._written:
            key, at = next(iter(self._written.items()))
            if at > limit:
                return
            del self._written[key]
            cluster.store.remove(table, key)

    def _look(self, live: dict[str, Entry]) -> None:
        """Take in what was there before this server, or is there again."""
        times = {
            key: self._written.get(key) or _created(entry)
            for key, entry in live.items()
        }
        self._written = dict(sorted(times.items(), key=lambda item: item[1]))


def _created(entry: Entry) -> datetime:
    return datetime.fromisoformat(entry.value["metadata"]["creationTimestamp"])
