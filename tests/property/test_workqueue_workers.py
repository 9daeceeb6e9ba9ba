"""Workers that come, wait and are cancelled at any moment: no key is lost to them."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat._tasks import Group
from homeostat.testing import run_virtual
from homeostat.workqueue import WorkQueue

KEYS = st.sampled_from("abcd")
ACTIONS = st.one_of(
    st.tuples(st.just("add"), KEYS),
    st.tuples(st.sampled_from(["add_after", "park", "unpark"]), KEYS),
    st.tuples(st.just("cancel"), st.sampled_from("01")),
    st.tuples(st.sampled_from(["start", "sleep"]), st.just("")),
)
# Whether the workers get to run after an action, or only after the next.
STEPS = st.lists(st.tuples(ACTIONS, st.booleans()), max_size=40)


class World:
    """What was asked of the queue, what has run, and who works."""

    def __init__(self) -> None:
        self.queue: WorkQueue[str] = WorkQueue()
        self.asked: dict[str, int] = {}
        self.seen: dict[str, int] = {}
        self.running: set[str] = set()
        self.workers: list[asyncio.Task[None]] = []

    async def work(self) -> None:
        while True:
            async with self.queue.lease() as item:
                assert item.key not in self.running
                self.running.add(item.key)
                self.seen[item.key] = self.asked[item.key]
                try:
                    await asyncio.sleep(1)
                finally:
                    self.running.discard(item.key)

    def ask(self, key: str) -> None:
        self.asked[key] = self.asked.get(key, 0) + 1

    async def step(self, tasks: Group, what: str, key: str) -> None:
        if what == "start":
            self.workers.append(tasks.start(self.work(), name="worker"))
        elif what == "cancel" and int(key) < len(self.workers):
            self.workers.pop(int(key)).cancel()
        elif what == "sleep":
            await asyncio.sleep(2)
        elif what == "unpark":
            self.queue.unpark(key)
        elif what in {"add", "add_after", "park"}:
            self.ask(key)
            if what == "add":
                self.queue.add(key)
            elif what == "add_after":
                self.queue.add_after(key, 2.0)
            else:
                self.queue.park(key, until=2.0)

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)
        waiting = len(self.workers) - len(self.running)
        assert not waiting or not len(self.queue)


@given(STEPS)
@settings(max_examples=200, deadline=None)
def test_no_wake_up_is_lost_to_a_cancelled_worker(
    steps: list[tuple[tuple[str, str], bool]],
) -> None:
    async def main() -> None:
        world = World()
        async with Group() as tasks:
            for _ in range(2):
                await world.step(tasks, "start", "")
            await world.settle()
            for (what, key), settle in steps:
                await world.step(tasks, what, key)
                if settle:
                    await world.settle()
            await world.settle()
            await world.step(tasks, "start", "")
            await asyncio.sleep(60)
            assert world.seen == world.asked
            for worker in world.workers:
                worker.cancel()
        left = world.queue.snapshot()
        assert not any((left.ready, left.leased, left.held, left.delayed, left.parked))

    run_virtual(main())
