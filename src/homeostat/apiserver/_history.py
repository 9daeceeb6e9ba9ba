"""The past of a store: bounded by count, by bytes and by age.

Whoever needs more of it than is kept is told so, and lists anew.
"""

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from homeostat.apiserver._table import Event

__all__ = ["History", "HistoryLimits", "TooOldError"]

# Events whose encoded lines are kept for the watchers that have not come to them yet.
RENDERED_EVENTS = 100
RENDERED_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLimits:
    """How much of the past a server keeps; whichever is reached first counts.

    Attributes:
        events: Number of events; kine keeps at least 1,000 for its watchers.
        total_bytes: Size of the objects in the events.
        seconds: Age of an event, looked at when the next one comes; kube-apiserver
            compacts etcd every five minutes.
    """

    events: int = 10_000
    total_bytes: int = 64 * 1024 * 1024
    seconds: float = 300.0


class TooOldError(Exception):
    """The history before ``oldest`` is compacted."""

    def __init__(self, asked: int, oldest: int) -> None:
        super().__init__(f"revision {asked} is compacted; the oldest is {oldest}")
        self.asked = asked
        self.oldest = oldest


class History:
    """The latest events of all tables, in the order of their revisions.

    Invariant: each event stands in its table's ``events``, too, and ``compacted`` is
    the revision of the last event that is gone.
    """

    def __init__(self, limits: HistoryLimits, revision: int) -> None:
        self.compacted = revision
        self._limits = limits
        self._age = timedelta(seconds=limits.seconds)
        self._events: deque[Event] = deque()
        self._bytes = 0
        self._rendered: deque[Event] = deque()
        self._rendered_bytes = 0

    def __len__(self) -> int:
        return len(self._events)

    def add(self, event: Event) -> None:
        """Keep an event, at the cost of the oldest ones."""
        self._events.append(event)
        event.table.events.append(event)
        self._bytes += event.size
        self._share(event)
        while self._events and self._is_over(event.time):
            self._forget()

    def check(self, revision: int) -> None:
        """Raise unless the state at ``revision`` can be told.

        Raises:
            TooOldError: It is compacted.
        """
        if revision < self.compacted:
            raise TooOldError(revision, self.compacted)

    def compact(self, revision: int) -> None:
        """Forget everything up to ``revision``."""
        while self._events and self._events[0].revision <= revision:
            self._forget()
        self.compacted = max(self.compacted, revision)

    def _is_over(self, now: datetime) -> bool:
        limits = self._limits
        return (
            len(self._events) > limits.events
            or self._bytes > limits.total_bytes
            or now - self._events[0].time > self._age
        )

    def _forget(self) -> None:
        event = self._events.popleft()
        event.table.events.popleft()
        self._bytes -= event.size
        self.compacted = event.revision

    def _share(self, event: Event) -> None:
        rendered = self._rendered
        rendered.append(event)
        self._rendered_bytes += event.size
        while len(rendered) > RENDERED_EVENTS or self._rendered_bytes > RENDERED_BYTES:
            old = rendered.popleft()
            self._rendered_bytes -= old.size
            old.renditions = None
            old.new.pack()
