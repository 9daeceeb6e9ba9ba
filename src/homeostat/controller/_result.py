"""What a reconciler answers."""

from dataclasses import dataclass
from typing import final

__all__ = ["Behind", "Requeue", "Result"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The outcome of a reconcile that did not fail; None means ``Result()``.

    Attributes:
        requeue_after: Reconcile the key again no later than in so many seconds; None
            waits for the next change.
        priority: Priority of that next run; None keeps the default.
    """

    requeue_after: float | None = None
    priority: int | None = None

    def __post_init__(self) -> None:
        if self.requeue_after is not None and self.requeue_after < 0:
            raise ValueError(f"requeue_after is {self.requeue_after}, must be >= 0")


@final
class Requeue(Exception):  # noqa: N818 - a way out of a reconcile, not an error
    """Raised from any depth of a reconciler: stop here and try again later.

    No failure is counted and the key's backoff starts anew.

    Args:
        after: Seconds until the next try.
        reason: Why, for the log and for the next run.
    """

    def __init__(self, *, after: float, reason: str = "") -> None:
        super().__init__(reason or f"requeue after {after:g} s")
        if after < 0:
            raise ValueError(f"after is {after}, must be >= 0")
        self.after = after
        self.reason = reason


@final
class Behind(Exception):  # noqa: N818 - a way out of a reconcile, not an error
    """Raised by the library: the caches are behind what was written for this key.

    The key parks until they are not; no failure is counted.

    Args:
        after: Seconds until it runs again whatever happens.
        reason: Why, for the next run.
    """

    def __init__(self, *, after: float, reason: str) -> None:
        super().__init__(f"the caches do not show yet what was written: {reason}")
        self.after = after
        self.reason = reason
