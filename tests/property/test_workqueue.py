"""The queue against a model: what is owed to each key, and nothing more."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from homeostat.workqueue import QueueCore

KEYS = st.sampled_from("abcdef")
PRIORITIES = st.integers(-1, 1)
DELAYS = st.integers(0, 5)


class Queue(RuleBasedStateMachine):
    """Model: ``owed`` maps a key to when it must be runnable.

    ``line`` holds the keys that may be leased, in the order in which they queued, with
    the time since which each waits.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.aging = 1
        self.core: QueueCore[str] = QueueCore(aging=1)
        self.owed: dict[str, float] = {}
        self.priority: dict[str, int] = {}
        self.parked: set[str] = set()
        self.leased: set[str] = set()
        self.line: dict[str, float] = {}
        self.by_age = True

    @initialize(aging=st.sampled_from([0, 1, 3, 1000]))
    def begin(self, aging: int) -> None:
        self.aging = aging
        self.core = QueueCore(aging=aging)

    def _line_up(self, key: str) -> None:
        if key not in self.leased:
            self.line.pop(key, None)
            self.line[key] = self.now

    def _order(self) -> list[str]:
        """Return the keys in line, in the order of their leases."""
        line, by_age, order = dict(self.line), self.by_age, list[str]()
        while line:
            key, differ = self._turn(line, by_age=by_age)
            by_age ^= differ
            order.append(key)
            del line[key]
        return order

    def _turn(self, line: dict[str, float], *, by_age: bool) -> tuple[str, bool]:
        """Return whose turn it is, and whether age and priority differ about it."""

        def weight(key: str) -> tuple[float, int]:
            priority = self.priority[key]
            return (line[key] - priority * self.aging, -priority)

        # min() and max() give the first of equals.
        highest = max(line, key=self.priority.__getitem__)
        oldest = min(line, key=weight)
        return (oldest if by_age else highest), oldest != highest

    def _owe(self, key: str, at: float, priority: int) -> None:
        due = self.owed.get(key, at + 1) <= self.now
        raised = priority > self.priority.get(key, priority)
        if key not in self.parked:
            self.owed[key] = min(at, self.owed.get(key, at))
            if (at <= self.now and not due) or (due and raised):
                self._line_up(key)
        self.priority[key] = max(priority, self.priority.get(key, priority))

    @rule(key=KEYS, priority=PRIORITIES)
    def add(self, key: str, priority: int) -> None:
        self.core.add(key, self.now, priority=priority)
        self._owe(key, self.now, priority)

    @rule(key=KEYS, delay=DELAYS, priority=PRIORITIES)
    def add_at(self, key: str, delay: int, priority: int) -> None:
        self.core.add_at(key, self.now + delay, self.now, priority=priority)
        self._owe(key, self.now + delay, priority)

    @rule(key=KEYS, delay=DELAYS)
    def park(self, key: str, delay: int) -> None:
        self.core.park(key, self.now + delay, self.now)
        cap = self.now + delay
        if key in self.parked or self.owed.get(key, self.now) > self.now:
            cap = min(cap, self.owed[key])
        self.parked.add(key)
        self.owed[key] = cap
        self.priority[key] = max(0, self.priority.get(key, 0))
        self.line.pop(key, None)

    @rule(key=KEYS)
    def unpark(self, key: str) -> None:
        assert self.core.unpark(key, self.now) == (key in self.parked)
        if key in self.parked:
            self.parked.discard(key)
            self.owed[key] = self.now
            self._line_up(key)

    def _advance(self) -> None:
        due = self.core.advance(self.now)
        assert due == sorted(due, key=self.owed.__getitem__)
        for key in due:
            self._line_up(key)
        self.parked -= {k for k in self.parked if self.owed[k] <= self.now}

    @rule(seconds=st.integers(0, 4))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds
        self._advance()

    @rule()
    def lease(self) -> None:
        self._advance()
        can = {k for k, at in self.owed.items() if at <= self.now}
        can -= self.leased | self.parked
        item = self.core.pop(self.now)
        assert (item is not None) == bool(can)
        if item is None:
            return
        assert item.key in can
        assert item.priority == self.priority[item.key]
        expected, differ = self._turn(self.line, by_age=self.by_age)
        assert item.key == expected
        self.by_age ^= differ
        del self.line[item.key]
        self.leased.add(item.key)
        del self.owed[item.key]
        del self.priority[item.key]

    @rule(key=KEYS)
    def release(self, key: str) -> None:
        if key in self.leased:
            self.core.release(key, self.now)
            self.leased.discard(key)
            if self.owed.get(key, self.now + 1) <= self.now and key not in self.parked:
                self._line_up(key)

    @invariant()
    def places_are_disjoint_and_nothing_is_lost(self) -> None:
        seen = self.core.snapshot()
        waiting = [*seen.ready, *seen.held, *seen.delayed, *seen.parked]
        assert len(waiting) == len(set(waiting))
        assert set(waiting) == self.owed.keys()
        assert not set(seen.ready) & seen.leased.keys()
        assert set(seen.held) <= seen.leased.keys()
        assert seen.leased.keys() == self.leased
        assert len(self.core) == len(seen.ready)
        assert list(seen.ready) == self._order()

    @invariant()
    def a_timer_is_set_for_whatever_waits_for_time(self) -> None:
        seen = self.core.snapshot()
        times = [*seen.delayed.values(), *seen.parked.values()]
        assert self.core.next_time() == min(times, default=None)


