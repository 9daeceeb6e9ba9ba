"""A bar compares our figure with the best of its peers in the same run."""

from typing import Any

import pytest

from benchmarks._bars import Bar, judge

SPEED = Bar(
    what="speed",
    benchmark="sync",
    field="per_s",
    peers=("tortoise", "hare"),
    ratio=2,
    more=True,
)
SIZE = Bar(
    what="size", benchmark="sync", field="mb", peers=("tortoise", "hare"), ratio=0.5
)


def _results(**figures: dict[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    return {"sync": figures}


@pytest.mark.parametrize(("ours", "holds"), [(40, True), (39, False)])
def test_more_is_judged_by_the_fastest_peer(ours: int, holds: bool) -> None:
    found = judge(
        _results(homeostat={"per_s": ours}, tortoise={"per_s": 1}, hare={"per_s": 20}),
        SPEED,
    )
    assert found == (ours, "hare", 20, holds)


@pytest.mark.parametrize(("ours", "holds"), [(5, True), (6, False)])
def test_less_is_judged_by_the_smallest_peer(ours: int, holds: bool) -> None:
    found = judge(
        _results(homeostat={"mb": ours}, tortoise={"mb": 10}, hare={"mb": 99}), SIZE
    )
    assert found == (ours, "tortoise", 10, holds)


def test_a_bar_without_a_peer_is_not_judged() -> None:
    assert judge(_results(homeostat={"mb": 1}, hare={}), SIZE) is None
    assert judge(_results(hare={"mb": 1}), SIZE) is None
