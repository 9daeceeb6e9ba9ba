import pytest

from homeostat.localcluster._rollout import (
    Rollout,
    SetSize,
    bounds,
    former_revisions,
    new_set_replicas,
    old_set_replicas,
    proportions,
    surplus_history,
    template_hash,
)


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "expected"),
    [
        (10, "25%", "25%", (3, 2)),
        (1, "25%", "25%", (1, 0)),
        (4, 0, 0, (0, 1)),
        (2, 1, 5, (1, 2)),
        (0, "25%", "25%", (0, 0)),
    ],
)
def test_bounds(
    replicas: int,
    surge: int | str,
    unavailable: int | str,
    expected: tuple[int, int],
) -> None:
    assert bounds(replicas, surge, unavailable) == expected


def test_new_set_fills_the_room_that_surge_leaves() -> None:
    rollout = Rollout(replicas=10, max_surge=3, max_unavailable=2)
    new = SetSize(name="new", replicas=0)
    old = SetSize(name="old", replicas=10, available=10)
    assert new_set_replicas(rollout, new, [old, new]) == 3


def test_new_set_never_passes_the_deployment() -> None:
    rollout = Rollout(replicas=2, max_surge=5, max_unavailable=0)
    new = SetSize(name="new", replicas=1)
    assert new_set_replicas(rollout, new, [new]) == 2
    larger = SetSize(name="new", replicas=4)
    assert new_set_replicas(rollout, larger, [larger]) == 2


def test_old_pods_stay_until_new_ones_are_available() -> None:
    rollout = Rollout(replicas=10, max_surge=3, max_unavailable=2)
    old = [SetSize(name="old", replicas=8, available=8)]
    waiting = SetSize(name="new", replicas=5, available=0)
    assert not old_set_replicas(rollout, waiting, old)
    serving = SetSize(name="new", replicas=5, available=3)
    assert old_set_replicas(rollout, serving, old) == [("old", 5)]


def test_unavailable_old_pods_go_first() -> None:
    rollout = Rollout(replicas=10, max_surge=0, max_unavailable=2)
    new = SetSize(name="new", replicas=0)
    old = [
        SetSize(name="healthy", replicas=8, available=8, age=0),
        SetSize(name="broken", replicas=2, available=0, age=1),
    ]
    assert old_set_replicas(rollout, new, old) == [("broken", 0)]


def test_what_does_not_serve_goes_before_what_does_and_both_in_steps() -> None:
    rollout = Rollout(replicas=10, max_surge=0, max_unavailable=2)
    new = SetSize(name="new", replicas=0)
    old = [
        SetSize(name="younger", replicas=5, available=5, age=1),
        SetSize(name="older", replicas=5, available=4, age=0),
        SetSize(name="empty", replicas=0, available=0, age=2),
    ]
    steps = [("older", 4), ("older", 3)]
    assert old_set_replicas(rollout, new, old) == steps


def test_no_old_set_shrinks_by_a_status_that_lags_behind() -> None:
    rollout = Rollout(replicas=6, max_surge=3, max_unavailable=2)
    new = SetSize(name="new", replicas=4)
    old = [SetSize(name="old", replicas=5, available=11)]
    assert not old_set_replicas(rollout, new, old)


def test_former_revisions_are_kept_as_long_as_there_is_room() -> None:
    assert former_revisions("", "1") == "1"
    assert former_revisions("1,3", "5") == "1,3,5"
    full = ",".join(["999"] * 500)
    longer = former_revisions(full, "1000")
    assert len(longer) <= 2000
    assert longer.endswith("999,1000")
    assert len(former_revisions(longer, "7")) == len(longer) - len("999,") + len(",7")


def test_scaling_amid_a_rollout_keeps_proportions() -> None:
    rollout = Rollout(replicas=20, max_surge=0, max_unavailable=2)
    sets = [
        SetSize(name="new", replicas=5, age=1, max_replicas=10),
        SetSize(name="old", replicas=5, age=0, max_replicas=10),
    ]
    assert proportions(rollout, sets) == {"new": 10, "old": 10}


def test_what_rounding_leaves_goes_to_the_largest_set() -> None:
    rollout = Rollout(replicas=10, max_surge=0, max_unavailable=0)
    sets = [
        SetSize(name="a", replicas=3, age=0, max_replicas=7),
        SetSize(name="b", replicas=2, age=1, max_replicas=7),
        SetSize(name="c", replicas=2, age=2, max_replicas=7),
    ]
    assert sum(proportions(rollout, sets).values()) == 10


def test_scaling_to_zero_empties_every_set() -> None:
    rollout = Rollout(replicas=0, max_surge=2, max_unavailable=0)
    sets = [
        SetSize(name="a", replicas=3, max_replicas=7),
        SetSize(name="b", replicas=2, max_replicas=7),
    ]
    assert proportions(rollout, sets) == {"a": 0, "b": 0}


def test_history_keeps_the_newest_and_what_still_has_pods() -> None:
    old = [
        SetSize(name="r1", replicas=0, age=0),
        SetSize(name="r2", replicas=1, age=1),
        SetSize(name="r3", replicas=0, age=2),
        SetSize(name="r4", replicas=0, age=3),
    ]
    assert surplus_history(old, 1) == ["r1", "r3"]
    assert surplus_history(old, 1, busy=frozenset({"r1"})) == ["r3"]


def test_history_goes_by_revision_and_only_then_by_age() -> None:
    old = [
        SetSize(name="again", replicas=0, age=0, revision=3),
        SetSize(name="former", replicas=0, age=1, revision=2),
        SetSize(name="twin", replicas=0, age=2, revision=2),
    ]
    assert surplus_history(old, 1) == ["former", "twin"]


def test_hash_ignores_the_order_of_maps() -> None:
    one = {"labels": {"a": "1", "b": "2"}}
    two = {"labels": {"b": "2", "a": "1"}}
    assert template_hash(one) == template_hash(two)
    assert template_hash(one) != template_hash({"labels": {"a": "1"}})
    assert template_hash(one) != template_hash(one, collisions=1)
