from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.localcluster._statefulset_plan import Member, Step, Wish, plan

GOOD = Member(revision="new")
OLD = Member(revision="old")
LAME = Member(revision="new", ready=False, available=False)
GOING = Member(revision="new", terminating=True)
PENDING = Member(revision="new", phase="Pending", ready=False, available=False)


def wish(size: int = 3, **changes: Any) -> Wish:
    return replace(Wish(ordinals=range(size), revision="new"), **changes)


def steps(wish: Wish, *members: Member | None, start: int = 0) -> list[str]:
    """Return the plan for pods in the order of their ordinals, None for no pod."""
    there = {n: m for n, m in enumerate(members, start) if m is not None}
    return [f"{step.verb} {step.ordinal}" for step in plan(wish, there)]


def test_pods_are_made_one_after_the_other() -> None:
    assert steps(wish()) == ["create 0"]
    assert steps(wish(), GOOD) == ["create 1"]
    assert steps(wish(), GOOD, None, GOOD) == ["create 1"]
    assert steps(wish(), GOOD, GOOD, GOOD) == []
    assert steps(wish(ordinals=range(5, 7)), GOOD, start=5) == ["create 6"]


@pytest.mark.parametrize("first", [LAME, GOING, replace(GOOD, available=False)])
def test_pod_that_is_missed_keeps_all_others_as_they_are(first: Member) -> None:
    assert steps(wish(), first, OLD) == []
    assert steps(wish(1), first, GOOD) == []


def test_without_order_nothing_waits() -> None:
    parallel = wish(ordered=False)
    assert steps(parallel) == ["create 0", "create 1", "create 2"]
    assert steps(parallel, LAME, None, GOOD, GOOD, LAME) == [
        "create 1",
        "delete 4",
        "delete 3",
    ]
    assert steps(parallel, OLD, OLD, OLD, GOOD) == ["delete 3", "delete 2"]


def test_pending_pod_gets_its_claims() -> None:
    assert steps(wish(), PENDING) == ["claim 0"]


@pytest.mark.parametrize("phase", ["Failed", "Succeeded"])
def test_finished_pod_is_deleted_once(phase: str) -> None:
    ended = replace(LAME, phase=phase)
    assert steps(wish(1), ended) == ["delete 0"]
    assert steps(wish(1), replace(ended, terminating=True)) == []
    assert steps(wish(1, ordered=False), replace(ended, revision="old")) == ["delete 0"]


def test_pod_waits_for_the_end_of_its_old_claims() -> None:
    assert steps(wish(held=frozenset({1})), GOOD) == []
    assert steps(wish(held=frozenset({1}), ordered=False), GOOD) == ["create 2"]


def test_surplus_goes_from_the_top_when_the_rest_is_well() -> None:
    assert steps(wish(1), GOOD, GOOD, GOOD) == ["delete 2"]
    assert steps(wish(1), GOOD, GOOD, GOING) == []
    # The highest one waits for those below it to be well, and not for itself.
    assert steps(wish(1), GOOD, GOOD, LAME) == ["delete 2"]
    assert steps(wish(1), GOOD, LAME, GOOD) == ["delete 2"]
    assert steps(wish(1), GOOD, LAME, LAME) == []
    assert steps(wish(1), OLD, GOOD) == ["delete 1"]  # before any update


def test_update_goes_from_the_top_one_at_a_time() -> None:
    assert steps(wish(), OLD, OLD, OLD) == ["delete 2"]
    assert steps(wish(), OLD, OLD, GOOD) == ["delete 1"]
    assert steps(wish(partition=2), OLD, OLD, GOOD) == []
    assert steps(wish(partition=9), OLD, OLD, OLD) == []
    assert steps(wish(partition=None), OLD, OLD, OLD) == []
    parallel = wish(ordered=False)
    assert steps(parallel, OLD, OLD, LAME) == []
    assert steps(parallel, OLD, OLD, replace(OLD, terminating=True)) == []
    # One of another revision goes also when it is the one that is not well.
    assert steps(parallel, OLD, OLD, replace(OLD, available=False)) == ["delete 2"]


def test_what_does_not_fit_is_mended() -> None:
    askew = replace(GOOD, fits=False)
    expected = ["mend 0", "mend 2", "mend 1", "delete 2"]
    assert steps(wish(1), askew, askew, askew) == expected


WORLDS = st.dictionaries(
    st.integers(0, 6),
    st.builds(
        Member,
        revision=st.sampled_from(["new", "old"]),
        phase=st.sampled_from(["Running", "Running", "Pending", "Failed"]),
        ready=st.booleans(),
        available=st.booleans(),
        terminating=st.booleans(),
    ).map(lambda m: replace(m, available=m.available and m.ready)),
)


@given(WORLDS, st.integers(0, 5), st.integers(0, 3), st.booleans())
def test_order_is_kept_whatever_there_is(
    members: Mapping[int, Member], size: int, partition: int, ordered: bool
) -> None:
    asked = wish(size, partition=partition, ordered=ordered)
    found = plan(asked, members)
    assert len(found) == len(set(found))
    for step in found:
        _check(step, asked, members)
    if ordered:
        assert sum(step.verb in {"create", "delete"} for step in found) <= 1


def _check(step: Step, asked: Wish, members: Mapping[int, Member]) -> None:
    member = members.get(step.ordinal)
    if step.verb == "create":
        assert member is None
        assert step.ordinal in asked.ordinals
    if asked.ordered and step.verb == "create":
        below = [members.get(o) for o in asked.ordinals if o < step.ordinal]
        assert all(m is not None and not m.is_unavailable for m in below)
    if step.verb == "delete":
        assert member is not None
        assert not member.terminating
        if step.ordinal in asked.ordinals and not member.is_finished:
            # For the update alone: nobody else of those above it is missed for it.
            assert member.revision != asked.revision
            above = [members.get(o) for o in asked.ordinals if o > step.ordinal]
            assert all(m is not None and not m.is_unavailable for m in above)


@given(st.integers(1, 5), st.integers(0, 5), st.booleans())
def test_plan_comes_to_an_end(size: int, before: int, ordered: bool) -> None:
    members = dict.fromkeys(range(before), OLD)
    asked = wish(size, ordered=ordered)
    for _ in range(3 * (size + before)):
        for step in plan(asked, members):
            if step.verb == "create":
                members[step.ordinal] = GOOD
            else:
                del members[step.ordinal]
        missing = sum(o not in members for o in range(min(size, before)))
        assert missing <= 1
    assert members == dict.fromkeys(range(size), GOOD)
