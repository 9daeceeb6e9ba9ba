"""How many requests many Networks cost."""

import os
from dataclasses import replace

import pytest

from homeostat.api import find_condition
from homeostat.testing import eventually
from kinds import Network
from lab import FAST, Lab

# openstacksdk warns of its own deprecations.
pytestmark = pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")

COUNTS = [100]
if os.environ.get("HOMEOSTAT_SLOW") == "full":
    COUNTS.append(1000)


@pytest.mark.slow
@pytest.mark.parametrize("count", COUNTS, ids=str)
def test_many_networks_at_start_cost_a_bounded_number_of_requests(
    embedded_lab: Lab, count: int
) -> None:
    lab = embedded_lab
    lab.install()
    names = [f"n{n}" for n in range(count)]
    for name in names:
        lab.create(name)
    settings = replace(FAST, max_age=10.0)

    def all_ready() -> None:
        items = lab.call(lambda c: c.list(Network))
        ready = [find_condition(i.status.conditions, "Ready") for i in items]
        assert len(ready) == count
        assert all(c is not None and c.status == "True" for c in ready)

    operator = lab.start(settings, cloud=lab.cloud(timeout=30.0))
    eventually(all_ready, within=10.0 + count / 8, every=0.1)
    assert lab.writes() == {"POST networks": count, "POST subnets": count}
    assert lab.total() - 2 * count <= 20
    operator.stop()

    before = lab.total()
    lab.start(settings, cloud=lab.cloud(timeout=30.0))
    lab.create("last")
    lab.settled("last")
    assert lab.total() - before == 4
