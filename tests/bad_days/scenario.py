"""What is disturbed at each of its writes in turn."""

from homeostat.api import Unstructured
from tests.bad_days.kinds import CONFIG_MAP, Set, new_set
from tests.bad_days.world import SET, Operator, World

__all__ = ["scenario"]


async def scenario(world: World, operator: Operator) -> list[Unstructured]:
    """Make, grow, shrink and delete; return the end state, and nothing is under way."""
    await world.outsider.create(new_set(size=2))
    await world.whole("a", 2)
    await world.outsider.patch(Set, "a", {"spec": {"size": 1}})
    await world.whole("a", 1)
    await world.outsider.create(new_set("b", size=1))
    await world.whole("b", 1)
    await world.outsider.delete(Set, "b")
    await world.until(lambda: world.lacks(SET, "b"))
    await world.lacks(CONFIG_MAP, "ledger-b")
    await operator.quiet()
    return await world.end_state()
