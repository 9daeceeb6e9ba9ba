"""How long a Job waits before it replaces pods that failed.

Source: kubernetes ``pkg/controller/job/backoff_utils.go``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import final

__all__ = ["NO_FAILURES", "Backoff", "Backoffs"]

BASE, CAP = 10.0, 600.0  # seconds


@final
@dataclass(frozen=True, slots=True)
class Backoff:
    """The failures since the last success.

    Attributes:
        failures: How many.
        last: When the last of them was.
    """

    failures: int = 0
    last: datetime | None = None

    def after(
        self, succeeded: Iterable[datetime], failed: Iterable[datetime]
    ) -> "Backoff":
        """Return what it is once these pods have ended, too."""
        success = max(succeeded, default=None)
        since = [at for at in failed if success is None or at > success]
        before = self.failures if success is None else 0
        if not since:
            return NO_FAILURES if success else self
        return Backoff(before + len(since), max(since))

    def remaining(self, now: datetime) -> float:
        """Return the seconds until a failed pod may be replaced."""
        if not self.failures or self.last is None:
            return 0.0
        # The exponent is bounded: 2.0 ** 1024 raises OverflowError, not inf.
        delay = min(CAP, BASE * 2.0 ** min(self.failures - 1, 16))
        return max(0.0, delay - (now - self.last).total_seconds())


NO_FAILURES = Backoff()


@final
class Backoffs:
    """The backoff of each Job that has failed pods, by the Job's uid.

    It is not in the status, so that a controller that starts anew begins without.
    Invariant: at most ``size`` Jobs, those of the latest failures.

    Args:
        size: How many Jobs.
    """

    def __init__(self, *, size: int = 4096) -> None:
        self._size = size
        self._backoffs: dict[str, Backoff] = {}

    def of(self, uid: str) -> Backoff:
        """Return the backoff of a Job."""
        return self._backoffs.get(uid, NO_FAILURES)

    def note(self, uid: str, backoff: Backoff) -> None:
        """Keep the backoff of a Job; that of one without failures is forgotten."""
        self.forget(uid)
        if backoff.failures:
            self._backoffs[uid] = backoff
        while len(self._backoffs) > self._size:
            del self._backoffs[next(iter(self._backoffs))]

    def forget(self, uid: str) -> None:
        """Drop the backoff of a Job, which needs none any more."""
        self._backoffs.pop(uid, None)
