"""What a stream has yet to show of this process' own writes, by who wrote."""

from collections.abc import Iterable
from heapq import heappop, heappush
from typing import TypeAlias, final

from homeostat.cache._owners import Owner, Tally

__all__ = ["Need", "Needs"]

_Key = tuple[str, str]
Need: TypeAlias = int | str | tuple[_Key, str]
"""A version to reach, the uid of an object that goes, or, where versions do not
compare, the name and the version of the event to come."""


@final
class Needs:
    """The writes of each owner that the stream has not shown yet.

    Readers may see a write long before that, for its answer was taken into the cache.
    What could not be is told apart: only the stream will show it.

    Invariant: an owner is here, and in the tally, exactly while a write of it is not
    shown.

    Args:
        tally: Counts the streams that have yet to show something to an owner.
    """

    __slots__ = ("_order", "_owners", "_tally", "_tokens")

    def __init__(self, tally: Tally | None = None) -> None:
        self._tally = Tally() if tally is None else tally
        # Whether readers see the write already, by what will show it.
        self._owners: dict[Owner, dict[Need, bool]] = {}
        self._tokens: dict[Need, dict[Owner, None]] = {}  # in order, as all runs are
        self._order: list[int] = []

    def __len__(self) -> int:
        """Return how many things are to be shown."""
        return len(self._tokens)

    def reaching(self, owner: Owner, version: int, *, visible: bool) -> None:
        """Wait until everything up to a version was said."""
        if version not in self._tokens:
            heappush(self._order, version)
        self._add(owner, version, visible=visible)

    def leaving(self, owner: Owner, uid: str) -> None:
        """Wait until an object that readers do not see any more is gone."""
        self._add(owner, uid, visible=True)

    def hearing(self, owner: Owner, key: _Key, resource_version: str) -> None:
        """Wait for the event that carries this very version of an object."""
        self._add(owner, (key, resource_version), visible=False)

    def awaits(self, owner: Owner, *, strict: bool) -> bool:
        """Return whether a write of an owner is not shown yet.

        Args:
            owner: Who wrote.
            strict: Also one that readers see already.
        """
        waits = self._owners.get(owner)
        if waits is None:
            return False
        return strict or not all(waits.values())

    def reached(self, version: int) -> None:
        """Take note that everything up to a version was said."""
        while self._order and self._order[0] <= version:
            self._end(heappop(self._order))

    def left(self, uid: str) -> None:
        """Take note that an object is gone, or will stay."""
        self._end(uid)

    def heard(self, key: _Key, resource_version: str) -> None:
        """Take note of an event."""
        self._end((key, resource_version))

    def of(self, owner: Owner) -> tuple[Need, ...]:
        """Return what is to be shown to an owner."""
        return tuple(self._owners.get(owner, ()))

    def forgive(self, owner: Owner, needs: Iterable[Need]) -> None:
        """Wait no more for these on behalf of an owner."""
        for need in needs:
            owners = self._tokens.get(need, {})
            if owner in owners:
                del owners[owner]
                if not owners:
                    del self._tokens[need]
                self._take_off(owner, need)
        if not self._tokens:
            self._order.clear()

    def clear(self) -> None:
        """Wait for nothing more."""
        for owner in tuple(self._owners):
            self.forgive(owner, self.of(owner))

    def _add(self, owner: Owner, token: Need, *, visible: bool) -> None:
        waits = self._owners.get(owner)
        if waits is None:
            waits = self._owners[owner] = {}
            self._tally.add(owner)
        waits[token] = visible and waits.get(token, True)
        self._tokens.setdefault(token, {})[owner] = None

    def _end(self, token: Need) -> None:
        for owner in self._tokens.pop(token, ()):
            self._take_off(owner, token)

    def _take_off(self, owner: Owner, token: Need) -> None:
        waits = self._owners[owner]
        del waits[token]
        if waits:
            self._tally.tell(owner)
        else:
            del self._owners[owner]
            self._tally.remove(owner)
