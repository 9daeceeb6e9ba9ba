"""A reflector's part in who notices that the server is another one."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import final

from homeostat.cache._effects import Begin
from homeostat.cache._identity import ServerIdentity
from homeostat.cache._inputs import Replaced
from homeostat.cache._store import Store

__all__ = ["Following"]


@final
class Following:
    """What a reflector holds is of which history, and what it tells the others.

    Args:
        identity: Shared by the reflectors of one client; None: nobody ever finds out.

    Attributes:
        taken: Of which history the store held a complete state, None before the first.
        limit: Of what is awaited: it ends early when another history is known.
    """

    __slots__ = ("_identity", "limit", "taken")

    def __init__(self, identity: ServerIdentity | None) -> None:
        self._identity = identity
        self.taken: int | None = None
        self.limit: asyncio.Timeout | None = None

    @property
    def number(self) -> int | None:
        """Number of the history that answers, None when nobody can tell."""
        return None if self._identity is None else self._identity.number

    @property
    def stale(self) -> bool:
        """Whether what the store holds is of a history that is known to be lost."""
        return self.taken is not None and self.taken != self.number

    def replaced(self) -> Replaced:
        """Return what to tell a machine that goes by a lost history."""
        assert self._identity is not None  # else no history is ever lost
        return Replaced(self._identity.number, unsaid=not self._identity.is_sure)

    def suspect(self) -> None:
        """Take note of a sign that the server may be another one."""
        if self._identity is not None:
            self._identity.suspect()

    def begin(self, store: Store, begin: Begin) -> bool:
        """Tell the store that a whole state follows; False when it refuses.

        Versions that went back concern everybody.
        """
        losses = store.losses
        began = store.begin(begin.resource_version, truth=begin.truth)
        if store.losses != losses and self._identity is not None:
            self._identity.lose()
        return began

    def take(self, history: int | None) -> None:
        """Take note that the store holds a complete state of a history."""
        before, self.taken = self.taken, history
        if before not in {None, history} and self._identity is not None:
            self._identity.announce()

    @contextmanager
    def listening(self, is_behind: Callable[[], bool]) -> Generator[None]:
        """End what is awaited, inside the block, when another history is known."""
        listeners = [] if self._identity is None else self._identity.listeners

        def cut() -> None:
            limit = self.limit
            if limit is not None and is_behind():
                self.limit = None  # one that has expired cannot be moved
                limit.reschedule(asyncio.get_running_loop().time())

        listeners.append(cut)
        try:
            yield
        finally:
            listeners.remove(cut)
