"""Another server answers: what its predecessor said stays out of the caches."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from homeostat._random import Random
from homeostat._tasks import Group
from homeostat.api import GroupVersionKind, Unstructured
from homeostat.apiserver import ApiServer
from homeostat.cache import Informer, InformerFactory
from homeostat.client import Client
from homeostat.errors import TransportError
from homeostat.testing import run_virtual
from tests.bad_days.faults import Delay, Faults

CONFIG = GroupVersionKind("", "v1", "ConfigMap")
SECRET = GroupVersionKind("", "v1", "Secret")


def config(name: str = "", *, generate: str = "") -> Unstructured:
    metadata = {"generateName": generate} if generate else {"name": name}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


class World:
    """A server and its successor, and informers on a line that can be moved."""

    def __init__(self) -> None:
        self.lost, self.successor = ApiServer(), ApiServer()
        self.line = Faults(self.lost.transport())
        self.client = Client(self.line, random=Random(1))
        self.factory = InformerFactory(self.client, random=Random(1))
        self.configs: Informer[Unstructured] = self.factory.informer(CONFIG)
        self.secrets: Informer[Unstructured] = self.factory.informer(SECRET)

    def move(self, *, broken: bool = True) -> None:
        self.line.connect(self.successor.transport())
        if broken:
            self.line.end_watches("broken")

    @property
    def shown(self) -> set[str]:
        return {record.name for record in self.configs.lister.records()}

    async def live(self) -> set[str]:
        found = await Client(self.successor.transport()).list(CONFIG)
        return {item["metadata"]["name"] for item in found}


@asynccontextmanager
async def running(world: World) -> AsyncGenerator[None]:
    async with Group() as group:
        task = group.start(world.factory.run(), name="factory")
        await asyncio.sleep(0)
        await world.factory.wait_synced()
        yield
        task.cancel()


def virtual(test: Callable[[World], Awaitable[None]]) -> Callable[[], None]:
    def run() -> None:
        async def main() -> None:
            world = World()
            for n in range(20):
                await world.client.create(config(f"old-{n}"))
            async with asyncio.timeout(600), running(world):
                await test(world)

        run_virtual(main())

    run.__name__ = test.__name__
    return run


@virtual
async def test_each_informer_is_stale_until_its_new_state_is_there(
    world: World,
) -> None:
    changes: list[tuple[int, bool, bool]] = []

    def note() -> None:
        stale = (world.configs.is_stale, world.secrets.is_stale)
        changes.append((world.factory.history, *stale))

    world.factory.on_history(note)
    world.line.always(Delay(3), "get", "*/configmaps")
    world.move()
    await asyncio.sleep(60)
    assert changes == [(1, True, True), (1, True, False), (1, False, False)]
    assert world.shown == await world.live()


@virtual
async def test_late_answer_of_the_lost_server_is_not_believed(world: World) -> None:
    world.line.add(Delay(20), "create")
    async with Group() as group:
        group.start(world.client.create(config("ghost")), name="create")
        await asyncio.sleep(1)
        world.move()
        await asyncio.sleep(10)
        assert not world.configs.is_stale
    await world.factory.settled()
    assert world.shown == await world.live()


@virtual
async def test_delete_that_the_lost_server_answers_leaves_no_trace(
    world: World,
) -> None:
    await Client(world.successor.transport()).create(config("old-1"))
    world.line.add(Delay(20), "delete")
    async with Group() as group:
        group.start(
            world.client.delete(CONFIG, "old-1", namespace="default"), name="delete"
        )
        await asyncio.sleep(1)
        world.move()
    await world.factory.settled()
    assert "old-1" in world.shown
    assert world.shown == await world.live()
    (stream,) = world.configs.streams
    assert stream.store.backlog == {"unacked": 0, "tombs": 0}


@virtual
async def test_late_answer_of_the_new_server_is_looked_up(world: World) -> None:
    """It went out before anybody knew, under a name that only the answer tells."""
    world.move(broken=False)
    world.line.add(Delay(5), "create")
    world.line.always(Delay(30), "watch", "*/configmaps")  # it would tell
    async with Group() as group:
        made = group.start(world.client.create(config(generate="made-")), name="create")
        await asyncio.sleep(1)
        world.line.end_watches("broken")
    name = made.result()["metadata"]["name"]
    assert world.factory.history == 1
    await world.factory.settled()
    assert name in world.shown
    await asyncio.sleep(60)
    assert world.shown == await world.live()


@virtual
async def test_new_object_that_is_older_than_the_cache_raises_doubt(
    world: World,
) -> None:
    world.move(broken=False)
    await world.factory.confirm()
    assert world.factory.history == 0
    await world.client.create(config("new"))
    await world.factory.confirm()
    assert world.factory.history == 1
    await asyncio.sleep(60)
    assert world.shown == await world.live()


@virtual
async def test_write_without_an_answer_raises_doubt(world: World) -> None:
    world.line.down = True
    world.move(broken=False)
    with pytest.raises(TransportError):
        await world.client.create(config("new"))
    world.line.down = False
    await world.factory.confirm()
    assert world.factory.history == 1
