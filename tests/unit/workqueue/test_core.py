from sys import getsizeof

import pytest

from homeostat.workqueue import QueueCore


@pytest.fixture
def core() -> QueueCore[str]:
    return QueueCore()


def keys(core: QueueCore[str], now: float = 0.0) -> list[str]:
    found: list[str] = []
    while (item := core.pop(now)) is not None:
        found.append(item.key)
    return found


def test_keys_come_out_in_the_order_of_their_adds(core: QueueCore[str]) -> None:
    for key in "cab":
        core.add(key, 0.0)
    assert keys(core) == ["c", "a", "b"]


def test_a_burst_of_adds_makes_one_run(core: QueueCore[str]) -> None:
    assert [core.add("a", 0.0) for _ in range(3)] == [True, False, False]
    assert keys(core) == ["a"]


def test_add_while_leased_runs_again_after_the_release(core: QueueCore[str]) -> None:
    core.add("a", 0.0)
    core.pop(0.0)
    core.add("a", 1.0)
    assert core.pop(1.0) is None
    core.release("a", 2.0)
    item = core.pop(5.0)
    assert item is not None
    assert item.waited_s == 4.0


def test_release_without_an_add_leaves_nothing(core: QueueCore[str]) -> None:
    core.add("a", 0.0)
    core.pop(0.0)
    assert core.release("a", 3.0) == 3.0
    assert core.idle


def test_higher_priority_goes_first_and_ties_are_fifo(core: QueueCore[str]) -> None:
    for key, priority in [("a", 0), ("b", 5), ("c", 0), ("d", 5), ("e", -100)]:
        core.add(key, 0.0, priority=priority)
    assert keys(core) == ["b", "d", "a", "c", "e"]


def test_adding_again_keeps_the_higher_priority(core: QueueCore[str]) -> None:
    core.add("a", 0.0, priority=1)
    core.add("b", 0.0, priority=3)
    core.add("a", 0.0, priority=3)
    core.add("b", 0.0, priority=-1)
    assert keys(core) == ["b", "a"]


def test_of_two_delays_the_earliest_wins_and_runs_once(core: QueueCore[str]) -> None:
    core.add_at("a", 10.0, 0.0)
    core.add_at("a", 5.0, 0.0)
    core.add_at("a", 7.0, 0.0)
    assert core.next_time() == 5.0
    assert core.advance(4.9) == []
    assert core.advance(5.0) == ["a"]
    assert keys(core) == ["a"]
    assert core.next_time() is None


def reasons(core: QueueCore[str], now: float) -> tuple[str, ...]:
    """Lease the one key that is due; why does it run?"""
    core.advance(now)
    item = core.pop(now)
    assert item is not None
    return item.reasons


def test_a_delay_whose_time_has_come_says_why(core: QueueCore[str]) -> None:
    core.add_at("a", 10.0, 0.0, reason="error X")
    core.add_at("a", 10.0, 1.0, reason="requeue after")
    core.add_at("a", 11.0, 2.0, reason="too late")
    assert reasons(core, 10.0) == ("error X", "requeue after")


def test_a_delay_that_an_earlier_one_overtakes_is_not_why(
    core: QueueCore[str],
) -> None:
    core.add_at("a", 10.0, 0.0, reason="error X")
    core.add_at("a", 5.0, 0.0, reason="sooner")
    assert reasons(core, 10.0) == ("sooner",)


def test_a_delay_of_a_key_that_is_due_is_not_why(core: QueueCore[str]) -> None:
    core.add("a", 0.0, reason="now")
    core.add_at("a", 5.0, 0.0, reason="later")
    assert reasons(core, 0.0) == ("now",)
    core.add("a", 1.0, reason="again")
    core.add_at("a", 9.0, 1.0, reason="later")
    core.release("a", 2.0)
    assert reasons(core, 2.0) == ("again",)


