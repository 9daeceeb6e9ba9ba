"""The bars: what our figures should be, as ratios to others' of the same run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["ALONE", "BARS", "SERVER_BARS", "Alone", "Bar", "Results", "judge"]

# By benchmark, then by program: what it printed.
Results = Mapping[str, Mapping[str, Mapping[str, Any]]]
PYTHONS: Final = (
    *("lightkube", "kubernetes", "kubernetes_asyncio", "kr8s", "kopf", "cloudcoil"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar.

    Attributes:
        what: In words.
        benchmark: Whose figures.
        field: Which of them.
        peers: To be compared with: the best of these.
        ratio: What ours divided by theirs should be.
        more: More is better.
        theirs: Their figure, where it is another one than ours.
        ours: Which program of ours.
    """

    what: str
    benchmark: str
    field: str
    peers: tuple[str, ...]
    ratio: float
    more: bool = False
    theirs: str = ""
    ours: str = "homeostat"


def _more(what: str, benchmark: str, field: str, peer: str, ratio: float) -> Bar:
    return Bar(
        what=what,
        benchmark=benchmark,
        field=field,
        peers=PYTHONS if peer == "Python" else (peer,),
        ratio=ratio,
        more=True,
    )


def _less(
    what: str, benchmark: str, field: str, peer: str, ratio: float, theirs: str = ""
) -> Bar:
    return Bar(
        what=what,
        benchmark=benchmark,
        field=field,
        peers=PYTHONS if peer == "Python" else (peer,),
        ratio=ratio,
        theirs=theirs,
    )


_SYNC = ("objects per CPU second", "sync", "objects_per_cpu_s")
_SIZE = ("memory per object", "sync", "bytes_per_object")
_STORM = ("updates per CPU second", "storm", "events_per_cpu_s")
_RECONCILE = ("CPU until all are reconciled", "reconcile", "cpu_s")
_REQUEST = ("CPU per request", "requests", "sequential_us")
_REQUESTS = ("CPU per request, 16 at once", "requests", "at_once_us")

BARS: Final[Sequence[Bar]] = (
    _more(*_SYNC, "client-go dynamic", 12),
    _more(*_SYNC, "client-go typed", 10),
    _more(*_SYNC, "kube-rs dynamic", 3),
    _more(*_SYNC, "kube-rs typed", 1.5),
    _more(*_SYNC, "Python", 6),
    _less(*_SIZE, "client-go dynamic", 1 / 20),
    _less(*_SIZE, "client-go typed", 1 / 7),
    _less(*_SIZE, "kube-rs typed", 1 / 20),
    _more(*_STORM, "client-go typed", 8),
    _more(*_STORM, "kube-rs typed", 2),
    _less(*_RECONCILE, "controller-runtime", 1 / 5),
    _less(*_RECONCILE, "kube-rs typed", 1 / 2),
    _more(
        "queue and controller alone, reconciles per CPU second",
        "queue",
        "reconciles_per_cpu_s",
        "controller-runtime, logger",
        0.5,
    ),
    _less("read one, typed", "get", "typed_us", "client-go typed", 2),
    _less(
        "read one, Unstructured",
        "get",
        "unstructured_us",
        "client-go dynamic",
        1,
        "dynamic_us",
    ),
    _less(
        "list by label, no index",
        "list",
        "unstructured_ms",
        "client-go dynamic",
        1 / 5,
        "dynamic_ms",
    ),
    *(
        _less(f"write to reaction, {name}", "react", f"{name}_ms", peer, 1.2)
        for name, peer in (
            ("p50", "controller-runtime"),
            ("p99", "controller-runtime"),
        )
    ),
    _less(*_REQUEST, "client-go typed", 1.6),
    _less(*_REQUESTS, "client-go typed", 2.5),
    _less(*_REQUEST, "Python", 0.5),
    _less(*_REQUESTS, "Python", 0.5),
)

_RATES: Final = {
    f"{each}_per_s": f"{said} per second"
    for each, said in (
        *(("creates", "creates"), ("gets", "gets"), ("merges", "merge patches")),
        *(("applies", "applies"), ("lists", "lists")),
    )
}
_KINDS: Final = {"server": "ConfigMaps", "server custom": "a custom resource"}
_REAL: Final = "kube-apiserver"
_JOURNAL: Final = "homeostat, journal"

