"""The queue's decisions: who is due, who waits, who runs. No loop, no clock."""

import heapq
from collections import OrderedDict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, TypeVar, final

__all__ = ["Item", "QueueCore", "Snapshot"]

K = TypeVar("K", bound=Hashable)

# Reasons explain; they decide nothing. A storm of distinct ones must not grow a key.
REASONS_LIMIT = 8


class _Place(Enum):
    READY = "ready"  # may be leased
    HELD = "held"  # due, and its key is leased: ready when the lease ends
    DELAYED = "delayed"  # due at a time
    PARKED = "parked"  # due when unparked, or at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Item(Generic[K]):
    """A leased key.

    Attributes:
        key: What to work on.
        reasons: Distinct reasons for this run, oldest first. Why it would have run
            later is not among them: a delay's reason counts when its time has come.
        omitted: How many further reasons were dropped.
        priority: The highest it was queued with.
        failures: Consecutive failures before this run.
        waited_s: Seconds between becoming due and this lease.
    """

    key: K
    reasons: tuple[str, ...] = ()
    omitted: int = 0
    priority: int = 0
    failures: int = 0
    waited_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot(Generic[K]):
    """What a queue holds, for people.

    Attributes:
        ready: Keys in the order in which they will be leased.
        leased: Keys that run, with the time their lease began.
        held: Leased keys that run again after their lease.
        delayed: Keys with the time they become due.
        parked: Keys with their latest wake-up.
        failures: Consecutive failures of the keys that have any.
    """

    ready: tuple[K, ...]
    leased: dict[K, float]
    held: tuple[K, ...]
    delayed: dict[K, float]
    parked: dict[K, float]
    failures: dict[K, int]


@dataclass(slots=True)
class _Entry:
    place: _Place
    priority: int
    at: float  # ready, held: since when it is due; delayed, parked: until when
    ticket: int = 0  # the timer that counts; older ones in the heap are stale
    reasons: list[str] = field(default_factory=list[str])
    timed: list[str] = field(default_factory=list[str])  # reasons of the timer alone
    omitted: int = 0

    def note(self, reason: str) -> None:
        if not reason or reason in self.reasons:
            return
        if len(self.reasons) < REASONS_LIMIT:
            self.reasons.append(reason)
        else:
            self.omitted += 1

    def note_timed(self, reason: str) -> None:
        if reason and reason not in self.timed and len(self.timed) < REASONS_LIMIT:
            self.timed.append(reason)


