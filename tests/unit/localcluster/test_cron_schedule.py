from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from homeostat.api import ObjectMeta, Time
from homeostat.k8s import batch_v1
from homeostat.localcluster._cron_schedule import Schedule, parse_schedule
from homeostat.localcluster._cronjob_state import delay, missed, told_time

START = datetime(2026, 1, 1, 0, 0, tzinfo=UTC)  # a Thursday
NEW_YORK = ZoneInfo("America/New_York")


def times(schedule: Schedule, after: datetime, count: int) -> list[datetime]:
    found: list[datetime] = []
    for _ in range(count):
        after = schedule.next(after) or after
        found.append(after)
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("* * * * *", ["01T00:01", "01T00:02"]),
        ("*/20 * * * *", ["01T00:20", "01T00:40", "01T01:00"]),
        ("5/25 3 * * *", ["01T03:05", "01T03:30", "01T03:55", "02T03:05"]),
        ("0 9-17/4 * * mon-fri", ["01T09:00", "01T13:00", "01T17:00", "02T09:00"]),
        ("30 6 5,3 * ?", ["03T06:30", "05T06:30"]),
        ("0 0 * JAN Sat", ["03T00:00", "10T00:00"]),
        # Both kinds of days are restricted: either will do.
        ("0 0 13 * sun", ["04T00:00", "11T00:00", "13T00:00", "18T00:00"]),
        ("0 0 */10 * sun", ["04T00:00", "11T00:00", "18T00:00", "21T00:00"]),
        ("@hourly", ["01T01:00", "01T02:00"]),
        ("@weekly", ["04T00:00", "11T00:00"]),
        ("@every 1h30m", ["01T01:30", "01T03:00"]),
    ],
)
def test_schedule_is_due(text: str, expected: list[str]) -> None:
    found = times(parse_schedule(text), START, len(expected))
    assert [f"{each:%dT%H:%M}" for each in found] == expected


def test_rare_days_come_and_impossible_ones_do_not() -> None:
    assert parse_schedule("0 0 29 2 *").next(START) == datetime(2028, 2, 29, tzinfo=UTC)
    assert parse_schedule("0 0 31 2 *").next(START) is None


def test_seconds_count_from_the_last_start() -> None:
    every = parse_schedule("@every 1.5s")
    assert every.next(START.replace(microsecond=5)) == START + timedelta(seconds=1)


def test_hour_that_the_clocks_leave_out_is_left_out() -> None:
    before = datetime(2026, 3, 7, 12, 0, tzinfo=NEW_YORK)
    nightly = parse_schedule("30 2 * * *", NEW_YORK)
    found = [each.astimezone(NEW_YORK) for each in times(nightly, before, 2)]
    assert [f"{each:%d %H:%M}" for each in found] == ["09 02:30", "10 02:30"]


def test_hour_that_comes_twice_counts_twice() -> None:
    before = datetime(2026, 10, 31, 12, 0, tzinfo=NEW_YORK)
    nightly = parse_schedule("30 1 * * *", NEW_YORK)
    found = times(nightly, before, 3)
    assert [f"{each.astimezone(UTC):%d %H:%M}" for each in found] == [
        "01 05:30",
        "01 06:30",
        "02 06:30",
    ]


def test_day_without_a_midnight_begins_later() -> None:
    havana = ZoneInfo("America/Havana")  # the clocks go from 0:00 to 1:00 on 8 March
    before = datetime(2026, 3, 7, 12, 0, tzinfo=havana)
    found = parse_schedule("15 * 8 * *", havana).next(before)
    assert found is not None
    assert f"{found.astimezone(havana):%d %H:%M}" == "08 01:15"


@pytest.mark.parametrize("text", ["", "* * * *", "60 * * * *", "x * * * *", "@every x"])
def test_text_that_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|out of|invalid|no duration"):
        parse_schedule(text)


def cron_job(last: datetime | None, **spec: int) -> batch_v1.CronJob:
    return batch_v1.CronJob(
        metadata=ObjectMeta(name="c", creation_timestamp=Time.of(START)),
        spec=batch_v1.CronJobSpec(**spec),  # type: ignore[arg-type]
        status=batch_v1.CronJobStatus(
            last_schedule_time=None if last is None else Time.of(last)
        ),
    )


def test_only_the_latest_of_the_missed_starts_is_due() -> None:
    now = datetime(2026, 1, 5, 8, 10, tzinfo=UTC)
    uneven = parse_schedule("30 6-16/4 * * 1-5")
    found = missed(cron_job(None), uneven, now, within_deadline=True)
    assert found.latest == datetime(2026, 1, 5, 6, 30, tzinfo=UTC)
    late = cron_job(None, starting_deadline_seconds=600)
    assert missed(late, uneven, now, within_deadline=True).latest is None
    assert delay(cron_job(found.latest), uneven, now) == 2 * 3600 + 20 * 60 + 0.1


def test_more_than_a_hundred_missed_starts_are_many() -> None:
    each = parse_schedule("* * * * *")
    for minutes, many in (100, False), (101, True):
        now = START + timedelta(minutes=minutes, seconds=1)
        found = missed(cron_job(None), each, now, within_deadline=True)
        assert (found.many, found.latest) == (many, START + timedelta(minutes=minutes))


def test_schedule_that_never_comes_is_broken() -> None:
    never = parse_schedule("0 0 30 2 *")
    assert missed(cron_job(None), never, START, within_deadline=True).is_broken
    assert delay(cron_job(None), never, START) is None


def test_moment_is_told_as_in_events() -> None:
    assert told_time(START) == "Thu, 01 Jan 2026 00:00:00 +0000"
