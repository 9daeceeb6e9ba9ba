"""One writer, one revision counter, immutable entries.

Every change of the cluster is one ``commit``: it takes the next revision, writes it
into the object, encodes the object once, writes it to the journal where there is one,
and hands the event to the resource's watchers before it returns. Nothing here awaits,
so what a caller reads between two awaits is one consistent state; ``changed`` alone
waits.

Past snapshots are not kept: a table at revision R is the live table with the later
events undone, at a cost of the number of changes.
"""

import asyncio
import bisect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from homeostat._clock import Clock, SystemClock
from homeostat.api import JSON
from homeostat.apiserver._encode import encode_struct
from homeostat.apiserver._history import History, HistoryLimits, TooOldError
from homeostat.apiserver._table import (
    NO_LABELS,
    Entry,
    Event,
    EventType,
    Table,
    Watcher,
)

if TYPE_CHECKING:  # SQLite is loaded for those who keep something
    from homeostat.apiserver._journal import Journal

__all__ = ["Entry", "Event", "EventType", "Store", "Table", "TooOldError", "Watcher"]

# "0" means "any version" on the wire, and clients take 1 for a store without writes.
FIRST_REVISION = 2


class Store:
    """All tables, the revision and the history.

    Args:
        history: How much is kept for watches and past lists.
        clock: Wall time of the events.
        journal: Where each commit is written first; None keeps all in memory.
    """

    def __init__(
        self,
        *,
        history: HistoryLimits | None = None,
        clock: Clock | None = None,
        journal: "Journal | None" = None,
    ) -> None:
        self.revision = FIRST_REVISION
        self._history = History(history or HistoryLimits(), FIRST_REVISION)
        self._clock = clock or SystemClock()
        self._journal = journal
        self._waiters: list[asyncio.Event] = []
        self.tables: dict[str, Table] = {}

    @property
    def compacted(self) -> int:
        """The oldest revision that can be told."""
        return self._history.compacted

    def table(
        self,
        name: str,
        fields: Callable[[dict[str, Any]], Mapping[str, str]] = lambda _: NO_LABELS,
        encode: Callable[[JSON], bytes] = encode_struct,
    ) -> Table:
        """Return the table of a resource, made when it is first asked for.

        Args:
            name: Of the resource, with its group.
            fields: Reads the selectable fields of an object.
            encode: Writes an object.
        """
        found = self.tables.get(name)
        if found is None:
            found = self.tables[name] = Table(name, fields, encode)
        return found

    def load(self) -> None:
        """Take in what the journal holds; what happened before is compacted."""
        if self._journal is None:
            return
        revision = self._journal.last_deletion()
        for row in self._journal.rows():
            table = self.table(row.resource)
            table.restore(row.key, row.data, row.revision, row.created)
            revision = max(revision, row.revision)
        for table in self.tables.values():
            table.sort()
            table.read_fields(table.fields)
        self.revision = max(revision, FIRST_REVISION)
        self.compact()

    def put(self, table: Table, key: str, value: dict[str, Any]) -> Entry:
        """Commit an object: its resourceVersion is set in ``value``, then encoded.

        The caller gives ``value`` up.

        Raises:
            StatusError: 500, the journal cannot be written; nothing has changed.
        """
        old = table.live.get(key)
        revision = self.revision + 1
        created = revision if old is None else old.created
        new = table.entry(key, value, revision, created)
        if self._journal is not None:
            self._journal.put(table.name, new)
        self.revision = revision
        if old is None:
            bisect.insort(table.keys, key)
        table.live[key] = new
        self._publish("ADDED" if old is None else "MODIFIED", table, old, new)
        return new

    def remove(self, table: Table, key: str) -> Entry:
        """Commit a deletion: the last state is the one that was stored before.

        What the write that let go of the object changed besides was never stored, and
        watchers are not told of it.

        Raises:
            StatusError: As ``put``.
        """
        old = table.live[key]
        revision = self.revision + 1
        new = old.at(revision)
        if self._journal is not None:
            self._journal.remove(old, revision)
        self.revision = revision
        del table.live[key]
        del table.keys[bisect.bisect_left(table.keys, key)]
        self._publish("DELETED", table, old, new)
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
        self._history.check(revision)

    def compact(self, revision: int | None = None) -> None:
        """Forget the history up to ``revision``, by default all of it."""
        limit = self.revision if revision is None else revision
        self._history.compact(min(limit, self.revision))

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

    def _publish(
        self, kind: EventType, table: Table, old: Entry | None, new: Entry
    ) -> None:
        event = Event(kind, table, old, new, self._clock.now())
        self._history.add(event)
        for watcher in tuple(table.watchers):
            watcher.push(event)
        for waiter in self._waiters:
            waiter.set()
