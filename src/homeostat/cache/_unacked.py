"""Own writes that the stream has not confirmed yet."""

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import Final, final

__all__ = ["Unacked", "UnackedWrite"]

_Key = tuple[str, str]

_SLACK: Final = 16  # stale pairs that are not worth a rebuild


@dataclass(slots=True, frozen=True)
class UnackedWrite:
    """A write response whose event has not come yet.

    Attributes:
        version: Of the response.
        gone: The object left this watch's selector with that write.
    """

    version: int
    gone: bool = False


@final
class Unacked:
    """The newest unconfirmed write of each name, in the order of versions as well.

    Invariants: ``_writes`` is what holds. ``_order`` is a heap with a pair for each of
    its entries, and stale pairs, whose name has another entry by now or none. Stale
    pairs leave when their version is reached and never outnumber the others by more
    than ``_SLACK``; without an entry there is no pair. So each call costs O(log n) of
    what is unconfirmed, amortised, however many writes the stream lags behind.
    """

    __slots__ = ("_order", "_writes")

    def __init__(self) -> None:
        self._writes: dict[_Key, UnackedWrite] = {}
        self._order: list[tuple[int, _Key]] = []

    def __len__(self) -> int:
        return len(self._writes)

    def get(self, key: _Key) -> UnackedWrite | None:
        """Return the unconfirmed write of a name."""
        return self._writes.get(key)

    def add(self, key: _Key, version: int, *, gone: bool = False) -> None:
        """Note a write, in the place of an earlier one of the same name."""
        self._writes[key] = UnackedWrite(version, gone)
        heappush(self._order, (version, key))
        self._tidy()

    def confirm(self, key: _Key, version: int) -> None:
        """Forget the write of a name that an event of this version confirms."""
        write = self._writes.get(key)
        if write is not None and write.version <= version:
            del self._writes[key]
            self._tidy()

    def reach(self, version: int) -> Iterator[tuple[_Key, UnackedWrite]]:
        """Forget, and give, what is not confirmed although its event was due."""
        while self._order and self._order[0][0] <= version:
            due, key = heappop(self._order)
            write = self._writes.get(key)
            if write is not None and write.version == due:
                del self._writes[key]
                yield key, write

    def clear(self) -> None:
        """Forget everything."""
        self._writes.clear()
        self._order.clear()

    def _tidy(self) -> None:
        """Rebuild the order when most of it is stale."""
        if not self._writes:
            self._order.clear()
        elif len(self._order) > 2 * len(self._writes) + _SLACK:
            self._order = [(w.version, key) for key, w in self._writes.items()]
            heapify(self._order)
