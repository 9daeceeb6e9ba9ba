"""Real time that can be moved forward: nobody waits for a time-out of minutes."""

import asyncio

__all__ = ["RealTimeLoop"]


class RealTimeLoop(asyncio.SelectorEventLoop):
    """An event loop on real time that can be moved forward, as virtual time can.

    For the client's side alone: the server does not know what was left out.
    """

    def __init__(self) -> None:
        self._left_out = 0.0
        super().__init__()

    def time(self) -> float:
        """Return monotonic time, in seconds, with what was left out."""
        return super().time() + self._left_out

    def advance(self, seconds: float) -> None:
        """Move time forward: timers until then are due at once."""
        self._left_out += seconds
