"""What the page shows of each benchmark."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["CHAPTERS", "Chapter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """The table of one benchmark.

    Attributes:
        what: The benchmark.
        title: With places for how many ``{objects}`` and ``{events}`` there were.
        columns: Heads, and the figures below them.
        note: What else to know.
    """

    what: str
    title: str
    columns: Sequence[tuple[str, str]]
    note: str = ""


_FILL: Final = (
    ("objects/CPU s", "objects_per_cpu_s"),
    ("bytes/object", "bytes_per_object"),
    ("final MB", "rss_after_mb"),
    ("peak MB", "peak_mb"),
    ("CPU s", "cpu_s"),
    ("wall s", "wall_s"),
)
_STORM: Final = (
    ("updates/CPU s", "events_per_cpu_s"),
    ("CPU s", "storm_cpu_s"),
    ("wall s", "storm_wall_s"),
    ("MB before", "rss_after_mb"),
    ("MB after", "rss_storm_mb"),
)

_UPDATES: Final = "Follow {events} updates of {objects} objects, each queues a key"

CHAPTERS: Final[Sequence[Chapter]] = (
    Chapter(what="sync", title="Fill a cache with {objects} objects", columns=_FILL),
    Chapter(what="million", title="Fill a cache with {objects} objects", columns=_FILL),
    Chapter(
        what="pods",
        title="Fill a cache with {objects} pods of the real kube-apiserver",
        columns=_FILL,
        note=(
            "Each client asks as it does by default: client-go's typed informers and\n"
            "controller-runtime for protobuf, all others for JSON."
        ),
    ),
    Chapter(
        what="storm",
        title=_UPDATES,
        columns=_STORM,
    ),
    Chapter(
        what="long storm",
        title=_UPDATES,
        columns=_STORM,
    ),
    Chapter(
        what="responsive",
        title="Go on while {objects} objects load, and while {events} updates follow",
        columns=(
            ("answer p99 ms", "health_p99_ms"),
            ("worst", "health_worst_ms"),
            ("reconcile late", "late_worst_ms"),
            ("loop held", "stall_worst_ms"),
            ("storm: answer p99", "storm_health_p99_ms"),
            ("worst", "storm_health_worst_ms"),
            ("reconcile late", "storm_late_worst_ms"),
            ("loop held", "storm_stall_worst_ms"),
        ),
        note=(
            "Another process probes `/healthz` every 10 ms, with a connection each.\n"
            "An object of another kind asks to be reconciled every 10 ms: how late it\n"
            "was, at worst. The loop is asked every 5 ms whether it runs: how long it\n"
            "did not, at worst. What comes or changes is reconciled, to no effect."
        ),
    ),
    Chapter(
        what="reconcile",
        title="From start until each of {objects} objects was reconciled, to no effect",
        columns=(("CPU s", "cpu_s"), ("wall s", "wall_s"), ("peak MB", "peak_mb")),
    ),
    Chapter(
        what="queue",
        title="Controller and queue alone, {objects} keys",
        columns=(("reconciles/CPU s", "reconciles_per_cpu_s"),),
    ),
    Chapter(
        what="get",
        title="Read one of {objects} cached objects, to the reader's own copy",
        columns=(
            ("typed us", "typed_us"),
            ("Unstructured us", "unstructured_us"),
            ("dynamic us", "dynamic_us"),
        ),
    ),
    Chapter(
        what="list",
        title="List one label's of {objects} objects, each to the reader's own copy",
        columns=(
            ("hits", "hits"),
            ("typed ms", "typed_ms"),
            ("Unstructured ms", "unstructured_ms"),
            ("dynamic ms", "dynamic_ms"),
            ("indexed, typed ms", "indexed_typed_ms"),
            ("indexed, dynamic ms", "indexed_dynamic_ms"),
        ),
    ),
    Chapter(
        what="requests",
        title="Read one object from the server: CPU of the client",
        columns=(
            ("one at a time us", "sequential_us"),
            ("16 at once us", "at_once_us"),
        ),
    ),
    Chapter(
        what="react",
        title="From a write to the reaction to it, on the real kube-apiserver",
        columns=(("p50 ms", "p50_ms"), ("p99 ms", "p99_ms"), ("of", "reactions")),
    ),
)
