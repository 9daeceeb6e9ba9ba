"""A seeded slice of malformed requests; ``make fuzz-malformed`` sends many more."""

import asyncio

from tests.robust.assault import assault

_COUNT = 1_000
_GROWTH_KIB = 64 << 10  # huge ones may be the first of their sort after warming up


def test_malformed_requests_leave_the_server_as_it_was() -> None:
    report = asyncio.run(assault(_COUNT, seed=1))
    assert not report.failures, str(report)
    assert report.end_kib <= report.warm_kib + _GROWTH_KIB, str(report)
