"""Informers on the embedded server: faults of the stream, own writes, late comers."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from homeostat._random import Random
from homeostat._tasks import Group
from homeostat.api import GroupVersionKind, Unstructured
from homeostat.apiserver import ApiServer
from homeostat.cache import Delta, Index, InformerFactory, Reader
from homeostat.client import Client
from homeostat.errors import (
    NotFoundError,
    OutcomeUnknownError,
    TransportError,
    UndeclaredKindError,
)
from homeostat.testing import run_virtual

CONFIG = GroupVersionKind("", "v1", "ConfigMap")
SECRET = GroupVersionKind("", "v1", "Secret")
WIDGET = GroupVersionKind("example.com", "v1", "Widget")


def config(name: str, *, namespace: str = "default", **data: str) -> Unstructured:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": "x"}},
        "data": data,
    }


class World:
    """A server, our client with its informers, and somebody else's client."""

    def __init__(self, **options: Any) -> None:
        self.server = ApiServer()
        self.client = Client(self.server.transport())
        self.other = Client(self.server.transport())
        self.factory = InformerFactory(self.client, random=Random(1), **options)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        async with Group() as group:
            task = group.start(self.factory.run(), name="factory")
            await asyncio.sleep(0)
            try:
                yield
            finally:
                task.cancel()


