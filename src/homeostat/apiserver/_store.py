"""One writer, one revision counter, immutable entries.

Every change of the cluster is one ``commit``: it takes the next revision, writes it
into the object, encodes the object once, and hands the event to the resource's
watchers before it returns. Nothing here awaits, so what a caller reads between two
awaits is one consistent state; ``changed`` alone waits.

History is bounded by count. Past snapshots are not kept: a table at revision R is the
live table with the later events undone, at a cost of the number of changes.
"""

import asyncio
import bisect
import heapq
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, Protocol

import msgspec

__all__ = ["Entry", "Event", "EventType", "Store", "Table", "TooOldError", "Watcher"]

EventType = Literal["ADDED", "MODIFIED", "DELETED"]
NO_LABELS: Mapping[str, str] = {}

# kine keeps at least 1,000 events for its watchers and etcd five minutes of them.
HISTORY = 10_000
# "0" means "any version" on the wire, and clients take 1 for a store without writes.
FIRST_REVISION = 2


class Entry:
    """One version of one object; never changed after its commit.

    Attributes:
        key: ``namespace/name``, or the name of a cluster-scoped object.
        namespace: "" for cluster-scoped objects.
        name: Name of the object.
        uid: Its uid.
        revision: Its resourceVersion.
        data: The encoded object.
        labels: Its labels; not to be changed.
        fields: Values of the resource's own selectable fields.
    """

    __slots__ = (
        "data",
        "fields",
        "key",
        "labels",
        "name",
        "namespace",
        "revision",
        "uid",
    )

    def __init__(
        self, key: str, value: dict[str, Any], revision: int, fields: Mapping[str, str]
    ) -> None:
        metadata = value["metadata"]
        self.key = key
        self.namespace: str = metadata.get("namespace", "")
        self.name: str = metadata["name"]
        self.uid: str = metadata.get("uid", "")
        self.revision = revision
        self.labels: Mapping[str, str] = metadata.get("labels") or NO_LABELS
        self.fields = fields
        self.data = msgspec.json.encode(value)

    @property
    def value(self) -> dict[str, Any]:
        """The object, decoded anew: the caller's own copy."""
        value: dict[str, Any] = msgspec.json.decode(self.data)
        return value


class Event:
    """One change. ``old`` is the entry before it, ``new`` the one after.

    Attributes:
        type: What happened.
        revision: Revision of the change.
        table: Where it happened.
        old: None when the object was added.
        new: For DELETED the last state, under the revision of the deletion.
        renditions: Encoded lines, shared by the watchers that ask for the same form.
    """

    __slots__ = ("new", "old", "renditions", "revision", "table", "type")

    def __init__(
        self, kind: EventType, table: "Table", old: Entry | None, new: Entry
    ) -> None:
        self.type = kind
        self.revision = new.revision
        self.table = table
        self.old = old
        self.new = new
        self.renditions: dict[Any, bytes] = {}


class Watcher(Protocol):
    """Gets every event of one table, in order, while it is registered."""

    def push(self, event: Event) -> None:
        """Take an event; called by the writer, never waits."""
        ...

    def close(self) -> None:
        """Take note that no more events come."""
        ...


class TooOldError(Exception):
    """The history before ``oldest`` is compacted."""

    def __init__(self, asked: int, oldest: int) -> None:
        super().__init__(f"revision {asked} is compacted; the oldest is {oldest}")
        self.asked = asked
        self.oldest = oldest


class Table:
    """The objects of one resource, in the order of their keys.

    Invariant: ``keys`` is sorted and holds exactly the keys of ``live``.
    """

    __slots__ = ("events", "fields", "keys", "live", "name", "watchers")

    def __init__(
        self, name: str, fields: Callable[[dict[str, Any]], Mapping[str, str]]
    ) -> None:
        self.name = name
        self.fields = fields
        self.live: dict[str, Entry] = {}
        self.keys: list[str] = []
        self.events: deque[Event] = deque()
        self.watchers: list[Watcher] = []

    def scan(self, prefix: str = "", start: str = "") -> Iterator[Entry]:
        """Iterate over the entries under ``prefix``, from the key ``start`` on."""
        keys = self.keys
        for index in range(bisect.bisect_left(keys, max(prefix, start)), len(keys)):
            key = keys[index]
            if not key.startswith(prefix):
                return
            yield self.live[key]

    def scan_at(
        self, revision: int, prefix: str = "", start: str = ""
    ) -> Iterator[Entry]:
        """Iterate as ``scan`` does over the table as it was at ``revision``."""
        before: dict[str, Entry | None] = {}
        for event in reversed(self.events):
            if event.revision <= revision:
                break
            before[event.new.key] = event.old
        if not before:
            yield from self.scan(prefix, start)
            return
        first = max(prefix, start)
        gone = sorted(
            key
            for key in before
            if key not in self.live and key >= first and key.startswith(prefix)
        )
        live = (entry.key for entry in self.scan(prefix, start))
        for key in heapq.merge(list(live), gone):
            entry = before[key] if key in before else self.live[key]
            if entry is not None:
                yield entry

    def count(self, prefix: str = "", start: str = "") -> int:
        """Return how many live keys stand under ``prefix``, from ``start`` on."""
        low = bisect.bisect_left(self.keys, max(prefix, start))
        if not prefix:
            return len(self.keys) - low
        return max(0, bisect.bisect_left(self.keys, prefix + "\U0010ffff") - low)


