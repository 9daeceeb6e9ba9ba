"""A crash at any point of any write, or of a checkpoint, loses nothing answered."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.apiserver._store import Store
from tests.harness.stores import State, state, store_in

# What a disk has is not asked here, so that none need be waited for.
FOLDERS = "/dev/shm" if Path("/dev/shm").is_dir() else None

# A name and the size of its new state, a name to remove, or a checkpoint.
puts = st.tuples(st.sampled_from("abc"), st.sampled_from([0, 900, 9000]))
steps = st.lists(st.one_of(puts, st.sampled_from("abc"), st.none()), max_size=14)


def take(store: Store, step: tuple[str, int] | str | None) -> None:
    table = store.table("things.")
    if step is None:
        assert store._journal is not None
        store._journal._checkpoints._run()
    elif isinstance(step, tuple):
        name, size = step
        store.put(table, name, {"metadata": {"name": name}, "text": "x" * size})
    elif step in table.live:
        store.remove(table, step)


def contents(folder: Path) -> tuple[bytes, bytes]:
    return tuple(  # type: ignore[return-value]
        (folder / name).read_bytes() for name in ("journal.db", "journal.db-wal")
    )


def reopened(database: bytes, log: bytes) -> State:
    """Return what a new process makes of the files that a dead one has left."""
    with TemporaryDirectory(dir=FOLDERS) as path:
        folder = Path(path)
        (folder / "journal.db").write_bytes(database)
        (folder / "journal.db-wal").write_bytes(log)
        with store_in(folder) as store:
            return state(store)


def torn(before: bytes, after: bytes, part: float) -> bytes:
    """Return a file whose bytes were being overwritten, from the first on."""
    cut = int(len(after) * part)
    return after[:cut] + before[cut:]


@settings(deadline=None)
@given(steps, st.data())
def test_a_crash_loses_nothing_that_was_answered(
    history: list[tuple[str, int] | str | None], data: st.DataObject
) -> None:
    with TemporaryDirectory(dir=FOLDERS) as path, store_in(Path(path)) as store:
        crash = data.draw(st.integers(0, max(0, len(history) - 1)), label="crash at")
        for step in history[:crash]:
            take(store, step)
        answered, files = state(store), contents(Path(path))
        for step in history[crash : crash + 1]:
            take(store, step)
        written, later = state(store), contents(Path(path))
    part = data.draw(st.floats(0, 1), label="written of it")
    database = torn(files[0], later[0], part)
    assert reopened(database, later[1]) == written
    log = torn(files[1], later[1], part)
    assert reopened(files[0], log) in (answered, written)
    assert reopened(files[0], files[1]) == answered