def virtual(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Run a test on virtual time: back-off and silence cost nothing."""

    def run() -> None:
        run_virtual(test())

    run.__name__ = test.__name__
    run.__doc__ = test.__doc__
    return run


async def passing(condition: Callable[[], bool], seconds: float = 200.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # the server's word, not an event
            await asyncio.sleep(0.05)


@virtual
async def test_objects_come_and_go() -> None:
    world = World()
    informer = world.factory.informer(CONFIG)
    await world.other.create(config("one", a="1"))
    async with world.running():
        await informer.wait_synced()
        assert informer.lister.get("one", "default")["data"] == {"a": "1"}
        await world.other.create(config("two"))
        await passing(lambda: len(informer.lister.list(namespace="default")) == 2)
        await world.other.delete(CONFIG, "one")
        await passing(lambda: informer.lister.find("one", "default") is None)
        with pytest.raises(NotFoundError, match="get v1 ConfigMap default/one"):
            informer.lister.get("one", "default")


@virtual
async def test_own_writes_are_read_without_waiting() -> None:
    world = World()
    informer = world.factory.informer(CONFIG, labels={"app": "x"})
    lister = informer.lister
    async with world.running():
        await informer.wait_synced()
        made = await world.client.create(config("mine", a="1"))
        assert lister.get("mine", "default")["data"] == {"a": "1"}
        made["data"] = {"a": "2"}
        made = await world.client.update(made)
        assert lister.get("mine", "default") == made
        await world.client.patch(CONFIG, "mine", {"data": {"a": "3"}})
        assert lister.get("mine", "default")["data"] == {"a": "3"}
        await world.client.patch(
            CONFIG, "mine", {"metadata": {"labels": {"app": "other"}}}
        )
        assert lister.find("mine", "default") is None
        await world.client.patch(CONFIG, "mine", {"metadata": {"labels": {"app": "x"}}})
        assert lister.find("mine", "default") is not None
        await world.client.delete(CONFIG, "mine")
        assert lister.find("mine", "default") is None
        await passing(lambda: not any(informer.streams[0].store.backlog.values()))
        assert len(lister.list()) == 0


@virtual
async def test_refused_delete_shows_the_object_again() -> None:
    world = World()
    informer = world.factory.informer(CONFIG)
    async with world.running():
        await informer.wait_synced()
        made = await world.client.create(config("mine"))
        with pytest.raises(Exception, match=r"(?i)precondition|uid|version"):
            await world.client.delete(
                CONFIG, "mine", uid=made["metadata"]["uid"], resource_version="1"
            )
        assert informer.lister.find("mine", "default") is not None


@virtual
async def test_delete_with_a_finalizer_shows_the_mark() -> None:
    world = World()
    informer = world.factory.informer(CONFIG)
    async with world.running():
        await informer.wait_synced()
        held = config("held")
        held["metadata"]["finalizers"] = ["example.com/wait"]
        await world.client.create(held)
        await world.client.delete(CONFIG, "held")
        record = informer.lister.record("held", "default")
        assert record is not None
        assert record.deleting
        await world.client.patch(CONFIG, "held", {"metadata": {"finalizers": None}})
        await passing(lambda: informer.lister.find("held", "default") is None)
        await passing(lambda: not any(informer.streams[0].store.backlog.values()))


class Lossy:
    """A transport that loses answers: the server does what it is asked."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.lose = 0

    async def request(self, request: Any) -> Any:
        answer = await self.inner.request(request)
        if self.lose and request.method != "GET":
            self.lose -= 1
            from homeostat.errors import TransportError  # noqa: PLC0415

            raise TransportError("lost")
        return answer

    def stream(self, request: Any) -> Any:
        return self.inner.stream(request)

    async def close(self) -> None:
        await self.inner.close()


@virtual
async def test_lost_answers_are_settled_by_one_live_read() -> None:
    server = ApiServer()
    lossy = Lossy(server.transport())
    client = Client(lossy)
    factory = InformerFactory(client)
    informer = factory.informer(CONFIG)
    async with Group() as group:
        task = group.start(factory.run(), name="factory")
        await informer.wait_synced()
        lossy.lose = 1
        with pytest.raises(OutcomeUnknownError):
            await client.create(config("mine", a="1"))
        await factory.settled()
        assert informer.lister.get("mine", "default")["data"] == {"a": "1"}
        lossy.lose = 1
        with pytest.raises(OutcomeUnknownError):
            await client.delete(CONFIG, "mine")
        assert informer.lister.find("mine", "default") is None
        await factory.settled()
        assert informer.lister.find("mine", "default") is None
        await passing(lambda: not any(informer.streams[0].store.backlog.values()))
        task.cancel()


@virtual
async def test_stream_may_be_cut_expire_and_miss_deletes() -> None:
    world = World()
    informer = world.factory.informer(CONFIG)
    told: list[Delta] = []
    informer.add_handler(told.append)
    async with world.running():
        await informer.wait_synced()
        cuts: tuple[Callable[[], None], ...] = (
            lambda: world.server.drop_watches(clean=True),
            world.server.drop_watches,
            world.server.expire_watches,
        )
        for cut in cuts:
            await world.other.create(config("doomed"))
            await passing(lambda: informer.lister.find("doomed", "default") is not None)
            cut()
            await world.other.delete(CONFIG, "doomed")
            world.server.compact()
            await world.other.create(config("next"))
            await passing(lambda: informer.lister.find("next", "default") is not None)
            assert informer.lister.find("doomed", "default") is None
            await world.other.delete(CONFIG, "next")
            await passing(lambda: len(informer.lister.list(namespace="default")) == 0)
    gone = [d for d in told if d.new is None]
    assert [d.key.name for d in gone] == ["doomed", "next"] * 3


@virtual
async def test_kind_that_appears_later_heals_by_itself() -> None:
    world = World()
    informer = world.factory.informer(WIDGET)
    configs = world.factory.informer(CONFIG)
    async with world.running():
        await configs.wait_synced()
        await passing(lambda: informer.health.reason == "NotFound")
        assert "Widget" in informer.health.message
        await world.other.create(
            {
                "apiVersion": "apiextensions.k8s.io/v1",
                "kind": "CustomResourceDefinition",
                "metadata": {"name": "widgets.example.com"},
                "spec": {
                    "group": "example.com",
                    "scope": "Namespaced",
                    "names": {"plural": "widgets", "kind": "Widget"},
                    "versions": [
                        {
                            "name": "v1",
                            "served": True,
                            "storage": True,
                            "schema": {"openAPIV3Schema": {"type": "object"}},
                        }
                    ],
                },
            }
        )
        await informer.wait_synced()
        assert informer.health.ok
        await world.other.create(
            {
                "apiVersion": "example.com/v1",
                "kind": "Widget",
                "metadata": {"name": "w", "namespace": "default"},
            }
        )
        await passing(lambda: informer.lister.find("w", "default") is not None)


@virtual
async def test_late_handler_gets_the_state_then_changes_once_each() -> None:
    world = World()
    informer = world.factory.informer(CONFIG)
    for number in range(300):
        await world.other.create(config(f"c{number}"))
    async with world.running():
        await informer.wait_synced()
        told: list[Delta] = []
        registration = informer.add_handler(told.append)
        assert not registration.has_synced
        await world.client.patch(CONFIG, "c299", {"data": {"a": "1"}})
        await world.client.delete(CONFIG, "c298")
        await registration.wait()
        view: dict[str, Any] = {}
        for delta in told:
            name = str(delta.key)
            assert delta.initial == (name not in view)
            assert delta.old is view.get(name)
            view[name] = delta.new
        assert {name for name, new in view.items() if new} == {
            str(record.key) for record in informer.indexer
        }
        assert view["default/c299"].path("data.a") == "1"
        informer.remove_handler(registration)
        count = len(told)
        await world.client.create(config("after"))
        assert len(told) == count


@virtual
async def test_resync_repeats_from_the_cache_without_a_request() -> None:
    world = World()
    await world.other.create(config("one"))
    informer = world.factory.informer(CONFIG, namespaces=["default"])
    told: list[Delta] = []
    async with world.running():
        await informer.wait_synced()
        informer.add_handler(told.append, resync=60.0)
        await asyncio.sleep(200)
    again = [d for d in told if d.reason == "resync"]
    assert 2 <= len(again) <= 3
    assert all(d.old is d.new for d in again)


@virtual
async def test_informers_are_shared_and_may_be_added_while_running() -> None:
    world = World()
    async with world.running():
        one = world.factory.informer(CONFIG, labels="app=x")
        assert world.factory.informer(CONFIG, labels={"app": "x"}) is one
        assert world.factory.informer(CONFIG) is not one
        assert world.factory.informer(CONFIG, metadata_only=True) is not one
        await one.wait_synced()
        await world.factory.wait_synced()
        assert all(health.ok for health in world.factory.health.values())


@virtual
async def test_several_namespaces_are_watched_one_by_one() -> None:
    world = World(namespaces=["a", "b"])
    for name in ("a", "b", "c"):
        namespace = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name},
        }
        await world.other.create(namespace)
        await world.other.create(config("one", namespace=name))
    informer = world.factory.informer(CONFIG)
    spaces = world.factory.informer(GroupVersionKind("", "v1", "Namespace"))
    async with world.running():
        await world.factory.wait_synced()
        assert {r.namespace for r in informer.indexer} == {"a", "b"}
        assert spaces.lister.find("c") is not None
        await world.client.create(config("two", namespace="b"))
        await world.client.create(config("two", namespace="c"))
        assert informer.lister.find("two", "b") is not None
        assert informer.lister.find("two", "c") is None
        await passing(lambda: not any(informer.streams[1].store.backlog.values()))


