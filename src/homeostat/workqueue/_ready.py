"""The order in which ready keys are leased: priority, age, and the turns between."""

import heapq
import math
from collections import deque
from collections.abc import Iterator
from itertools import compress
from typing import Final, Generic, Protocol, TypeVar, final

__all__ = ["DEFAULT_AGING", "Placed", "Ready"]

# Seconds of waiting that weigh as much as one point of priority. With 0.6 the objects
# that were there at the start (priority -100) give way to changes for a minute.
DEFAULT_AGING: Final = 0.6

# Lanes that are empty and kept: few priorities come and go, and making one costs.
SPARE: Final = 64


class Placed(Protocol):
    """What queues, and may leave before its turn."""

    @property
    def place(self) -> object:
        """Where it is; None when it has left, for ever: to come back it is another."""
        ...


E = TypeVar("E", bound=Placed)


class _Lane(Generic[E]):
    """The entries of one priority, with the time since which each waits, in order.

    Invariant: ``count`` of the entries have not left, and the first is one of them.
    """

    __slots__ = ("aged", "count", "entries", "rank", "ranked", "since")

    def __init__(self, rank: int) -> None:
        self.rank = rank  # the priority, negated: heaps give the least
        self.ranked = False  # whether it has its record in the heap of ranks
        self.aged = False  # whether it has its record in the heap of ages
        self.count = 0
        # 16 bytes for each entry. An OrderedDict, which would let go of an entry in the
        # middle, takes 110; a plain dict scans its dead head on every pop.
        self.entries: deque[E] = deque()
        self.since: deque[float] = deque()

    def pop(self) -> E:
        entry = self.entries.popleft()
        self.since.popleft()
        self.count -= 1
        if self.entries and self.entries[0].place is None:
            self._skip()
        return entry

    def left(self) -> None:
        self.count -= 1
        self._skip()
        if len(self.entries) > 2 * self.count + SPARE:
            here = [entry.place is not None for entry in self.entries]
            self.entries = deque(compress(self.entries, here))
            self.since = deque(compress(self.since, here))

    def _skip(self) -> None:
        while self.entries and self.entries[0].place is None:
            self.entries.popleft()
            self.since.popleft()


@final
class Ready(Generic[E]):
    """Entries that may be leased, in two orders that take turns.

    By priority, the highest goes first. By age, an entry stands where one of the same
    weight would stand that waits ``aging`` seconds more for each point of priority it
    lacks. What age puts first and priority does not gets every second turn: so a flood
    of high priorities starves nobody, and a backlog that has grown old costs those
    above it no more than every second turn. Within a priority both orders are FIFO.

    All entries gain alike with time, so their order by age is that of
    ``since - priority * aging``, whatever the time is now. Operations cost O(log p)
    for p priorities, amortised.

    Invariant: each lane that is not empty has one record in either heap. A record of
    ``_ages`` is no later than the head of its lane, and is corrected when it surfaces.

    Args:
        aging: Seconds of waiting that weigh as much as one point of priority.
    """

    __slots__ = ("_ages", "_aging", "_by_age", "_filled", "_lanes", "_ranks")

    def __init__(self, aging: float) -> None:
        if not 0 <= aging < math.inf:
            raise ValueError(f"aging must be 0 or more seconds, not {aging}")
        self._aging = aging
        self._lanes: dict[int, _Lane[E]] = {}
        self._filled = 0  # lanes that are not empty
        self._ranks: list[int] = []
        self._ages: list[tuple[float, int]] = []
        self._by_age = True  # whose turn it is when the orders differ

    def __bool__(self) -> bool:
        """Return whether there is any entry."""
        return self._filled > 0

    def __len__(self) -> int:
        """Return how many entries there are."""
        return sum(lane.count for lane in self._lanes.values())

    def __iter__(self) -> Iterator[E]:
        """Iterate over a copy, in the order in which ``pop`` would take them."""
        copy = Ready[E](self._aging)
        for lane in self._lanes.values():
            for entry, since in zip(lane.entries, lane.since, strict=True):
                if entry.place is not None:
                    copy.push(entry, -lane.rank, since)
        copy._by_age = self._by_age
        while (first := copy.pop()) is not None:
            yield first

    @property
    def depths(self) -> dict[int, int]:
        """Number of entries by priority."""
        lanes = self._lanes.items()
        return {p: lane.count for p, lane in lanes if lane.count}

    def depth(self, priority: int) -> int:
        """Return the number of entries of a priority."""
        lane = self._lanes.get(priority)
        return lane.count if lane is not None else 0

    def push(self, entry: E, priority: int, since: float) -> None:
        """Append an entry to those of its priority; it waits since then."""
        lane = self._lanes.get(priority)
        if lane is None:
            lane = self._lanes[priority] = _Lane(-priority)
        if not lane.count:
            self._filled += 1
            if not lane.ranked:
                lane.ranked = True
                heapq.heappush(self._ranks, lane.rank)
            if not lane.aged:
                lane.aged = True
                age = since + lane.rank * self._aging
                heapq.heappush(self._ages, (age, lane.rank))
        lane.count += 1
        lane.entries.append(entry)
        lane.since.append(since)

    def pop(self) -> E | None:
        """Take the entry whose turn it is, None when there is none."""
        if not self._filled:
            return None
        lane = self._lanes[-self._ranks[0]]
        if not lane.count:
            lane = self._highest()
        if self._filled > 1:
            oldest = self._oldest()
            if oldest is not lane:
                if self._by_age:
                    lane = oldest
                self._by_age = not self._by_age
        entry = lane.pop()
        if not lane.count:
            self._emptied()
        return entry

    def left(self, priority: int) -> None:
        """Take note that an entry of this priority has left: its place is None."""
        lane = self._lanes[priority]
        lane.left()
        if not lane.count:
            self._emptied()

    def clear(self) -> None:
        """Take out every entry."""
        self._lanes.clear()
        self._filled = 0
        self._ranks.clear()
        self._ages.clear()

    def _highest(self) -> _Lane[E]:
        ranks, lanes = self._ranks, self._lanes
        while not (lane := lanes[-ranks[0]]).count:
            heapq.heappop(ranks)
            lane.ranked = False
        return lane

    def _oldest(self) -> _Lane[E]:
        ages, lanes, aging = self._ages, self._lanes, self._aging
        while True:
            recorded, rank = ages[0]
            lane = lanes[-rank]
            if not lane.count:
                heapq.heappop(ages)
                lane.aged = False
                continue
            age = lane.since[0] + rank * aging
            if age <= recorded:
                return lane
            heapq.heapreplace(ages, (age, rank))

    def _emptied(self) -> None:
        self._filled -= 1
        if len(self._lanes) <= 2 * self._filled + SPARE:
            return
        self._lanes = {p: lane for p, lane in self._lanes.items() if lane.count}
        self._ranks = [rank for rank in self._ranks if -rank in self._lanes]
        self._ages = [record for record in self._ages if -record[1] in self._lanes]
        heapq.heapify(self._ranks)
        heapq.heapify(self._ages)
