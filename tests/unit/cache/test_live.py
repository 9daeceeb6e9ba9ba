"""Live lists that a cache takes in: their scope, their age, who shares them."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from homeostat._metrics import NO_METRICS
from homeostat._tasks import Group
from homeostat._transport import HttpRequest, HttpResponse
from homeostat.cache import Informer
from homeostat.cache._identity import ServerIdentity
from homeostat.cache._live import LiveReads
from homeostat.client import Client
from homeostat.errors import ApiError, TransportError
from homeostat.testing import run_virtual
from tests.unit.cache.scripted import Part, Script, cluster, page, refusal
from tests.unit.cache.support import POD, bookmark, line, pod


class World:
    """An informer of Pods that has seen ``web`` and ``old``, and is at version 10."""

    def __init__(self, **selection: Any) -> None:
        self.script = Script()
        client = Client(self.script)
        self.identity = ServerIdentity(client)
        self.informer = Informer[Any](client, POD, identity=self.identity, **selection)
        self.live = LiveReads(client, self.identity, NO_METRICS)
        begin: list[Part] = [
            line("ADDED", pod("web", 5)) + b"\n",
            line("ADDED", pod("old", 6)) + b"\n",
            bookmark(10, end=True) + b"\n",
            1e9,
        ]
        self.script.watches.append(begin)

    def names(self) -> list[str]:
        return sorted(r.name for r in self.informer.indexer)

    def answers_take(self, seconds: float) -> None:
        answer = self.script.request

        async def late(request: HttpRequest) -> HttpResponse:
            answered = await answer(request)
            if request.path.endswith("/pods"):
                await asyncio.sleep(seconds)
            return answered

        self.script.request = late  # type: ignore[method-assign]  # one step more

    async def confirm(self, **scope: str) -> None:
        (stream,) = self.informer.streams
        await self.live.confirm(self.informer, stream, **scope)


def running(
    test: Callable[[World], Coroutine[Any, Any, None]], **selection: Any
) -> None:
    async def main() -> None:
        world = World(**selection)
        async with Group() as group:
            task = group.start(world.informer.run(), name="informer")
            await world.informer.wait_synced()
            world.script.asked.clear()
            await test(world)
            task.cancel()

    run_virtual(main())


def test_list_takes_in_what_is_there_and_drops_what_is_not() -> None:
    async def test(world: World) -> None:
        world.script.lists += [
            page(20, pod("web", 12), continue_="more"),
            page(20, pod("new", 13)),
        ]
        await world.confirm()
        assert world.names() == ["new", "web"]
        record = world.informer.lister.record("web", "default")
        assert record is not None
        assert record.version == 12
        first, second = world.script.queries
        assert first == {"limit": "500"}  # without a version: the newest state
        assert second == {"limit": "500", "continue": "more"}

    running(test)


def test_list_is_narrowed_to_selectors_and_labels_and_then_drops_nothing() -> None:
    async def test(world: World) -> None:
        world.script.lists.append(page(20, pod("new", 13)))
        await world.confirm(namespace="default", labels="app=x")
        assert world.names() == ["new", "old", "web"]
        (query,) = world.script.queries
        assert query["labelSelector"] == "team=a,app=x"
        assert query["fieldSelector"] == "spec.host=b"

    running(test, labels="team=a", fields="spec.host=b")


def test_who_asks_during_a_list_gets_the_one_that_begins_after_that() -> None:
    async def test(world: World) -> None:
        world.script.lists += [page(20, pod("web", 5)), page(21, pod("web", 5))]
        world.answers_take(1.0)
        began = asyncio.get_running_loop().time()
        async with Group() as group:
            for n in range(10):
                group.start(world.confirm(), name=f"confirm/{n}")
        assert [round(at - began) for at, _ in world.script.asked] == [0, 1]
        assert not world.live._turns

    running(test)


def test_failed_list_fails_who_asked_and_leaves_nothing_behind() -> None:
    async def test(world: World) -> None:
        world.script.lists += [refusal(403, "Forbidden")]
        with pytest.raises(ApiError):
            await world.confirm()
        assert not world.live._turns
        assert world.names() == ["old", "web"]

    running(test)


def test_pages_that_expire_are_asked_for_at_once() -> None:
    async def test(world: World) -> None:
        world.script.lists += [
            page(20, pod("web", 12), continue_="more"),
            refusal(410, "Expired"),
            page(21, pod("web", 12), pod("old", 6)),
        ]
        await world.confirm()
        assert world.names() == ["old", "web"]
        assert world.script.queries[-1] == {}

    running(test)


def test_list_from_before_the_watermark_is_doubted_and_drops_nothing() -> None:
    async def test(world: World) -> None:
        world.script.lists.append(page(3))
        with pytest.raises(TransportError, match="at version 3"):
            await world.confirm()
        assert world.names() == ["old", "web"]
        assert not world.identity.is_sure

    running(test)


def test_list_of_a_server_that_is_lost_meanwhile_is_asked_for_anew() -> None:
    async def test(world: World) -> None:
        world.script.identities += [cluster("one"), cluster("two")]
        now = asyncio.get_running_loop().time()
        await world.identity.ask(now)
        # The first is of the lost server; the informer asks for one itself.
        world.script.lists.append(page(20, pod("lost", 12)))
        world.script.lists += [page(21, pod("new", 13))] * 2
        world.answers_take(2.0)
        async with Group() as group:
            group.start(world.confirm(), name="confirm")
            await asyncio.sleep(1)
            await world.identity.ask(now)
        assert world.names() == ["new"]

    running(test)
