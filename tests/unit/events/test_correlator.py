from datetime import UTC, datetime, timedelta

import pytest

from homeostat.events._correlator import COMBINED, Correlator, Entry
from homeostat.events._occurrence import EventType, Occurrence, Reference

START = datetime(2026, 1, 1, tzinfo=UTC)


def occurrence(
    message: str = "it broke",
    *,
    after: float = 0.0,
    name: str = "web",
    type: EventType = "Warning",  # noqa: A002
    reason: str = "Failed",
    version: str = "1",
) -> Occurrence:
    return Occurrence(
        regarding=Reference(
            api_version="v1",
            kind="Pod",
            namespace="default",
            name=name,
            uid=f"uid-{name}",
            resource_version=version,
        ),
        type=type,
        reason=reason,
        message=message,
        action=reason,
        at=START + timedelta(seconds=after),
    )


def observe(correlator: Correlator, *seen: Occurrence) -> list[Entry | None]:
    return [correlator.observe(each) for each in seen]


def counts(entries: list[Entry | None]) -> list[int | None]:
    return [entry.count if entry else None for entry in entries]


def test_first_occurrence_makes_an_event_named_as_client_go_does() -> None:
    [entry] = observe(Correlator(), occurrence())
    assert entry is not None
    assert (entry.count, entry.exists) == (1, False)
    assert entry.name == f"web.{int(START.timestamp()) * 10**9:x}"


def test_the_same_again_is_counted_onto_it() -> None:
    one, two = observe(Correlator(), occurrence(), occurrence(after=5, version="2"))
    assert one is not None
    assert two is not None
    assert two.name == one.name
    assert (two.count, two.exists, two.first) == (2, True, START)
    assert two.occurrence.at == START + timedelta(seconds=5)


@pytest.mark.parametrize(
    "other",
    [
        occurrence("something else"),
        occurrence(name="other"),
        occurrence(type="Normal"),
        occurrence(reason="Other"),
    ],
)
def test_what_differs_is_another_event(other: Occurrence) -> None:
    assert counts(observe(Correlator(), occurrence(), other)) == [1, 1]


def test_tenth_message_that_differs_in_nothing_else_is_combined() -> None:
    seen = [occurrence(f"try {n}", after=n) for n in range(12)]
    entries = observe(Correlator(), *seen)
    assert counts(entries) == [1] * 10 + [2, 3]
    messages = [entry.occurrence.message for entry in entries if entry]
    assert messages[8] == "try 8"
    assert messages[9:] == [f"{COMBINED}try {n}" for n in (9, 10, 11)]
    assert len({entry.name for entry in entries[9:] if entry}) == 1


def test_similar_events_that_are_far_apart_are_not_combined() -> None:
    seen = [occurrence(f"try {n}", after=n * 601) for n in range(12)]
    entries = observe(Correlator(), *seen)
    assert not any(e.occurrence.message.startswith(COMBINED) for e in entries if e)


def test_flood_about_one_object_is_cut_and_trickles() -> None:
    correlator = Correlator()
    flood = observe(correlator, *[occurrence() for _ in range(30)])
    assert counts(flood) == [*range(1, 26), *[None] * 5]
    late = observe(
        correlator,
        occurrence(after=299),
        occurrence(after=301),
        occurrence(after=302),
    )
    # What was dropped is counted all the same.
    assert counts(late) == [None, 32, None]


def test_flood_about_one_object_leaves_others_alone() -> None:
    correlator = Correlator()
    observe(correlator, *[occurrence() for _ in range(30)])
    assert counts(observe(correlator, occurrence(name="other"))) == [1]
    assert counts(observe(correlator, occurrence(type="Normal"))) == [1]


def test_wall_time_that_steps_back_gives_no_tokens() -> None:
    correlator = Correlator()
    observe(correlator, *[occurrence() for _ in range(25)])
    assert counts(observe(correlator, occurrence(after=-9999))) == [None]
    assert counts(observe(correlator, occurrence(after=-9998))) == [None]


def test_memory_is_bounded() -> None:
    correlator = Correlator(limit=3)
    for number in range(10):
        observe(correlator, occurrence(name=f"p{number}"))
    assert len(correlator._entries._values) == 3
    assert counts(observe(correlator, occurrence(name="p0"))) == [1]


def test_names_differ_where_the_clock_stands_still() -> None:
    seen = [occurrence(f"m{n}", version=str(n)) for n in range(5)]
    names = {entry.name for entry in observe(Correlator(), *seen) if entry}
    assert len(names) == 5


def test_names_of_two_sources_differ() -> None:
    [one], [two] = (observe(Correlator(source), occurrence()) for source in ("a", "b"))
    assert one is not None
    assert two is not None
    assert one.name != two.name


def test_long_names_stay_names() -> None:
    [entry] = observe(Correlator(), occurrence(name="n" * 253))
    assert entry is not None
    assert len(entry.name) <= 253
