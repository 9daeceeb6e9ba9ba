"""``python -m benchmarks``: measure, print, and fail on a benchmark that breaks."""

import argparse
import asyncio
import json
import shlex
import sys
from collections.abc import Callable, Coroutine, Sequence
from importlib.util import find_spec
from typing import Any

from benchmarks import (
    apiserver,
    local_up,
    operator_requests,
    react,
    reading,
    reconcile,
    responsive,
    restore,
    staleness,
    startup,
    sync,
)
from benchmarks._apiserver_servers import SERVERS
from benchmarks._document import (
    PAGE,
    bars,
    fingerprint,
    page,
    results,
    server_bars,
    server_part,
)
from benchmarks._report import Figure, report
from benchmarks._table import Table
from benchmarks._target import add_target, target_of
from benchmarks.compare import Scale, compare

Suite = Callable[[argparse.Namespace], Sequence[Figure]]
Part = Callable[[argparse.Namespace], Coroutine[Any, Any, dict[str, Any]]]

SUITES: dict[str, tuple[str, Suite]] = {
    "operator": (
        "requests of the PodSet operator",
        lambda options: operator_requests.measure(options.count),
    ),
    "startup": (
        "start-up",
        lambda options: [
            *startup.import_time(options.runs),
            *local_up.ready(options.runs),
            *startup.idle_memory(),
        ],
    ),
    "restore": (
        "back to a snapshot",
        lambda options: restore.restore(options.runs),
    ),
}
# Each runs alone in its process, and prints what it measured as one line of JSON.
PARTS: dict[str, tuple[str, Part]] = {
    "sync": ("fill a cache", lambda options: sync.sync(target_of(options))),
    "storm": (
        "follow updates",
        lambda options: sync.storm(
            target_of(options), options.events, trigger=options.trigger
        ),
    ),
    "reconcile": (
        "reconcile every object once, to no effect",
        lambda options: reconcile.reconcile(target_of(options)),
    ),
    "responsive": (
        "go on while a cache fills, and through a storm",
        lambda options: responsive.responsive(
            target_of(options), options.events, trigger=options.trigger
        ),
    ),
    "queue": (
        "the controller and its queue alone",
        lambda options: reconcile.queue(options.count),
    ),
    "get": (
        "read one object from the cache",
        lambda options: reading.get(target_of(options)),
    ),
    "list": (
        "list by a label from the cache",
        lambda options: reading.list_by_label(target_of(options)),
    ),
    "requests": (
        "read one object from the server",
        lambda options: reading.requests(target_of(options)),
    ),
}


def main() -> int:
    """Run what is asked for; exit status 1 when ``--strict`` and a bar is missed."""
    options = _parser().parse_args()
    if options.benchmark == "staleness":
        return staleness.run_table(options)
    if options.benchmark in PARTS:
        return _part(options)
    if options.benchmark == "react":
        print(json.dumps(react.react()))
        return 0
    if options.benchmark == "react-operator":
        react.operator(options.way, options.kubeconfig)
        return 0
    if options.benchmark in {"compare", "apiserver"}:
        beside = _compare if options.benchmark == "compare" else _apiserver
        return beside(options)
    chosen = (
        SUITES
        if options.benchmark == "all"
        else {options.benchmark: SUITES[options.benchmark]}
    )
    held = [
        report(title, suite(options), as_json=options.json)
        for title, suite in chosen.values()
    ]
    return 1 if options.strict and not all(held) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="benchmark", required=True, metavar="WHAT")
    helps = {"all": "operator, startup and restore"}
    helps |= {name: title for name, (title, _) in SUITES.items()}
    for name, text in helps.items():
        command = commands.add_parser(name, help=text)
        command.add_argument("--count", type=int, default=50, help="PodSets (50)")
        command.add_argument("--runs", type=int, default=10, help="of each figure (10)")
        command.add_argument("--strict", action="store_true", help="fail on a miss")
        command.add_argument("--json", action="store_true", help="a line per figure")
    staleness.add_options(commands.add_parser("staleness", help="stale caches"))
    for name, (title, _) in PARTS.items():
        command = commands.add_parser(name, help=title)
        if name == "queue":
            command.add_argument("--count", type=int, default=100_000)
        else:
            add_target(command)
        if name in {"storm", "responsive"}:
            needed = name == "responsive"
            command.add_argument("--events", type=int, required=True)
            command.add_argument(
                "--trigger", default="", required=needed, help="path to POST to"
            )
        command.add_argument("--timeout", type=float, default=600.0, help="seconds")
        command.add_argument("--json", action="store_true", help="one line of JSON")
    commands.add_parser("react", help="from a write to the reaction, on kube-apiserver")
    command = commands.add_parser("react-operator", help="the operator of react")
    command.add_argument("way", choices=sorted(react.OPERATORS))
    command.add_argument("--kubeconfig", required=True)
    _add_compare(commands.add_parser("compare", help="ours beside others"))
    command = commands.add_parser("apiserver", help="ours beside the real API server")
    command.add_argument("--objects", type=int, default=10_000, help="of each kind")
    command.add_argument("--seconds", type=float, default=3.0, help="of each request")
    command.add_argument("--clients", type=int, default=16, help="connections (16)")
    command.add_argument("--runs", type=int, default=5, help="starts (5)")
    command.add_argument("--only", action="append", default=[], choices=[*SERVERS])
    command.add_argument("--json", action="store_true", help="a line per table's row")
    command.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    return parser


