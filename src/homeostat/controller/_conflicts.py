"""Which keys wait for the store to pass what their write lost to. Pure."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar, final

from homeostat.api import NamespacedName, parse_resource_version
from homeostat.errors import ConflictError

__all__ = ["Conflicts", "Lost", "LostWriteError", "Target"]

K = TypeVar("K", bound=Hashable)

Target = tuple[str, str, NamespacedName]  # group, plural, name


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A write that lost to another one.

    Attributes:
        target: The object it was for.
        uid: Of the object as the writer knew it, "" when it did not say.
        resource_version: The version that the writer knew, "" when it did not say.
    """

    target: Target
    uid: str = ""
    resource_version: str = ""

    def passed_by(self, uid: str, resource_version: str) -> bool:
        """Return whether a state of the object is newer than what the writer knew.

        Args:
            uid: Of the object now, "" when it is gone.
            resource_version: Of the object now.
        """
        if not uid or (self.uid and uid != self.uid):
            return True
        if not self.resource_version:
            return False
        ours = parse_resource_version(self.resource_version)
        theirs = parse_resource_version(resource_version)
        if ours is None or theirs is None:
            return resource_version != self.resource_version
        return theirs > ours


class LostWriteError(ConflictError):
    """A conflict of a write that does not say in itself which version it knew.

    Attributes:
        lost: What the write was for, and the version that it knew.
    """

    def __init__(self, message: str, *, lost: Lost, attempted: str) -> None:
        super().__init__(message, code=409, reason="Conflict", attempted=attempted)
        self.lost = lost


@final
class Conflicts(Generic[K]):
    """Keys that lost an optimistic lock, by the object that they lost.

    Invariant: a key waits for at most one object. Consecutive conflicts of a key are
    counted until ``settled``.
    """

    __slots__ = ("_counts", "_lost", "_waiting")

    def __init__(self) -> None:
        self._counts: dict[K, int] = {}
        self._lost: dict[K, Lost] = {}
        self._waiting: dict[Target, set[K]] = {}

    def __len__(self) -> int:
        """Return how many keys wait."""
        return len(self._lost)

    def count(self, key: K) -> int:
        """Return the consecutive conflicts of ``key``."""
        return self._counts.get(key, 0)

    def waits_for(self, key: K) -> Lost | None:
        """Return what ``key`` waits for, None when that is nothing or unknown."""
        return self._lost.get(key)

    def lose(self, key: K, lost: Lost | None) -> None:
        """Count a conflict of ``key``, which waits for ``lost`` when that is known."""
        self._counts[key] = self._counts.get(key, 0) + 1
        self._unwait(key)
        if lost is not None:
            self._lost[key] = lost
            self._waiting.setdefault(lost.target, set()).add(key)

    def news(self, target: Target, uid: str, resource_version: str) -> list[K]:
        """Return the keys whose wait a new state of an object ends."""
        keys = self._waiting.get(target)
        if not keys:
            return []
        woken = [
            key
            for key in keys
            # Where the writer's version is unknown, any news may be what it lost to.
            if not self._lost[key].resource_version
            or self._lost[key].passed_by(uid, resource_version)
        ]
        for key in woken:
            self._unwait(key)
        return woken

    def started(self, key: K) -> None:
        """Take note that ``key`` runs again: it waits no more."""
        if self._lost:
            self._unwait(key)

    def settled(self, key: K) -> None:
        """Take note that ``key`` ended without a conflict."""
        self._counts.pop(key, None)

    def _unwait(self, key: K) -> None:
        lost = self._lost.pop(key, None)
        if lost is None:
            return
        keys = self._waiting[lost.target]
        keys.discard(key)
        if not keys:
            del self._waiting[lost.target]
