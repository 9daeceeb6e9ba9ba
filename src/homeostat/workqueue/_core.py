"""The queue's decisions: who is due, who waits, who runs. No loop, no clock."""

import heapq
from collections.abc import Hashable, Iterable
from copy import copy
from enum import Enum
from functools import lru_cache
from typing import Final, Generic, TypeVar, final

import msgspec

from homeostat.workqueue._item import Item, Snapshot
from homeostat.workqueue._ready import DEFAULT_AGING, Ready

__all__ = ["QueueCore"]

K = TypeVar("K", bound=Hashable)

# Reasons explain; they decide nothing. A storm of distinct ones must not grow a key.
REASONS_LIMIT = 8


class _Place(Enum):
    NONE = "none"  # not to run again: its key is leased
    READY = "ready"  # may be leased
    HELD = "held"  # due, and its key is leased: ready when the lease ends
    DELAYED = "delayed"  # due at a time
    PARKED = "parked"  # due when unparked, or at a time


# Looking a member up in its class costs more than what is done with it.
_NONE: Final = _Place.NONE
_READY: Final = _Place.READY
_HELD: Final = _Place.HELD
_DELAYED: Final = _Place.DELAYED
_PARKED: Final = _Place.PARKED


@lru_cache(maxsize=256)
def _alone(reason: str) -> tuple[str, ...]:
    """Return a tuple of one reason; most keys of a backlog have the same."""
    return (reason,)


# A backlog has one for each of its keys: without a place in the garbage collector's
# lists it takes a sixth less, and no collection walks it.
class _Entry(msgspec.Struct, Generic[K], eq=False, gc=False):
    """What is known of a key that waits or runs; equal to itself alone."""

    key: K
    priority: int
    at: float  # ready, held: since when it is due; delayed, parked: until when
    place: _Place | None = _NONE  # None: another entry stands for its key
    ticket: int = 0  # of the timer that counts; others in the heap are stale
    reasons: tuple[str, ...] = ()
    timed: tuple[str, ...] = ()  # reasons of the timer alone
    omitted: int = 0

    def note(self, reason: str) -> None:
        if not reason or reason in self.reasons:
            return
        if not self.reasons:
            self.reasons = _alone(reason)
        elif len(self.reasons) < REASONS_LIMIT:
            self.reasons += (reason,)
        else:
            self.omitted += 1

    def note_timed(self, reason: str) -> None:
        if reason and reason not in self.timed and len(self.timed) < REASONS_LIMIT:
            self.timed += (reason,)