TestQueue = Queue.TestCase
TestQueue.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)

AGING = 2  # seconds per point
WAITING = st.lists(st.tuples(st.integers(-3, 3), st.integers(0, 4)), max_size=12)
FLOOD = st.lists(
    st.tuples(st.integers(0, 3), st.lists(st.integers(-3, 3), max_size=3)), max_size=40
)


def lease_under_flood(
    core: QueueCore[int],
    now: int,
    flood: list[tuple[int, list[int]]],
) -> int:
    """Lease once per step of a flood of adds, until key 0 comes; return how often."""
    steps = iter(flood)
    fresh = itertools.count(1000)
    for count in itertools.count(1):
        seconds, priorities = next(steps, (0, []))
        now += seconds
        for priority in priorities:
            core.add(next(fresh), now, priority=priority)
        item = core.pop(now)
        assert item is not None
        if item.key == 0:
            return count
    raise AssertionError


def fill(core: QueueCore[int], waiting: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Add keys at times that do not fall; return the priority and the time of each."""
    at = 0
    added: list[tuple[int, int]] = []
    for key, (priority, gap) in enumerate(waiting, start=1):
        at += gap
        core.add(key, at, priority=priority)
        added.append((priority, at))
    return added


@given(WAITING, st.integers(-3, 3), FLOOD)
def test_no_flood_starves_a_key(
    waiting: list[tuple[int, int]], priority: int, flood: list[tuple[int, list[int]]]
) -> None:
    core = QueueCore[int](aging=AGING)
    added = fill(core, waiting)
    since = added[-1][1] if added else 0
    core.add(0, since, priority=priority)
    at = since
    for seconds, priorities in flood:
        at += seconds
        added += [(p, at) for p in priorities]
    # Only those count that became ready less than AGING seconds per point later.
    age = since - priority * AGING
    ahead = sum(at - p * AGING <= age for p, at in added)
    assert lease_under_flood(core, since, flood) <= 2 * (ahead + 1)


@given(WAITING, FLOOD)
def test_no_backlog_that_has_grown_old_holds_up_a_high_priority(
    waiting: list[tuple[int, int]], flood: list[tuple[int, list[int]]]
) -> None:
    core = QueueCore[int](aging=AGING)
    added = fill(core, waiting)
    now = 1000
    core.add(0, now, priority=3)
    ahead = sum(priority == 3 for priority, _ in added)
    assert lease_under_flood(core, now, flood) <= 2 * (ahead + 1)
