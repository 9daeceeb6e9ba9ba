"""What is said of many waits: the worst of a phase, and what most stay below."""

from benchmarks.responsive import percentile, worst

PHASE = (10.0, 20.0)


def test_the_longest_counts() -> None:
    assert worst([(11.0, 0.1), (12.0, 0.3), (13.0, 0.2)], PHASE) == 0.3


def test_a_wait_that_reaches_into_the_phase_counts() -> None:
    assert worst([(9.0, 2.0), (19.5, 3.0)], PHASE) == 3.0


def test_what_was_before_or_after_does_not_count() -> None:
    assert worst([(8.0, 1.0), (20.0, 5.0)], PHASE) == 0.0


def test_a_percentile_is_one_of_the_values() -> None:
    values = [float(n) for n in range(200, 0, -1)]
    assert percentile(values, 0.99) == 198.0
    assert percentile(values, 1.0) == 200.0


def test_a_percentile_of_nothing_is_zero() -> None:
    assert percentile([], 0.99) == 0.0
