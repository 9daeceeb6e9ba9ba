from datetime import UTC, datetime, timedelta

import pytest

from homeostat.api import (
    Condition,
    CustomResource,
    ObjectMeta,
    Spec,
    Status,
    Time,
    custom_resource,
    find_condition,
    set_condition,
)

NOW = datetime(2024, 1, 1, 10, 0, 0, 5, tzinfo=UTC)
LATER = NOW + timedelta(seconds=90)


@custom_resource(group="example.com", version="v1")
class Thing(CustomResource[Spec, Status]):
    """A thing."""


def test_a_new_condition_is_added() -> None:
    conditions: list[Condition] = []
    assert set_condition(conditions, "Ready", True, reason="Ok", now=NOW)
    (ready,) = conditions
    assert (ready.status, ready.reason) == ("True", "Ok")
    assert ready.last_transition_time == Time(2024, 1, 1, 10, tzinfo=UTC)


def test_the_transition_time_moves_only_on_a_flip() -> None:
    conditions: list[Condition] = []
    set_condition(conditions, "Ready", True, reason="Ok", now=NOW)
    assert set_condition(
        conditions, "Ready", True, reason="Fine", message="m", now=LATER
    )
    (ready,) = conditions
    assert (ready.reason, ready.message) == ("Fine", "m")
    assert ready.last_transition_time == Time.of(NOW)
    assert set_condition(conditions, "Ready", None, reason="Lost", now=LATER)
    assert (ready.status, ready.last_transition_time) == ("Unknown", Time.of(LATER))


def test_setting_the_same_again_is_no_change() -> None:
    conditions: list[Condition] = []
    set_condition(conditions, "Ready", True, reason="Ok", now=NOW)
    assert not set_condition(conditions, "Ready", "True", reason="Ok", now=LATER)


def test_find_looks_by_type() -> None:
    conditions: list[Condition] = []
    set_condition(conditions, "A", True, reason="Ok", now=NOW)
    set_condition(conditions, "B", False, reason="No", now=NOW)
    found = find_condition(conditions, "B")
    assert found is not None
    assert found.status == "False"
    assert find_condition(conditions, "C") is None


def test_another_status_is_refused() -> None:
    with pytest.raises(ValueError, match="not 'yes'"):
        set_condition([], "Ready", "yes", reason="Ok")


def test_a_custom_resource_stamps_its_generation() -> None:
    made = Thing(metadata=ObjectMeta(name="t", generation=7), spec=Spec())
    assert made.set_condition("Ready", True, reason="Ok", now=NOW)
    assert made.status.observed_generation == 7
    assert made.status.conditions[0].observed_generation == 7
    made.metadata.generation = 8
    assert made.set_condition("Ready", True, reason="Ok", now=LATER)
    assert made.status.conditions[0].last_transition_time == Time.of(NOW)
