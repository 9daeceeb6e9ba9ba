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
from benchmarks._bars import ALONE, BARS, judge
from benchmarks._programs import BUILT, ROOT
from benchmarks.compare import Table

__all__ = ["PAGE", "bars", "fingerprint", "page", "results"]

PAGE: Final = ROOT / "docs" / "benchmarks.md"

_COLUMNS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "sync": (
        ("objects/CPU s", "objects_per_cpu_s"),
        ("bytes/object", "bytes_per_object"),
        ("peak MB", "peak_mb"),
        ("CPU s", "cpu_s"),
        ("wall s", "wall_s"),
    ),
    "storm": (
        ("updates/CPU s", "events_per_cpu_s"),
        ("CPU s", "storm_cpu_s"),
        ("MB before", "rss_after_mb"),
        ("MB after", "rss_storm_mb"),
    ),
    "reconcile": (
        ("CPU s", "cpu_s"),
        ("wall s", "wall_s"),
        ("peak MB", "peak_mb"),
    ),
    "queue": (("reconciles/CPU s", "reconciles_per_cpu_s"),),
    "get": (
        ("typed us", "typed_us"),
        ("Unstructured us", "unstructured_us"),
        ("dynamic us", "dynamic_us"),
    ),
    "list": (
        ("hits", "hits"),
        ("typed ms", "typed_ms"),
        ("Unstructured ms", "unstructured_ms"),
        ("dynamic ms", "dynamic_ms"),
        ("indexed, typed ms", "indexed_typed_ms"),
        ("indexed, dynamic ms", "indexed_dynamic_ms"),
    ),
    "requests": (
        ("one at a time us", "sequential_us"),
        ("16 at once us", "at_once_us"),
    ),
    "million": (
        ("objects/CPU s", "objects_per_cpu_s"),
        ("bytes/object", "bytes_per_object"),
        ("final MB", "rss_after_mb"),
        ("peak MB", "peak_mb"),
        ("wall s", "wall_s"),
    ),
    "react": (("p50 ms", "p50_ms"), ("p99 ms", "p99_ms"), ("of", "reactions")),
}
_TITLES: Final = {
    "sync": "Fill a cache",
    "million": "Fill a cache with 1,000,000",
    "storm": "Follow a storm of updates, each of which queues a key",
    "reconcile": "From start until every object was reconciled, to no effect",
    "queue": "Controller and queue alone",
    "get": "Read one object of a full cache, to the reader's own copy",
    "list": "List the objects of one label, each to the reader's own copy",
    "requests": "Read one object from the server: CPU of the client",
    "react": "From a write to the reaction to it, on the real kube-apiserver",
}


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
    """Return the bars beside what was measured."""
    rows = [("what", "beside", "ours", "theirs", "ratio", "bar", "")]
    for bar in BARS:
        found = judge(table.results, bar)
        limit = f"{'>=' if bar.more else '<='} {_number(bar.ratio)}"
        if found is None:
            peer = bar.peers[0] if len(bar.peers) == 1 else "Python"
            rows.append((bar.what, peer, "", "", "", limit, "not measured"))
            continue
        ours, peer, theirs, holds = found
        rows.append(
            (
                bar.what,
                peer,
                _number(ours),
                _number(theirs),
                _number(ours / theirs),
                limit,
                "holds" if holds else "does not hold",
            )
        )
    for each in ALONE:
        figures = table.results.get(each.benchmark, {}).get("homeostat")
        limit = f"<= {_number(each.limit)}"
        if not figures:
            rows.append((each.what, "", "", "", "", limit, "not measured"))
            continue
        value = each.value(figures)
        said = "holds" if value <= each.limit else "does not hold"
        rows.append((each.what, "", _number(value), "", "", limit, said))
    return _markdown(rows)


def results(table: Table) -> str:
    """Return a table for each benchmark."""
    parts: list[str] = []
    for what, title in _TITLES.items():
        measured = table.results.get(what, {})
        if not measured:
            continue
        columns = [
            (head, field)
            for head, field in _COLUMNS[what]
            if any(field in figures for figures in measured.values())
        ]
        rows = [("", *(head for head, _ in columns))]
        rows += [
            (name, *(_number(figures.get(field)) for _, field in columns))
            for name, figures in measured.items()
        ]
        missing = [
            f"- {name}: {why}"
            for (benchmark, name), why in table.missing.items()
            if benchmark == what
        ]
        parts.append("\n\n".join([f"### {title}", _markdown(rows), *missing]))
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


def page(table: Table, *, command: str, count: int, events: int) -> str:
    """Return docs/benchmarks.md."""
    return f"""# Benchmarks

Written by `{command}`; do not edit. Every program ran on the same machine,
one after the other, against the same server: one of the benchmarks' own that replays
{count:,} objects of 4.8 KB, JSON (a Pod's spec and status, two managedFields entries),
and {events:,} updates. CPU is the client's own, user and system; memory is resident,
after what is garbage was given back. All clients with their defaults.

{_machine()}

## Bars

{bars(table)}

## Figures

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
    if (BUILT / "versions").exists():
        lines += [f"- {line}" for line in (BUILT / "versions").read_text().splitlines()]
    pinned = (ROOT / "benchmarks" / "peers" / "requirements.txt").read_text()
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
