"""One handler's account of what it has been told."""

import asyncio
from collections.abc import Iterable
from itertools import islice
from typing import Literal, final

from homeostat._guard import call
from homeostat.cache._delta import Delta, Handler
from homeostat.cache._index import Indexer
from homeostat.cache._record import Record

__all__ = ["Registration"]

_Owed = Literal["initial", "resync"]


@final
class Registration:
    """A handler at an informer.

    The handler is told of each object's state at least once and of its changes in
    order: first the state that is there (``initial``), then changes, without gap or
    duplicate. What it is still owed is a set of names, never a queue of events.

    Attributes:
        name: For logs.
        resync: Seconds between repetitions of the whole state, None for never.
    """

    __slots__ = (
        "_active",
        "_caught_up",
        "_handler",
        "_indexer",
        "_owed",
        "_source_synced",
        "_task",
        "_what",
        "name",
        "resync",
    )

    def __init__(
        self, handler: Handler, indexer: Indexer, *, name: str, resync: float | None
    ) -> None:
        self.name: str = name
        self.resync: float | None = resync
        self._handler = handler
        self._indexer = indexer
        self._what = f"handler {name}"
        self._active = True
        self._source_synced = False
        self._caught_up = asyncio.Event()
        self._owed: dict[tuple[str, str], _Owed] = {}
        self._task: asyncio.Task[None] | None = None
        self.owe(indexer.records(), "initial")

    @property
    def has_synced(self) -> bool:
        """Whether the cache is complete and the handler was told of all of it."""
        return self._caught_up.is_set()

    @property
    def owes(self) -> bool:
        """Whether the handler is owed anything."""
        return bool(self._owed)

    async def wait(self) -> None:
        """Wait until ``has_synced``."""
        await self._caught_up.wait()

    def remove(self) -> None:
        """Tell the handler nothing more, from this moment on."""
        self._active = False
        self._owed.clear()
        if self._task is not None:
            self._task.cancel()

    def attach(self, task: asyncio.Task[None]) -> None:
        """Take the task that ends with the registration."""
        self._task = task

    def source_synced(self) -> None:
        """Take note that the cache is complete."""
        self._source_synced = True
        self._check()

    def deliver(self, delta: Delta) -> None:
        """Tell the handler of a change, as a first state where it was owed that."""
        if self._owed:
            record = delta.record
            if self._owed.pop((record.namespace, record.name), None) == "initial":
                if delta.new is not None:
                    self._tell(Delta(None, delta.new, delta.reason, initial=True))
                self._check()
                return
        if not self._source_synced and delta.old is None:
            delta = Delta(None, delta.new, delta.reason, initial=True)
        self._tell(delta)

    def owe(self, records: Iterable[Record], what: _Owed) -> None:
        """Note objects that the handler is to be told of."""
        for record in records:
            self._owed.setdefault((record.namespace, record.name), what)

    def pay(self, count: int) -> None:
        """Tell the handler of up to ``count`` of what it is owed."""
        for key in list(islice(self._owed, count)):
            # The handler may remove itself, or be told by a delta that it causes.
            what = self._owed.pop(key, None)
            record = self._indexer.get(*key)
            if what is None or record is None:
                continue
            if what == "initial":
                self._tell(Delta(None, record, "list", initial=True))
            else:
                self._tell(Delta(record, record, "resync"))
        self._check()

    def _tell(self, delta: Delta) -> None:
        if self._active:
            call(self._what, self._handler, delta)

    def _check(self) -> None:
        if self._caught_up.is_set():
            return
        owes_state = any(what == "initial" for what in self._owed.values())
        if self._source_synced and not owes_state:
            self._caught_up.set()