@final
class QueueCore(Generic[K]):
    """The state of a work queue; every method takes the time and never waits.

    Invariant: a key has at most one entry (its wish to run) and at most one lease. An
    entry is READY only while its key has no lease, HELD only while it has one.

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

    def __init__(self) -> None:
        self.closed: bool = False
        self._entries: dict[K, _Entry] = {}
        # One ordered set per priority; a plain dict scans its dead head on every pop.
        self._ready: dict[int, OrderedDict[K, None]] = {}
        self._leased: dict[K, float] = {}
        self._failures: dict[K, int] = {}
        self._timers: list[tuple[float, int, K]] = []
        self._ticket = 0

    def __len__(self) -> int:
        """Return how many keys are due and not leased."""
        return sum(map(len, self._ready.values()))

    @property
    def depths(self) -> dict[int, int]:
        """Number of ready keys by priority."""
        return {priority: len(bucket) for priority, bucket in self._ready.items()}

    @property
    def leased(self) -> Iterable[tuple[K, float]]:
        """Leased keys with the time their lease began."""
        return self._leased.items()

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
            entry = _Entry(_Place.DELAYED, priority, now)
            self._entries[key] = entry
        self._raise(key, entry, priority)
        entry.note(reason)
        if entry.place is not _Place.DELAYED:
            return False
        self._make_due(key, entry, now)
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
            entry = self._entries[key] = _Entry(_Place.DELAYED, priority, at)
            self._set_timer(key, entry, at)
        elif entry.place is _Place.DELAYED and at < entry.at:
            entry.timed.clear()
            self._set_timer(key, entry, at)
        self._raise(key, entry, priority)
        # A delay that a run comes before is fulfilled by it, and is not why it runs.
        if entry.place in {_Place.DELAYED, _Place.PARKED} and at <= entry.at:
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
            entry = self._entries[key] = _Entry(_Place.PARKED, priority, until)
        elif entry.place is _Place.READY:
            self._remove_ready(key, entry.priority)
        elif entry.place in {_Place.DELAYED, _Place.PARKED}:
            if until < entry.at:
                entry.timed.clear()
            until = min(until, entry.at)
        entry.place = _Place.PARKED
        self._raise(key, entry, priority)
        entry.note(reason)
        self._set_timer(key, entry, max(until, now))

    def unpark(self, key: K, now: float) -> bool:
        """Make a parked key due; return whether it was parked."""
        entry = self._entries.get(key)
        if entry is None or entry.place is not _Place.PARKED:
            return False
        self._make_due(key, entry, now)
        return True

    def is_parked(self, key: K) -> bool:
        """Return whether ``key`` waits for an ``unpark``."""
        entry = self._entries.get(key)
        return entry is not None and entry.place is _Place.PARKED

    def advance(self, now: float) -> list[K]:
        """Make due whatever's time has come, in the order of those times."""
        due: list[K] = []
        while self._timers and self._timers[0][0] <= now:
            _, ticket, key = heapq.heappop(self._timers)
            entry = self._entries.get(key)
            if entry is not None and self._is_timed(entry, ticket):
                others, entry.reasons = entry.reasons, entry.timed
                for reason in others:
                    entry.note(reason)
                self._make_due(key, entry, now)
                due.append(key)
        return due

    def next_time(self) -> float | None:
        """Return when ``advance`` has something to do next, None for never."""
        while self._timers:
            at, ticket, key = self._timers[0]
            entry = self._entries.get(key)
            if entry is not None and self._is_timed(entry, ticket):
                return at
            heapq.heappop(self._timers)
        return None

    def pop(self, now: float) -> Item[K] | None:
        """Lease the first ready key, None when there is none."""
        if not self._ready:
            return None
        priority = max(self._ready)
        key = next(iter(self._ready[priority]))
        self._remove_ready(key, priority)
        entry = self._entries.pop(key)
        self._leased[key] = now
        return Item(
            key=key,
            reasons=tuple(entry.reasons),
            omitted=entry.omitted,
            priority=priority,
            failures=self._failures.get(key, 0),
            waited_s=now - entry.at,
        )

    def release(self, key: K, now: float) -> float:
        """End the lease of ``key``; return how long it lasted."""
        began = self._leased.pop(key)
        entry = self._entries.get(key)
        if entry is not None and entry.place is _Place.HELD:
            since = entry.at
            self._make_due(key, entry, now)
            entry.at = since
        return now - began

    def fail(self, key: K) -> int:
        """Count a failure of ``key``; return how many came before it."""
        before = self._failures.get(key, 0)
        self._failures[key] = before + 1
        return before

    def forget(self, key: K) -> None:
        """Reset the failures of ``key``; its place in the queue stays."""
        self._failures.pop(key, None)

    def failures(self, key: K) -> int:
        """Return the consecutive failures of ``key``."""
        return self._failures.get(key, 0)

    def close(self, *, drain: bool = True) -> None:
        """Refuse adds; forget delays and parks, and what is due unless ``drain``."""
        self.closed = True
        self._timers.clear()
        keep = {_Place.READY, _Place.HELD} if drain else set[_Place]()
        self._entries = {k: e for k, e in self._entries.items() if e.place in keep}
        if not drain:
            self._ready.clear()

    def snapshot(self) -> Snapshot[K]:
        """Return a copy of what the queue holds."""
        ordered = sorted(self._ready.items(), reverse=True)
        entries = self._entries.items()
        return Snapshot(
            ready=tuple(key for _, bucket in ordered for key in bucket),
            leased=dict(self._leased),
            held=tuple(k for k, e in entries if e.place is _Place.HELD),
            delayed={k: e.at for k, e in entries if e.place is _Place.DELAYED},
            parked={k: e.at for k, e in entries if e.place is _Place.PARKED},
            failures=dict(self._failures),
        )

    def _raise(self, key: K, entry: _Entry, priority: int) -> None:
        if priority <= entry.priority:
            return
        if entry.place is _Place.READY:  # it queues anew, behind its new equals
            self._remove_ready(key, entry.priority)
            self._ready.setdefault(priority, OrderedDict())[key] = None
        entry.priority = priority

    def _make_due(self, key: K, entry: _Entry, now: float) -> None:
        entry.at = now
        entry.timed = []  # fired or overtaken
        if key in self._leased:
            entry.place = _Place.HELD
        else:
            entry.place = _Place.READY
            self._ready.setdefault(entry.priority, OrderedDict())[key] = None

    def _remove_ready(self, key: K, priority: int) -> None:
        bucket = self._ready[priority]
        del bucket[key]
        if not bucket:
            del self._ready[priority]

    def _set_timer(self, key: K, entry: _Entry, at: float) -> None:
        self._ticket += 1
        entry.at = at
        entry.ticket = self._ticket
        if len(self._timers) > 2 * len(self._entries) + 64:
            self._timers = [t for t in self._timers if self._counts(t)]
            heapq.heapify(self._timers)
        heapq.heappush(self._timers, (at, self._ticket, key))

    def _counts(self, timer: tuple[float, int, K]) -> bool:
        entry = self._entries.get(timer[2])
        return entry is not None and self._is_timed(entry, timer[1])

    def _is_timed(self, entry: _Entry, ticket: int) -> bool:
        timed = entry.place in {_Place.DELAYED, _Place.PARKED}
        return timed and entry.ticket == ticket

    def _holds_any(self) -> bool:
        # Only leased keys can be held, and there are no more of those than workers.
        held = (self._entries.get(key) for key in self._leased)
        return any(e is not None and e.place is _Place.HELD for e in held)
