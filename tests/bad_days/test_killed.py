"""The operator is killed between any two of its writes, and a new one takes over."""

from collections.abc import Awaitable, Callable
from random import Random

import pytest

from homeostat.api import Unstructured
from tests.bad_days.kinds import make_sets
from tests.bad_days.scenario import scenario
from tests.bad_days.world import World

embedded_only = pytest.mark.asyncio(loop_factories=["embedded"])
Worlds = Callable[[], Awaitable[World]]


async def undisturbed(worlds: Worlds) -> tuple[list[Unstructured], int]:
    world = await worlds()
    async with world.operator(make_sets()) as operator:
        return await scenario(world, operator), len(operator.faults.writes())


@pytest.mark.parametrize("committed", [False, True], ids=["before", "after"])
async def test_killed_at_every_write(worlds: Worlds, *, committed: bool) -> None:
    expected, count = await undisturbed(worlds)
    assert count == 19
    for write in range(count):
        world = await worlds()
        async with world.operator(make_sets()) as operator:
            rule = operator.kill_at(write, committed=committed)
            found = await scenario(world, operator)
            assert rule.hits, write
            assert found == expected, write


@embedded_only
async def test_killed_twice(worlds: Worlds) -> None:
    """The new one is killed, too, at a write of its own: a slice of all pairs."""
    expected, count = await undisturbed(worlds)
    random = Random(7)
    for _ in range(25):
        first, second = random.randrange(count), random.randrange(4)
        how = random.choices([False, True], k=2)
        world = await worlds()
        async with world.operator(make_sets()) as operator:
            operator.kill_at(first, committed=how[0])
            operator.at_start = second, how[1]
            found = await scenario(world, operator)
            assert found == expected, (first, second, how)
