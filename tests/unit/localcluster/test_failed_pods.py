from datetime import UTC, datetime, timedelta

from homeostat.localcluster._failed_pods import CAP, FailedPods

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_first_failure_is_seen_to_at_once_and_others_ever_later() -> None:
    failures = FailedPods()
    assert failures.left("a", NOW) == 0.0
    pauses: list[float] = []
    for _ in range(12):
        failures.note("a", NOW)
        pauses.append(failures.left("a", NOW))
    assert pauses[:3] == [1.0, 2.0, 4.0]
    assert pauses[-1] == CAP
    assert failures.left("a", at(899)) == 1.0
    assert failures.left("b", NOW) == 0.0


def test_failure_long_after_is_a_first_one() -> None:
    failures = FailedPods()
    for _ in range(5):
        failures.note("a", NOW)
    failures.note("a", at(2 * CAP + 1))
    assert failures.left("a", at(2 * CAP + 1)) == 1.0


def test_only_the_latest_are_known() -> None:
    failures = FailedPods(size=2)
    for place in "abc":
        failures.note(place, NOW)
    assert [failures.left(place, NOW) for place in "abc"] == [0.0, 1.0, 1.0]
