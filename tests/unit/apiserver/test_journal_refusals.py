"""Folders that cannot be used, and disks that fail: it is said, and nothing is lost."""

import contextlib
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from homeostat.apiserver import ApiServer
from homeostat.apiserver._journal_files import PAGE_BYTES
from homeostat.apiserver._status import StatusError
from homeostat.apiserver._store import Event, Store
from homeostat.errors import ConfigError
from tests.harness.stores import state, store_in


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user can reach, and no disk to wait for."""
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=memory) as path:
        Path(path).chmod(0o755)
        yield Path(path) / "data"


def put(store: Store, name: str, text: str = "") -> None:
    value = {"metadata": {"name": name, "uid": f"uid-{name}"}, "text": text}
    store.put(store.table("things."), name, value)


def filled(folder: Path, count: int = 40) -> tuple[int, dict[str, bytes]]:
    """Leave ``count`` objects and a deletion in a folder."""
    with store_in(folder) as store:
        for number in range(count + 1):
            put(store, f"t-{number}", "x" * (40 * number))
        store.remove(store.table("things."), f"t-{count}")
        return state(store)


def refusal(folder: Path) -> str:
    with pytest.raises(ConfigError) as caught, store_in(folder):
        pass
    return str(caught.value)


class Log:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def push(self, event: Event) -> None:
        self.events.append(event)

    def close(self) -> None:
        pass


@contextmanager
def no_larger_files(folder: Path) -> Generator[None]:
    """Let the system refuse what makes the log longer, as a quota does."""
    size = (folder / "journal.db-wal").stat().st_size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def no_more_pages(store: Store) -> Generator[None]:
    """Let SQLite find the disk full."""
    assert store._journal is not None
    execute = store._journal._connection.execute
    execute(f"PRAGMA max_page_count = {execute('PRAGMA page_count').fetchone()[0]}")
    yield
    execute("PRAGMA max_page_count = 1000000")


@pytest.mark.parametrize("how", ["limit", "full"])
def test_a_full_disk_refuses_a_write_and_nothing_has_changed(
    folder: Path, how: str
) -> None:
    with store_in(folder) as store:
        put(store, "a", "old")
        log = Log()
        store.table("things.").watchers.append(log)
        before = state(store)
        full: AbstractContextManager[None] = (
            no_larger_files(folder) if how == "limit" else no_more_pages(store)
        )
        with full:
            if how == "limit":  # a deletion takes no pages
                with pytest.raises(StatusError, match="nothing was changed"):
                    store.remove(store.table("things."), "a")
            for name in ("a", "b"):
                with pytest.raises(StatusError, match="nothing was changed") as caught:
                    put(store, name, "x" * 20_000)
                assert (caught.value.code, caught.value.reason) == (500, "")
                assert str(folder) in caught.value.message
        assert state(store) == before
        assert log.events == []
        put(store, "a", "new")
        put(store, "b", "new")
        store.remove(store.table("things."), "a")
        after = state(store)
        assert after[0] == before[0] + 3
    with store_in(folder) as store:
        assert state(store) == after


def test_watchers_are_told_after_the_commit(folder: Path) -> None:
    stored: list[tuple[int, list[tuple[str, int]]]] = []

    class Reader(Log):
        def push(self, event: Event) -> None:
            with contextlib.closing(sqlite3.connect(folder / "journal.db")) as other:
                rows = other.execute("SELECT key, revision FROM objects").fetchall()
                last = other.execute("SELECT revision FROM deleted").fetchone()[0]
            stored.append((last, rows))
            super().push(event)

    with store_in(folder) as store:
        table = store.table("things.")
        reader = Reader()
        table.watchers.append(reader)
        put(store, "a")
        put(store, "a", "more")
        store.remove(table, "a")
    versions = [event.revision for event in reader.events]
    assert stored == [
        (0, [("a", versions[0])]),
        (0, [("a", versions[1])]),
        (versions[2], []),
    ]


def test_a_folder_is_for_one_at_a_time(folder: Path) -> None:
    with store_in(folder) as store:
        put(store, "a")
        assert refusal(folder) == (
            f"cannot keep the cluster in {folder}: process {os.getpid()} keeps one "
            "there; end it, or name another folder"
        )
        put(store, "b")
    with store_in(folder) as store:
        assert set(state(store)[1]) == {"a", "b"}


def test_a_relative_folder_stays_where_it_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder.mkdir()
    monkeypatch.chdir(folder.parent)
    with store_in(Path(folder.name)) as store:
        put(store, "a")
        monkeypatch.chdir(folder)
        assert store._journal is not None
        store._journal._checkpoints._run()
    assert caplog.text == ""
    assert {path.name for path in folder.iterdir()} == {"journal.db", "lock"}


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    text = "it is a file; name a folder"
    assert refusal(file) == f"cannot keep the cluster in {file}: {text}"
    assert refusal(file / "data").endswith(text)
    assert file.read_text() == "mine"


@contextmanager
def nobody() -> Generator[None]:
    """Be somebody who may not write where the file modes forbid it."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(was)


