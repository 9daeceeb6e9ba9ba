"""The same random requests to both servers: the same answers, the same events.

A failure shows the seed and the shortest sequence that still fails. One seed alone:
``pytest tests/contract/test_differential.py -k "seed-7]"``.
"""

import asyncio
import os

import pytest
from hypothesis import HealthCheck, given, seed, settings

from tests.contract.steps import Step, sequences
from tests.contract.twins import compare
from tests.harness.kube import ControlPlane

_SEEDS = 60 if os.environ.get("HOMEOSTAT_SLOW") == "full" else 4
_RUNS = 10  # of each seed


@pytest.mark.kube
@pytest.mark.slow
@pytest.mark.parametrize("number", range(_SEEDS), ids="seed-{}".format)
def test_both_servers_answer_alike(control_plane: ControlPlane, number: int) -> None:
    @seed(number)
    @settings(
        max_examples=_RUNS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(sequences())
    def check(sequence: list[Step]) -> None:
        asyncio.run(compare(control_plane, sequence))

    check()
