"""What a queue hands out: a leased key, and a picture of all that it holds."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

__all__ = ["Item", "Snapshot"]

K = TypeVar("K", bound=Hashable)


# One is made per lease: a frozen dataclass takes five times as long.
class Item(msgspec.Struct, Generic[K], frozen=True, kw_only=True, gc=False):
    """A leased key.

    Attributes:
        key: What to work on.
        reasons: Distinct reasons for this run, oldest first. Why it would have run
            later is not among them: a delay's reason counts when its time has come.
        omitted: How many further reasons were dropped.
        priority: The highest it was queued with; what it gained by waiting is not in
            it.
        failures: Consecutive failures before this run.
        waited_s: Seconds between becoming due and this lease.
    """

    key: K
    reasons: tuple[str, ...] = ()
    omitted: int = 0
    priority: int = 0
    failures: int = 0
    waited_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot(Generic[K]):
    """What a queue holds, for people.

    Attributes:
        ready: Keys in the order in which they will be leased if nothing is added.
        leased: Keys that run, with the time their lease began.
        held: Leased keys that run again after their lease.
        delayed: Keys with the time they become due.
        parked: Keys with their latest wake-up.
        failures: Consecutive failures of the keys that have any.
    """

    ready: tuple[K, ...]
    leased: dict[K, float]
    held: tuple[K, ...]
    delayed: dict[K, float]
    parked: dict[K, float]
    failures: dict[K, int]
