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
_RATES: Final = (
    ("creates/s", "creates_per_s"),
    ("gets/s", "gets_per_s"),
    ("merge patches/s", "merges_per_s"),
    ("applies/s", "applies_per_s"),
    ("lists/s", "lists_per_s"),
)

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
    Chapter(
        what="server",
        title="ConfigMaps, {objects} of them",
        columns=_RATES,
        note="Applies are server-side and change something; a list has 100 objects.",
    ),
    Chapter(
        what="server custom",
        title="A custom resource with a schema, {objects} objects",
        columns=_RATES,
    ),
    Chapter(
        what="server times",
        title="One after the other, and from writes to watchers",
        columns=(
            ("get ms", "serial_get_ms"),
            ("apply of no effect ms", "serial_apply_ms"),
            ("create to event p50 ms", "event_p50_ms"),
            ("p99 ms", "event_p99_ms"),
            ("events/s to 20 watchers", "fan_out_per_s"),
        ),
    ),
    Chapter(
        what="server memory",
        title="Memory, and CPU of the whole load",
        columns=(
            ("idle MB", "idle_mb"),
            ("loaded MB", "loaded_mb"),
            ("server CPU s", "server_cpu_s"),
            ("generator CPU s", "generator_cpu_s"),
        ),
        note="Resident, of all processes: kube-apiserver's and etcd's together.",
    ),
    Chapter(
        what="server start",
        title="From the start to the first answer",
        columns=(("from the shell ms", "shell_ms"), ("in a process ms", "inside_ms")),
        note=(
            "Ours from the shell: `homeostat local up`, over TLS, with controllers.\n"
            "The real one: etcd and kube-apiserver. In a process: `LocalCluster`."
        ),
    ),
)
