"""``local status``: which clusters there are, and how they are."""

import http.client
import json
import os
import re
import shutil
import ssl
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from homeostat._clock import SystemClock
from homeostat.cli._home import Home, State

__all__ = ["Status", "show", "status_of"]

_GAP = "   "
# One line for each resource: its name and group in braces, the number after them.
_OBJECTS = re.compile(rb"^apiserver_resource_objects\{[^}]*\} (\d+)$", re.MULTILINE)
_PATIENCE = 2.0  # seconds, with a server that does not answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One cluster; what does not apply is empty or None.

    Attributes:
        objects: How many it stores.
        memory_bytes: What its process has resident.
    """

    name: str
    state: State
    url: str = ""
    pid: int | None = None
    profile: str = ""
    since: str = ""
    objects: int | None = None
    memory_bytes: int | None = None
    data_dir: str = ""
    kubeconfig: str = ""
    log: str = ""

    def document(self) -> dict[str, Any]:
        """Return it as it is printed for programs."""
        return {
            "name": self.name,
            "state": self.state,
            "url": self.url or None,
            "pid": self.pid,
            "profile": self.profile or None,
            "since": self.since or None,
            "objects": self.objects,
            "memoryBytes": self.memory_bytes,
            "dataDir": self.data_dir or None,
            "kubeconfig": self.kubeconfig or None,
            "log": self.log or None,
        }


def status_of(home: Home) -> Status | None:
    """Return how a cluster is; None when there is none of that name."""
    state, record, number = home.state(), home.record(), home.process()
    if state is None:
        return None
    log = str(home.log) if home.log.exists() else ""
    if record is None:
        return Status(name=home.name, state=state, log=log)
    running = state == "running"
    return Status(
        name=home.name,
        state=state,
        url=record.url if running else "",
        pid=number,
        profile=record.profile,
        since=record.since if running else "",
        objects=_objects(record.url, home.pki) if running else None,
        memory_bytes=_resident(number) if number else None,
        data_dir=record.data_dir,
        kubeconfig=str(home.kubeconfig) if running else "",
        log=log,
    )


def _objects(url: str, pki: Path) -> int | None:
    """Return how many objects a server says that it has, if it answers."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    connection = http.client.HTTPConnection(host, port, timeout=_PATIENCE)
    try:
        if parts.scheme == "https":
            connection = http.client.HTTPSConnection(
                host, port, timeout=_PATIENCE, context=_context(pki)
            )
        connection.request("GET", "/metrics")
        found = _OBJECTS.findall(connection.getresponse().read())
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return sum(map(int, found))


def _context(pki: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=pki / "ca.crt")
    context.load_cert_chain(pki / "admin.crt", pki / "admin.key")
    return context


def _resident(number: int) -> int | None:
    try:
        pages = int(Path(f"/proc/{number}/statm").read_text().split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def show(found: Sequence[Status], output: str) -> None:
    """Print a table for people, or JSON for programs."""
    if output == "json":
        click.echo(json.dumps([each.document() for each in found], indent=2))
        return
    # What a program reads is never folded.
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    click.echo("\n".join(table(found, width, SystemClock().now())))


def table(found: Sequence[Status], width: int, now: datetime) -> list[str]:
    """Return the lines of a table.

    Args:
        found: A row for each.
        width: Columns of the terminal; 0 for as many as it takes. Where they are too
            few, what matters less stands below its row.
        now: The wall time.
    """
    head = ["NAME", "STATE", "URL", "PID", "AGE"]
    more = ["PROFILE", "OBJECTS", "MEMORY", "DATA"]
    rows = [_row(each, now) for each in found]
    whole = _aligned([head + more, *(first + rest for first, rest in rows)])
    if not width or max(map(len, whole)) <= width:
        return whole
    lines = _aligned([head, *(first for first, _ in rows)])
    folded = lines[:1]
    for line, each, (_, rest) in zip(lines[1:], found, rows, strict=True):
        folded.append(line)
        profile, objects, memory, data = rest
        if each.state == "running":
            where = f", data in {data}" if each.data_dir else ""
            folded.append(
                f"  profile {profile}, {objects} objects, {memory} of memory{where}"
            )
        elif each.data_dir:
            folded.append(f"  data in {data}")
    return folded


def _row(each: Status, now: datetime) -> tuple[list[str], list[str]]:
    since = datetime.fromisoformat(each.since) if each.since else now
    megabytes = "-" if each.memory_bytes is None else f"{each.memory_bytes / 1e6:.0f}MB"
    first = [
        each.name,
        each.state,
        each.url or "-",
        str(each.pid or "-"),
        _age((now - since).total_seconds()) if each.since else "-",
    ]
    objects = "-" if each.objects is None else str(each.objects)
    return first, [each.profile or "-", objects, megabytes, each.data_dir or "-"]


def _age(seconds: float) -> str:
    for unit, name in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= 2 * unit:
            return f"{int(seconds // unit)}{name}"
    return f"{int(max(seconds, 0))}s"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        _GAP.join(
            cell.ljust(size) for cell, size in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]
