"""What a stream has yet to show of own writes, by who wrote."""

import pytest

from homeostat.cache import Indexer, Store
from homeostat.cache._needs import Needs
from homeostat.cache._owners import Owner, Tally
from tests.unit.cache.support import POD, record

A: Owner = ("maker", "default/a")
B: Owner = ("maker", "default/b")


class World:
    """A store that has listed ``web`` at version 5 and is at version 10.

    Attributes:
        told: The owners that were told of an end, in order.
    """

    def __init__(self) -> None:
        self.tally = Tally()
        self.told: list[Owner] = []
        self.tally.listeners.append(self.told.append)
        self.store = Store(Indexer(POD), owed=self.tally)
        self.store.list_("10", [record("web", 5)], truth=True)

    def awaits(self, owner: Owner = A) -> tuple[bool, bool]:
        """Return whether an owner waits for what it sees, and for what it does not."""
        needs = self.store.needs
        return needs.awaits(owner, strict=True), needs.awaits(owner, strict=False)


@pytest.fixture
def world() -> World:
    return World()


def test_merged_write_is_awaited_by_the_strict_alone(world: World) -> None:
    world.store.write_ok(record("web", 12), owner=A)
    assert world.awaits() == (True, False)
    world.store.event("MODIFIED", record("other", 11))
    assert world.awaits() == (True, False)
    world.store.events([("MODIFIED", record("web", 12))])
    assert world.awaits() == (False, False)
    assert world.told == [A]
    assert not len(world.store.needs)
    assert not len(world.tally)


def test_write_that_could_not_be_merged_is_awaited_by_everybody(world: World) -> None:
    scale = record("web", 12)
    world.store.owe(A, scale, key=("default", "web"))
    assert world.awaits() == (True, True)
    assert world.awaits(B) == (False, False)
    world.store.bookmark("12")
    assert world.awaits() == (False, False)


def test_what_the_stream_has_shown_is_not_awaited(world: World) -> None:
    world.store.write_ok(record("web", 9), owner=A)
    world.store.owe(A, record("web", 10), key=("default", "web"))
    assert world.awaits() == (False, False)


def test_write_that_is_not_selected_and_was_not_is_not_awaited(world: World) -> None:
    world.store.write_ok(record("stranger", 12), owner=A, matches=False)
    assert world.awaits() == (False, False)
    world.store.write_ok(record("web", 13), owner=A, matches=False)
    assert world.awaits() == (True, False)


def test_delete_is_awaited_until_it_is_seen(world: World) -> None:
    world.store.deleting("default", "web", "uid-web")
    world.store.delete_done("default", "web", "uid-web", owner=A)
    world.store.bookmark("20")
    assert world.awaits() == (True, False)
    world.store.event("DELETED", record("web", 21))
    assert world.awaits() == (False, False)


def test_delete_that_only_marked_is_awaited_as_a_write(world: World) -> None:
    marked = record("web", 12, metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"})
    world.store.deleting("default", "web", "uid-web")
    world.store.delete_marked(marked, owner=A)
    assert world.awaits() == (True, False)
    world.store.bookmark("12")
    assert world.awaits() == (False, False)


def test_owners_are_told_in_the_order_of_their_writes(world: World) -> None:
    world.store.write_ok(record("a", 12), owner=B)
    world.store.write_ok(record("b", 13), owner=A)
    world.store.write_ok(record("c", 14), owner=B)
    world.store.bookmark("14")
    assert world.told == [B, A, B]
    assert not len(world.tally)


def test_lost_history_owes_nothing(world: World) -> None:
    world.store.write_ok(record("web", 12), owner=A)
    world.store.restart()
    assert world.awaits() == (False, False)
    assert world.told == [A]


def test_versions_that_do_not_compare_wait_for_the_very_event(world: World) -> None:
    world.store.write_ok(record("web", "x1"), owner=A)
    assert world.awaits() == (True, True)
    world.store.event("MODIFIED", record("web", "x0"))
    assert world.awaits() == (True, True)
    world.store.event("MODIFIED", record("web", "x1"))
    assert world.awaits() == (False, False)
    # The event was quicker than the answer.
    world.store.event("MODIFIED", record("web", "x2"))
    world.store.write_ok(record("web", "x2"), owner=A)
    assert world.awaits() == (False, False)


def test_given_up_needs_leave_nothing_behind() -> None:
    tally = Tally()
    needs = Needs(tally)
    needs.reaching(A, 12, visible=True)
    needs.reaching(B, 12, visible=False)
    needs.leaving(A, "uid")
    needs.forgive(A, needs.of(A))
    assert not needs.awaits(A, strict=True)
    assert needs.awaits(B, strict=False)
    needs.clear()
    assert not len(needs)
    assert not len(tally)


def test_live_list_drops_what_it_does_not_name_and_shows_what_was_owed(
    world: World,
) -> None:
    store = world.store
    store.write_ok(record("made", 12), owner=A)
    store.write_ok(record("later", 15), owner=B)
    store.write_ok(record("found", 13), reason="live")
    deltas = store.confirm("14", {("default", "found")})
    assert {(d.reason, d.old.name) for d in deltas if d.old} == {
        ("live", "web"),
        ("live", "made"),
    }
    assert world.awaits(A) == (False, False)
    assert world.awaits(B) == (True, False)
    assert store.watermark == 10
    # What the stream says after that of an earlier moment brings nothing back.
    assert store.event("MODIFIED", record("web", 11)) == []
    assert store.event("ADDED", record("made", 12)) == []
    store.bookmark("15")
    assert store.backlog == {"unacked": 0, "tombs": 0}


def test_live_list_of_one_namespace_says_nothing_of_others(world: World) -> None:
    store = world.store
    store.write_ok(record("far", 12, namespace="other"), owner=A)
    assert store.confirm("14", (), namespace="third") == []
    assert world.awaits() == (True, False)
    (delta,) = store.confirm("14", (), namespace="other")
    assert delta.old is not None
    assert delta.old.name == "far"


def test_live_list_ends_the_tomb_of_what_it_does_not_name(world: World) -> None:
    world.store.deleting("default", "web", "uid-web")
    world.store.delete_done("default", "web", "uid-web", owner=A)
    assert world.store.confirm("14", ()) == []
    assert world.awaits() == (False, False)
    world.store.bookmark("14")
    assert world.store.backlog == {"unacked": 0, "tombs": 0}