@virtual
async def test_metadata_only_knows_own_writes_without_their_data() -> None:
    world = World()
    informer = world.factory.informer(CONFIG, metadata_only=True)
    async with world.running():
        await informer.wait_synced()
        await world.client.create(config("mine", a="1"))
        record = informer.lister.record("mine", "default")
        assert record is not None
        assert record.path("data") is None
        with pytest.raises(ValueError, match="metadata-only"):
            informer.add_index(Index(CONFIG, path="data.a"))
        await asyncio.sleep(1)
        found = informer.lister.get("mine", "default")
        assert found["kind"] == "ConfigMap"
        assert "data" not in found


@virtual
async def test_reader_knows_declared_kinds_alone() -> None:
    world = World()
    by_a = Index(CONFIG, path="data.a")
    informer = world.factory.informer(CONFIG)
    reads: list[str] = []
    async with world.running():
        await informer.wait_synced()
        await world.client.create(config("one", a="1"))
        await world.client.create(config("two", a="2"))
        reader = Reader([informer], on_read=lambda record: reads.append(record.name))
        [found] = reader.list(by_a["2"], namespace="default")
        assert found["metadata"]["name"] == "two"
        assert reads == ["two"]
        assert len(reader.list(CONFIG, labels="app in (x,y)")) == 2
        with pytest.raises(UndeclaredKindError, match="add reads="):
            reader.list(SECRET)