def test_a_delay_that_is_over_now_is_an_add(core: QueueCore[str]) -> None:
    core.add_at("a", 10.0, 0.0, reason="later")
    core.add_at("a", 1.0, 1.0, reason="at once")
    assert reasons(core, 1.0) == ("at once",)


def test_the_delay_of_a_parked_key_is_why_when_its_time_comes_first(
    core: QueueCore[str],
) -> None:
    core.add_at("a", 10.0, 0.0, reason="error X")
    core.park("a", 60.0, 0.0, reason="conflict")
    core.add("a", 1.0, reason="event")
    assert reasons(core, 10.0) == ("error X", "conflict", "event")


def test_the_delay_of_a_parked_key_is_not_why_when_it_is_unparked(
    core: QueueCore[str],
) -> None:
    core.park("a", 60.0, 0.0, reason="conflict")
    core.add_at("a", 50.0, 0.0, reason="requeue after")
    core.unpark("a", 2.0)
    assert reasons(core, 2.0) == ("conflict",)


def test_the_delay_of_a_parked_key_is_not_why_when_the_park_ends_before(
    core: QueueCore[str],
) -> None:
    core.add_at("a", 60.0, 0.0, reason="error X")
    core.park("a", 10.0, 0.0, reason="conflict")
    core.add_at("a", 20.0, 0.0, reason="requeue after")
    assert reasons(core, 60.0) == ("conflict",)


def test_reasons_of_one_moment_are_bounded(core: QueueCore[str]) -> None:
    for n in range(20):
        core.add_at("a", 5.0, 0.0, reason=f"timer {n}")
    assert len(reasons(core, 5.0)) == 8


def test_an_add_fulfils_a_delay(core: QueueCore[str]) -> None:
    core.add_at("a", 10.0, 0.0, reason="later")
    core.add("a", 1.0, reason="now")
    assert reasons(core, 1.0) == ("now",)
    core.release("a", 2.0)
    assert core.advance(20.0) == []


def test_a_delay_set_while_leased_survives_the_release(core: QueueCore[str]) -> None:
    core.add("a", 0.0)
    core.pop(0.0)
    core.add_at("a", 10.0, 0.0)
    core.release("a", 1.0)
    assert core.pop(1.0) is None
    assert core.advance(10.0) == ["a"]


def test_a_delay_due_while_leased_waits_for_the_release(core: QueueCore[str]) -> None:
    core.add("a", 0.0)
    core.pop(0.0)
    core.add_at("a", 10.0, 0.0)
    core.advance(10.0)
    assert core.pop(10.0) is None
    core.release("a", 11.0)
    assert keys(core) == ["a"]


def test_a_parked_key_ignores_adds_but_keeps_their_reasons(
    core: QueueCore[str],
) -> None:
    core.park("a", 60.0, 0.0, reason="conflict")
    core.add("a", 1.0, priority=7, reason="watch")
    assert core.pop(1.0) is None
    assert core.unpark("a", 2.0)
    item = core.pop(2.0)
    assert item is not None
    assert (item.reasons, item.priority) == (("conflict", "watch"), 7)


def test_a_parked_key_wakes_at_its_cap(core: QueueCore[str]) -> None:
    core.park("a", 60.0, 0.0)
    assert core.next_time() == 60.0
    assert core.advance(60.0) == ["a"]
    assert core.failures("a") == 0


def test_parking_a_leased_key_holds_back_what_was_added_meanwhile(
    core: QueueCore[str],
) -> None:
    core.add("a", 0.0)
    core.pop(0.0)
    core.add("a", 0.0)
    core.park("a", 60.0, 1.0)
    core.release("a", 2.0)
    assert core.pop(2.0) is None
    core.unpark("a", 3.0)
    assert keys(core) == ["a"]


def test_parking_does_not_postpone_a_delay(core: QueueCore[str]) -> None:
    core.add_at("a", 5.0, 0.0)
    core.park("a", 60.0, 1.0)
    assert core.next_time() == 5.0


