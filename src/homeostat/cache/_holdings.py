"""The records of one stream: those that readers see, and those that are hidden."""

from collections.abc import Callable
from typing import final

from homeostat.cache._delta import Delta, Reason
from homeostat.cache._index import Indexer
from homeostat.cache._record import Record
from homeostat.cache._tombs import Tombs

__all__ = ["Holdings"]

_Key = tuple[str, str]


@final
class Holdings:
    """The newest record of each object, visible in the indexer or hidden by a tomb.

    Every change gives the delta of what readers see, which may be none.

    Args:
        indexer: What readers see.
        ended: Told of the uids that are hidden no more: gone, or shown again.

    Attributes:
        indexer: What readers see.
        tombs: What deletes under way hide from them.
    """

    __slots__ = ("indexer", "tombs")

    def __init__(self, indexer: Indexer, ended: Callable[[str], None]) -> None:
        self.indexer = indexer
        self.tombs = Tombs(ended)

    def newest(self, key: _Key) -> Record | None:
        """Return the record of a name, also one that is hidden from readers."""
        return self.indexer.get(*key) or self.tombs.get(key)

    def keys(self, namespace: str) -> list[_Key]:
        """Return the names of everything in a namespace, "" for all of them."""
        records = self.indexer.records(namespace or None)
        return [*((r.namespace, r.name) for r in records), *self.tombs.keys]

    def put(self, key: _Key, record: Record, reason: Reason) -> list[Delta]:
        """Take a record as the newest of its name."""
        visible = self.indexer.get(*key)
        if self.tombs.covers(record.uid):
            self.tombs.put(key, record)
            return self.show(visible, None, reason)
        # A successor of its name proves that what is hidden there is gone.
        self.tombs.drop(key)
        return self.show(visible, record, reason)

    def drop(self, key: _Key, record: Record, reason: Reason) -> list[Delta]:
        """Let go of the newest record of a name."""
        if self.tombs.drop(key):
            return []
        return self.show(record, None, reason)

    def hide(self, key: _Key, record: Record) -> list[Delta]:
        """Hide the newest record of a name, whose delete is about to be sent."""
        if not self.tombs.bury(key, record):
            return []
        # Hidden already when it is left from a lost history, which left no tombs.
        return self.show(self.indexer.get(*key), None, "write")

    def show(
        self, old: Record | None, new: Record | None, reason: Reason
    ) -> list[Delta]:
        """Have readers see ``new`` in the place of ``old``."""
        if old is None and new is None:
            return []
        self.indexer.replace(old, new)
        return [Delta(old, new, reason)]
