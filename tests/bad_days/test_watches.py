"""Watches end in every way there is; what happened meanwhile is not lost."""

import asyncio
import logging

import pytest

from tests.bad_days.faults import ENDINGS, Ending, Refuse
from tests.bad_days.kinds import CONFIG_MAP, DEPLOYMENT, Set, make_sets, new_set
from tests.bad_days.world import World

embedded_only = pytest.mark.asyncio(loop_factories=["embedded"])
LOUD: tuple[Ending, ...] = tuple(e for e in ENDINGS if e != "silent")


@pytest.mark.parametrize("ending", LOUD)
async def test_watches_end_and_changes_still_come(world: World, ending: Ending) -> None:
    async with world.operator(make_sets()) as operator:
        await world.outsider.create(new_set(size=1))
        await world.whole("a", 1)
        for size in (2, 1):
            # Twice in a row: the second time what was learnt from the first counts.
            await world.until(lambda: len(operator.faults.watching) == 3)
            assert operator.faults.end_watches(ending) == 3
            await world.outsider.patch(Set, "a", {"spec": {"size": size}})
            await world.whole("a", size)
        await operator.quiet()


@pytest.mark.parametrize("ending", LOUD)
async def test_what_is_done_while_watches_are_down_is_found(
    world: World, ending: Ending
) -> None:
    """A child is deleted, an object comes and goes, another changes: nobody tells."""
    async with world.operator(make_sets()) as operator:
        for name in ("a", "b", "c"):
            await world.outsider.create(new_set(name, size=1))
        for name in ("a", "b", "c"):
            await world.whole(name, 1)
        await operator.quiet()
        refused = operator.faults.always(Refuse(503, "ServiceUnavailable"), "watch")
        lists = operator.faults.always(Refuse(503, "ServiceUnavailable"), "get")
        operator.faults.end_watches(ending)
        await world.outsider.delete(DEPLOYMENT, "a")
        [member] = await world.outsider.list(CONFIG_MAP, labels={"set": "a"})
        await world.outsider.delete(CONFIG_MAP, member["metadata"]["name"])
        await world.outsider.patch(Set, "b", {"spec": {"size": 2}})
        await world.outsider.delete(Set, "c")
        await world.outsider.create(new_set("d", size=1))
        operator.faults.rules.remove(refused)
        operator.faults.rules.remove(lists)
        for name, size in {"a": 1, "b": 2, "d": 1}.items():
            await world.whole(name, size)
        await world.until(lambda: world.lacks(CONFIG_MAP, "ledger-c"))
        await operator.quiet()


async def test_a_silent_watch_is_given_up(world: World) -> None:
    """Its connection stays open, and nothing comes any more."""
    async with world.on_a_line(), world.operator(make_sets()) as operator:
        await world.outsider.create(new_set(size=1))
        await world.whole("a", 1)
        await world.later(70)  # a bookmark came: from here on silence is judged
        assert operator.silence() >= 3
        await world.outsider.delete(DEPLOYMENT, "a")
        await world.outsider.patch(Set, "a", {"spec": {"size": 2}})
        await world.later(50)
        await world.lacks(DEPLOYMENT, "a")  # nobody knows
        await world.later(130)
        await world.whole("a", 2)
        await operator.quiet()


async def test_a_watch_that_is_silent_from_its_start_is_given_up(world: World) -> None:
    """On the real server it does not even get through its handshake."""
    async with (
        world.on_a_line(),
        world.operator(make_sets(), ready=False) as operator,
    ):
        pause = 0.0 if world.kind == "embedded" else 0.001
        while operator.lines < 3:  # noqa: ASYNC110
            await asyncio.sleep(pause)
        assert operator.silence() == 3
        await world.outsider.create(new_set(size=1))
        await world.later(380)
        await world.whole("a", 1)
        await operator.quiet()


async def test_history_is_gone_when_the_watch_comes_back(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """The server answers 410 to the version that the watch wants to go on from."""
    async with world.operator(make_sets()) as operator:
        await world.outsider.create(new_set(size=1))
        await world.whole("a", 1)
        operator.faults.add(Refuse(410, "Expired"), "watch", "*/sets")
        operator.faults.add(Refuse(410, "Gone"), "watch", "*/configmaps")
        operator.faults.end_watches("clean")
        await world.outsider.patch(Set, "a", {"spec": {"size": 2}})
        await world.whole("a", 2)
        await operator.quiet()
    assert not [r for r in caplog.records if r.levelno >= logging.ERROR]


@embedded_only
async def test_the_server_itself_forgets(world: World) -> None:
    assert world.server is not None
    async with world.operator(make_sets()) as operator:
        await world.outsider.create(new_set(size=1))
        await world.whole("a", 1)
        for size in (2, 3, 1):
            world.server.expire_watches()
            await world.outsider.patch(Set, "a", {"spec": {"size": size}})
            await world.whole("a", size)
        await operator.quiet()


@embedded_only
async def test_watches_that_end_again_and_again_do_not_spin(world: World) -> None:
    """Whatever the ending, an hour of it costs no storm of requests."""
    for ending in LOUD:
        async with world.operator(make_sets()) as operator:
            before = len(operator.faults.log)
            for _ in range(600):
                operator.faults.end_watches(ending)
                await asyncio.sleep(0.01)
            spent = len(operator.faults.log) - before
            assert spent < 3 * 600, (ending, spent)
            await operator.quiet()


async def test_lists_that_fail_between_pages_are_begun_anew(world: World) -> None:
    """The streaming list is not to be had, and the plain one breaks on the way."""
    async with world.operator(make_sets(), ready=False) as operator:
        rule = operator.faults.add(
            Refuse(422, "Invalid", "sendInitialEvents is forbidden"), "watch", times=3
        )
        lists = operator.faults.add(
            Refuse(500, "InternalError", "etcdserver: leader changed"), "get", times=2
        )
        await world.outsider.create(new_set(size=2))
        await world.whole("a", 2)
        assert (rule.hits, lists.hits) == (3, 2)
        await operator.quiet()