def _add_compare(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--count",
        action="append",
        type=int,
        default=[],
        help="objects; may be repeated, and bars are for the most (100,000)",
    )
    command.add_argument("--events", type=int, help="updates (as many as objects)")
    command.add_argument("--pods", type=int, help="on kube-apiserver (20,000 at most)")
    command.add_argument(
        "--reactions", type=int, default=react.REACTIONS, help="in a round (1,500)"
    )
    command.add_argument("--only", action="append", default=[], help="programs")
    command.add_argument("--rounds", type=int, default=3, help="of what is quick (3)")
    command.add_argument(
        "--long", action="store_true", help="ours: 1,000,000 objects, 500,000 updates"
    )
    command.add_argument("--write", action="store_true", help=f"write {PAGE.name}")


def _scale_of(options: argparse.Namespace) -> Scale:
    counts = options.count or [100_000]
    most = max(counts)
    return Scale(
        counts=counts,
        events=options.events or most,
        pods=min(most, 20_000) if options.pods is None else options.pods,
        reactions=options.reactions,
        rounds=options.rounds,
        long=options.long,
    )


def _compare(options: argparse.Namespace) -> int:
    """Print the tables; exit status 1 when a program that is there is broken."""
    source = fingerprint()
    table = compare(_scale_of(options), options.only)
    print(results(table), "\n## Bars\n", bars(table), sep="\n")
    if fingerprint() != source:
        print("homeostat's source changed meanwhile: not one run", file=sys.stderr)
        return 1
    if options.write:
        PAGE.write_text(page(table, command=_command(), before=PAGE.read_text()))
    return _broken(table)


def _apiserver(options: argparse.Namespace) -> int:
    """Print the tables; exit status 1 when a server or the generator is broken."""
    table = apiserver.apiserver(
        objects=options.objects,
        seconds=options.seconds,
        clients=options.clients,
        runs=options.runs,
        only=options.only,
    )
    if options.json:
        for subject, programs in table.results.items():
            for name, figures in programs.items():
                row = {"benchmark": subject.what, "program": name, **figures}
                print(json.dumps(row))
    else:
        print(results(table), server_bars(table), sep="\n\n")
    if options.write:
        before = PAGE.read_text()
        PAGE.write_text(server_part(table, command=_command(), before=before))
    return _broken(table)


def _command() -> str:
    return shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]])


def _broken(table: Table) -> int:
    """Say what is broken; returns the exit status."""
    for (subject, name), why in table.broken.items():
        print(f"broken: {subject.what}, {name}: {why}", file=sys.stderr)
    return 1 if table.broken else 0


def _part(options: argparse.Namespace) -> int:
    title, part = PARTS[options.benchmark]

    async def within() -> dict[str, Any]:
        async with asyncio.timeout(options.timeout):
            return await part(options)

    figures = _run(within())
    if options.json:
        print(json.dumps(figures))
        return 0
    print(title)
    for name, value in figures.items():
        print(f"  {name:<24} {value:>14,}")
    return 0


def _run(main: Coroutine[Any, Any, dict[str, Any]]) -> dict[str, Any]:
    """Run on the loop that ``homeostat.run`` would take."""
    if find_spec("uvloop"):
        import uvloop  # noqa: PLC0415

        return uvloop.run(main)
    return asyncio.run(main)


if __name__ == "__main__":
    raise SystemExit(main())
