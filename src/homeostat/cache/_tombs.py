"""Objects that a delete of this process hides from readers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from homeostat.cache._record import Record

__all__ = ["Tombs"]

_Key = tuple[str, str]


@dataclass(slots=True)
class _Tomb:
    key: _Key
    pending: int = 0  # deletes without an answer
    done: bool = False  # one of them succeeded


@final
class Tombs:
    """The newest record of each object whose delete is under way, or was done.

    Invariant: there is a tomb for a uid exactly while a record of it is hidden, except
    that ``clear`` leaves records without tombs to a list that is to name or drop them.

    Args:
        ended: Told of each uid whose tomb ends, save those that ``clear`` forgets.
    """

    __slots__ = ("_ended", "_hidden", "_tombs")

    def __init__(self, ended: Callable[[str], None]) -> None:
        self._ended = ended
        self._hidden: dict[_Key, Record] = {}
        self._tombs: dict[str, _Tomb] = {}

    def __len__(self) -> int:
        return max(len(self._hidden), len(self._tombs))  # see the invariant

    @property
    def keys(self) -> list[_Key]:
        """Namespace and name of each hidden record."""
        return list(self._hidden)

    def get(self, key: _Key) -> Record | None:
        """Return the hidden record of a name."""
        return self._hidden.get(key)

    def covers(self, uid: str) -> bool:
        """Whether records of this uid are to be hidden."""
        return uid in self._tombs

    def put(self, key: _Key, record: Record) -> None:
        """Keep the newest record of an object that is hidden."""
        self._hidden[key] = record

    def bury(self, key: _Key, record: Record) -> bool:
        """Note a delete that is about to be sent; False when one is under way."""
        tomb = self._tombs.get(record.uid)
        if tomb is not None:
            tomb.pending += 1
            return False
        self._tombs[record.uid] = _Tomb(key, pending=1)
        self._hidden[key] = record
        return True

    def done(self, uid: str) -> None:
        """Note that a delete succeeded."""
        tomb = self._tombs.get(uid)
        if tomb is not None:
            tomb.pending -= 1
            tomb.done = True

    def failed(self, uid: str) -> Record | None:
        """Note that a delete failed; return the record when it is to show again."""
        tomb = self._tombs.get(uid)
        if tomb is None:
            return None
        tomb.pending -= 1
        return None if tomb.pending > 0 or tomb.done else self.lift(uid)

    def lift(self, uid: str) -> Record | None:
        """End a tomb and return the record that it hid."""
        tomb = self._tombs.pop(uid, None)
        if tomb is None:
            return None
        self._ended(uid)
        return self._hidden.pop(tomb.key, None)

    def drop(self, key: _Key) -> bool:
        """Forget a hidden object that is gone; False when none is hidden there."""
        hidden = self._hidden.pop(key, None)
        if hidden is None:
            return False
        if self._tombs.pop(hidden.uid, None) is not None:
            self._ended(hidden.uid)
        return True

    def clear(self) -> None:
        """Forget every delete: the history that they belong to is lost."""
        self._tombs.clear()
