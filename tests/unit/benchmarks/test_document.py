"""The page shows each size in a table of its own, and judges bars by the largest."""

import re

import pytest

from benchmarks._document import bars, page, results, server_bars, server_part
from benchmarks._table import Subject, Table


@pytest.fixture
def table() -> Table:
    made = Table(able=[])
    for objects, ours in ((20_000, 90.0), (100_000, 120.0)):
        subject = Subject("sync", objects)
        figures = {"objects_per_cpu_s": ours, "peak_mb": 3.0, "rss_after_mb": 2.0}
        made.add(subject, "homeostat", figures)
        made.add(subject, "client-go typed", {"objects_per_cpu_s": 10.0})
    return made


def _row(text: str, *cells: str) -> str:
    wanted = r" *\| *".join(map(re.escape, cells))
    return next(line for line in text.splitlines() if re.search(wanted, line))


def test_each_size_has_a_table_and_the_smaller_comes_first(table: Table) -> None:
    few, many = results(table).split("### ")[1:]
    assert few.startswith("Fill a cache with 20,000 objects\n")
    assert many.startswith("Fill a cache with 100,000 objects\n")
    assert "90" in _row(few, "| homeostat")
    assert "120" in _row(many, "| homeostat")


def test_a_bar_is_judged_by_the_most_objects(table: Table) -> None:
    row = _row(bars(table), "objects per CPU second", "100,000", "client-go typed")
    assert "120" in row
    assert row.endswith("|         holds |")


def test_a_bar_without_a_peer_is_not_measured(table: Table) -> None:
    assert "not measured" in _row(bars(table), "objects per CPU second", "", "kube-rs")


def test_the_worse_of_load_and_storm_counts(table: Table) -> None:
    names = ("health_worst_ms", "late_worst_ms", "stall_worst_ms")
    figures = dict.fromkeys(names, 20.0) | {f"storm_{name}": 51.0 for name in names}
    table.add(Subject("responsive", 100_000), "homeostat", figures)
    row = _row(bars(table), "slowest answer of the health endpoint, ms", "100,000")
    assert "51" in row
    assert "does not hold" in row


def test_what_could_not_be_measured_says_why(table: Table) -> None:
    table.missing[Subject("pods", 20_000), "kube-apiserver"] = "not built here"
    assert "- kube-apiserver: not built here" in results(table)


def test_an_update_is_counted_in_the_title(table: Table) -> None:
    figures = {"events": 100_000.0, "events_per_cpu_s": 1.0}
    table.add(Subject("storm", 20_000), "homeostat", figures)
    assert "### Follow 100,000 updates of 20,000 objects" in results(table)


def test_each_command_leaves_the_part_of_the_other(table: Table) -> None:
    served = Table(able=[])
    served.add(Subject("server", 9), "homeostat", {"gets_per_s": 7.0})
    first = page(table, command="compare --once")
    both = server_part(served, command="apiserver --once", before=first)
    again = page(table, command="compare --twice", before=both)
    for text in (both, again):
        assert text.count("## The API server") == 1
        assert "    apiserver --once\n" in text
        assert "gets/s" in text
    assert "    compare --once\n" in both
    assert "    compare --twice\n" in again
    assert server_part(served, command="apiserver --once", before=again) == again


def test_with_the_journal_half_of_the_rate_without_will_do() -> None:
    table = Table(able=[])
    subject = Subject("server", 9)
    table.add(subject, "homeostat", {"creates_per_s": 10.0, "gets_per_s": 10.0})
    journal = {"creates_per_s": 5.0, "gets_per_s": 4.0}
    table.add(subject, "homeostat, journal", journal)
    said = server_bars(table)
    begin = "with the journal, ConfigMaps: "
    assert "does not" not in _row(said, f"{begin}creates per second", "9", "homeostat")
    assert "does not hold" in _row(said, f"{begin}gets per second", "9", "homeostat")
