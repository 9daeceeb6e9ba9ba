import pytest

from homeostat.controller import Requeue, Result, decide
from homeostat.controller._decide import DeadlineError, is_failure
from homeostat.errors import (
    ApiError,
    ConflictError,
    FencedError,
    InvalidObjectError,
    OutcomeUnknownError,
    TerminalError,
    TooManyRequestsError,
)


def conflict(*causes: str) -> ConflictError:
    details = {"causes": [{"reason": reason} for reason in causes]}
    return ConflictError("conflict", code=409, reason="Conflict", details=details)


def throttled(after: float | None) -> TooManyRequestsError:
    return TooManyRequestsError("slow down", code=429, retry_after=after)


@pytest.mark.parametrize(
    ("answer", "outcome", "action"),
    [
        (None, "success", "forget"),
        (Result(), "success", "forget"),
        (Result(requeue_after=5), "requeue_after", "requeue"),
        (Requeue(after=5), "requeue_after", "requeue"),
        (TerminalError("no"), "terminal_error", "forget"),
        (conflict(), "conflict", "park"),
        (conflict("FieldManagerConflict"), "error", "retry"),
        (throttled(3.0), "throttled", "requeue"),
        (OutcomeUnknownError("lost"), "outcome_unknown", "retry"),
        (FencedError("over"), "fenced", "requeue"),
        (DeadlineError("late"), "timeout", "retry"),
        (InvalidObjectError("bad child"), "error", "retry"),
        (TimeoutError("of the user"), "error", "retry"),
        (ApiError("boom", code=500), "error", "retry"),
        (ValueError("boom"), "error", "retry"),
    ],
)
def test_outcome_and_action(answer: object, outcome: str, action: str) -> None:
    decision = decide(answer)  # type: ignore[arg-type]
    assert (decision.outcome, decision.action) == (outcome, action)


@pytest.mark.parametrize(
    ("answer", "after"),
    [
        (Result(requeue_after=5), 5.0),
        (Requeue(after=7, reason="waits for DNS"), 7.0),
        (throttled(3.0), 3.0),
        (throttled(None), 1.0),
        (conflict(), 0.5),
    ],
)
def test_delay(answer: object, after: float) -> None:
    assert decide(answer).after == after  # type: ignore[arg-type]


def test_the_wait_after_conflicts_grows_up_to_a_cap() -> None:
    delays = [decide(conflict(), conflicts=n).after for n in (0, 1, 2, 10, 10**6)]
    assert delays == [0.5, 1.0, 2.0, 30.0, 30.0]


def test_a_requeue_carries_its_reason_and_a_result_its_priority() -> None:
    assert decide(Requeue(after=1, reason="waits for DNS")).reason == "waits for DNS"
    assert decide(Result(requeue_after=1, priority=7)).priority == 7


def test_expected_failures_show_no_traceback() -> None:
    assert decide(ValueError()).traceback
    assert not decide(conflict()).traceback


@pytest.mark.parametrize("make", [Result, Requeue])
def test_negative_delays_are_refused(make: type[Result] | type[Requeue]) -> None:
    with pytest.raises(ValueError, match="must be >= 0"):
        Result(requeue_after=-1) if make is Result else Requeue(after=-1)


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (Requeue(after=5), False),
        (conflict(), False),
        (throttled(3.0), False),
        (conflict("FieldManagerConflict"), True),
        (TerminalError("no"), True),
        (ApiError("boom", code=500), True),
        (OutcomeUnknownError("lost"), True),
    ],
)
def test_what_is_told_as_a_failure(error: Exception, *, failure: bool) -> None:
    assert is_failure(error) == failure
