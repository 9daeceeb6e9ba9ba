import pytest

from homeostat import errors
from homeostat.errors import (
    AlreadyExistsError,
    ApiError,
    ConflictError,
    ExpiredError,
    FencedError,
    NotFoundError,
    TooManyRequestsError,
    TransportError,
    status_error,
)


@pytest.mark.parametrize(
    ("reason", "code", "expected"),
    [
        ("NotFound", 404, NotFoundError),
        ("AlreadyExists", 409, AlreadyExistsError),
        ("Conflict", 409, ConflictError),
        ("Expired", 410, ExpiredError),
        ("Gone", 410, ExpiredError),
        ("MethodNotAllowed", 405, ApiError),
    ],
)
def test_reason_chooses_the_class(
    reason: str, code: int, expected: type[ApiError]
) -> None:
    error = status_error({"reason": reason, "code": code, "message": "no"})
    assert type(error) is expected
    assert (error.code, error.reason, str(error)) == (code, reason, "no")


def test_answer_without_a_status_is_judged_by_its_code() -> None:
    error = status_error({}, code=429, retry_after=3.0)
    assert isinstance(error, TooManyRequestsError)
    assert error.retry_after == 3.0


def test_seconds_in_the_status_win_over_the_header() -> None:
    details = {"retryAfterSeconds": 7}
    error = status_error({"code": 429, "details": details}, retry_after=3.0)
    assert error.retry_after == 7.0


def test_message_says_what_was_attempted() -> None:
    error = status_error({"message": "no"}, code=404, attempted="get v1 pods a/b")
    assert str(error) == "get v1 pods a/b: no"
    assert error.message == "no"


def test_field_manager_conflict_is_told_from_a_lost_race() -> None:
    causes = [{"reason": "FieldManagerConflict", "field": ".spec.replicas"}]
    fields = status_error({"reason": "Conflict", "details": {"causes": causes}})
    race = status_error({"reason": "Conflict"})
    assert isinstance(fields, ConflictError)
    assert isinstance(race, ConflictError)
    assert fields.is_field_manager_conflict
    assert not race.is_field_manager_conflict


def test_end_of_the_namespace_is_told_from_a_missing_right() -> None:
    causes = [{"reason": "NamespaceTerminating", "field": "metadata.namespace"}]
    ending = status_error({"reason": "Forbidden", "details": {"causes": causes}})
    assert ending.is_namespace_terminating
    assert not status_error({"reason": "Forbidden"}).is_namespace_terminating


def test_every_public_error_has_the_one_root() -> None:
    for name in errors.__all__:
        if name.endswith("Error"):
            assert issubclass(getattr(errors, name), errors.HomeostatError)


def test_every_public_error_is_drawn_in_the_tree() -> None:
    drawn = str(errors.__doc__)
    missing = [n for n in errors.__all__ if n.endswith("Error") and n not in drawn]
    assert missing == []


def test_a_fenced_write_is_no_failure_of_the_transport() -> None:
    assert not issubclass(FencedError, TransportError)