def test_a_read_only_folder(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o555)
    with nobody():
        text = refusal(folder)
    assert text == (
        f"cannot keep the cluster in {folder}: Permission denied; name a folder that "
        "this user may write to, on a disk with free space"
    )


def test_a_read_only_file(folder: Path) -> None:
    filled(folder)
    folder.chmod(0o777)
    (folder / "lock").chmod(0o666)
    (folder / "journal.db").chmod(0o444)
    with nobody():
        text = refusal(folder)
    assert "readonly database; name a folder that this user may write to" in text


def test_another_programs_database(folder: Path) -> None:
    folder.mkdir()
    with contextlib.closing(sqlite3.connect(folder / "journal.db")) as other:
        other.execute("CREATE TABLE theirs (x)")
    assert "is a database of another program" in refusal(folder)


def test_a_later_format(folder: Path) -> None:
    filled(folder)
    with contextlib.closing(sqlite3.connect(folder / "journal.db")) as other:
        other.execute("PRAGMA user_version = 2")
    text = "it has format 2, and this version of homeostat reads format 1; use the"
    assert text in refusal(folder)


def damage(folder: Path, how: str) -> None:
    file = folder / "journal.db"
    data = bytearray(file.read_bytes())
    if how == "header":
        data[:16] = b"not a database!!"
    elif how == "truncated":
        del data[len(data) // 2 :]
    elif how == "a row less":
        leaf = data.index(b"uid-t-7") // PAGE_BYTES * PAGE_BYTES
        assert data[leaf] == 13  # of a table, by SQLite's file format
        data[leaf + 4] -= 1  # the number of its cells
    else:
        start = data.index(how.encode())
        data[start] ^= 0x80
    file.write_bytes(data)


@pytest.mark.parametrize(
    "how",
    ["header", "truncated", "a row less", "CREATE TABLE", "uid-t-7", "t-30"],
)
def test_a_damaged_file(folder: Path, how: str) -> None:
    filled(folder)
    damage(folder, how)
    text = refusal(folder)
    assert text.startswith(f"cannot read the cluster from {folder}/journal.db: ")
    assert "is damaged (" in text
    assert text.endswith("or remove the folder to begin with an empty cluster")


def test_no_flipped_bit_goes_unseen(folder: Path) -> None:
    """Every 197th byte of the file: it is refused, or it did not matter."""
    before = filled(folder)
    file = folder / "journal.db"
    whole = file.read_bytes()
    refused = 0
    for position in range(0, len(whole), 197):
        data = bytearray(whole)
        data[position] ^= 1 << (position % 8)
        for path in folder.glob("journal.db*"):
            path.unlink()
        file.write_bytes(data)
        try:
            with store_in(folder) as store:
                assert state(store) == before, position
        except ConfigError:
            refused += 1
    assert refused > len(whole) / 197 / 3  # the rest is free space


def killed(folder: Path) -> tuple[tuple[int, dict[str, bytes]], dict[str, bytes]]:
    """Return a state, and the files that a process leaves which dies in it."""
    with store_in(folder) as store:
        for number in range(8):
            put(store, f"t-{number}", "x" * 300)
        files = {
            name: (folder / name).read_bytes()
            for name in ("journal.db", "journal.db-wal")
        }
        return state(store), files


def lay_out(folder: Path, files: dict[str, bytes]) -> None:
    for path in folder.glob("journal.db*"):
        path.unlink()
    for name, data in files.items():
        (folder / name).write_bytes(data)


def test_a_log_without_its_file(folder: Path) -> None:
    _, files = killed(folder)
    del files["journal.db"]
    lay_out(folder, files)
    assert "journal.db-wal is there, and this file is gone" in refusal(folder)


def test_a_damaged_log_is_told_of(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Every 197th byte: nothing is missing, or the loss is logged."""
    before, files = killed(folder)
    log = files["journal.db-wal"]
    lost = 0
    for position in range(0, len(log), 197):
        data = bytearray(log)
        data[position] ^= 0x10
        lay_out(folder, {**files, "journal.db-wal": bytes(data)})
        caplog.clear()
        with store_in(folder) as store:
            after = state(store)
        told = "the end of the journal cannot be read" in caplog.text
        assert told or after == before, position
        assert after[1].items() <= before[1].items()
        lost += told
    assert lost > 10


def test_a_server_says_why_it_does_not_start(folder: Path) -> None:
    ApiServer(data_dir=folder).close()
    damage(folder, "kube-system")
    for _ in range(2):  # the first refusal has let go of the folder
        with pytest.raises(ConfigError, match="is damaged"):
            ApiServer(data_dir=folder)


def test_sqlite_is_loaded_for_a_folder_alone() -> None:
    code = (
        "import sys; from homeostat.apiserver import ApiServer; ApiServer(); "
        "assert 'sqlite3' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
