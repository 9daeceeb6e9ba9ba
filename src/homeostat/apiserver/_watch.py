"""Watches: what happened to a selection of objects, line by line.

A stream registers with its table in the same step in which it reads the state that it
starts from: nothing is missed and nothing comes twice. Writers never wait for readers;
a reader that falls too far behind loses its stream and resumes from its last version.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import final

from homeostat.apiserver._context import Cluster, Target
from homeostat.apiserver._list import parse_version, prefix_of
from homeostat.apiserver._negotiate import TABLE, check_stream, form_of
from homeostat.apiserver._options import ListOptions
from homeostat.apiserver._render import (
    JSON_HEADERS,
    bookmark,
    error_line,
    event_line,
    object_line,
)
from homeostat.apiserver._select import selection
from homeostat.apiserver._status import StatusError, expired, too_large_version
from homeostat.apiserver._store import Entry, Event, TooOldError
from homeostat.errors import TransportError

__all__ = ["WatchStream"]

# How far a slow reader may lag behind.
QUEUE_EVENTS = 10_000
QUEUE_BYTES = 64 * 1024 * 1024
CHUNK_BYTES = 64 * 1024
MIN_TIMEOUT = 1800.0  # seconds; kube-apiserver draws from one to two times this
BOOKMARK_EVERY = 60.0  # seconds
BOOKMARK_BEFORE_END = 2.0  # seconds
WAIT_FOR_VERSION = 3.0  # seconds


@final
class WatchStream:
    """One watch, from its start to its end; implements ``HttpStream``.

    Invariant: while ``open``, the stream is registered with its table.

    Cancellation: leaving ``chunks`` or calling ``close`` ends the registration.
    """

    status = 200

    def __init__(self, cluster: Cluster, target: Target, options: ListOptions) -> None:
        self.headers: Mapping[str, str] = JSON_HEADERS
        self._served = target.served
        self._table = target.served.table
        self._store = cluster.store
        check_stream(target.request)
        self._form = form_of(cluster.clock, target.request)
        # A table defines its columns in the first event, whatever that is.
        self._undefined = self._form.kind == TABLE
        self._options = options
        self._asked = parse_version(options.version)
        prefix = prefix_of(target)
        self._prefix = prefix
        self._selection = selection(
            target.served, prefix, target.route.name, options.labels, options.fields
        )
        self._timeout = float(
            options.timeout
            if options.timeout
            else cluster.random.uniform(MIN_TIMEOUT, 2 * MIN_TIMEOUT)
        )
        self._queue: deque[Event] = deque()
        self._queue_bytes = 0
        self._wake = asyncio.Event()
        self._last_line: bytes | None = None
        self._broken = False
        self._first: Iterable[bytes] | None = None
        self.open = False

    def begin(self) -> None:
        """Register with the table: the stream starts from the present state.

        A WatchList ahead of the store registers when the store has caught up.
        """
        if not self._options.initial_events or self._asked <= self._store.revision:
            self._first = self._start()

    def push(self, event: Event) -> None:
        """Take an event; called by the writer."""
        if event.revision <= self._asked:
            return
        if len(self._queue) >= QUEUE_EVENTS or self._queue_bytes > QUEUE_BYTES:
            self.close()
            return
        self._enqueue(event)
        self._wake.set()

    def _enqueue(self, event: Event) -> None:
        self._queue.append(event)
        self._queue_bytes += event.size

    def close(self) -> None:
        """End the stream cleanly, after what is queued."""
        if self.open:
            self.open = False
            self._table.watchers.remove(self)
        self._wake.set()

    def expire(self) -> None:
        """End the stream with 410, as after a compaction."""
        revision = self._store.revision
        self._fail(expired(f"too old resource version: {revision} ({revision + 1})"))

    def drop(self) -> None:
        """Break the stream: the reader sees a lost connection."""
        self._broken = True
        self._queue.clear()
        self._queue_bytes = 0
        self.close()

    def _fail(self, error: StatusError) -> None:
        self._last_line = error_line(error)
        self.close()

    def _register(self) -> None:
        self._table.watchers.append(self)
        self.open = True

    async def chunks(self) -> AsyncIterator[bytes]:
        """Iterate over the lines, several to a chunk."""
        end = asyncio.get_running_loop().time() + self._timeout
        try:
            # Of a negative time nothing is left: it is over before it begins.
            if self._timeout > 0:
                async for chunk in self._run(end):
                    yield chunk
        finally:
            self.close()
        if self._broken:
            raise TransportError("the watch was dropped")

    async def _run(self, end: float) -> AsyncIterator[bytes]:
        if self._first is None:
            await self._wait_for_version(end)
            if self._last_line is None:
                self._first = self._start()
        for chunk in self._first or ():
            yield chunk
        if self._options.initial_events and self._options.bookmarks and self.open:
            # Of the state, not of now: what was written since is still in the queue.
            yield self._bookmark(self._asked, initial=True)
        async for chunk in self._follow(end):
            yield chunk
        if self._last_line is not None and not self._broken:
            yield self._last_line

    async def _follow(self, end: float) -> AsyncIterator[bytes]:
        due = self._next_bookmark(end)
        while True:
            chunk = self._drain()
            if chunk:
                yield chunk
            elif not self.open:
                return
            elif not await self._wait(min(due, end)):
                if asyncio.get_running_loop().time() >= end:
                    return
                if self._options.bookmarks and not self._queue:
                    yield self._bookmark(self._store.revision, initial=False)
                due = self._next_bookmark(end)

    def _bookmark(self, revision: int, *, initial: bool) -> bytes:
        defined = self._define()
        return bookmark(
            revision, self._served, self._form, initial=initial, defined=defined
        )

    def _define(self) -> bool:
        """Tell whether the next event is the first one of a table."""
        first, self._undefined = self._undefined, False
        return first

    def _next_bookmark(self, end: float) -> float:
        now = asyncio.get_running_loop().time()
        last = end - BOOKMARK_BEFORE_END
        due = now + BOOKMARK_EVERY
        return min(due, last) if now < last else end

    async def _wait(self, until: float) -> bool:
        self._wake.clear()
        if self._queue or not self.open:
            return True
        try:
            async with asyncio.timeout_at(until):
                await self._wake.wait()
        except TimeoutError:
            return False
        return True

    async def _wait_for_version(self, end: float) -> None:
        """Let a WatchList ahead of the store wait for it, as the server does."""
        asked = self._asked
        until = min(end, asyncio.get_running_loop().time() + WAIT_FOR_VERSION)
        while self._store.revision < asked:
            if not await self._store.changed(until):
                self._fail(too_large_version(asked, self._store.revision))
                return

    def _start(self) -> Iterable[bytes]:
        """Register, and return the lines that the stream begins with."""
        options = self._options
        unset = self._asked == 0 and not options.match
        initial = options.initial_events
        if initial is None:
            initial = unset
        if initial:
            entries = list(self._table.scan(self._prefix))
            self._asked = max(self._asked, self._store.revision)
            self._register()
            return self._initial(entries)
        if self._asked == 0:
            self._asked = self._store.revision
        elif self._asked < self._store.revision:
            try:
                for event in self._store.since(self._table, self._asked):
                    self._enqueue(event)
            except TooOldError as error:
                text = f"too old resource version: {error.asked} ({error.oldest - 1})"
                self._last_line = error_line(expired(text))
                return ()
        self._register()
        return ()

    def _initial(self, entries: list[Entry]) -> Iterable[bytes]:
        lines: list[bytes] = []
        size = 0
        everything = self._selection.everything
        for entry in entries:
            if everything or self._selection.matches(entry):
                line = object_line(
                    "ADDED",
                    entry.data,
                    self._served,
                    self._form,
                    defined=self._define(),
                )
                lines.append(line)
                size += len(line)
            if size >= CHUNK_BYTES:
                yield b"".join(lines)
                lines, size = [], 0
        if lines:
            yield b"".join(lines)

    def _drain(self) -> bytes:
        lines: list[bytes] = []
        size = 0
        queue = self._queue
        while queue and size < CHUNK_BYTES:
            event = queue.popleft()
            self._queue_bytes -= event.size
            line = self._line(event)
            if line:
                lines.append(line)
                size += len(line)
        return b"".join(lines)

    def _line(self, event: Event) -> bytes:
        chosen = self._selection
        was = event.old is not None and chosen.matches(event.old)
        now = event.type != "DELETED" and chosen.matches(event.new)
        if not now and not was:
            return b""
        if now:
            kind, entry = "MODIFIED" if was else "ADDED", event.new
        else:
            kind, entry = "DELETED", event.new
            if event.type != "DELETED" and event.old is not None:
                entry = event.old
        return event_line(
            event, kind, entry, self._served, self._form, defined=self._define()
        )
