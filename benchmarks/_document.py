"""Tables of a comparison, as text and as the page docs/benchmarks.md."""

import os
import platform
import subprocess
from collections.abc import Sequence
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Final

import homeostat
from benchmarks._bars import ALONE, BARS, SERVER_BARS, Alone, Bar, judge
from benchmarks._chapters import CHAPTERS, Chapter
from benchmarks._programs import BUILT, MOST_BYTES, MOST_SECONDS, OURS, ROOT
from benchmarks._table import Subject, Table

__all__ = [
    "PAGE",
    "bars",
    "fingerprint",
    "page",
    "results",
    "server_bars",
    "server_part",
]

PAGE: Final = ROOT / "docs" / "benchmarks.md"
# From here on the page is the other command's.
_SERVER: Final = "## The API server\n"


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]

    def line(row: Sequence[str]) -> str:
        first = row[0].ljust(widths[0])
        rest = (c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))
        return "| " + " | ".join((first, *rest)) + " |"

    rule = "|" + "|".join(
        "-" * (w + 1) + ("-" if n == 0 else ":") for n, w in enumerate(widths)
    )
    return "\n".join((line(rows[0]), f"{rule}|", *map(line, rows[1:])))


def bars(table: Table) -> str:
    """Return the bars beside what was measured, with the most objects."""
    return _bars(table, BARS, ALONE)


def server_bars(table: Table) -> str:
    """Return the bars of the API server beside what was measured."""
    return _bars(table, SERVER_BARS, ())


def _bars(table: Table, beside: Sequence[Bar], alone: Sequence[Alone]) -> str:
    judged = table.judged
    objects = {subject.what: subject.objects for subject in sorted(table.results)}

    def size(benchmark: str) -> str:
        count = objects.get(benchmark)
        return f"{count:,}" if count else ""

    rows = [("what", "objects", "beside", "ours", "theirs", "ratio", "bar", "")]
    for bar in beside:
        found = judge(judged, bar)
        limit = f"{'>=' if bar.more else '<='} {_number(bar.ratio)}"
        if found is None:
            peer = bar.peers[0] if len(bar.peers) == 1 else "Python"
            rows.append((bar.what, "", peer, "", "", "", limit, "not measured"))
            continue
        ours, peer, theirs, holds = found
        ratio = (_number(ours), _number(theirs), _number(ours / theirs), limit)
        rows.append((bar.what, size(bar.benchmark), peer, *ratio, _said(holds)))
    for each in alone:
        figures = judged.get(each.benchmark, {}).get(OURS.name)
        value = each.value(figures) if figures else None
        limit = f"<= {_number(each.limit)}"
        said = "not measured" if value is None else _said(value <= each.limit)
        count = size(each.benchmark)
        rows.append((each.what, count, "", _number(value), "", "", limit, said))
    return _markdown(rows)


def _said(holds: bool) -> str:  # noqa: FBT001 - it is what it is about
    return "holds" if holds else "does not hold"


def results(table: Table) -> str:
    """Return a table for each benchmark and size."""
    subjects = sorted({*table.results, *(subject for subject, _ in table.missing)})
    return "\n\n".join(
        _section(table, chapter, subject)
        for chapter in CHAPTERS
        for subject in subjects
        if subject.what == chapter.what
    )


def _section(table: Table, chapter: Chapter, subject: Subject) -> str:
    measured = table.results.get(subject, {})
    events = next((f["events"] for f in measured.values() if "events" in f), 0)
    title = chapter.title.format(
        objects=f"{subject.objects:,}", events=f"{events:,.0f}"
    )
    parts = [f"### {title}"]
    if measured:
        columns = [
            (head, field)
            for head, field in chapter.columns
            if any(field in figures for figures in measured.values())
        ]
        rows = [("", *(head for head, _ in columns))]
        rows += [
            (name, *(_number(figures.get(field)) for _, field in columns))
            for name, figures in measured.items()
        ]
        parts.append(_markdown(rows))
    missing = [
        f"- {name}: {why}"
        for (other, name), why in table.missing.items()
        if other == subject
    ]
    parts += [part for part in ("\n".join(missing), chapter.note) if part]
    return "\n\n".join(parts)


def fingerprint() -> str:
    """Return what tells this source of ours from any other.

    A page whose figures come from two of them would compare what never ran together.
    """
    package = Path(homeostat.__file__).parent
    digest = sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(path.relative_to(package).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def page(table: Table, *, command: str, before: str = "") -> str:
    """Return docs/benchmarks.md.

    Args:
        table: What was measured.
        command: By which command.
        before: The page that there was: what it says of the API server stays.
    """
    _, heading, server = before.partition(f"\n{_SERVER}")
    patience = f"{MOST_SECONDS / 60:g} minutes or {MOST_BYTES >> 30} GiB"
    return f"""# Benchmarks

Written by this command; do not edit:

    {command}

Every program ran on the same machine, one after the other, against the same server:
one of the benchmarks' own that replays objects of 4.8 KB, JSON (a Pod's spec and
status, two managedFields entries), or, where that is said, a real kube-apiserver. CPU
is the client's own, user and system; memory is resident, after what is garbage was
given back. All clients with their defaults. What takes more than {patience} is stopped.

{_machine()}

## Bars

Each is judged by the run with the most objects.

{bars(table)}

## Figures

{results(table)}
{heading}{server}"""


def server_part(table: Table, *, command: str, before: str) -> str:
    """Return docs/benchmarks.md with what it says of the API server told anew."""
    return f"""{before.partition(_SERVER)[0].rstrip()}

{_SERVER}
Written by this command; do not edit:

    {command}

Every server ran alone, one after the other, on the same machine, which the generator
of the load shared with it: HTTP/1.1, connections that are kept alive, objects of 1 KB.
Ours is `homeostat local up`, a later start, over TLS unless that is said; the real is
kube-apiserver 1.36 with etcd, over TLS, without fsync.

{_machine()}

### Bars of the API server

{server_bars(table)}

{results(table)}
"""


def _machine() -> str:
    lines = [
        f"- {platform.system()} {platform.machine()}, {os.cpu_count()} cores, {_cpu()}",
        "- load average at the end: "
        + ", ".join(f"{load:.1f}" for load in os.getloadavg()),
        f"- homeostat's source: {fingerprint()}",
        f"- Python {platform.python_version()}, "
        + ", ".join(f"{name} {_version(name)}" for name in _OURS if _version(name)),
    ]
    for versions in sorted(BUILT.glob("*.versions")):
        lines += [f"- {line}" for line in versions.read_text().splitlines()]
    folder = ROOT / "benchmarks" / "peers"
    pinned = "".join(path.read_text() for path in sorted(folder.glob("*.txt")))
    peers = [line for line in pinned.split() if line.split("==")[0] in _PEERS]
    lines.append("- " + ", ".join(peer.replace("==", " ") for peer in peers))
    return "\n".join(lines)


_OURS: Final = ("homeostat", "msgspec", "aiohttp", "uvloop", "zstandard")
_PEERS: Final = frozenset(
    {"kopf", "kubernetes", "kubernetes_asyncio", "kr8s", "lightkube", "cloudcoil"}
)


def _version(name: str) -> str:
    try:
        return version(name)
    except ModuleNotFoundError:
        return ""


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
        return ""
    named = ["sysctl", "-n", "machdep.cpu.brand_string"]
    done = subprocess.run(named, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _number(value: float | None) -> str:
    if value is None:
        return ""
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"
