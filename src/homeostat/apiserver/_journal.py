"""The journal: a cluster on disk, each write of it before anybody is told.

One SQLite database in WAL mode. A write is one transaction on the caller's thread; the
disk is waited for in a thread of the journal's own, at checkpoints. So an acknowledged
write outlives its process, however that ends. When the machine loses its power the
writes since the last checkpoint may be lost, the latest first; the file stays whole.

Of each object there is one row, its present state. Past states are not kept.
"""

import contextlib
import logging
import sqlite3
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import NoReturn, final

import msgspec

from homeostat._tasks import ThreadsExecutor
from homeostat.apiserver._journal_files import Folder, checksum, connect, damaged
from homeostat.apiserver._status import server_error
from homeostat.apiserver._table import Entry

__all__ = ["Journal", "Row"]

logger = logging.getLogger(__name__)

# After so many commits, of one to four pages each, the thread goes to work.
CHECKPOINT_COMMITS = 1000
# A log grows while commits never pause. Beyond this many pages the loop is held for the
# few that were written since the thread last looked, and the log begins anew.
MOST_PAGES = 8192

_PUT = "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?)"
_REMOVE = "DELETE FROM objects WHERE created = ?"
_DELETED = "UPDATE deleted SET revision = ?, checksum = ?"
_ROWS = "SELECT created, revision, resource, key, checksum, data FROM objects"


class Row(msgspec.Struct, frozen=True, gc=False):
    """One object as it was stored."""

    created: int
    revision: int
    resource: str
    key: str
    data: bytes


@final
class Journal:
    """What a store writes to before it changes.

    All methods are called on one thread, the store's.

    Args:
        path: The folder; made where it is missing.

    Raises:
        ConfigError: The folder cannot be used, or what is in it cannot be believed.
    """

    def __init__(self, path: Path) -> None:
        self._folder = Folder(path)
        try:
            self._connection = self._folder.open()
        except BaseException:
            self._folder.unlock()
            raise
        self._checkpoints = _Checkpoints(self._folder.file)
        self._commits = 0
        self._failing = False
        self._closed = False

    def rows(self) -> Iterator[Row]:
        """Read every object.

        Raises:
            ConfigError: One of them is not what was written.
        """
        with self._folder.reading():
            for row in self._connection.execute(_ROWS):
                created, revision, resource, key, found, data = row
                if not isinstance(data, bytes) or found != checksum(
                    revision, created, resource, key, data=data
                ):
                    what = f"the checksum of {resource} {key} is wrong"
                    raise damaged(self._folder.file, what)
                yield Row(created, revision, resource, key, data)

    def last_deletion(self) -> int:
        """Return the revision of the last deletion, 0 before the first.

        Raises:
            ConfigError: It is not what was written.
        """
        with self._folder.reading():
            rows = self._connection.execute("SELECT * FROM deleted").fetchall()
        if len(rows) != 1 or rows[0][1] != checksum(rows[0][0]):
            what = "the checksum of the last deletion is wrong"
            raise damaged(self._folder.file, what)
        found: int = rows[0][0]
        return found

    def put(self, resource: str, entry: Entry) -> None:
        """Write a new state of an object.

        Raises:
            StatusError: 500, it could not be written, and nothing was.
        """
        created, revision, key = entry.created, entry.revision, entry.key
        total = checksum(revision, created, resource, key, data=entry.data)
        row = (created, revision, resource, key, total, entry.data)
        try:
            self._connection.execute(_PUT, row)
        except sqlite3.Error as error:
            self._refuse(error)
        self._committed()

    def remove(self, entry: Entry, revision: int) -> None:
        """Write the deletion of an object.

        Raises:
            StatusError: As ``put``.
        """
        execute = self._connection.execute
        try:
            execute("BEGIN IMMEDIATE")
            execute(_REMOVE, (entry.created,))
            execute(_DELETED, (revision, checksum(revision)))
            execute("COMMIT")
        except sqlite3.Error as error:
            self._refuse(error)
        self._committed()

    def close(self) -> None:
        """Bring the file into its final form, and let others have the folder.

        Waits for the disk. Nothing depends on it but the time of the next start.
        """
        if self._closed:
            return
        self._closed = True
        self._checkpoints.close()
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()
        self._folder.unlock()

    def _committed(self) -> None:
        self._commits += 1
        if self._commits >= CHECKPOINT_COMMITS:
            self._commits = 0
            self._checkpoints.request()
        if self._failing:
            self._failing = False
            logger.info("the journal is written again", extra=self._where())

    def _refuse(self, error: sqlite3.Error) -> NoReturn:
        """Undo what was begun, and say that nothing happened.

        Source: kube-apiserver answers 500 without a reason when etcd has no space.
        """
        if self._closed:
            raise server_error("nothing was changed: the journal is closed") from error
        with contextlib.suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        if not self._failing:
            self._failing = True
            logger.error(
                "writes are refused: the journal cannot be written",
                exc_info=error,
                extra=self._where(),
            )
        # On a full disk the log may have room again once it is in the database.
        self._checkpoints.request()
        raise server_error(
            f"nothing was changed: the journal in {self._folder.path} cannot be "
            f"written: {error}; look after its disk, then try again"
        ) from error

    def _where(self) -> dict[str, str]:
        return {"path": str(self._folder.file)}


@final
class _Checkpoints:
    """Brings the log into the database, in a thread of its own.

    Writers go on meanwhile. A log whose every page has been brought over is begun anew
    by the next commit, so that it stays small wherever commits pause for a moment.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._threads = ThreadsExecutor(1, name="homeostat-journal")
        self._connection: sqlite3.Connection | None = None
        self._last: Future[None] | None = None

    def request(self) -> None:
        """Ask for a checkpoint, unless one is under way."""
        if self._last is None or self._last.done():
            self._last = self._threads.submit(self._run)

    def _run(self) -> None:
        try:
            connection = self._connection
            if connection is None:
                connection = self._connection = connect(self._file)
            checkpoint = connection.execute
            checkpoint("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            # Another one brings over what was written during the first.
            _, pages, _ = checkpoint("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            if pages > MOST_PAGES:
                checkpoint("PRAGMA wal_checkpoint(RESTART)").fetchone()
        except sqlite3.Error as error:
            # The log keeps everything meanwhile; the next checkpoint tries again.
            extra = {"path": str(self._file)}
            logger.warning("checkpoint failed", exc_info=error, extra=extra)

    def close(self) -> None:
        """Wait for the checkpoint that is under way."""
        self._threads.close()
        if self._last is not None and not self._last.cancelled():
            self._last.result()
        if self._connection is not None:
            self._connection.close()
