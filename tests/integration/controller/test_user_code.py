"""Whatever users' code does, the rest goes on."""

import asyncio
import logging
import sys
from collections.abc import Iterable
from threading import current_thread, main_thread
from typing import Any

import pytest

from homeostat import Context, Request, SyncContext, Watch, by_owner, controller
from homeostat.api import to_dict
from homeostat.cache import Indexer, Reader, Record
from homeostat.controller import KindController, LogFields, predicate
from homeostat.errors import (
    ConflictError,
    InvalidObjectError,
    NotFoundError,
    ReconcileEndedError,
)
from tests.integration.controller.support import (
    CONFIG_MAP,
    DEPLOYMENT,
    PodSet,
    World,
    deployment,
    podset,
    settle,
    virtual,
)


def config_map(**labels: str) -> dict[str, Any]:
    metadata = {"name": "c", "namespace": "default", "labels": labels}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


@virtual
async def test_a_map_function_that_raises_is_called_again_and_its_event_kept(
    world: World,
) -> None:
    runs: list[str] = []
    calls: list[dict[str, str]] = []

    def flaky(record: Record, _reader: Reader) -> Iterable[Request]:
        calls.append(dict(record.labels))
        if len(calls) < 4:
            raise RuntimeError("boom")
        return [Request("default", record.labels["of"])]

    @controller(PodSet, name="mapped", watches=[Watch(CONFIG_MAP, to=flaky)])
    async def mapped(podset: PodSet, _ctx: Context) -> None:
        runs.append(podset.metadata.name)

    async with world.running(mapped):
        for name in ("a", "b"):
            await world.outsider.create(podset(name))
        await settle()
        runs.clear()
        # The first event fails, the second names another: both are owed.
        await world.outsider.create(config_map(of="a"))
        await world.outsider.patch(
            CONFIG_MAP, "c", {"metadata": {"labels": {"of": "b"}}}
        )
        await settle()
    assert "b" in runs
    assert len(calls) >= 4


@virtual
async def test_a_predicate_that_raises_lets_the_event_pass(world: World) -> None:
    runs: list[str] = []

    @predicate
    def broken(_old: Record | None, _new: Record | None) -> bool:
        raise RuntimeError("boom")

    @controller(PodSet, name="guarded", predicate=broken)
    async def guarded(podset: PodSet, _ctx: Context) -> None:
        runs.append(podset.metadata.name)

    async with world.running(guarded):
        await world.outsider.create(podset())
        await settle()
    assert runs == ["a"]


def test_leaving_the_process_fails_that_reconcile_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    runs: list[str] = []

    def leaves(_record: Record, _reader: Reader) -> Iterable[Request]:
        sys.exit("map")

    @predicate
    def judged(_old: Record | None, _new: Record | None) -> bool:
        sys.exit("predicate")

    @controller(
        PodSet,
        name="waits",
        predicate=judged,
        watches=[Watch(CONFIG_MAP, to=leaves)],
    )
    async def waits(podset: PodSet, _ctx: Context) -> None:
        runs.append("waits")
        if runs.count("waits") < 3:
            sys.exit(1)
        podset.status.ready = 1

    @controller(PodSet, name="threaded")
    def threaded(_podset: PodSet, _ctx: SyncContext) -> None:
        runs.append("threaded")
        if runs.count("threaded") < 3:
            sys.exit(1)

    @virtual
    async def scenario(world: World) -> None:
        async with world.running(waits, threaded):
            await world.outsider.create(config_map(of="a"))
            await world.outsider.create(podset())
            await settle()

    fields = LogFields()
    caplog.handler.addFilter(fields)
    with caplog.at_level(logging.INFO):
        scenario()
    caplog.handler.removeFilter(fields)
    assert runs.count("waits") == runs.count("threaded") == 3
    failed = [r for r in caplog.records if r.getMessage() == "reconcile failed"]
    assert {r.__dict__["controller"] for r in failed} == {"waits", "threaded"}
    assert {r.__dict__["object_name"] for r in failed} == {"a"}
    assert all("called sys.exit(1)" in r.__dict__["error"] for r in failed)
    assert "map function of ConfigMap raised" in caplog.text
    assert "predicate judged raised" in caplog.text


@virtual
async def test_every_owner_is_reconciled_when_asked_for(world: World) -> None:
    runs: list[str] = []

    @controller(PodSet, name="owners", watches=[Watch(CONFIG_MAP, to=by_owner(PodSet))])
    async def owners(podset: PodSet, _ctx: Context) -> None:
        runs.append(podset.metadata.name)

    async with world.running(owners):
        made = [await world.outsider.create(podset(name)) for name in ("a", "b", "c")]
        await settle()
        runs.clear()
        shared = config_map()
        shared["metadata"]["ownerReferences"] = [
            {
                "apiVersion": "test.dev/v1",
                "kind": "PodSet",
                "name": one.metadata.name,
                "uid": one.metadata.uid,
            }
            for one in made[:2]
        ]
        await world.outsider.create(shared)
        await settle()
    assert sorted(runs) == ["a", "b"]


