"""``python -m benchmarks staleness``: the table."""

import argparse
import json
import logging
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.staleness._run import STRATEGIES, Outcome, Strategy, outcome_of
from benchmarks.staleness._scenarios import SCENARIOS, Scenario

__all__ = ["add_options", "run_table"]


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of ``python -m benchmarks staleness``."""
    command.add_argument("--seeds", type=int, default=300, help="runs of each (300)")
    command.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes")
    command.add_argument("--json", action="store_true", help="one line of JSON")


def run_table(options: argparse.Namespace) -> int:
    """Print the table; 1 when this library's own column is not 0 throughout."""
    rows: list[dict[str, Any]] = []
    with ProcessPoolExecutor(options.jobs, initializer=_be_quiet) as pool:
        for scenario in SCENARIOS:
            for strategy in STRATEGIES:
                run = partial(_outcome, scenario, strategy)
                outcomes = list(pool.map(run, range(options.seeds), chunksize=10))
                rows.append(_row(scenario, strategy, outcomes))
    if options.json:
        print(json.dumps({"seeds": options.seeds, "rows": rows}))
    else:
        _print(rows, options.seeds)
    ours = [row for row in rows if row["strategy"] == "homeostat"]
    return int(any(row["over_created"] or row["unconverged"] for row in ours))


def _be_quiet() -> None:
    logging.disable(logging.CRITICAL)


def _outcome(scenario: Scenario, strategy: Strategy, seed: int) -> Outcome:
    return outcome_of(scenario, strategy, seed)


def _row(
    scenario: Scenario, strategy: Strategy, outcomes: Sequence[Outcome]
) -> dict[str, Any]:
    return {
        "scenario": scenario.name,
        "strategy": strategy,
        "over_created": sum(outcome.over_created for outcome in outcomes),
        "unconverged": sum(not outcome.converged for outcome in outcomes),
        "most": max(outcome.most for outcome in outcomes),
        "median_s": round(median(outcome.seconds for outcome in outcomes), 2),
    }


def _print(rows: Sequence[dict[str, Any]], seeds: int) -> None:
    table = Table(
        title=f"Runs in which there were ever too many Pods, of {seeds} each",
        title_justify="left",
        box=None,
    )
    table.add_column("scenario")
    for strategy in STRATEGIES:
        table.add_column(strategy, justify="right")
    for scenario in SCENARIOS:
        mine = {r["strategy"]: r for r in rows if r["scenario"] == scenario.name}
        cells = [_cell(mine[strategy], seeds) for strategy in STRATEGIES]
        table.add_row(scenario.name, *cells)
    Console().print(table)


def _cell(row: dict[str, Any], seeds: int) -> str:
    percent = 100 * row["over_created"] / seeds
    text = "0" if not row["over_created"] else f"{percent:.0f}%"
    return f"{text} (!{row['unconverged']})" if row["unconverged"] else text
