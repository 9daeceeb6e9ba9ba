"""Ages and time spans in two or three figures."""

from datetime import UTC, datetime

import pytest

from homeostat.apiserver._print_text import Ages, duration

MINUTE, HOUR, DAY = 60, 3600, 86400


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-2, "<invalid>"),
        (-1.9, "0s"),
        (0.9, "0s"),
        (119.9, "119s"),
        (2 * MINUTE, "2m"),
        (9 * MINUTE + 59, "9m59s"),
        (10 * MINUTE + 59, "10m"),
        (3 * HOUR - 1, "179m"),
        (3 * HOUR, "3h"),
        (7 * HOUR + 59 * MINUTE, "7h59m"),
        (8 * HOUR + 59 * MINUTE, "8h"),
        (2 * DAY - 1, "47h"),
        (2 * DAY, "2d"),
        (7 * DAY + 23 * HOUR, "7d23h"),
        (8 * DAY + 23 * HOUR, "8d"),
        (730 * DAY - 1, "729d"),
        (730 * DAY, "2y"),
        (800 * DAY, "2y70d"),
        (8 * 365 * DAY + 9 * DAY, "8y"),
    ],
)
def test_time_spans(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_ages_are_told_from_one_moment() -> None:
    ages = Ages(datetime(2026, 1, 2, tzinfo=UTC))
    assert ages.since("2026-01-01T23:58:30Z") == "90s"
    assert ages.since("2026-01-01T23:00:00.000000Z") == "60m"
    assert ages.since(None) == "<unknown>"
