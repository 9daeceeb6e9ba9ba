"""The same random requests to both servers, for as long as there is time.

    python -m tests.contract.differential --minutes 30 --seed 1000

Each seed is some sequences of requests; where the servers differ, the shortest one that
still shows it is printed, and the next seed follows.
"""

import argparse
import asyncio
import sys
import time

from hypothesis import HealthCheck, given, seed, settings

from tests.contract.steps import Step, sequences
from tests.contract.twins import compare
from tests.harness.kube import ControlPlane

__all__ = ["check"]

_RUNS = 10  # of each seed


def check(plane: ControlPlane, number: int) -> list[int]:
    """Take the sequences of a seed on both servers; returns how long they were.

    Raises:
        AssertionError: They differ; the notes say after which requests.
    """
    lengths: list[int] = []

    @seed(number)
    @settings(
        max_examples=_RUNS,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(sequences())
    def run(sequence: list[Step]) -> None:
        lengths.append(len(sequence))
        asyncio.run(compare(plane, sequence))

    run()
    return lengths


def main() -> int:
    """Run from the command line; returns 1 when the servers differ."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1_000, help="the first one")
    options = parser.parse_args()
    end = time.monotonic() + options.minutes * 60
    number, differing = options.seed, 0
    alike: list[int] = []
    with ControlPlane() as plane:
        while time.monotonic() < end:
            try:
                alike += check(plane, number)
            except AssertionError as error:
                differing += 1
                told = "\n".join((str(error), *getattr(error, "__notes__", ())))
                sys.stdout.write(f"\n--- seed {number}\n{told}\n")
                sys.stdout.flush()
            number += 1
    sys.stdout.write(
        f"\n{number - options.seed} seeds, {len(alike)} sequences of {sum(alike)} "
        f"requests alike, {differing} seeds differ\n"
    )
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
