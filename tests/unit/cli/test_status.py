from datetime import UTC, datetime, timedelta

import pytest

from homeostat.cli._status import Status, table

NOW = datetime(2026, 1, 2, tzinfo=UTC)
RUNNING = Status(
    name="default",
    state="running",
    url="https://127.0.0.1:45033",
    pid=4194303,
    profile="apiserver",
    since=(NOW - timedelta(minutes=5)).isoformat(),
    objects=10_017,
    memory_bytes=71_234_567,
    data_dir="/home/me/data",
)
STOPPED = Status(name="ci", state="stopped", profile="cluster", data_dir="/srv/ci")


def test_table_has_a_line_for_each_where_there_is_room() -> None:
    lines = table([RUNNING, STOPPED], 140, NOW)
    assert lines[0].split()[:5] == ["NAME", "STATE", "URL", "PID", "AGE"]
    assert lines[0].split()[5:] == ["PROFILE", "OBJECTS", "MEMORY", "DATA"]
    assert lines[1].split()[4:] == ["5m", "apiserver", "10017", "71MB", "/home/me/data"]
    assert lines[2].split() == ["ci", "stopped", *"---", "cluster", *"--", "/srv/ci"]
    assert lines == table([RUNNING, STOPPED], 0, NOW)
    assert max(map(len, lines)) <= 140


def test_table_folds_where_there_is_none() -> None:
    lines = table([RUNNING, STOPPED], 80, NOW)
    assert [line.rstrip() for line in lines] == lines
    assert lines[2::2] == [
        "  profile apiserver, 10017 objects, 71MB of memory, data in /home/me/data",
        "  data in /srv/ci",
    ]
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(-1, "0s"), (119, "119s"), (120, "2m"), (7200, "2h"), (172_800, "2d")],
)
def test_age_is_short(seconds: int, shown: str) -> None:
    since = (NOW - timedelta(seconds=seconds)).isoformat()
    (_, line) = table([Status(name="a", state="running", since=since)], 0, NOW)
    assert line.split()[4] == shown
