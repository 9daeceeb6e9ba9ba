"""Dictionaries for the objects of one informer."""

import asyncio
from typing import Final, final

from homeostat._tasks import Threads
from homeostat.cache._index import Indexer
from homeostat.cache._packing import Packer, train

__all__ = ["Repacking"]

_SLICE: Final = 256  # objects that are packed before others get their turn


@final
class Repacking:
    """Trains a dictionary whenever one is due, and packs what is here with it.

    Args:
        packer: Says when, and gets it.
        indexer: Whose records are packed again.
    """

    __slots__ = ("_due", "_indexer", "_packer")

    def __init__(self, packer: Packer, indexer: Indexer) -> None:
        self._packer = packer
        self._indexer = indexer
        self._due = asyncio.Event()

    def look(self) -> None:
        """Find out whether a dictionary is due: objects were packed."""
        if self._packer.due:
            self._due.set()

    async def run(self) -> None:
        """Train and pack until cancelled.

        Cancellation: what is due stays so, and a later run makes up for it.
        """
        packer = self._packer
        while True:
            while not packer.due:
                self._due.clear()
                await self._due.wait()
            threads = Threads(1, name="packing")
            try:
                trained = await threads.run(train, packer.samples)
            finally:
                threads.close()
            packer.adopt(trained)
            for place, record in enumerate(self._indexer.records(), 1):
                record.repack()
                if place % _SLICE == 0:
                    await asyncio.sleep(0)