class Store:
    """All tables, the revision and the history.

    Args:
        history: How many events are kept for watches and past lists.
    """

    def __init__(self, *, history: int = HISTORY) -> None:
        self.revision = FIRST_REVISION
        self.compacted = FIRST_REVISION
        self._history = history
        self._events: deque[Event] = deque()
        self._waiters: list[asyncio.Event] = []
        self.tables: dict[str, Table] = {}

    def table(
        self,
        name: str,
        fields: Callable[[dict[str, Any]], Mapping[str, str]] = lambda _: NO_LABELS,
    ) -> Table:
        """Return the table of a resource, made when it is first asked for."""
        found = self.tables.get(name)
        if found is None:
            found = self.tables[name] = Table(name, fields)
        return found

    def put(self, table: Table, key: str, value: dict[str, Any]) -> Entry:
        """Commit an object: its resourceVersion is set in ``value``, then encoded.

        The caller gives ``value`` up.
        """
        old = table.live.get(key)
        self.revision += 1
        value["metadata"]["resourceVersion"] = str(self.revision)
        new = Entry(key, value, self.revision, table.fields(value))
        if old is None:
            bisect.insort(table.keys, key)
        table.live[key] = new
        self._publish(Event("ADDED" if old is None else "MODIFIED", table, old, new))
        return new

    def remove(self, table: Table, key: str, value: dict[str, Any]) -> Entry:
        """Commit a deletion; ``value`` is the last state, given up by the caller."""
        old = table.live.pop(key)
        del table.keys[bisect.bisect_left(table.keys, key)]
        self.revision += 1
        value["metadata"]["resourceVersion"] = str(self.revision)
        new = Entry(key, value, self.revision, table.fields(value))
        self._publish(Event("DELETED", table, old, new))
        return new

    def since(self, table: Table, revision: int) -> list[Event]:
        """Return the events of a table after ``revision``.

        Raises:
            TooOldError: Some of them are compacted.
        """
        self.check(revision)
        events: list[Event] = []
        for event in reversed(table.events):
            if event.revision <= revision:
                break
            events.append(event)
        events.reverse()
        return events

    def check(self, revision: int) -> None:
        """Raise unless the state at ``revision`` can be told.

        Raises:
            TooOldError: It is compacted.
        """
        if revision < self.compacted:
            raise TooOldError(revision, self.compacted)

    def compact(self, revision: int | None = None) -> None:
        """Forget the history up to ``revision``, by default all of it."""
        limit = self.revision if revision is None else revision
        while self._events and self._events[0].revision <= limit:
            self._forget()
        self.compacted = max(self.compacted, min(limit, self.revision))

    def drop(self, table: Table) -> None:
        """Forget a table that holds no objects any more, and close its watches."""
        self.tables.pop(table.name, None)
        for watcher in list(table.watchers):
            watcher.close()

    async def changed(self, until: float) -> bool:
        """Wait for the next commit.

        Args:
            until: The loop's time at which to give up.

        Returns:
            Whether there was one.
        """
        waiter = asyncio.Event()
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout_at(until):
                await waiter.wait()
        except TimeoutError:
            return False
        finally:
            self._waiters.remove(waiter)
        return True

    def _publish(self, event: Event) -> None:
        self._events.append(event)
        event.table.events.append(event)
        if len(self._events) > self._history:
            self._forget()
        for watcher in tuple(event.table.watchers):
            watcher.push(event)
        for waiter in self._waiters:
            waiter.set()

    def _forget(self) -> None:
        event = self._events.popleft()
        event.table.events.popleft()
        self.compacted = event.revision
