"""From the outcome of a reconcile to what happens to its key. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, final

from homeostat.controller._result import Behind, Requeue, Result
from homeostat.errors import (
    ConflictError,
    FencedError,
    InvalidObjectError,
    OutcomeUnknownError,
    TerminalError,
    TooManyRequestsError,
)

__all__ = [
    "RESULTS",
    "Action",
    "DeadlineError",
    "Decision",
    "OutcomeName",
    "decide",
    "is_failure",
]

Action: TypeAlias = Literal["forget", "requeue", "retry", "park"]
OutcomeName: TypeAlias = Literal[
    "success",
    "requeue_after",
    "error",
    "terminal_error",
    "conflict",
    "behind",
    "throttled",
    "outcome_unknown",
    "fenced",
    "timeout",
]

# Seconds to wait for a server that says 429 without Retry-After (client-go waits 1 s).
THROTTLED = 1.0
# Seconds after which a key runs again whose reconcile was overtaken: it has to go by
# what is taken anew meanwhile, whose changes wake it sooner.
FENCED = 1.0
# What controller_runtime_reconcile_total calls an outcome; those without are errors.
RESULTS: Final[Mapping[str, str]] = {
    "success": "success",
    "requeue_after": "requeue_after",
    "conflict": "requeue",
    "behind": "requeue",
    "fenced": "requeue",
    "throttled": "requeue_after",
}
# Caps of the wait for the store after an optimistic-lock conflict, in seconds: the
# wake-up is the store's news, the cap is for a server whose news do not come.
CONFLICT_BASE, CONFLICT_CAP = 0.5, 30.0


class DeadlineError(TimeoutError):
    """A reconcile ran past its deadline and was cancelled."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do with a key after a reconcile.

    Attributes:
        outcome: Its name in logs and metrics.
        action: ``forget``: done until the next change. ``requeue``: again in ``after``
            seconds, no failure. ``retry``: again after the key's backoff, a failure.
            ``park``: again when the store has passed what the write lost to, or shows
            what was written; at the latest in ``after`` seconds, no failure.
        after: Seconds, for ``requeue`` and ``park``.
        reason: Why the key runs again.
        priority: Of the next run; None keeps that of this one.
        traceback: Whether the log shows where the error came from.
    """

    outcome: OutcomeName
    action: Action
    after: float = 0.0
    reason: str = ""
    priority: int | None = None
    traceback: bool = False


_DONE = Decision(outcome="success", action="forget")


def decide(answer: Result | BaseException | None, *, conflicts: int = 0) -> Decision:
    """Return what a reconcile's answer means for its key.

    Args:
        answer: What the reconciler returned or raised.
        conflicts: Optimistic-lock conflicts of this key in a row before this one.
    """
    match answer:
        case None:
            return _DONE
        case Result():
            return _of_result(answer)
        case Requeue() | Behind():
            return _of_way_out(answer)
        case TerminalError():
            return Decision(outcome="terminal_error", action="forget", traceback=True)
        case FencedError():
            return Decision(
                outcome="fenced", action="requeue", after=FENCED, reason="fenced"
            )
        case _:
            return _of_error(answer, conflicts)


def is_failure(error: Exception) -> bool:
    """Return whether an error means that something is wrong, to tell people of."""
    return decide(error).outcome not in RESULTS


def _of_result(result: Result) -> Decision:
    if result.requeue_after is None:
        return Decision(outcome="success", action="forget", priority=result.priority)
    return Decision(
        outcome="requeue_after",
        action="requeue",
        after=result.requeue_after,
        reason="requeue after",
        priority=result.priority,
    )


def _of_way_out(raised: Requeue | Behind) -> Decision:
    if isinstance(raised, Behind):
        return Decision(
            outcome="behind", action="park", after=raised.after, reason=raised.reason
        )
    return Decision(
        outcome="requeue_after",
        action="requeue",
        after=raised.after,
        reason=raised.reason or "requeue",
    )


def _of_error(error: BaseException, conflicts: int) -> Decision:
    match error:
        case ConflictError() if not error.is_field_manager_conflict:
            # The exponent is bounded: 2.0 ** 1024 raises OverflowError, not inf.
            after = min(CONFLICT_CAP, CONFLICT_BASE * 2.0 ** min(conflicts, 16))
            return Decision(
                outcome="conflict", action="park", after=after, reason="conflict"
            )
        case TooManyRequestsError():
            after = THROTTLED if error.retry_after is None else error.retry_after
            return Decision(
                outcome="throttled", action="requeue", after=after, reason="throttled"
            )
        case OutcomeUnknownError():
            return Decision(
                outcome="outcome_unknown", action="retry", reason="outcome unknown"
            )
        case InvalidObjectError():
            return Decision(outcome="error", action="retry", reason="invalid object")
        case DeadlineError():
            return Decision(outcome="timeout", action="retry", reason="deadline")
        case _:
            name = type(error).__name__
            return Decision(
                outcome="error", action="retry", reason=f"error {name}", traceback=True
            )
