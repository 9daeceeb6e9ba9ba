"""The answer to a write is lost: nobody knows whether the server did it."""

from collections.abc import Awaitable, Callable

import pytest

from tests.bad_days.faults import Delay, Effect, Lose, Refuse
from tests.bad_days.kinds import Set, make_sets, new_set
from tests.bad_days.scenario import scenario
from tests.bad_days.world import World

Worlds = Callable[[], Awaitable[World]]

embedded_only = pytest.mark.asyncio(loop_factories=["embedded"])
LOSSES: dict[str, Effect] = {
    "not-sent": Lose(committed=False, sent=False),
    "proxy": Refuse(502, ""),
    "internal": Refuse(500, "InternalError", "etcdserver: request timed out"),
    "timeout": Refuse(504, "Timeout", "the request did not complete in time"),
}


@pytest.mark.parametrize("committed", [False, True])
async def test_every_write_once(worlds: Worlds, *, committed: bool) -> None:
    """Each write of a scenario in turn: created, applied, patched or deleted once."""
    await every_write_once(worlds, Lose(committed=committed))


@embedded_only
@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
async def test_every_write_fails_once(worlds: Worlds, loss: Effect) -> None:
    await every_write_once(worlds, loss)


async def every_write_once(worlds: Worlds, loss: Effect) -> None:
    world = await worlds()
    async with world.operator(make_sets(generated=False)) as operator:
        expected = await scenario(world, operator)
        writes = operator.faults.writes()
    kinds = {(line.split()[0], line.endswith("/status")) for line in writes}
    assert {verb for verb, _ in kinds} == {
        "create",
        "update",
        "patch",
        "apply",
        "delete",
    }
    for write in range(len(writes)):
        world = await worlds()
        async with world.operator(make_sets(generated=False)) as operator:
            rule = operator.faults.add(loss, "write", skip=write)
            found = await scenario(world, operator)
            assert rule.hits, write
            assert found == expected, writes[write]
            if loss == Lose(committed=True):  # nothing is done a second time
                creates = [w for w in operator.faults.writes() if "create" in w]
                assert len(creates) == sum("create" in w for w in writes)


@embedded_only
@pytest.mark.parametrize("committed", [False, True])
async def test_every_answer_is_lost_for_a_while(
    world: World, *, committed: bool
) -> None:
    async with world.operator(make_sets(generated=False)) as operator:
        rule = operator.faults.add(Lose(committed=committed), "write", times=12)
        await world.outsider.create(new_set(size=2))
        await world.whole("a", 2)
        await operator.quiet()
        creates = [w for w in operator.faults.writes() if w.startswith("create")]
        assert rule.hits == 12
        assert len(creates) == 3 or not committed  # done at the first try


async def test_the_live_read_that_would_tell_fails_too(world: World) -> None:
    """The line is down for a while after each lost answer."""
    async with world.operator(make_sets(generated=False)) as operator:
        operator.faults.add(Lose(committed=True), "write", times=3)
        operator.faults.add(Refuse(503, "ServiceUnavailable"), "get", times=4)
        operator.faults.end_watches("broken")
        await world.outsider.create(new_set(size=2))
        await world.whole("a", 2)
        await operator.quiet()


async def test_a_generated_name_is_lost_and_the_end_is_the_same(
    worlds: Worlds,
) -> None:
    """Its name is unknown, so it may be made twice: what is too much goes again."""
    for committed in (False, True):
        world = await worlds()
        async with world.operator(make_sets()) as operator:
            rule = operator.faults.add(Lose(committed=committed), "create", skip=1)
            await world.outsider.create(new_set(size=2))
            await world.whole("a", 2)
            assert rule.hits
            await operator.quiet()


async def test_an_answer_that_comes_after_the_event(world: World) -> None:
    """The watch is faster than every answer: nothing goes back in time."""
    async with world.operator(make_sets()) as operator:
        operator.faults.always(Delay(0.05), "write")
        await world.outsider.create(new_set(size=2))
        await world.whole("a", 2)
        await world.outsider.patch(Set, "a", {"spec": {"size": 1}})
        await world.whole("a", 1)
        await operator.quiet()
        assert len(operator.faults.writes()) == 11