@virtual
async def test_a_def_reconciler_runs_in_a_thread_with_the_same_calls(
    world: World,
) -> None:
    seen: list[object] = []

    @controller(PodSet, name="threaded", owns=[DEPLOYMENT])
    def threaded(podset: PodSet, ctx: SyncContext) -> None:
        seen.append(current_thread() is not main_thread())
        applied = ctx.apply(deployment(podset.metadata.name, 3), owned=True)
        seen.append(applied.operation)
        child = ctx.get(DEPLOYMENT, podset.metadata.name)
        seen.append(child["spec"]["replicas"])
        seen.append(len(ctx.list(DEPLOYMENT)))
        live = ctx.wait(ctx.client.get(DEPLOYMENT, podset.metadata.name))
        seen.append(live["spec"]["replicas"])
        podset.status.ready = 3
        ctx.update_status(podset)
        ctx.event("Synced", "all there")

    async with world.running(threaded):
        await world.outsider.create(podset())
        await settle()
    assert seen[:5] == [True, "created", 3, 1, 3]
    assert (await world.outsider.get(PodSet, "a")).status.ready == 3


def test_only_the_loop_notes_what_a_thread_could_not_decode(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    noted: list[bool] = []
    note = Indexer.note_invalid

    def spy(indexer: Indexer, record: Record, error: InvalidObjectError) -> None:
        noted.append(current_thread() is main_thread())
        note(indexer, record, error)

    monkeypatch.setattr(Indexer, "note_invalid", spy)
    health: list[str] = []
    met: list[str] = []

    @controller(DEPLOYMENT, name="threaded", reads=[PodSet])
    def threaded(_deployment: dict[str, Any], ctx: SyncContext) -> None:
        for at in range(len(sets := ctx.list(PodSet))):
            try:
                met.append(sets[at].metadata.name)
            except InvalidObjectError:
                met.append("invalid")
        assert not noted  # not before the end, on the loop

    @virtual
    async def scenario(world: World) -> None:
        broken = to_dict(podset("b"))
        broken["spec"]["size"] = "many"
        await world.outsider.create(podset("a"))
        await world.outsider.create(broken)
        async with world.running(threaded):
            body = deployment("web", 1)
            body["metadata"]["namespace"] = "default"
            await world.outsider.create(body)
            await settle()
            health.append(world.manager.health.report("ready")[1])
            await world.outsider.patch(PodSet, "b", {"spec": {"size": 1}})
            await settle()
            health.append(world.manager.health.report("ready")[1])

    scenario()
    assert met == ["a", "invalid"]
    assert noted == [True]
    assert "default/b" in health[0]
    assert "default/b" not in health[1]


def test_both_contexts_have_the_same_names() -> None:
    def names(cls: type) -> set[str]:
        return {name for name in vars(cls) if not name.startswith("_")}

    assert names(Context) == names(SyncContext) - {"wait"}


@virtual
async def test_a_context_that_is_kept_refuses_everything(world: World) -> None:
    kept: list[Context] = []
    refused: list[str] = []

    @controller(PodSet, name="keeps", owns=[DEPLOYMENT])
    async def keeps(podset: PodSet, ctx: Context) -> None:
        kept.append(ctx)
        await ctx.apply(deployment("web", 1), owned=True)
        assert ctx.get(DEPLOYMENT, "web") is not None
        await ctx.in_thread(len, "a")
        podset.status.ready = 1
        await ctx.update_status(podset)

    async with world.running(keeps):
        made = await world.outsider.create(podset())
        await settle()
        before = list(world.wire.requests)
        (ctx, *_) = kept
        for read in (
            lambda: ctx.get(DEPLOYMENT, "web"),
            lambda: ctx.find(DEPLOYMENT, "web"),
            lambda: ctx.list(DEPLOYMENT),
            lambda: ctx.event("Late", "too late"),
        ):
            with pytest.raises(ReconcileEndedError, match="default/a has ended"):
                read()
        for write in (
            ctx.apply(deployment("web", 2)),
            ctx.create(deployment("new", 2)),
            ctx.update(made),
            ctx.update_status(made),
            ctx.delete(made),
        ):
            with pytest.raises(ReconcileEndedError) as caught:
                await write
            refused.append(str(caught.value))
        assert world.wire.requests == before
    assert len(refused) == 5


@virtual
async def test_a_kept_context_of_a_thread_refuses_too(world: World) -> None:
    kept: list[SyncContext] = []
    seen: list[str] = []

    @controller(PodSet, name="keeps", reads=[DEPLOYMENT])
    def keeps(podset: PodSet, ctx: SyncContext) -> None:
        assert ctx.in_thread(sum, [1, 2]) == 3
        assert ctx.clock.now().tzinfo is not None
        for old in kept:
            with pytest.raises(ReconcileEndedError, match="default/a has ended"):
                old.list(DEPLOYMENT)
            with pytest.raises(ReconcileEndedError, match="default/a has ended"):
                old.apply(deployment("web", 1))
            seen.append(podset.metadata.name)
        kept.append(ctx)

    async with world.running(keeps):
        await world.outsider.create(podset("a"))
        await settle()
        await world.outsider.create(podset("b"))
        await settle()
    assert seen == ["b"]


@virtual
async def test_what_a_def_reconciler_meets_keeps_its_type(world: World) -> None:
    met: list[str] = []

    @controller(PodSet, name="threaded")
    def threaded(podset: PodSet, ctx: SyncContext) -> None:
        try:
            ctx.wait(ctx.client.get(DEPLOYMENT, "missing"))
        except NotFoundError:
            met.append("not found")
        if len(met) == 1:
            raise ConflictError("modified", code=409, reason="Conflict")

    async with world.running(threaded):
        await world.outsider.create(podset())
        await settle()
    assert met == ["not found", "not found"]


@virtual
async def test_a_finalizer_is_there_before_the_first_write_and_holds_until_cleaned(
    world: World,
) -> None:
    log: list[str] = []
    failing = True

    @controller(PodSet, name="final", owns=[DEPLOYMENT])
    async def final(podset: PodSet, ctx: Context) -> None:
        log.append(f"reconcile {podset.metadata.finalizers}")
        await ctx.apply(deployment(podset.metadata.name, 1), owned=True)

    @final.finalizer("test.dev/cleanup")
    async def cleanup(podset: PodSet, _ctx: Context) -> None:
        log.append("cleanup")
        if failing:
            raise RuntimeError("the outside is away")

    async with world.running(final):
        await world.outsider.create(podset())
        await settle()
        assert log[0] == "reconcile ['test.dev/cleanup']"
        assert world.wire.writes()[0].endswith("/podsets/a")
        log.clear()
        await world.outsider.delete(PodSet, "a")
        await settle()
        held = await world.outsider.get(PodSet, "a")
        assert held.metadata.finalizers == ["test.dev/cleanup"]
        assert set(log) == {"cleanup"}
        failing = False
        await asyncio.sleep(60)
        with pytest.raises(NotFoundError):
            await world.outsider.get(PodSet, "a")


@virtual
async def test_a_finalizer_is_never_added_to_what_is_being_deleted(
    world: World,
) -> None:
    runs: list[str] = []

    @controller(PodSet, name="final")
    async def final(podset: PodSet, _ctx: Context) -> None:
        runs.append(podset.metadata.name)

    @final.finalizer("test.dev/cleanup")
    async def cleanup(_podset: PodSet, _ctx: Context) -> None:
        runs.append("cleanup")

    other = podset()
    other.metadata.finalizers = ["other.dev/hold"]
    await world.outsider.create(other)
    await world.outsider.delete(PodSet, "a")
    async with world.running(final):
        await settle()
        held = await world.outsider.get(PodSet, "a")
        assert held.metadata.finalizers == ["other.dev/hold"]
    assert runs == []
    assert world.wire.writes() == []


@virtual
async def test_finalizers_that_change_underneath_are_a_conflict_not_a_loss(
    world: World,
) -> None:
    controller_ = _with_finalizer()

    patch = {"metadata": {"finalizers": ["other.dev/hold"]}}
    async with world.running(controller_):
        world.wire.before_first(
            "PATCH", lambda: world.outsider.patch(PodSet, "a", patch), path="/podsets/a"
        )
        await world.outsider.create(podset())
        await settle()
        held = await world.outsider.get(PodSet, "a")
        assert sorted(held.metadata.finalizers) == [
            "other.dev/hold",
            "test.dev/cleanup",
        ]


def _with_finalizer() -> KindController[PodSet]:
    @controller(PodSet, name="final")
    async def final(_podset: PodSet, _ctx: Context) -> None:
        pass

    @final.finalizer("test.dev/cleanup")
    async def cleanup(_podset: PodSet, _ctx: Context) -> None:
        pass

    return final


def test_one_controllers_failure_is_in_the_log_with_its_object(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @virtual
    async def scenario(world: World) -> None:
        @controller(PodSet, name="raises")
        async def raises(_podset: PodSet, _ctx: Context) -> None:
            raise ValueError("boom")

        async with world.running(raises):
            await world.outsider.create(podset())
            await asyncio.sleep(0.004)

    with caplog.at_level(logging.INFO):
        scenario()
    record = next(r for r in caplog.records if r.getMessage() == "reconcile failed")
    assert record.exc_info is not None
    assert record.__dict__["reasons"] == ("PodSet added",)
