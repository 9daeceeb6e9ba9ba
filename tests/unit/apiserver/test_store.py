import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from homeostat.apiserver._history import (
    RENDERED_BYTES,
    RENDERED_EVENTS,
    HistoryLimits,
)
from homeostat.apiserver._store import Event, Store, Table, TooOldError


class FakeClock:
    def __init__(self) -> None:
        self._now = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


class Log:
    def __init__(self) -> None:
        self.events: list[Event] = []
        self.closed = False

    def push(self, event: Event) -> None:
        self.events.append(event)

    def close(self) -> None:
        self.closed = True


def value(name: str, **more: Any) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "ns", "name": name, "resourceVersion": ""},
        **more,
    }


def put(store: Store, table: Table, name: str, **more: Any) -> int:
    return store.put(table, f"ns/{name}", value(name, **more)).revision


def names(entries: Any) -> list[str]:
    return [entry.name for entry in entries]


def test_revisions_start_above_one_and_grow_by_one() -> None:
    store = Store()
    table = store.table("things.")
    first = put(store, table, "a")
    assert first > 1
    assert put(store, table, "b") == first + 1


def test_revision_stands_in_the_object() -> None:
    store = Store()
    table = store.table("things.")
    revision = put(store, table, "a")
    stored = table.live["ns/a"].value
    assert stored["metadata"]["resourceVersion"] == str(revision)


def test_what_is_removed_is_told_as_it_was_at_the_revision_of_its_end() -> None:
    store = Store()
    table = store.table("things.", lambda value: {"n": str(value["n"])})
    labels = {"resourceVersion": "1", "<&>": "\u2028"}
    body = {"apiVersion": "v1", **value("a", n=1e3, text="<\u2028>")}
    body["metadata"]["labels"] = labels
    before = store.put(table, "ns/a", body)
    gone = store.remove(table, "ns/a")
    was, now = (f'"resourceVersion":"{e.revision}"'.encode() for e in (before, gone))
    assert gone.revision == before.revision + 1
    assert gone.data == before.data.replace(was, now)
    assert (gone.labels, gone.fields, gone.uid) == (labels, {"n": "1000.0"}, "")


def test_scan_follows_the_bytes_of_the_keys() -> None:
    store = Store()
    table = store.table("things.")
    for key in ("a/x", "a-b/x", "a/b"):
        namespace, name = key.split("/")
        body = {"metadata": {"namespace": namespace, "name": name}}
        store.put(table, key, body)
    assert [entry.key for entry in table.scan()] == ["a-b/x", "a/b", "a/x"]
    assert [entry.key for entry in table.scan("a/")] == ["a/b", "a/x"]


def test_past_state_is_told_after_changes() -> None:
    store = Store()
    table = store.table("things.")
    put(store, table, "a", data=1)
    past = put(store, table, "b")
    put(store, table, "a", data=2)
    store.remove(table, "ns/b")
    put(store, table, "c")
    old = list(table.scan_at(past, "ns/"))
    assert names(old) == ["a", "b"]
    assert old[0].value["data"] == 1
    assert names(table.scan_at(past, "ns/", "ns/b")) == ["b"]
    assert names(table.scan()) == ["a", "c"]


def test_events_come_in_order_with_their_old_state() -> None:
    store = Store()
    table = store.table("things.")
    log = Log()
    table.watchers.append(log)
    put(store, table, "a", data=1)
    put(store, table, "a", data=2)
    store.remove(table, "ns/a")
    assert [e.type for e in log.events] == ["ADDED", "MODIFIED", "DELETED"]
    assert log.events[0].old is None
    assert log.events[1].old is log.events[0].new


def test_since_gives_later_events_of_the_table_alone() -> None:
    store = Store()
    table, other = store.table("things."), store.table("others.")
    first = put(store, table, "a")
    put(store, other, "x")
    put(store, table, "b")
    assert [e.new.name for e in store.since(table, first)] == ["b"]


def test_history_is_bounded() -> None:
    store = Store(history=HistoryLimits(events=3))
    table = store.table("things.")
    first = put(store, table, "a")
    for number in range(4):
        put(store, table, f"b{number}")
    with pytest.raises(TooOldError):
        store.since(table, first)
    assert len(table.events) == 3


def test_history_is_bounded_by_bytes() -> None:
    store = Store(history=HistoryLimits(total_bytes=10_000))
    table = store.table("things.")
    first = put(store, table, "a", data="x" * 4_000)
    last = [put(store, table, "a", data="y" * 4_000) for _ in range(5)][-1]
    assert len(table.events) == 2
    assert store.compacted == last - 2
    with pytest.raises(TooOldError):
        store.since(table, first)


def test_one_event_may_be_more_than_all_of_the_history() -> None:
    store = Store(history=HistoryLimits(total_bytes=100))
    table = store.table("things.")
    log = Log()
    table.watchers.append(log)
    revision = put(store, table, "a", data="x" * 4_000)
    assert [event.revision for event in log.events] == [revision]
    assert store.compacted == revision
    assert store.since(table, revision) == []


def test_history_is_bounded_by_age() -> None:
    clock = FakeClock()
    store = Store(history=HistoryLimits(seconds=300), clock=clock)
    table = store.table("things.")
    first = put(store, table, "a")
    clock.advance(200)
    second = put(store, table, "b")
    clock.advance(200)
    third = put(store, table, "c")
    assert [event.revision for event in table.events] == [second, third]
    assert store.compacted == first


def test_lines_are_shared_by_the_latest_events_only() -> None:
    store = Store()
    table = store.table("things.")
    for _ in range(RENDERED_EVENTS + 5):
        put(store, table, "a")
    shared = [event.renditions is not None for event in table.events]
    assert shared == [False] * 5 + [True] * RENDERED_EVENTS


def test_lines_of_large_events_are_shared_for_less_long() -> None:
    store = Store()
    table = store.table("things.")
    data = "x" * (RENDERED_BYTES // 3)
    for _ in range(5):
        put(store, table, "a", data=data)
    shared = [event.renditions is not None for event in table.events]
    assert shared == [False] * 3 + [True] * 2


def test_compaction_keeps_the_present() -> None:
    store = Store()
    table = store.table("things.")
    first = put(store, table, "a")
    last = put(store, table, "b")
    store.compact()
    assert store.since(table, last) == []
    with pytest.raises(TooOldError):
        store.check(first)


def test_dropped_table_closes_its_watchers() -> None:
    store = Store()
    table = store.table("things.")
    log = Log()
    table.watchers.append(log)
    store.drop(table)
    assert log.closed
    assert store.table("things.") is not table


def test_count_is_that_of_the_scan() -> None:
    store = Store()
    table = store.table("things.")
    for name in "abc":
        put(store, table, name)
    assert table.count("ns/", "ns/b") == 2
    assert table.count("other/") == 0


def test_what_was_not_written_lately_is_held_in_less_and_reads_as_before() -> None:
    store = Store()
    table = store.table("things.")
    text = "as much as is worth it " * 40
    put(store, table, "old", data=text)
    before = table.live["ns/old"].data
    size = sys.getsizeof(before)
    for _ in range(RENDERED_EVENTS):
        put(store, table, "new", data=text)
    entry = table.live["ns/old"]
    assert entry.data == before
    assert sys.getsizeof(entry.held) < size / 2
    assert entry.value["data"] == text
    assert table.events[0].size == len(before)
