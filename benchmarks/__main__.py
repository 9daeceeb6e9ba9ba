"""``python -m benchmarks``: measure, print, and fail on a benchmark that breaks."""

import argparse
from collections.abc import Callable, Sequence

from benchmarks import operator_requests, startup
from benchmarks._report import Figure, report

Suite = Callable[[argparse.Namespace], Sequence[Figure]]

SUITES: dict[str, tuple[str, Suite]] = {
    "operator": (
        "requests of the PodSet operator",
        lambda options: operator_requests.measure(options.count),
    ),
    "startup": (
        "start-up",
        lambda options: [
            *startup.import_time(options.runs),
            *startup.idle_memory(),
        ],
    ),
}


def main() -> int:
    """Run the chosen suites; exit status 1 when ``--strict`` and a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("suite", choices=["all", *SUITES])
    parser.add_argument("--count", type=int, default=50, help="PodSets (default 50)")
    parser.add_argument("--runs", type=int, default=10, help="imports (default 10)")
    parser.add_argument("--json", action="store_true", help="one line per figure")
    parser.add_argument("--strict", action="store_true", help="fail on a missed bar")
    options = parser.parse_args()
    chosen = (
        SUITES if options.suite == "all" else {options.suite: SUITES[options.suite]}
    )
    held = [
        report(title, suite(options), as_json=options.json)
        for title, suite in chosen.values()
    ]
    return 1 if options.strict and not all(held) else 0


if __name__ == "__main__":
    raise SystemExit(main())
