"""The rules of the join that a random walk meets rarely, one by one."""

import logging

import pytest

from homeostat.api import parse_resource_version
from homeostat.cache import Delta, Indexer, Store
from tests.unit.cache.support import POD, record


@pytest.fixture
def store() -> Store:
    """A store that has listed ``web`` at version 5, and is at version 10."""
    made = Store(Indexer(POD))
    made.list_("10", [record("web", 5)], truth=True)
    return made


def shown(store: Store) -> dict[str, str]:
    return {r.name: r.resource_version for r in store._indexer}


def names(deltas: list[Delta] | None) -> list[tuple[str, str | None, str | None]]:
    assert deltas is not None
    return [
        (
            delta.reason,
            delta.old.resource_version if delta.old else None,
            delta.new.resource_version if delta.new else None,
        )
        for delta in deltas
    ]


def test_own_write_is_read_at_once_and_its_event_says_nothing_new(
    store: Store,
) -> None:
    assert names(store.write_ok(record("web", 12))) == [("write", "5", "12")]
    assert shown(store) == {"web": "12"}
    assert store.backlog["unacked"] == 1
    assert store.event("MODIFIED", record("web", 12)) == []
    assert store.backlog["unacked"] == 0


def test_event_from_before_own_write_is_not_shown(store: Store) -> None:
    store.write_ok(record("web", 12))
    assert store.event("MODIFIED", record("web", 11)) == []
    assert shown(store) == {"web": "12"}


def test_leaving_the_selector_before_own_write_brought_it_back(store: Store) -> None:
    store.write_ok(record("web", 12))
    assert store.event("DELETED", record("web", 11)) == []
    assert shown(store) == {"web": "12"}


def test_answer_from_before_the_watermark_resurrects_nothing(store: Store) -> None:
    store.event("DELETED", record("web", 12))
    assert store.write_ok(record("web", 11)) == []
    assert shown(store) == {}


def test_write_whose_event_never_comes_is_not_of_this_watch(store: Store) -> None:
    store.write_ok(record("other", 12))
    deltas = store.event("MODIFIED", record("web", 13))
    assert names(deltas) == [("watch", "5", "13"), ("watch", "12", None)]
    assert shown(store) == {"web": "13"}


def test_bookmark_settles_a_write_at_its_own_version(store: Store) -> None:
    store.write_ok(record("other", 12))
    store.bookmark("12")
    assert shown(store) == {"web": "5"}


def test_write_that_leaves_the_selector_hides_older_events(store: Store) -> None:
    deltas = store.write_ok(record("web", 12), matches=False)
    assert names(deltas) == [("write", "5", None)]
    store.event("MODIFIED", record("web", 11))
    assert shown(store) == {}
    store.event("DELETED", record("web", 12))
    assert not any(store.backlog.values())


def test_initial_events_do_not_move_the_watermark(store: Store) -> None:
    assert store.begin()
    store.write_ok(record("new", 12))
    store.event("ADDED", record("web", 13))
    assert store.watermark == 10
    assert shown(store) == {"web": "13", "new": "12"}
    store.event("ADDED", record("new", 12))
    assert store.finish("14") == []
    assert store.watermark == 14
    assert shown(store) == {"web": "13", "new": "12"}


def test_late_answer_does_not_bring_back_what_a_beginning_stream_deleted(
    store: Store,
) -> None:
    assert store.begin()
    store.event("ADDED", record("web", 5))
    store.event("DELETED", record("web", 13))
    assert store.write_ok(record("web", 12)) == []
    assert shown(store) == {}
    store.finish("14")
    assert not any(store.backlog.values())


def test_delete_in_a_beginning_stream_says_less_than_a_newer_answer(
    store: Store,
) -> None:
    assert store.begin()
    store.write_ok(record("web", 14, uid="second"), matches=False)
    store.event("DELETED", record("web", 12))
    store.event("ADDED", record("web", 13, uid="second"))
    assert shown(store) == {}


def test_relist_keeps_what_is_newer_and_drops_what_it_does_not_name(
    store: Store,
) -> None:
    store.event("ADDED", record("gone", 11))
    store.write_ok(record("new", 20))
    deltas = store.list_("15", [record("web", 5)])
    assert names(deltas) == [("list", "11", None)]
    assert shown(store) == {"web": "5", "new": "20"}