def test_unpark_of_a_key_that_is_not_parked_does_nothing(
    core: QueueCore[str],
) -> None:
    core.add_at("a", 5.0, 0.0)
    assert not core.unpark("a", 1.0)
    assert not core.unpark("b", 1.0)
    assert core.pop(1.0) is None


def test_reasons_are_merged_and_bounded(core: QueueCore[str]) -> None:
    core.add("a", 0.0, reason="x")
    for n in range(100):
        core.add("a", 0.0, reason="x")
        core.add("a", 0.0, reason=f"event {n}")
    item = core.pop(0.0)
    assert item is not None
    assert item.reasons[:2] == ("x", "event 0")
    assert len(item.reasons) == 8
    assert item.omitted == 93


def test_failures_count_until_forgotten(core: QueueCore[str]) -> None:
    assert [core.fail("a"), core.fail("a")] == [0, 1]
    core.add("a", 0.0)
    item = core.pop(0.0)
    assert item is not None
    assert item.failures == 2
    core.forget("a")
    assert core.failures("a") == 0


def test_close_refuses_adds_and_drains_what_is_due(core: QueueCore[str]) -> None:
    core.add("a", 0.0)
    core.add_at("b", 5.0, 0.0)
    core.park("c", 5.0, 0.0)
    core.close()
    core.add("d", 0.0)
    assert (core.drained, keys(core), core.drained) == (False, ["a"], True)
    assert core.next_time() is None


def test_close_drains_a_key_that_was_added_while_leased(core: QueueCore[str]) -> None:
    core.add("a", 0.0)
    core.pop(0.0)
    core.add("a", 0.0)
    core.close()
    held = core.drained
    core.release("a", 0.0)
    assert (held, keys(core), core.drained) == (False, ["a"], True)


def test_close_without_drain_forgets_what_is_due(core: QueueCore[str]) -> None:
    core.add("a", 0.0)
    core.close(drain=False)
    assert core.drained
    assert core.idle


def test_stale_timers_do_not_pile_up(core: QueueCore[str]) -> None:
    for n in range(10_000):
        core.add_at("a", 1e6 - n, 0.0)
    assert len(core._timers) < 200


def test_a_later_delay_still_raises_the_priority_of_a_due_key(
    core: QueueCore[str],
) -> None:
    core.add("a", 0.0)
    core.add("b", 0.0)
    core.add_at("b", 9.0, 0.0, priority=1)
    assert keys(core) == ["b", "a"]


def test_snapshot_shows_every_place(core: QueueCore[str]) -> None:
    core.add("leased", 0.0)
    core.pop(0.0)
    core.add("leased", 0.0)
    core.add("ready", 0.0)
    core.add("urgent", 0.0, priority=1)
    core.add_at("delayed", 5.0, 0.0)
    core.park("parked", 9.0, 0.0)
    seen = core.snapshot()
    assert seen.ready == ("urgent", "ready")
    assert seen.leased == {"leased": 0.0}
    assert seen.held == ("leased",)
    assert seen.delayed == {"delayed": 5.0}
    assert seen.parked == {"parked": 9.0}


def test_a_drained_backlog_leaves_no_memory_behind() -> None:
    core = QueueCore[str]()
    empty = getsizeof(core._entries)
    for n in range(1000):
        core.add(str(n), 0.0)
    while (item := core.pop(0.0)) is not None:
        core.release(item.key, 0.0)
    assert getsizeof(core._entries) == empty


def test_keys_of_a_backlog_share_the_reason_that_they_have_alike() -> None:
    core = QueueCore[str]()
    core.add("a", 0.0, reason="".join(["Pod ", "changed"]))
    core.add("b", 0.0, reason="".join(["Pod ", "changed"]))
    first, second = core.pop(0.0), core.pop(0.0)
    assert first is not None
    assert second is not None
    assert first.reasons == ("Pod changed",)
    assert first.reasons is second.reasons
