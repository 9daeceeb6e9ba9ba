import pytest

from homeostat.workqueue import backoff


@pytest.mark.parametrize(
    ("failures", "delay"), [(0, 0.005), (1, 0.01), (10, 5.12), (18, 1000.0)]
)
def test_delay_doubles_up_to_the_cap(failures: int, delay: float) -> None:
    assert backoff(failures) == pytest.approx(delay)


def test_many_failures_do_not_overflow() -> None:
    assert backoff(10**9, cap=60.0) == 60.0
