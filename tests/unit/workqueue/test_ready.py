from collections.abc import Iterable
from dataclasses import dataclass

import pytest

from homeostat.workqueue import QueueCore
from homeostat.workqueue._ready import Ready

LOW = -100


@dataclass(eq=False)
class Guest:
    name: str
    place: str | None = "ready"


def names(guests: Iterable[Guest]) -> list[str]:
    return [guest.name for guest in guests]


def leave(ready: Ready[Guest], guest: Guest, priority: int) -> None:
    guest.place = None
    ready.left(priority)


def keys(core: QueueCore[str], now: float) -> list[str]:
    found: list[str] = []
    while (item := core.pop(now)) is not None:
        found.append(item.key)
    return found


def test_a_key_of_low_priority_overtakes_a_flood_after_a_minute() -> None:
    core = QueueCore[str]()
    core.add("low", 0.0, priority=LOW)
    for n in range(50):
        core.add(f"backlog-{n}", 0.0)
    for second in range(1000):
        core.add(f"fresh-{second}", float(second))
        item = core.pop(float(second))
        assert item is not None
        if item.key == "low":
            assert (item.priority, item.waited_s) == (LOW, second)
            break
    # What was ahead of it at the end of the minute is all that goes before it.
    assert 60 < second <= 60 + 2 * 50


def test_a_change_does_not_wait_for_a_backlog_that_has_grown_old() -> None:
    core = QueueCore[str]()
    for n in range(1000):
        core.add(f"low-{n}", 0.0, priority=LOW)
    core.add("change", 3600.0)
    core.add("another", 3600.0)
    assert keys(core, 3600.0)[:5] == ["low-0", "change", "low-1", "another", "low-2"]


def test_a_change_of_a_key_that_has_grown_old_queues_it_as_a_change() -> None:
    core = QueueCore[str]()
    for n in range(10):
        core.add(f"low-{n}", 0.0, priority=LOW)
    core.add("low-9", 3600.0)
    assert core.depths == {LOW: 9, 0: 1}
    assert keys(core, 3600.0)[:3] == ["low-0", "low-9", "low-1"]


def test_an_age_that_only_equals_the_priority_gives_no_turn() -> None:
    core = QueueCore[str](aging=2.0)
    core.add("low", 0.0, priority=-1)
    core.add("high", 2.0)
    assert keys(core, 2.0) == ["high", "low"]


def test_without_aging_every_second_turn_is_the_oldest_keys() -> None:
    core = QueueCore[str](aging=0.0)
    for second, key in enumerate("abcd"):
        core.add(key, second, priority=second)
    assert keys(core, 9.0) == ["a", "d", "b", "c"]


def test_age_counts_from_the_end_of_the_lease() -> None:
    core = QueueCore[str](aging=1.0)
    core.add("held", 0.0)
    core.pop(0.0)
    core.add("held", 0.0)
    core.release("held", 100.0)
    core.add("high", 100.5, priority=1)
    item = core.pop(101.0)
    assert item is not None
    assert item.key == "high"


@pytest.mark.parametrize("aging", [-1.0, float("inf"), float("nan")])
def test_aging_must_be_a_time(aging: float) -> None:
    with pytest.raises(ValueError, match="aging must be 0 or more seconds"):
        QueueCore[str](aging=aging)


def test_depth_and_order_are_right_after_entries_have_left() -> None:
    ready = Ready[Guest](1.0)
    guests = [Guest(name) for name in "abcdefg"]
    for n, guest in enumerate(guests):
        ready.push(guest, n % 2, float(n))
    for n in (0, 1, 4):  # the first of either priority, and one in the middle
        leave(ready, guests[n], n % 2)
    assert (len(ready), ready.depths) == (4, {0: 2, 1: 2})
    assert names(ready) == names(ready) == ["d", "c", "f", "g"]
    popped = [ready.pop() for _ in range(4)]
    assert names(filter(None, popped)) == ["d", "c", "f", "g"]
    assert not ready


def test_what_has_left_is_not_kept_for_its_turn() -> None:
    ready = Ready[Guest](1.0)
    first = Guest("first")
    ready.push(first, 0, 0.0)
    for n in range(10_000):
        guest = Guest(f"guest-{n}")
        ready.push(guest, 0, float(n))
        leave(ready, guest, 0)
    assert len(ready._lanes[0].entries) < 200
    assert [ready.pop(), ready.pop()] == [first, None]


def test_iterating_does_not_take_a_turn() -> None:
    ready = Ready[Guest](1.0)
    old, new = Guest("old"), Guest("new")
    ready.push(old, 0, 0.0)
    ready.push(new, 1, 100.0)
    assert list(ready) == [old, new]
    assert ready.pop() is old


def test_priorities_that_are_gone_do_not_pile_up() -> None:
    ready = Ready[Guest](0.0)
    stays = Guest("stays")
    ready.push(stays, 10**9, 0.0)
    for n in range(10_000):
        passes = Guest("passes")
        ready.push(passes, n, -1.0)
        ready.pop()
        if ready.depths.get(n):
            leave(ready, passes, n)
        else:
            ready.push(stays, 10**9, 0.0)
    assert len(ready._lanes) + len(ready._ranks) + len(ready._ages) < 400
