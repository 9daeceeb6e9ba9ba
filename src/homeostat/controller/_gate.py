"""Holds a controller's keys back while its caches are of the past."""

from collections.abc import Hashable
from typing import Final, Generic, TypeVar, final

from homeostat.workqueue import Item, WorkQueue

__all__ = ["Gate"]

K = TypeVar("K", bound=Hashable)

# Seconds after which a key that is held back asks again by itself.
RETRY: Final = 60.0


@final
class Gate(Generic[K]):
    """Lets leased keys pass, or parks them until it opens.

    A key that is held back keeps its reasons and its priority, and no failure is
    counted.

    Args:
        queue: Where the keys come from.

    Attributes:
        closed: Nothing passes.
    """

    __slots__ = ("_held", "_queue", "closed")

    def __init__(self, queue: WorkQueue[K]) -> None:
        self._queue = queue
        self._held: dict[K, None] = {}
        self.closed: bool = False

    def admits(self, item: Item[K]) -> bool:
        """Return whether a leased key may be worked on; else it is parked."""
        if not self.closed:
            return True
        key = item.key
        self._held[key] = None
        self._queue.park(key, until=RETRY, priority=item.priority)
        for reason in item.reasons:  # it is parked: this does not wake it
            self._queue.add(key, priority=item.priority, reason=reason)
        return False

    def close(self) -> None:
        """Let nothing pass from here on."""
        self.closed = True

    def open(self) -> None:
        """Let everything pass, what was held back first of all."""
        self.closed = False
        held, self._held = self._held, {}
        for key in held:
            self._queue.unpark(key)
