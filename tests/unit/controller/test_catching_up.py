"""What a key does whose caches may be behind its writes."""

import pytest

from homeostat.controller._catching_up import judge
from homeostat.controller._decide import Decision, decide, is_failure
from homeostat.controller._result import Behind


@pytest.mark.parametrize(
    ("behind", "since", "deadline", "verdict"),
    [
        (False, None, 5.0, ("pass", 0.0)),
        (False, 10.0, 5.0, ("pass", 0.0)),
        (True, None, 5.0, ("park", 5.0)),
        (True, 98.0, 5.0, ("park", 3.0)),
        (True, 95.0, 5.0, ("read", 0.0)),
        (True, 10.0, 5.0, ("read", 0.0)),
        (True, None, 0.0, ("read", 0.0)),
        (True, 50.0, float("inf"), ("park", 60.0)),
    ],
)
def test_key_waits_until_its_deadline_then_reads_live(
    *,
    behind: bool,
    since: float | None,
    deadline: float,
    verdict: tuple[str, float],
) -> None:
    assert judge(behind=behind, since=since, now=100.0, deadline=deadline) == verdict


def test_being_behind_parks_and_is_no_failure() -> None:
    raised = Behind(after=3.0, reason="behind")
    assert decide(raised) == Decision(
        outcome="behind", action="park", after=3.0, reason="behind"
    )
    assert not is_failure(raised)