@final
class QueueCore(Generic[K]):
    """The state of a work queue; every method takes the time and never waits.

    Invariant: a key has one entry while it waits or runs, and at most one lease. An
    entry is READY only while its key has no lease, HELD and NONE only while it has one.
    Only a DELAYED or PARKED entry has a ticket.

    Keys may be slow to hash: the entry of a key is looked up once per operation, and
    everything else goes by the entry.

    Args:
        aging: Seconds of waiting that weigh as much as one point of priority: a ready
            key is ahead of those that become ready ``aging`` seconds later for each
            point that they have more than it. 0 makes the order by age first come,
            first served.

    Source: client-go ``util/workqueue/queue.go`` (dirty and processing sets).
    """

    __slots__ = (
        "_entries",
        "_failures",
        "_leased",
        "_ready",
        "_ticket",
        "_timers",
        "closed",
    )

    def __init__(self, *, aging: float = DEFAULT_AGING) -> None:
        self.closed: bool = False
        self._entries: dict[K, _Entry[K]] = {}
        self._ready: Ready[_Entry[K]] = Ready(aging)
        self._leased: dict[_Entry[K], float] = {}
        self._failures: dict[K, int] = {}
        self._timers: list[tuple[float, int, _Entry[K]]] = []
        self._ticket = 0

    def __len__(self) -> int:
        """Return how many keys are due and not leased."""
        return len(self._ready)

    @property
    def depths(self) -> dict[int, int]:
        """Number of ready keys by the priority they were queued with."""
        return self._ready.depths

    def depth(self, priority: int) -> int:
        """Return the number of ready keys that were queued with ``priority``."""
        return self._ready.depth(priority)

    @property
    def leased(self) -> Iterable[tuple[K, float]]:
        """Leased keys with the time their lease began."""
        return ((entry.key, began) for entry, began in self._leased.items())

    @property
    def idle(self) -> bool:
        """Whether nothing is ready, held or leased; delays and parks do not count."""
        return not self._ready and not self._leased

    @property
    def drained(self) -> bool:
        """Whether the queue is closed and no lease can be had from it again."""
        return self.closed and not self._ready and not self._holds_any()

    def add(self, key: K, now: float, *, priority: int = 0, reason: str = "") -> bool:
        """Make ``key`` due; return whether this made it due (it was not before)."""
        if self.closed:
            return False
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = _Entry(key, priority, now)
        elif priority != entry.priority:
            entry = self._raised(entry, priority, now)
        if reason:
            entry.note(reason)
        if entry.place is not _NONE and entry.place is not _DELAYED:
            return False
        self._make_due(entry, now)
        return True

    def add_at(
        self, key: K, at: float, now: float, *, priority: int = 0, reason: str = ""
    ) -> None:
        """Make ``key`` due no later than ``at``."""
        if self.closed:
            return
        if at <= now:
            self.add(key, now, priority=priority, reason=reason)
            return
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = _Entry(key, priority, at)
        else:
            entry = self._raised(entry, priority, now)
        if entry.place is _NONE:
            entry.place = _DELAYED
            self._set_timer(entry, at)
        elif entry.place is _DELAYED and at < entry.at:
            entry.timed = ()
            self._set_timer(entry, at)
        # A delay that a run comes before is fulfilled by it, and is not why it runs.
        if entry.ticket and at <= entry.at:
            entry.note_timed(reason)

    def park(
        self, key: K, until: float, now: float, *, priority: int = 0, reason: str = ""
    ) -> None:
        """Hold ``key`` back until ``unpark`` or ``until``, whichever is first.

        Adds of a parked key are kept for its wake-up; they do not cause it.
        """
        if self.closed:
            return
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = _Entry(key, priority, until)
        else:
            entry = self._raised(entry, priority, now)
        if entry.place is _READY:
            entry = self._withdrawn(entry)
        elif entry.ticket:
            if until < entry.at:
                entry.timed = ()
            until = min(until, entry.at)
        entry.place = _PARKED
        entry.note(reason)
        self._set_timer(entry, max(until, now))

    def unpark(self, key: K, now: float) -> bool:
        """Make a parked key due; return whether it was parked."""
        entry = self._entries.get(key)
        if entry is None or entry.place is not _PARKED:
            return False
        self._make_due(entry, now)
        return True

    def is_ready(self, key: K) -> bool:
        """Return whether ``key`` may be leased."""
        entry = self._entries.get(key)
        return entry is not None and entry.place is _READY

    def is_parked(self, key: K) -> bool:
        """Return whether ``key`` waits for an ``unpark``."""
        entry = self._entries.get(key)
        return entry is not None and entry.place is _PARKED

    def advance(self, now: float) -> list[K]:
        """Make due whatever's time has come, in the order of those times."""
        due: list[K] = []
        while self._timers and self._timers[0][0] <= now:
            _, ticket, entry = heapq.heappop(self._timers)
            if entry.ticket == ticket:
                others, entry.reasons = entry.reasons, entry.timed
                for reason in others:
                    entry.note(reason)
                self._make_due(entry, now)
                due.append(entry.key)
        return due

    def next_time(self) -> float | None:
        """Return when ``advance`` has something to do next, None for never."""
        while self._timers:
            at, ticket, entry = self._timers[0]
            if entry.ticket == ticket:
                return at
            heapq.heappop(self._timers)
        return None

    def pop(self, now: float) -> Item[K] | None:
        """Lease the ready key whose turn it is, None when there is none."""
        entry = self._ready.pop()
        if entry is None:
            return None
        key = entry.key
        item = Item(
            key=key,
            reasons=entry.reasons,
            omitted=entry.omitted,
            priority=entry.priority,
            failures=self.failures(key) if self._failures else 0,
            waited_s=now - entry.at,
        )
        entry.place = _NONE
        entry.reasons = ()
        entry.omitted = 0
        self._leased[entry] = now
        return item

    def release(self, key: K, now: float) -> float:
        """End the lease of ``key``; return how long it lasted."""
        entry = self._entries[key]
        began = self._leased.pop(entry)
        if entry.place is _NONE:
            del self._entries[key]
            if not self._entries:  # a dict that was large stays so until it is cleared
                self._entries.clear()
        elif entry.place is _HELD:
            entry.place = _READY
            self._ready.push(entry, entry.priority, now)
        return now - began

    def fail(self, key: K) -> int:
        """Count a failure of ``key``; return how many came before it."""
        before = self._failures.get(key, 0)
        self._failures[key] = before + 1
        return before

    def forget(self, key: K) -> None:
        """Reset the failures of ``key``; its place in the queue stays."""
        if self._failures:
            self._failures.pop(key, None)

    def failures(self, key: K) -> int:
        """Return the consecutive failures of ``key``."""
        return self._failures.get(key, 0)

    def close(self, *, drain: bool = True) -> None:
        """Refuse adds; forget delays and parks, and what is due unless ``drain``."""
        self.closed = True
        self._timers.clear()
        if not drain:
            self._ready.clear()
        for key, entry in list(self._entries.items()):
            if drain and not entry.ticket:
                continue
            entry.place = _NONE
            entry.ticket = 0
            if entry not in self._leased:
                del self._entries[key]

    def snapshot(self) -> Snapshot[K]:
        """Return a copy of what the queue holds."""
        entries = self._entries.items()
        return Snapshot(
            ready=tuple(entry.key for entry in self._ready),
            leased=dict(self.leased),
            held=tuple(k for k, e in entries if e.place is _HELD),
            delayed={k: e.at for k, e in entries if e.place is _DELAYED},
            parked={k: e.at for k, e in entries if e.place is _PARKED},
            failures=dict(self._failures),
        )

    def _raised(self, entry: _Entry[K], priority: int, now: float) -> _Entry[K]:
        """Return the entry of a key that has at least this priority."""
        if entry.place is _NONE:
            entry.priority = priority
        elif priority > entry.priority:
            if entry.place is _READY:  # it queues anew, behind its new equals
                entry = self._withdrawn(entry)
                self._ready.push(entry, priority, now)
            entry.priority = priority
        return entry

    def _withdrawn(self, entry: _Entry[K]) -> _Entry[K]:
        """Take a ready key out of its turn; return the entry that stands for it now."""
        self._entries[entry.key] = fresh = copy(entry)
        entry.place = None
        self._ready.left(entry.priority)
        return fresh

    def _make_due(self, entry: _Entry[K], now: float) -> None:
        entry.at = now
        if entry.ticket:  # fired or overtaken
            entry.ticket = 0
            entry.timed = ()
        if entry in self._leased:
            entry.place = _HELD
        else:
            entry.place = _READY
            self._ready.push(entry, entry.priority, now)

    def _set_timer(self, entry: _Entry[K], at: float) -> None:
        self._ticket += 1
        entry.at = at
        entry.ticket = self._ticket
        if len(self._timers) > 2 * len(self._entries) + 64:
            self._timers = [t for t in self._timers if t[2].ticket == t[1]]
            heapq.heapify(self._timers)
        heapq.heappush(self._timers, (at, self._ticket, entry))

    def _holds_any(self) -> bool:
        # Only leased keys can be held, and there are no more of those than workers.
        return any(entry.place is _HELD for entry in self._leased)
