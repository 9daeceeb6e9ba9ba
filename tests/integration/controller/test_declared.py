"""What is declared reaches the loop, and what a run holds goes with it."""

import asyncio
import threading
from typing import Any

import pytest

from homeostat import Client, Context, Result, SyncContext, controller
from homeostat._scope import WriteScope, current_scope
from homeostat._tasks import Group
from homeostat.cache import InformerFactory
from homeostat.controller import Binding, KindController
from homeostat.errors import FencedError, NotFoundError
from homeostat.k8s import core_v1
from tests.integration.controller.support import (
    DEPLOYMENT,
    PODSET,
    PodSet,
    World,
    deployment,
    podset,
    settle,
    virtual,
)


def child_of(parent: PodSet, *, controls: bool) -> dict[str, Any]:
    child = deployment("child", 1)
    child["metadata"]["ownerReferences"] = [
        {
            "apiVersion": "test.dev/v1",
            "kind": "PodSet",
            "name": parent.metadata.name,
            "uid": parent.metadata.uid,
            "controller": controls,
        }
    ]
    return child


@virtual
async def test_only_the_controlling_owner_is_reconciled_for_its_child(
    world: World,
) -> None:
    runs: list[str] = []

    @controller(PodSet, name="owner", owns=[DEPLOYMENT])
    async def owner(podset: PodSet, _ctx: Context) -> None:
        runs.append(podset.metadata.name)

    async with world.running(owner):
        parent = await world.outsider.create(podset())
        await settle()
        runs.clear()
        await world.outsider.create(child_of(parent, controls=False))
        await settle()
        assert runs == []
        await world.outsider.delete(DEPLOYMENT, "child")
        await world.outsider.create(child_of(parent, controls=True))
        await settle()
        assert runs == ["a"]


@virtual
async def test_a_declared_deadline_ends_a_reconcile(world: World) -> None:
    runs: list[str] = []

    @controller(PodSet, name="slow", deadline=5)
    async def slow(podset: PodSet, _ctx: Context) -> None:
        runs.append(podset.metadata.name)
        await asyncio.sleep(1000)

    async with world.running(slow):
        world.manager._drain_timeout = 0
        await world.outsider.create(podset())
        await asyncio.sleep(12)
    assert len(runs) > 1


@virtual
async def test_what_is_being_deleted_is_reconciled_when_asked_for(
    world: World,
) -> None:
    runs: list[bool] = []

    @controller(PodSet, name="keen", reconcile_deleting=True)
    async def keen(podset: PodSet, _ctx: Context) -> None:
        runs.append(podset.metadata.deletion_timestamp is not None)

    async with world.running(keen):
        held = podset()
        held.metadata.finalizers = ["other.dev/hold"]
        await world.outsider.create(held)
        await settle()
        await world.outsider.delete(PodSet, "a")
        await settle()
    assert runs == [False, True]


@virtual
async def test_a_clean_up_that_is_not_done_keeps_the_object(world: World) -> None:
    tries: list[float] = []

    @controller(PodSet, name="final")
    async def final(_podset: PodSet, _ctx: Context) -> None:
        pass

    @final.finalizer("test.dev/cleanup")
    async def cleanup(_podset: PodSet, _ctx: Context) -> Result | None:
        tries.append(asyncio.get_running_loop().time())
        return Result(requeue_after=60) if len(tries) < 3 else None

    async with world.running(final):
        await world.outsider.create(podset())
        await settle()
        await world.outsider.delete(PodSet, "a")
        await asyncio.sleep(100)
        assert (await world.outsider.get(PodSet, "a")).metadata.finalizers
        await asyncio.sleep(100)
        with pytest.raises(NotFoundError):
            await world.outsider.get(PodSet, "a")
    assert len(tries) == 3


@virtual
async def test_the_first_reconcile_can_update_what_the_finalizer_was_added_to(
    world: World,
) -> None:
    reads: list[str] = []

    @controller(PodSet, name="final")
    async def final(podset: PodSet, ctx: Context) -> None:
        if podset.spec.size == 1:
            podset.spec.size = 2
            await ctx.update(podset)

    @final.finalizer("test.dev/cleanup")
    async def cleanup(_podset: PodSet, _ctx: Context) -> None:
        pass

    async with world.running(final):
        await world.outsider.create(podset(size=1))
        await settle()
        reads += [r for r in world.wire.requests if r.endswith("/podsets/a")]
    assert [r.split()[0] for r in reads] == ["PATCH", "PUT"]
    assert (await world.outsider.get(PodSet, "a")).spec.size == 2


def test_an_object_that_cannot_be_read_is_told_of_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @virtual
    async def scenario(world: World) -> None:
        @controller(PodSet, name="strict", owns=[DEPLOYMENT])
        async def strict(_podset: PodSet, _ctx: Context) -> None:
            pass

        async with world.running(strict):
            bad = await world.outsider.create(
                {
                    "apiVersion": "test.dev/v1",
                    "kind": "PodSet",
                    "metadata": {"name": "bad", "namespace": "default"},
                    "spec": {"size": "three"},
                }
            )
            await settle()
            owner = podset("bad")
            owner.metadata.uid = bad["metadata"]["uid"]
            await world.outsider.create(child_of(owner, controls=True))
            await settle()
            await world.outsider.delete(PODSET, "bad")
            await settle()
            assert not world.manager.health.troubles

    scenario()
    told = [r for r in caplog.records if r.getMessage() == "object cannot be read"]
    assert len(told) == 1


