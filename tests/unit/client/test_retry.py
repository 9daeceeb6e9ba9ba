import pytest

from homeostat.client._retry import MAX_TRIES, PermanentTransportError, decide
from homeostat.errors import TransportError


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_overload_is_tried_again_after_what_the_server_says(status: int) -> None:
    retry = decide(safe=False, tries=1, status=status, headers={"retry-after": "3"})
    assert retry is not None
    assert retry.after == 3.0
    assert retry.pause == (status == 429)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_overload_without_retry_after_stands(status: int) -> None:
    assert decide(safe=True, tries=1, status=status, headers={}) is None


@pytest.mark.parametrize("text", ["", "soon", "-1", "1.5", "Fri, 31 Dec 1999 23:59:59"])
def test_retry_after_that_is_no_number_of_seconds_is_ignored(text: str) -> None:
    headers = {"retry-after": text}
    assert decide(safe=True, tries=1, status=429, headers=headers) is None


@pytest.mark.parametrize("status", [200, 201, 400, 404, 409, 410, 422])
def test_other_answers_stand_even_with_retry_after(status: int) -> None:
    headers = {"retry-after": "1"}
    assert decide(safe=True, tries=1, status=status, headers=headers) is None


def test_ten_retries_are_enough() -> None:
    headers = {"retry-after": "1"}
    last = MAX_TRIES - 1
    assert decide(safe=True, tries=last, status=429, headers=headers) is not None
    assert decide(safe=True, tries=MAX_TRIES, status=429, headers=headers) is None


@pytest.mark.parametrize(
    ("safe", "sent", "again"),
    [
        (True, True, True),
        (True, False, True),
        (False, False, True),
        (False, True, False),
    ],
)
def test_lost_connection_is_tried_again_where_it_is_safe(
    safe: bool, sent: bool, again: bool
) -> None:
    error = TransportError("reset", sent=sent)
    assert (decide(safe=safe, tries=1, error=error) is not None) is again


def test_wrong_certificate_is_not_tried_again() -> None:
    error = PermanentTransportError("certificate", sent=False)
    assert decide(safe=True, tries=1, error=error) is None
