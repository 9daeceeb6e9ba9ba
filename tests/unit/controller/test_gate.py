"""Keys wait while the caches are of the past."""

import asyncio

from homeostat._random import Random
from homeostat._tasks import Group
from homeostat.controller import Controller, Result, Run
from homeostat.controller._gate import RETRY
from homeostat.errors import FencedError
from homeostat.testing import run_virtual


class World:
    """A controller of two workers, and when it ran what."""

    def __init__(self) -> None:
        self.runs: list[tuple[float, str]] = []
        self.items: list[tuple[tuple[str, ...], int, int]] = []
        self.controller: Controller[str] = Controller(
            "gated", self.reconcile, max_concurrent_reconciles=2, random=Random(1)
        )

    async def reconcile(self, key: str, run: Run[str]) -> Result | None:
        self.runs.append((asyncio.get_running_loop().time(), key))
        self.items.append((run.item.reasons, run.item.priority, run.item.failures))
        if key == "slow":
            await asyncio.sleep(5)
            raise FencedError("not sent")
        if key == "bad" and len(self.runs) == 1:
            raise ValueError(key)
        return None


def test_nothing_runs_while_it_is_closed_and_everything_after_it_opened() -> None:
    world = World()

    async def main() -> None:
        queue, gate = world.controller.queue, world.controller.gate
        async with Group() as tasks:
            running = tasks.start(world.controller.run(), name="controller")
            await asyncio.sleep(1)
            gate.close()
            for key in ("a", "b", "c"):
                queue.add(key, reason="added")
            queue.add_after("d", 5)
            await asyncio.sleep(10)
            assert world.runs == []
            assert len(queue.snapshot().parked) == 4
            gate.open()
            await asyncio.sleep(1)
            running.cancel()

    run_virtual(main())
    assert sorted(world.runs) == [(11.0, key) for key in "abcd"]


def test_key_that_waited_keeps_reasons_priority_and_failures() -> None:
    world = World()

    async def main() -> None:
        queue, gate = world.controller.queue, world.controller.gate
        async with Group() as tasks:
            running = tasks.start(world.controller.run(), name="controller")
            queue.add("bad", reason="first")
            await asyncio.sleep(0.001)
            gate.close()
            await asyncio.sleep(1)
            queue.add("bad", priority=7, reason="second")
            await asyncio.sleep(2 * RETRY)
            gate.open()
            await asyncio.sleep(1)
            running.cancel()

    run_virtual(main())
    first, second = world.items
    assert first == (("first",), 0, 0)
    assert set(second[0]) == {"error ValueError", "second"}
    assert second[1:] == (7, 1)


def test_reconcile_that_is_overtaken_runs_again_without_a_failure() -> None:
    world = World()

    async def main() -> None:
        controller = world.controller
        async with Group() as tasks:
            running = tasks.start(controller.run(), name="controller")
            controller.queue.add("slow")
            await asyncio.sleep(1)
            controller.fence("the past is past")
            assert not controller.epoch.closed
            await asyncio.sleep(5.5)
            running.cancel()

    run_virtual(main())
    assert world.runs == [(0.0, "slow"), (6.0, "slow")]
    assert world.items[1] == (("fenced",), 0, 0)
