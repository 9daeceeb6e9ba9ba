"""Wall time, behind a protocol.

Monotonic time is the event loop's own (``loop.time()``, ``asyncio.sleep``,
``asyncio.timeout``): a test runs a loop whose time is virtual. A Clock gives wall time
only, for timestamps that leave the process.
"""

from datetime import UTC, datetime
from typing import Protocol

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    """Source of wall time."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    __slots__ = ()

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        return datetime.now(UTC)
