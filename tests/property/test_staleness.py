"""A slice of ``python -m benchmarks staleness``: the whole runtime on a bad line."""

import os

import pytest

from benchmarks.staleness import SCENARIOS, Scenario, Strategy, outcome_of

SEEDS = range(300 if os.environ.get("HOMEOSTAT_SLOW") == "full" else 5)
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=list(BY_NAME))
def test_never_more_pods_than_were_asked_for(scenario: Scenario) -> None:
    for seed in SEEDS:
        outcome = outcome_of(scenario, "homeostat", seed)
        assert not outcome.over_created, seed
        assert outcome.converged, seed


@pytest.mark.parametrize(
    ("strategy", "name"),
    [
        ("naive", "lag"),
        ("gate", "lag + 20% of answers lost"),
        ("overlay", "crash + stale initial list"),
    ],
)
def test_the_scenarios_catch_who_is_not_careful(strategy: Strategy, name: str) -> None:
    outcomes = [outcome_of(BY_NAME[name], strategy, seed) for seed in range(10)]
    assert any(outcome.over_created for outcome in outcomes)
    assert all(outcome.converged for outcome in outcomes)


def test_a_run_is_the_same_each_time() -> None:
    scenario = BY_NAME["all of it at once"]
    first, second = (outcome_of(scenario, "homeostat", 3) for _ in range(2))
    assert first == second
