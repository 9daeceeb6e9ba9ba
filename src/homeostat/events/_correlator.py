"""Which events are written, which are counted onto another, and which are dropped.

Source: client-go ``tools/record/events_cache.go``.
"""

import zlib
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from homeostat.events._occurrence import Occurrence

__all__ = ["Correlator", "Entry"]

V = TypeVar("V")

MAX_ENTRIES: Final = 4096
MAX_SIMILAR: Final = 10  # different messages before they are combined
SIMILAR_FOR: Final = timedelta(seconds=600)
SPAM_BURST: Final = 25
SPAM_REFILL: Final = 300.0  # seconds for one more event
COMBINED: Final = "(combined from similar events): "


class _Recent(Generic[V]):
    """A map that forgets what was not used for longest."""

    __slots__ = ("_limit", "_values")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._values: OrderedDict[Hashable, V] = OrderedDict()

    def get(self, key: Hashable) -> V | None:
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def put(self, key: Hashable, value: V) -> None:
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > self._limit:
            self._values.popitem(last=False)


@dataclass(slots=True)
class _Similar:
    """Messages that differ in nothing else."""

    messages: dict[str, None]
    last: datetime


@dataclass(slots=True)
class _Bucket:
    """How many events about one object may still be written."""

    tokens: float
    filled: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event object, as it is to be after an occurrence.

    Attributes:
        key: What is counted onto the same event.
        name: Name of the event object.
        occurrence: The newest occurrence, with the message to show.
        count: How often it occurred.
        first: When it occurred first.
    """

    key: Hashable
    name: str
    occurrence: Occurrence
    count: int
    first: datetime

    @property
    def exists(self) -> bool:
        """Whether an earlier occurrence made the event object."""
        return self.count > 1


class Correlator:
    """Decides for one source what becomes of its occurrences. Pure: no I/O, no clock.

    * The same again is counted onto the event that is there.
    * Ten events within ten minutes of one another that differ in their messages alone
      become one, whose message is the newest.
    * About one object, and of one type, 25 may be written at once and one in each five
      minutes after that; the rest is counted, and shows with the next that is written.

    Args:
        source: Who reports.
        limit: How many objects and messages are remembered; the oldest are forgotten.
    """

    __slots__ = ("_buckets", "_entries", "_offset", "_similar", "_stamp")

    def __init__(self, source: str = "", *, limit: int = MAX_ENTRIES) -> None:
        # Clocks give microseconds: the digits below tell reporters apart.
        self._offset = zlib.crc32(source.encode()) % 1000
        self._stamp = 0
        self._entries: _Recent[Entry] = _Recent(limit)
        self._similar: _Recent[_Similar] = _Recent(limit)
        self._buckets: _Recent[_Bucket] = _Recent(limit)

    def observe(self, occurrence: Occurrence) -> Entry | None:
        """Return the event object to write, None when it is dropped as spam."""
        key, occurrence = self._combine(occurrence)
        known = self._entries.get(key)
        if known is None:
            entry = Entry(
                key=key,
                name=self._name(occurrence),
                occurrence=occurrence,
                count=1,
                first=occurrence.at,
            )
        else:
            entry = replace(known, occurrence=occurrence, count=known.count + 1)
        self._entries.put(key, entry)
        return entry if self._allowed(occurrence) else None

    def _combine(self, occurrence: Occurrence) -> tuple[Hashable, Occurrence]:
        """Return what the occurrence is counted under, and how it shows."""
        group = (
            occurrence.regarding.uid,
            occurrence.regarding.api_version,
            occurrence.regarding.kind,
            occurrence.regarding.namespace,
            occurrence.regarding.name,
            occurrence.type,
            occurrence.reason,
        )
        similar = self._similar.get(group)
        if similar is None or occurrence.at - similar.last > SIMILAR_FOR:
            similar = _Similar({}, occurrence.at)
        similar.messages[occurrence.message] = None
        similar.last = occurrence.at
        self._similar.put(group, similar)
        if len(similar.messages) < MAX_SIMILAR:
            return (*group, occurrence.message), occurrence
        # Stays one below the limit, so that the next new message is combined too.
        del similar.messages[next(iter(similar.messages))]
        combined = replace(occurrence, message=COMBINED + occurrence.message)
        return group, combined

    def _allowed(self, occurrence: Occurrence) -> bool:
        regarding = occurrence.regarding
        key = (replace(regarding, resource_version=""), occurrence.type)
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = _Bucket(float(SPAM_BURST), occurrence.at)
            self._buckets.put(key, bucket)
        passed = (occurrence.at - bucket.filled).total_seconds()
        if passed > 0:  # wall time may step back
            bucket.tokens = min(SPAM_BURST, bucket.tokens + passed / SPAM_REFILL)
        bucket.filled = occurrence.at
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True

    def _name(self, occurrence: Occurrence) -> str:
        """Return a name as client-go gives: the object's, and the time in hex.

        No two of one source are the same, also where the clock stands still.
        """
        nanoseconds = int(occurrence.at.timestamp() * 1_000_000) * 1000 + self._offset
        self._stamp = max(self._stamp + 1, nanoseconds)
        stamp = f"{self._stamp:x}"
        return f"{occurrence.regarding.name[: 252 - len(stamp)]}.{stamp}"