@virtual
async def test_server_restarted_without_its_data_is_noticed() -> None:
    old = ApiServer()

    class Moving:
        inner: Any = old.transport()

        async def request(self, request: Any) -> Any:
            return await self.inner.request(request)

        def stream(self, request: Any) -> Any:
            return self.inner.stream(request)

        async def close(self) -> None:
            await self.inner.close()

    moving = Moving()
    client, other = Client(moving), Client(moving)
    factory = InformerFactory(client)
    informer = factory.informer(CONFIG, namespaces=["default"])
    async with Group() as group:
        task = group.start(factory.run(), name="factory")
        await informer.wait_synced()
        for number in range(50):
            await client.create(config(f"c{number}"))
        before = informer.watermark
        moving.inner = ApiServer().transport()
        old.drop_watches()
        await other.create(config("new"))
        await passing(lambda: informer.lister.find("new", "default") is not None, 900)
        assert len(informer.lister.list()) == 1
        assert informer.watermark < before
        task.cancel()


@virtual
async def test_new_history_that_has_passed_ours_is_noticed() -> None:
    old, new = ApiServer(), ApiServer()

    class Restarting:
        inner: Any = old.transport()

        async def request(self, request: Any) -> Any:
            return await self._serving().request(request)

        def stream(self, request: Any) -> Any:
            return self._serving().stream(request)

        def _serving(self) -> Any:
            if self.inner is None:
                raise TransportError("connection refused", sent=False)
            return self.inner

        async def close(self) -> None:
            pass

    line = Restarting()
    factory = InformerFactory(Client(line))
    informer = factory.informer(CONFIG, namespaces=["default"])
    reasons: list[str] = []
    informer.add_handler(lambda delta: reasons.append(delta.reason))
    user, outsider = Client(line), Client(new.transport())
    async with Group() as group:
        task = group.start(factory.run(), name="factory")
        await informer.wait_synced()
        for name in ("a", "both"):
            await user.create(config(name))
        await passing(lambda: informer.lister.find("both", "default") is not None, 5)
        line.inner = None
        old.drop_watches()
        made = await outsider.create(config("both"))
        while int(made["metadata"]["resourceVersion"]) <= informer.watermark + 20:
            made = await outsider.create(config(f"n{made['metadata']['uid'][:8]}"))
        live = await outsider.list(CONFIG, namespace="default")
        before = len(reasons)
        await asyncio.sleep(1)
        line.inner = new.transport()
        await passing(lambda: len(informer.lister.list()) == len(live), 60)
        assert {r.uid for r in informer.lister.records()} == {
            each["metadata"]["uid"] for each in live
        }
        assert set(reasons[before:]) == {"restart"}
        task.cancel()


@virtual
async def test_informer_that_is_removed_ends_and_comes_anew_when_asked_for() -> None:
    world = World()
    async with world.running():
        first = world.factory.informer(CONFIG)
        await first.wait_synced()
        world.factory.remove(first)
        assert not world.factory.informers
        await world.other.create(config("late"))
        await asyncio.sleep(1)
        assert first.lister.find("late", "default") is None
        second = world.factory.informer(CONFIG)
        await second.wait_synced()
        assert second is not first
        assert second.lister.find("late", "default") is not None
        world.factory.remove(first)  # known no more: says nothing
        assert list(world.factory.informers) == [second]