SERVER_BARS: Final[Sequence[Bar]] = (
    *(
        _more(f"{kind}: {rate}", what, field, _REAL, 1)
        for what, kind in _KINDS.items()
        for field, rate in _RATES.items()
    ),
    _less("one get after the other", "server times", "serial_get_ms", _REAL, 1),
    _less("one apply of no effect", "server times", "serial_apply_ms", _REAL, 1),
    _less("create to watch event, p50", "server times", "event_p50_ms", _REAL, 1),
    _less("create to watch event, p99", "server times", "event_p99_ms", _REAL, 1),
    _more("events of 20 watchers", "server times", "fan_out_per_s", _REAL, 1),
    _less("ready, from the shell", "server start", "shell_ms", _REAL, 1 / 6),
    _less(
        "ready, inside a process",
        "server start",
        "inside_ms",
        _REAL,
        1 / 50,
        "shell_ms",
    ),
    _less("memory after the load", "server memory", "loaded_mb", _REAL, 1 / 8),
    *(
        Bar(
            what=f"with the journal, {kind}: {rate}",
            benchmark=what,
            field=field,
            peers=("homeostat",),
            ratio=0.5,
            more=True,
            ours=_JOURNAL,
        )
        for what, kind in _KINDS.items()
        for field, rate in _RATES.items()
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alone:
    """A bar that needs no peer.

    Attributes:
        what: In words.
        benchmark: Whose figures.
        value: What to make of them; None where it takes what was not measured.
        limit: What it is at most.
    """

    what: str
    benchmark: str
    value: Callable[[Mapping[str, Any]], float | None]
    limit: float


def _slowest(figures: Mapping[str, Any], field: str) -> float:
    """Return the worse of two phases: the load, and the storm after it."""
    return max(float(figures[field]), float(figures[f"storm_{field}"]))


ALONE: Final[Sequence[Alone]] = (
    Alone(
        what="peak memory by the final",
        benchmark="sync",
        value=lambda figures: figures["peak_mb"] / figures["rss_after_mb"],
        limit=1.2,
    ),
    Alone(
        what="memory after 500,000 updates by that before",
        benchmark="long storm",
        value=lambda figures: figures["rss_storm_mb"] / figures["rss_after_mb"],
        limit=1.1,
    ),
    Alone(
        what="under load: slowest answer of the health endpoint, ms",
        benchmark="responsive",
        value=lambda figures: _slowest(figures, "health_worst_ms"),
        limit=50,
    ),
    Alone(
        what="under load: latest reconcile of another kind, ms",
        benchmark="responsive",
        value=lambda figures: _slowest(figures, "late_worst_ms"),
        limit=50,
    ),
    Alone(
        what="under load: longest hold of the event loop, ms",
        benchmark="responsive",
        value=lambda figures: _slowest(figures, "stall_worst_ms"),
        limit=50,
    ),
    Alone(
        what="list by label with an index, typed, ms",
        benchmark="list",
        value=lambda figures: figures["indexed_typed_ms"],
        limit=1.0,
    ),
    Alone(
        what="1,000,000 objects, final memory, MB",
        benchmark="million",
        value=lambda figures: figures["rss_after_mb"],
        limit=1600,
    ),
    Alone(
        what="1,000,000 objects, CPU per object by that of sync",
        benchmark="million",
        value=lambda figures: figures.get("slower"),
        limit=1.2,
    ),
)


def _figures(
    results: Results, bar: Bar, choose: Callable[..., float]
) -> tuple[str, float] | None:
    field = bar.theirs or bar.field
    found = results.get(bar.benchmark, {})
    known = {p: found[p][field] for p in bar.peers if field in found.get(p, {})}
    if not known:
        return None
    best = choose(known.values())
    return next(peer for peer, value in known.items() if value == best), best


def judge(results: Results, bar: Bar) -> tuple[float, str, float, bool] | None:
    """Return our figure, whose figure theirs is, theirs, and whether the bar holds.

    None where either is missing.
    """
    ours = results.get(bar.benchmark, {}).get(bar.ours, {}).get(bar.field)
    best = _figures(results, bar, max if bar.more else min)
    if ours is None or best is None:
        return None
    peer, theirs = best
    ratio = ours / theirs
    return ours, peer, theirs, ratio >= bar.ratio if bar.more else ratio <= bar.ratio
