"""Own writes without their events: drained, and cheap however many they are."""

import gc
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from homeostat.cache import Indexer, Store
from homeostat.cache._unacked import Unacked, UnackedWrite
from tests.unit.cache.support import POD, record

A, B, C = ("default", "a"), ("default", "b"), ("default", "c")


def test_what_is_due_comes_in_order_of_version_and_once() -> None:
    unacked = Unacked()
    unacked.add(A, 12)
    unacked.add(B, 11, gone=True)
    unacked.add(C, 14)
    due = list(unacked.reach(13))
    assert due == [(B, UnackedWrite(11, gone=True)), (A, UnackedWrite(12))]
    assert list(unacked.reach(13)) == []
    assert len(unacked) == 1


def test_later_write_of_a_name_replaces_the_earlier() -> None:
    unacked = Unacked()
    unacked.add(A, 11)
    unacked.add(A, 15)
    assert list(unacked.reach(14)) == []
    assert list(unacked.reach(15)) == [(A, UnackedWrite(15))]
    assert not unacked._order


def test_event_confirms_what_is_not_newer() -> None:
    unacked = Unacked()
    unacked.add(A, 12)
    unacked.confirm(A, 11)
    assert unacked.get(A) == UnackedWrite(12)
    unacked.confirm(A, 12)
    unacked.confirm(A, 12)
    assert unacked.get(A) is None
    assert not unacked._order


def test_name_written_and_confirmed_again_and_again_leaves_little_behind() -> None:
    unacked = Unacked()
    unacked.add(B, 10**9)
    for version in range(1000):
        unacked.add(A, version)
        unacked.confirm(A, version)
        assert len(unacked._order) <= 2 * len(unacked) + 16
    unacked.confirm(B, 10**9)
    assert not unacked._order


def lines_run(work: Callable[[], object]) -> int:
    """Return how many lines of Python were run."""
    count = 0

    def trace(_frame: FrameType, event: str, _arg: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    gc.disable()  # a collection would run, and count, the finalizers of other tests
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
        gc.enable()
    return count


@pytest.mark.parametrize("order", [1, -1], ids=["in order", "last first"])
def test_cost_of_an_event_does_not_grow_with_what_is_unconfirmed(order: int) -> None:
    def cost(count: int) -> float:
        store = Store(Indexer(POD))
        store.list_("10", [], truth=True)
        writes = [record(f"p{n}", 11 + n) for n in range(count)]
        for each in writes[::order]:
            store.write_ok(each)

        def work() -> None:
            for each in writes:
                store.event("ADDED", each)

        lines = lines_run(work)
        assert store.backlog == {"unacked": 0, "tombs": 0}
        assert not store._unacked._order
        return lines / count

    assert cost(800) <= 1.1 * cost(100)


def test_cost_of_many_bookmarks_does_not_grow_with_what_is_unconfirmed() -> None:
    def cost(count: int) -> int:
        store = Store(Indexer(POD))
        store.list_("10", [], truth=True)
        for n in range(count):
            store.write_ok(record(f"p{n}", 10**6 + n))
        return lines_run(lambda: [store.bookmark(str(11 + n)) for n in range(50)])

    assert cost(1000) == cost(10)
