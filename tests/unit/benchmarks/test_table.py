"""A table tells who has figures, who has none and why, and who is broken."""

import sys

import pytest

from benchmarks._programs import Outcome, Program
from benchmarks._table import Subject, Table

PRINTS = "print('{\"mb\": 3}')"
STOPPED = Outcome(why_not="stopped after 9 s", stopped=True)
FAILS = "raise SystemExit('out of order')"


def _program(name: str, code: str) -> Program:
    return Program(
        name=name, argv=(sys.executable, "-S", "-c", code), does=frozenset({"sync"})
    )


def _absent(name: str) -> Program:
    return Program(
        name=name, argv=("/nowhere/peer",), does=frozenset({"sync"}), absent="too old"
    )


def test_figures_are_kept_by_size_and_program() -> None:
    table = Table(able=[_program("hare", PRINTS)])
    table.measure("sync", objects=5, rounds=2)
    assert table.results == {Subject("sync", 5): {"hare": {"mb": 3}}}
    assert not table.missing


def test_a_program_that_is_not_there_is_missing_and_not_broken() -> None:
    table = Table(able=[_absent("hare")])
    table.measure("sync", objects=5)
    assert table.missing == {(Subject("sync", 5), "hare"): "too old"}
    assert not table.broken


def test_a_program_that_fails_is_broken() -> None:
    table = Table(able=[_program("hare", FAILS)])
    table.measure("sync", objects=5)
    assert table.broken == {(Subject("sync", 5), "hare"): "out of order"}


@pytest.mark.parametrize(
    ("name", "objects", "broken"),
    [
        ("hare", 20_000, False),
        ("hare", 500, True),
        ("homeostat", 20_000, True),
    ],
)
def test_who_is_stopped_is_slow_or_hangs(name: str, objects: int, broken: bool) -> None:
    table = Table(able=[])
    table.fail(Subject("sync", objects), name, STOPPED)
    assert bool(table.broken) == broken


def test_who_was_stopped_with_few_is_not_run_with_more() -> None:
    table = Table(able=[_program("hare", PRINTS)])
    table.fail(Subject("sync", 2_000), "hare", STOPPED)
    table.measure("sync", objects=20_000)
    why = "with 2,000 objects stopped after 9 s: not run"
    assert table.missing[Subject("sync", 20_000), "hare"] == why
    assert not table.results
    assert not table.broken


def test_only_the_named_programs_run() -> None:
    able = [_program("hare", PRINTS), _program("tortoise", PRINTS)]
    table = Table(["tortoise"], able)
    table.measure("sync", objects=5)
    assert set(table.results[Subject("sync", 5)]) == {"tortoise"}


@pytest.mark.parametrize("order", [(5, 50), (50, 5)])
def test_the_most_objects_are_judged(order: tuple[int, int]) -> None:
    table = Table(able=[])
    for objects in order:
        table.add(Subject("sync", objects), "hare", {"objects": objects})
    assert table.judged == {"sync": {"hare": {"objects": 50}}}
