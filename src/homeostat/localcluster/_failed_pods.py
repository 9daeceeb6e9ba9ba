"""How soon a pod that failed is replaced: ever later, if its successors fail, too."""

from datetime import datetime
from typing import final

__all__ = ["FailedPods"]

BASE, CAP = 1.0, 900.0  # seconds, as the DaemonSet controller's of kubernetes


@final
class FailedPods:
    """When the failed pods of each place were last replaced.

    Invariant: at most ``size`` places, those of the latest failures.

    Args:
        size: How many places.
    """

    def __init__(self, *, size: int = 1024) -> None:
        self._size = size
        self._last: dict[str, tuple[datetime, float]] = {}

    def left(self, place: str, now: datetime) -> float:
        """Return the seconds until a failed pod of a place may be replaced."""
        if place not in self._last:
            return 0.0
        since, delay = self._last[place]
        return max(0.0, delay - (now - since).total_seconds())

    def note(self, place: str, now: datetime) -> None:
        """Note that a failed pod of a place is replaced."""
        since, delay = self._last.pop(place, (now, 0.0))
        if (now - since).total_seconds() > 2 * CAP:
            delay = 0.0  # that is another story
        self._last[place] = now, min(CAP, delay * 2 or BASE)
        while len(self._last) > self._size:
            del self._last[next(iter(self._last))]
