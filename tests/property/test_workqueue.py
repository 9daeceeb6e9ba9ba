"""The queue against a model: what is owed to each key, and nothing more."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from homeostat.workqueue import QueueCore

KEYS = st.sampled_from("abcd")
PRIORITIES = st.integers(-1, 1)
DELAYS = st.integers(0, 5)


class Queue(RuleBasedStateMachine):
    """Model: ``due`` maps a key to when it must be runnable, ``parked`` to its cap."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.core: QueueCore[str] = QueueCore()
        self.owed: dict[str, float] = {}
        self.priority: dict[str, int] = {}
        self.parked: set[str] = set()
        self.leased: set[str] = set()

    def _owe(self, key: str, at: float, priority: int) -> None:
        at = max(at, self.now)
        if key not in self.parked:
            self.owed[key] = min(at, self.owed.get(key, at))
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

    @rule(key=KEYS)
    def unpark(self, key: str) -> None:
        assert self.core.unpark(key, self.now) == (key in self.parked)
        if key in self.parked:
            self.parked.discard(key)
            self.owed[key] = self.now

    @rule(seconds=st.integers(0, 4))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds
        self.core.advance(self.now)
        self.parked -= {k for k in self.parked if self.owed[k] <= self.now}

    @rule()
    def lease(self) -> None:
        self.core.advance(self.now)
        self.parked -= {k for k in self.parked if self.owed[k] <= self.now}
        can = {k for k, at in self.owed.items() if at <= self.now}
        can -= self.leased | self.parked
        item = self.core.pop(self.now)
        assert (item is not None) == bool(can)
        if item is None:
            return
        assert item.key in can
        assert item.priority == self.priority[item.key]
        assert item.priority == max(self.priority[k] for k in can)
        self.leased.add(item.key)
        del self.owed[item.key]
        del self.priority[item.key]

    @rule(key=KEYS)
    def release(self, key: str) -> None:
        if key in self.leased:
            self.core.release(key, self.now)
            self.leased.discard(key)

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

    @invariant()
    def a_timer_is_set_for_whatever_waits_for_time(self) -> None:
        seen = self.core.snapshot()
        times = [*seen.delayed.values(), *seen.parked.values()]
        assert self.core.next_time() == min(times, default=None)


TestQueue = Queue.TestCase
TestQueue.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
