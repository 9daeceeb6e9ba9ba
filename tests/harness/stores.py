"""A server's store with a journal, without the server."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from homeostat.apiserver._journal import Journal
from homeostat.apiserver._store import Store

__all__ = ["State", "state", "store_in"]

State: TypeAlias = tuple[int, dict[str, bytes]]


@contextmanager
def store_in(folder: Path) -> Generator[Store]:
    """Open the store that a folder keeps, and close its journal."""
    journal = Journal(folder)
    try:
        store = Store(journal=journal)
        store.load()
        yield store
    finally:
        journal.close()


def state(store: Store) -> State:
    """Return the revision and the bytes of all things, by key."""
    live = store.table("things.").live
    return store.revision, {key: entry.data for key, entry in live.items()}
