"""The same random requests to both servers: the same answers, the same events.

A failure shows the seed and the shortest sequence that still fails. One seed alone:
``pytest tests/contract/test_differential.py -k "seed-7]"``; for longer:
``make fuzz-differential MINUTES=30``.
"""

import os

import pytest

from tests.contract.differential import check
from tests.harness.kube import ControlPlane

_SEEDS = range(1, 60 if os.environ.get("HOMEOSTAT_SLOW") == "full" else 2)


@pytest.mark.kube
@pytest.mark.slow
@pytest.mark.parametrize("number", _SEEDS, ids="seed-{}".format)
def test_both_servers_answer_alike(control_plane: ControlPlane, number: int) -> None:
    check(control_plane, number)
