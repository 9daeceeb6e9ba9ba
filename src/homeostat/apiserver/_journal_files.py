"""The folder of a journal: locked, opened and found whole, or refused."""

import contextlib
import fcntl
import logging
import os
import sqlite3
import zlib
from collections.abc import Generator
from pathlib import Path

from homeostat.apiserver._journal_log import last_commit
from homeostat.errors import ConfigError

__all__ = ["Folder", "checksum", "connect", "damaged"]

logger = logging.getLogger(__name__)

FORMAT = 1
APPLICATION = 0x686D7374  # "hmst", for file(1) and against other people's databases
# A commit writes whole pages. Of 1 KB objects, 2 KB pages are written twice as fast as
# 4 KB ones, and read as fast.
PAGE_BYTES = 2048
# What SQLite says of the folder and its disk; all else it says of the file's contents.
_OF_THE_DISK = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    }
)


def checksum(revision: int, *parts: object, data: bytes = b"") -> int:
    """Return what tells that a row is what was written."""
    head = " ".join(map(str, (revision, *parts)))
    return zlib.crc32(data, zlib.crc32(head.encode()))


# ``created`` is the revision of the object's creation: an update stays where its object
# is, and no index is kept beside the table.
_OBJECTS = """
CREATE TABLE objects (
    created INTEGER PRIMARY KEY,
    revision INTEGER NOT NULL,
    resource TEXT NOT NULL,
    key TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    data BLOB NOT NULL
)
"""
_SCHEMA = (
    _OBJECTS,
    # The revision of the last deletion, which no row carries.
    "CREATE TABLE deleted (revision INTEGER NOT NULL, checksum INTEGER NOT NULL)",
    f"INSERT INTO deleted VALUES (0, {checksum(0)})",
    f"PRAGMA application_id = {APPLICATION}",
    f"PRAGMA user_version = {FORMAT}",
)


def damaged(file: Path, what: object) -> ConfigError:
    """Return the refusal of a file whose contents are not what was written."""
    return ConfigError(
        f"cannot read the cluster from {file}: the file is damaged ({what}); put a "
        f"copy of the folder {file.parent} in its place, or remove the folder to begin "
        "with an empty cluster"
    )


def connect(file: Path) -> sqlite3.Connection:
    """Open a connection that commits each statement, and never checkpoints by itself.

    Whoever calls it sees to it that one thread uses it at a time.
    """
    connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    # A commit is in the system's hands when it returns, and so outlives the process.
    # The disk has it after the next checkpoint.
    try:
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
    except BaseException:
        connection.close()
        raise
    return connection


class Folder:
    """A folder that holds one cluster, for this process alone.

    The lock is the kernel's: it ends with its process, however that ends.

    Args:
        path: Made, with its parents, where it is missing.

    Attributes:
        file: The database.

    Raises:
        ConfigError: It cannot be used; the message says why and what to do.
    """

    def __init__(self, path: Path) -> None:
        # Checkpoints open the file again, and the process may have moved by then.
        self.path = path = path.absolute()
        self.file = path / "journal.db"
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except (FileExistsError, NotADirectoryError) as error:
            text = f"cannot keep the cluster in {path}: it is a file; name a folder"
            raise ConfigError(text) from error
        except OSError as error:
            raise self._unusable(error.strerror) from error
        try:
            self._take()
        except BaseException:
            self.unlock()
            raise

    def _take(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._lock, 32, 0).decode(errors="replace").strip()
            who = f"process {holder}" if holder.isdecimal() else "another process"
            raise ConfigError(
                f"cannot keep the cluster in {self.path}: {who} keeps one there; end "
                "it, or name another folder"
            ) from error
        except OSError as error:
            raise self._unusable(error.strerror) from error
        with contextlib.suppress(OSError):  # it is for the message above alone
            os.ftruncate(self._lock, 0)
            os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)

    def unlock(self) -> None:
        """Let others have the folder."""
        os.close(self._lock)

    def open(self) -> sqlite3.Connection:
        """Open the database, made where there is none, and see that it can be written.

        Raises:
            ConfigError: It cannot be used.
        """
        log = self.file.with_name(self.file.name + "-wal")
        end = last_commit(log)
        if end and not self.file.exists():
            raise damaged(self.file, f"{log.name} is there, and this file is gone")
        with self.reading():
            connection = connect(self.file)
        try:
            with self.reading():
                self._check(connection, end)
        except BaseException:
            connection.close()
            raise
        return connection

    def _check(self, connection: sqlite3.Connection, end: int) -> None:
        if not _value(connection, "SELECT count(*) FROM sqlite_master"):
            connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        elif _value(connection, "PRAGMA application_id") != APPLICATION:
            raise ConfigError(
                f"cannot keep the cluster in {self.path}: {self.file.name} is a "
                "database of another program; name another folder"
            )
        mode = _value(connection, "PRAGMA journal_mode = WAL")
        if mode != "wal":
            raise self._unusable("its file system has no shared memory for SQLite")
        if end:
            checkpoint = "PRAGMA wal_checkpoint(PASSIVE)"
            _, found, _ = connection.execute(checkpoint).fetchone()
            if found < end:
                logger.error(
                    "the end of the journal cannot be read: what was written last, %d "
                    "of %d pages of its log, is lost",
                    end - found,
                    end,
                    extra={"path": str(self.file)},
                )
        connection.execute("BEGIN IMMEDIATE")
        if not _value(connection, "SELECT count(*) FROM sqlite_master"):
            for statement in _SCHEMA:
                connection.execute(statement)
        found = _value(connection, "PRAGMA user_version")
        if found != FORMAT:
            raise ConfigError(
                f"cannot read the cluster from {self.file}: it has format {found}, and "
                f"this version of homeostat reads format {FORMAT}; use the version of "
                "homeostat that wrote it, or name another folder"
            )
        # Whether the file can be written is better known now than at the first write.
        connection.execute("UPDATE deleted SET revision = revision")
        connection.execute("COMMIT")
        complaint = _value(connection, "PRAGMA quick_check(1)")
        if complaint != "ok":
            raise damaged(self.file, complaint)

    @contextlib.contextmanager
    def reading(self) -> Generator[None]:
        """Say what SQLite complains of in terms of the folder."""
        try:
            yield
        except (sqlite3.Error, UnicodeDecodeError) as error:
            # Python's own complaints, as of text that is none, have no code.
            code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
            if code & 0xFF in _OF_THE_DISK:
                raise self._unusable(error) from error
            raise damaged(self.file, error) from error

    def _unusable(self, why: object) -> ConfigError:
        return ConfigError(
            f"cannot keep the cluster in {self.path}: {why}; name a folder that this "
            "user may write to, on a disk with free space"
        )


def _value(connection: sqlite3.Connection, sql: str) -> object:
    return connection.execute(sql).fetchone()[0]
