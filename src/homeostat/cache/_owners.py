"""On whose behalf there is something under way."""

from collections.abc import Callable
from typing import TypeAlias, final

from homeostat._scope import current_scope

__all__ = ["Owner", "Tally", "current_owner"]

Owner: TypeAlias = tuple[str, str]
"""A controller, and the key for which it wrote."""


def current_owner() -> Owner | None:
    """Return on whose behalf a write of this context is, None for nobody's key."""
    scope = current_scope()
    return (scope.controller, scope.key) if scope.key else None


@final
class Tally:
    """Counts what is under way for each owner, and tells them of its end.

    Invariant: it has an owner exactly while something is under way for it.

    Attributes:
        listeners: Called with an owner for which something has ended; must neither
            wait nor raise.
    """

    __slots__ = ("_counts", "listeners")

    def __init__(self) -> None:
        self._counts: dict[Owner, int] = {}
        self.listeners: list[Callable[[Owner], None]] = []

    def __len__(self) -> int:
        """Return for how many owners something is under way."""
        return len(self._counts)

    def __contains__(self, owner: Owner) -> bool:
        return owner in self._counts

    def add(self, owner: Owner) -> None:
        """Count one thing more."""
        self._counts[owner] = self._counts.get(owner, 0) + 1

    def remove(self, owner: Owner) -> None:
        """Count one thing less, and tell."""
        left = self._counts[owner] - 1
        if left:
            self._counts[owner] = left
        else:
            del self._counts[owner]
        self.tell(owner)

    def tell(self, owner: Owner) -> None:
        """Call the listeners."""
        for listener in tuple(self.listeners):
            listener(owner)