def _binding(
    world: World, declared: KindController[Any]
) -> tuple[InformerFactory, Binding]:
    client = Client(world.wire)
    informers = InformerFactory(client)
    return informers, Binding(
        declared.declaration,
        client=client,
        informers=informers,
        emit=lambda _obj, _event: None,
    )


@virtual
async def test_a_controller_that_runs_again_may_write_again(world: World) -> None:
    @controller(PodSet, name="podsets", owns=[DEPLOYMENT])
    async def podsets(podset: PodSet, ctx: Context) -> None:
        await ctx.apply(deployment(podset.metadata.name, 1), owned=True)

    informers, binding = _binding(world, podsets)
    async with Group() as tasks:
        caches = tasks.start(informers.run(), name="caches")
        for name in ("a", "b"):
            async with Group() as inner:
                running = inner.start(binding.run(), name="controller")
                await world.outsider.create(podset(name))
                await settle()
                running.cancel()
        caches.cancel()
    found = await world.outsider.list(DEPLOYMENT)
    assert sorted(item["metadata"]["name"] for item in found) == ["a", "b"]


@virtual
async def test_a_def_controller_that_runs_again_has_threads_again(world: World) -> None:
    runs: list[str] = []

    @controller(PodSet, name="podsets")
    def podsets(podset: PodSet, _ctx: SyncContext) -> None:
        runs.append(podset.metadata.name)

    informers, binding = _binding(world, podsets)
    async with Group() as tasks:
        caches = tasks.start(informers.run(), name="caches")
        for name in ("a", "b"):
            async with Group() as inner:
                running = inner.start(binding.run(), name="controller")
                await world.outsider.create(podset(name))
                await settle()
                running.cancel()
        caches.cancel()
    assert runs == ["a", "b"]


@virtual
async def test_nothing_is_written_for_a_controller_that_has_ended(
    world: World,
) -> None:
    scopes: list[WriteScope] = []

    @controller(PodSet, name="podsets")
    async def podsets(_podset: PodSet, _ctx: Context) -> None:
        scopes.append(current_scope())

    async with world.running(podsets):
        await world.outsider.create(podset())
        await settle()
    with scopes[0].active(), pytest.raises(FencedError):
        await world.outsider.create(podset("late"))


def test_the_threads_of_a_controller_end_with_it() -> None:
    def workers() -> list[threading.Thread]:
        return [t for t in threading.enumerate() if "threaded-once" in t.name]

    found: list[threading.Thread] = []

    @virtual
    async def scenario(world: World) -> None:
        @controller(PodSet, name="threaded-once")
        def threaded(_podset: PodSet, _ctx: SyncContext) -> None:
            pass

        async with world.running(threaded):
            await world.outsider.create(podset())
            await settle()
            found.extend(workers())

    scenario()
    assert found
    for thread in found:
        thread.join(5)
    assert workers() == []


@virtual
async def test_the_threads_of_a_single_reconcile_end_with_it(world: World) -> None:
    found: list[threading.Thread] = []

    @controller(PodSet, name="threaded-alone")
    def threaded(_podset: PodSet, _ctx: SyncContext) -> None:
        found.append(threading.current_thread())

    await world.outsider.create(podset())
    await threaded.reconcile_once(world.outsider, podset())
    (thread,) = found
    await asyncio.to_thread(thread.join, 5)
    assert not thread.is_alive()


@virtual
async def test_a_def_reconciler_creates_updates_deletes_and_tells(
    world: World,
) -> None:
    seen: list[object] = []

    def config(name: str) -> dict[str, Any]:
        meta = {"name": name, "namespace": "default", "labels": {"of": "a"}}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}

    @controller(PodSet, name="threaded", reads=[core_v1.ConfigMap])
    def threaded(_podset: PodSet, ctx: SyncContext) -> None:
        created = ctx.create(config("made"), owned=True)
        seen.append(created["metadata"]["ownerReferences"][0]["kind"])
        found = ctx.find(core_v1.ConfigMap, "made")
        assert found is not None
        found.data["x"] = "1"
        seen.append(ctx.update(found).metadata.resource_version)
        ctx.create(config("short-lived"))
        seen.append(ctx.delete(ctx.get(core_v1.ConfigMap, "short-lived")))
        seen.append(ctx.find(core_v1.ConfigMap, "short-lived"))
        seen.append(len(ctx.list(core_v1.ConfigMap, labels="of=b")))
        seen.append(len(ctx.list(core_v1.ConfigMap, labels="of=a")))
        ctx.event("Made", "made it", type="Warning")

    async with world.running(threaded):
        await world.outsider.create(podset())
        await settle()
    stored = await world.outsider.get(core_v1.ConfigMap, "made")
    assert stored.data == {"x": "1"}
    version = stored.metadata.resource_version
    assert seen == ["PodSet", version, True, None, 0, 1]
    with pytest.raises(NotFoundError):
        await world.outsider.get(core_v1.ConfigMap, "short-lived")
    [event] = await world.outsider.list(core_v1.Event)
    assert (event.type, event.reason, event.message) == ("Warning", "Made", "made it")
