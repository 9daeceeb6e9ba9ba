"""What ``data_dir`` keeps, gone."""

from pathlib import Path

__all__ = ["erase"]


def erase(data_dir: Path) -> None:
    """Remove a cluster from its folder, and nothing else that is in it.

    Raises:
        ConfigError: A process keeps a cluster there, or the folder cannot be written.
    """
    # SQLite is imported when somebody keeps something.
    from homeostat.apiserver._journal_files import Folder  # noqa: PLC0415

    folder = Folder(data_dir)
    try:
        for name in ("", "-wal", "-shm"):
            file = folder.file.with_name(f"{folder.file.name}{name}")
            file.unlink(missing_ok=True)
    finally:
        folder.unlock()