def test_list_from_before_the_watermark_is_refused(store: Store) -> None:
    assert store.list_("9", []) is None
    assert not store.listing
    assert shown(store) == {"web": "5"}


def test_streamed_state_from_before_the_watermark_is_left_before_its_deletions(
    store: Store,
) -> None:
    assert store.begin()
    assert store.finish("9") is None
    assert not store.listing
    assert shown(store) == {"web": "5"}


def test_server_that_lost_its_data_is_taken_whole(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    store.write_ok(record("mine", 12))
    store.deleting("default", "web", "uid-web")
    with caplog.at_level(logging.ERROR):
        deltas = store.list_(
            "3", [record("web", 2), record("fresh", 3, uid="f")], truth=True
        )
    assert "lost its data" in caplog.text
    assert names(deltas) == [
        ("restart", None, "2"),
        ("restart", None, "3"),
        ("restart", "12", None),
    ]
    assert store.watermark == 3
    assert shown(store) == {"web": "2", "fresh": "3"}
    assert not any(store.backlog.values())


def test_data_lost_before_the_first_state_was_complete_is_noticed() -> None:
    store = Store(Indexer(POD))
    assert store.begin()
    store.event("ADDED", record("old", 103))
    store.abandon()
    assert store.begin()
    store.event("ADDED", record("new", 49))
    assert store.finish("50") is None
    store.list_("50", [record("new", 49)], truth=True)
    assert shown(store) == {"new": "49"}
    assert store.watermark == 50


def test_lost_history_stays_lost_when_its_first_list_is_cut() -> None:
    store = Store(Indexer(POD))
    store.list_("1501", [record("a", 1501), record("b", 1400)], truth=True)
    assert store.begin("1452", truth=True)
    store.event("ADDED", record("b", 1451))
    store.abandon()
    assert store.begin("1452", truth=True)
    store.event("ADDED", record("a", 1452))
    store.event("ADDED", record("b", 1451))
    store.finish("1452")
    assert shown(store) == {"a": "1452", "b": "1451"}


def test_other_history_is_taken_whole_whatever_its_versions(store: Store) -> None:
    store.write_ok(record("mine", 20))
    store.restart()
    assert shown(store)["mine"] == "20"
    assert store.watermark == 0
    deltas = store.list_("50", [record("web", 3, uid="other"), record("new", 4)])
    assert deltas is not None
    assert {d.reason for d in deltas} == {"restart"}
    assert shown(store) == {"web": "3", "new": "4"}
    assert store.watermark == 50
    assert not any(store.backlog.values())
    assert (
        names(store.event("MODIFIED", record("web", 51, uid="other")))[0][0] == "watch"
    )


def test_own_write_to_the_other_server_survives_its_first_list(store: Store) -> None:
    store.restart()
    store.write_ok(record("web", 8, uid="other"))
    assert shown(store) == {"web": "8"}
    store.list_("7", [])
    assert shown(store) == {"web": "8"}
    store.event("ADDED", record("web", 8, uid="other"))
    assert not any(store.backlog.values())


def test_restart_requeues_what_looks_the_same(store: Store) -> None:
    deltas = store.list_("6", [record("web", 5)], truth=True)
    assert names(deltas) == [("restart", "5", "5")]


def test_delete_hides_until_its_event(store: Store) -> None:
    deltas = store.deleting("default", "web", "uid-web")
    assert names(deltas) == [("write", "5", None)]
    store.delete_done("default", "web", "uid-web")
    store.event("MODIFIED", record("web", 11))
    assert shown(store) == {}
    store.event("DELETED", record("web", 12))
    assert not any(store.backlog.values())


def test_refused_delete_shows_the_newest_state_again(store: Store) -> None:
    store.deleting("default", "web", "uid-web")
    store.event("MODIFIED", record("web", 11))
    deltas = store.delete_failed("uid-web")
    assert names(deltas) == [("write", None, "11")]
    assert not any(store.backlog.values())


def test_one_of_two_deletes_succeeds(store: Store) -> None:
    store.deleting("default", "web", "uid-web")
    assert store.deleting("default", "web", "uid-web") == []
    store.delete_done("default", "web", "uid-web")
    assert store.delete_failed("uid-web") == []
    assert shown(store) == {}


def test_first_of_two_deletes_fails_while_the_other_is_on_its_way(
    store: Store,
) -> None:
    store.deleting("default", "web", "uid-web")
    store.deleting("default", "web", "uid-web")
    assert store.delete_failed("uid-web") == []
    assert shown(store) == {}
    store.delete_failed("uid-web")
    assert shown(store) == {"web": "5"}


def test_marked_object_is_shown_with_its_mark(store: Store) -> None:
    mark = {"deletionTimestamp": "2026-01-01T00:00:00Z"}
    store.deleting("default", "web", "uid-web")
    store.event("MODIFIED", record("web", 12, metadata=mark))
    assert shown(store) == {}
    # The event came first and moved the watermark past the answer.
    store.delete_marked(record("web", 12, metadata=mark))
    assert shown(store) == {"web": "12"}


def test_successor_of_the_name_is_shown(store: Store) -> None:
    store.deleting("default", "web", "uid-web")
    store.write_ok(record("web", 13, uid="second"))
    assert shown(store) == {"web": "13"}
    store.event("DELETED", record("web", 12))
    store.event("ADDED", record("web", 13, uid="second"))
    assert shown(store) == {"web": "13"}
    assert not any(store.backlog.values())


def test_list_without_the_object_ends_its_tomb(store: Store) -> None:
    store.deleting("default", "web", "uid-web")
    store.delete_done("default", "web", "uid-web")
    store.list_("12", [])
    assert not any(store.backlog.values())


def test_delete_of_what_is_not_here_leaves_nothing_behind(store: Store) -> None:
    assert store.deleting("default", "web", "another-uid") == []
    assert store.deleting("default", "nobody", "uid") == []
    assert not any(store.backlog.values())


def test_versions_that_do_not_compare_degrade_this_kind_once(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    store.write_ok(record("mine", 12))
    with caplog.at_level(logging.WARNING):
        store.event("MODIFIED", record("web", "abc"))
        store.event("MODIFIED", record("web", "abb"))
    assert len(caplog.records) == 1
    assert not store.comparable
    assert shown(store)["web"] == "abb"
    assert store.write_ok(record("web", "abz")) == []
    assert names(store.list_("zzz", [record("web", "abb")], truth=True))[-1] == (
        "list",
        "12",
        None,
    )
    store.event("DELETED", record("web", "abd"))
    assert shown(store) == {}
    assert not any(store.backlog.values())


def test_very_long_versions_compare() -> None:
    assert parse_resource_version("9" * 40) is not None
    store = Store(Indexer(POD))
    store.list_(str(2**127), [record("web", 2**126)], truth=True)
    assert names(store.event("MODIFIED", record("web", 2**127 + 1)))


def test_streams_of_two_namespaces_share_an_indexer() -> None:
    indexer = Indexer(POD)
    one, two = Store(indexer, namespace="one"), Store(indexer, namespace="two")
    one.list_("5", [record("web", 1, namespace="one")], truth=True)
    two.list_("9", [record("web", 2, namespace="two")], truth=True)
    one.list_("6", [])
    assert [r.namespace for r in indexer] == ["two"]


MARK = {"deletionTimestamp": "2026-01-01T00:00:00Z"}


def test_second_delete_of_what_waits_for_finalizers_says_nothing(
    store: Store,
) -> None:
    store.event("MODIFIED", record("web", 11, metadata=MARK))
    assert store.deleting("default", "web", "uid-web") == []
    assert shown(store) == {"web": "11"}
    assert store.delete_marked(record("web", 11, metadata=MARK)) == []
    assert shown(store) == {"web": "11"}


def test_delete_that_ends_what_was_on_its_way_out_is_read_at_once(
    store: Store,
) -> None:
    store.event("MODIFIED", record("web", 11, metadata=MARK))
    store.deleting("default", "web", "uid-web")
    deltas = store.delete_done("default", "web", "uid-web")
    assert names(deltas) == [("write", "11", None)]
    assert shown(store) == {}
    assert store.event("DELETED", record("web", 12, metadata=MARK)) == []
    assert not any(store.backlog.values())


def test_late_success_of_a_delete_leaves_the_successor_alone(store: Store) -> None:
    store.event("MODIFIED", record("web", 11, metadata=MARK))
    store.deleting("default", "web", "uid-web")
    store.event("DELETED", record("web", 12, metadata=MARK))
    store.event("ADDED", record("web", 13, metadata={"uid": "next"}))
    assert store.delete_done("default", "web", "uid-web") == []
    assert shown(store) == {"web": "13"}
    assert not any(store.backlog.values())
