"""How many requests many Networks cost.

The figures of the README, with the time that each step took::

    HOMEOSTAT_SLOW=full pytest examples/network/test_requests.py --log-cli-level=WARNING
"""

import logging
import os
import time
from dataclasses import replace

import pytest

from homeostat._clock import SystemClock
from homeostat.api import Time, find_condition
from homeostat.testing import eventually
from kinds import Network
from lab import FAST, Lab

# openstacksdk warns of its own deprecations.
pytestmark = pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")

logger = logging.getLogger(__name__)

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

    began = time.monotonic()
    operator = lab.start(settings, cloud=lab.cloud(timeout=30.0))
    eventually(all_ready, within=10.0 + count / 4, every=count / 1000)
    assert lab.writes() == {"POST networks": count, "POST subnets": count}
    assert lab.total() - 2 * count <= 20
    took = time.monotonic() - began
    logger.warning("%d new: %d requests, %.1f s", count, lab.total(), took)
    operator.stop()

    before = lab.total()
    operator = lab.start(settings, cloud=lab.cloud(timeout=30.0))
    lab.create("last")
    lab.settled("last")
    assert lab.total() - before == 4
    logger.warning("restart in step, and one new: %d requests", 4)
    operator.stop()

    before = lab.total()
    writes = lab.writes()
    since = Time.of(SystemClock().now())
    all_due = replace(settings, resync=1.0, max_age=600.0)
    lab.start(all_due, cloud=lab.cloud(timeout=30.0))

    def all_looked_at() -> None:
        items = lab.call(lambda c: c.list(Network))
        times = [item.status.last_sync_time for item in items]
        assert all(at is not None and at > since for at in times)

    eventually(all_looked_at, within=10.0 + count / 4, every=count / 1000)
    looks = lab.total() - before
    logger.warning("all due at once: %d requests", looks)
    assert looks <= 3
    assert lab.writes() == writes
