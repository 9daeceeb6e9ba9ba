"""Where the local clusters of a user are known: a folder for each, by its name.

Who holds the lock of a folder runs the cluster, for as long as that process lives: the
kernel lets go of it, whatever the process dies of. A number of a process proves nothing
after a ``kill -9`` or a restart of the machine.
"""

import fcntl
import json
import os
import signal
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event
from typing import Any, Literal, TypeAlias, final

from homeostat.errors import ConfigError

__all__ = [
    "DEFAULT",
    "RESET",
    "Home",
    "Record",
    "State",
    "birth_of",
    "home_of",
    "homes",
    "option",
    "pause",
]

DEFAULT = "default"
# Asks the process that runs a cluster to empty it.
RESET = signal.SIGUSR1

State: TypeAlias = Literal["running", "starting", "stopped", "crashed"]

# A look at the lock holds it for an instant: whoever wants it for long tries again.
_TRIES = 5
_INSTANT = 0.02  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What the process that runs a cluster, or ran it last, says of itself.

    Attributes:
        pid: Its number; 0 once it has ended in good order.
        birth: When the kernel started it, in the kernel's words.
        since: When the cluster was started, RFC 3339.
        url: Where it serves; "" until it does.
        profile: As ``LocalCluster`` takes it.
        data_dir: Where it keeps its data; "" when it keeps none.
        resets: How often it was emptied.
    """

    pid: int
    birth: str
    since: str
    url: str = ""
    profile: str = ""
    data_dir: str = ""
    resets: int = 0


@final
class Home:
    """The folder of one cluster.

    Attributes:
        name: Of the cluster.
        path: The folder; it need not be there.
        kubeconfig: With which kubectl finds the cluster while it runs.
        log: What a cluster in the background has to say.
        pki: Its certificates, kept for the next start.
    """

    def __init__(self, name: str, root: Path) -> None:
        self.name = name
        self.path = root / name
        self.kubeconfig = self.path / "kubeconfig"
        self.log = self.path / "log"
        self.pki = self.path / "pki"
        self._lock = self.path / "lock"
        self._record = self.path / "cluster.json"

    def take(self) -> None:
        """Become the one process that runs the cluster, until it ends.

        A process that is forked off goes on holding the lock.

        Raises:
            ConfigError: Another one runs it, or the folder cannot be had.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ConfigError(
                f"cannot keep the state of a cluster in {self.path}: {error.strerror}; "
                "XDG_STATE_HOME names another place"
            ) from error
        # The file is never closed: the end of the process is what gives the lock back.
        for _ in range(_TRIES):
            with suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            pause()
        os.close(file)
        raise ConfigError(self._taken())

    def _taken(self) -> str:
        record = self.record()
        others = "`--name NAME` runs another beside it"
        if self.state() != "running" or record is None:
            return (
                f"cluster {self.name!r} is being started by another command; {others}"
            )
        down = f"homeostat local down{option(self.name)}"
        return (
            f"cluster {self.name!r} is running already, at {record.url} (process "
            f"{record.pid}); `{down}` ends it, {others}"
        )

    def held(self) -> bool:
        """Return whether a process runs the cluster, or is about to."""
        try:
            file = os.open(self._lock, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(file)
        return False

    def record(self) -> Record | None:
        """Return what is known of the process; None when there is nothing."""
        try:
            fields: Any = json.loads(self._record.read_text())
            return Record(**fields)
        except (OSError, ValueError, TypeError):
            return None  # of a version to come, or of a disk that was full

    def state(self) -> State | None:
        """Return how the cluster is; None when there is none of that name."""
        record = self.record()
        if self.held():
            lives = record is not None and record.birth == birth_of(record.pid)
            return (
                "running" if lives and record is not None and record.url else "starting"
            )
        if record is None:
            return None
        return "crashed" if record.pid else "stopped"

    def process(self) -> int | None:
        """Return the number of the process that runs the cluster, if it is sure.

        It holds the lock, it wrote the record, and it was born when that says.
        """
        record = self.record()
        if record is None or not self.held() or record.birth != birth_of(record.pid):
            return None
        return record.pid

    def write(self, record: Record) -> None:
        """Replace the record."""
        self._replace(self._record, json.dumps(asdict(record), indent=1))

    def write_kubeconfig(self, text: str) -> None:
        """Replace the kubeconfig, which holds the key to the cluster."""
        self._replace(self.kubeconfig, text)

    def _replace(self, path: Path, text: str) -> None:
        part = path.with_suffix(".part")
        part.touch(mode=0o600)
        part.write_text(text)
        part.replace(path)

    def leave(self, record: Record | None) -> None:
        """Note that nothing answers any more.

        Args:
            record: What is left to be known; None when that is nothing.
        """
        self.kubeconfig.unlink(missing_ok=True)
        if record is None:
            self._record.unlink(missing_ok=True)
        else:
            self.write(record)


def pause() -> None:
    """Wait for an instant; for commands, which have no loop."""
    Event().wait(_INSTANT)


def option(name: str) -> str:
    """Return how a command line names a cluster, with a space before it."""
    return "" if name == DEFAULT else f" --name {name}"


def _root() -> Path:
    """Return where the folders of all clusters are."""
    state = os.environ.get("XDG_STATE_HOME", "")
    # The specification: a relative path is to be ignored.
    base = Path(state) if state.startswith("/") else Path.home() / ".local" / "state"
    return base / "homeostat"


def home_of(name: str) -> Home:
    """Return the folder of a cluster."""
    return Home(name, _root())


def homes() -> list[Home]:
    """Return the folders of the clusters that are known, by name."""
    try:
        names = sorted(path.name for path in _root().iterdir() if path.is_dir())
    except FileNotFoundError:
        return []
    return [home for home in map(home_of, names) if home.state() is not None]


def birth_of(pid: int) -> str:
    """Return when a process was started, "" when there is none of that number."""
    if pid <= 0:
        return ""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        if Path("/proc/self").exists():
            return ""
    else:
        # The name of the program, in brackets, may hold anything. Field 22: the ticks
        # since the machine was started.
        return text.rpartition(")")[2].split()[19]
    import subprocess  # noqa: PLC0415 - for systems without /proc

    done = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip()
