"""How long somebody is waited for."""

import asyncio
from collections.abc import Callable
from typing import final

__all__ = ["Patience"]


@final
class Patience:
    """A timer that is put off so often that a timer each time would cost too much.

    Args:
        run_out: Called when it has run out.

    Invariant: while there is a moment to run out at, a timer rings then or before.
    """

    __slots__ = ("_loop", "_moment", "_rings", "_run_out", "_timer")

    def __init__(self, run_out: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._run_out = run_out
        self._moment: float | None = None
        self._rings = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def allow(self, seconds: float) -> None:
        """Run out so many seconds from now, and not before."""
        self._moment = self._loop.time() + seconds
        if self._timer is not None:
            if self._rings <= self._moment:
                return
            self._timer.cancel()
        self._ring(self._moment)

    def allow_forever(self) -> None:
        """Do not run out."""
        self._moment = None

    def end(self) -> None:
        """Let go of the timer."""
        self._moment = None
        if self._timer is not None:
            self._timer.cancel()

    def _ring(self, moment: float) -> None:
        self._rings = moment
        self._timer = self._loop.call_at(moment, self._rung)

    def _rung(self) -> None:
        self._timer = None
        if self._moment is None:
            return
        if self._loop.time() < self._moment:
            self._ring(self._moment)
            return
        self._moment = None
        self._run_out()
