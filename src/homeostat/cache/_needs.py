"""What a stream has yet to show of this process' own writes, by who wrote."""

from heapq import heappop, heappush
from typing import TypeAlias, final

from homeostat.cache._owners import Owner, Tally

__all__ = ["Needs"]

_Key = tuple[str, str]
# A version to reach; the uid of an object that goes; or the name and the version of the
# event to come, where versions do not compare.
_Token: TypeAlias = int | str | tuple[_Key, str]


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
        self._owners: dict[Owner, dict[_Token, bool]] = {}
        self._tokens: dict[_Token, dict[Owner, None]] = {}  # in order, as all runs are
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

    def forgive(self, owner: Owner) -> None:
        """Wait no more on behalf of an owner."""
        for token in self._owners.get(owner, {}):
            owners = self._tokens[token]
            owners.pop(owner)
            if not owners:
                self._tokens.pop(token)
        if self._owners.pop(owner, None) is not None:
            self._tally.remove(owner)
        if not self._tokens:
            self._order.clear()

    def clear(self) -> None:
        """Wait for nothing more."""
        for owner in tuple(self._owners):
            self.forgive(owner)

    def _add(self, owner: Owner, token: _Token, *, visible: bool) -> None:
        waits = self._owners.get(owner)
        if waits is None:
            waits = self._owners[owner] = {}
            self._tally.add(owner)
        waits[token] = visible and waits.get(token, True)
        self._tokens.setdefault(token, {})[owner] = None

    def _end(self, token: _Token) -> None:
        for owner in self._tokens.pop(token, ()):
            waits = self._owners[owner]
            del waits[token]
            if waits:
                self._tally.tell(owner)
            else:
                del self._owners[owner]
                self._tally.remove(owner)
