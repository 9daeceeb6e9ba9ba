"""One kind, one child: what the whole pattern promises, on the embedded server."""

import asyncio
from typing import Any

import pytest

from homeostat import Client, Context, Result, Watch, by_label, controller
from homeostat._tasks import Group
from homeostat._transport import HttpRequest, HttpResponse
from homeostat.api import GroupVersionKind
from homeostat.cache import InformerFactory
from homeostat.controller import Binding, KindController
from homeostat.errors import NotFoundError, UndeclaredKindError
from tests.integration.controller.support import (
    CRD,
    DEPLOYMENT,
    EVENT,
    PODSET,
    PodSet,
    World,
    deployment,
    podset,
    settle,
    virtual,
)

CONFLICT = (
    b'{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Conflict",'
    b'"message":"modified","code":409}'
)


def make(runs: list[str] | None = None) -> KindController[PodSet]:
    @controller(PodSet, name="podsets", owns=[DEPLOYMENT])
    async def podsets(podset: PodSet, ctx: Context) -> None:
        if runs is not None:
            runs.append(podset.metadata.name)
        await ctx.apply(deployment(podset.metadata.name, podset.spec.size), owned=True)
        podset.status.ready = podset.spec.size
        podset.set_condition("Ready", True, reason="Scaled")
        await ctx.update_status(podset)

    return podsets


async def replicas(world: World, name: str = "a") -> int:
    found = await world.outsider.get(DEPLOYMENT, name)
    size: int = found["spec"]["replicas"]
    return size


@virtual
async def test_a_new_object_costs_one_write_of_its_child_and_one_of_its_status(
    world: World,
) -> None:
    async with world.running(make()):
        world.wire.requests.clear()
        await world.outsider.create(podset(size=3))
        await settle()
        assert world.wire.requests == [
            "PATCH /apis/apps/v1/namespaces/default/deployments/a",
            "PATCH /apis/test.dev/v1/namespaces/default/podsets/a/status",
        ]
    assert await replicas(world) == 3
    stored = await world.outsider.get(PodSet, "a")
    assert stored.status.ready == 3
    assert stored.status.observed_generation == 1


@virtual
async def test_a_steady_state_sends_nothing_but_watches(world: World) -> None:
    async with world.running(make()):
        await world.outsider.create(podset())
        await settle()
        world.wire.requests.clear()
        await asyncio.sleep(3600)
        assert {r.split()[0] for r in world.wire.requests} == {"WATCH"}


@virtual
async def test_the_own_status_write_does_not_trigger(world: World) -> None:
    runs: list[str] = []
    async with world.running(make(runs)):
        await world.outsider.create(podset())
        await settle()
        # The second run is for the Deployment, whose content this one has changed.
        assert runs == ["a", "a"]


@virtual
async def test_anothers_change_that_comes_with_the_own_response_triggers(
    world: World,
) -> None:
    patch = {"spec": {"size": 7}}
    async with world.running(make()):
        world.wire.before_first(
            "PATCH", lambda: world.outsider.patch(PODSET, "a", patch), path="/status"
        )
        await world.outsider.create(podset(size=1))
        await settle()
        assert await replicas(world) == 7


@virtual
async def test_drift_and_deletion_of_the_child_are_repaired(world: World) -> None:
    async with world.running(make()):
        await world.outsider.create(podset(size=2))
        await settle()
        await world.outsider.patch(DEPLOYMENT, "a", {"spec": {"replicas": 9}})
        await settle()
        assert await replicas(world) == 2
        await world.outsider.delete(DEPLOYMENT, "a")
        await settle()
        assert await replicas(world) == 2


@virtual
async def test_a_child_that_vanished_while_nobody_ran_is_made_again(
    world: World,
) -> None:
    async with world.running(make()):
        await world.outsider.create(podset(size=2))
        await settle()
    await world.outsider.delete(DEPLOYMENT, "a")
    async with world.running(make()):
        await settle()
        assert await replicas(world) == 2


@virtual
async def test_a_restart_changes_nothing(world: World) -> None:
    async with world.running(make()):
        await world.outsider.create(podset(size=2))
        await settle()
    before = world.server.revision
    async with world.running(make()):
        await settle()
    assert world.server.revision == before


@virtual
async def test_a_kill_between_any_two_writes_converges(world: World) -> None:
    for kill_at in range(1, 5):
        name = f"killed-{kill_at}"
        kill = asyncio.Event()
        sent = 0

        async def before(request: HttpRequest) -> HttpResponse | None:
            nonlocal sent
            if request.method != "GET":
                sent += 1
                if sent == kill_at:  # noqa: B023 - used up within this turn
                    kill.set()  # noqa: B023
                    await asyncio.sleep(1000)
            return None

        controller_ = make()

        @controller_.finalizer("test.dev/cleanup")
        async def cleanup(_podset: PodSet, _ctx: Context) -> None:
            pass

        world.wire.before = before
        async with world.running(controller_):
            world.manager._drain_timeout = 0
            await world.outsider.create(podset(name, size=2))
            async with asyncio.timeout(100):
                if kill_at < 4:
                    await kill.wait()
        world.wire.before = None
        async with world.running(controller_):
            await settle()
            assert await replicas(world, name) == 2
            stored = await world.outsider.get(PodSet, name)
            assert stored.status.ready == 2
            assert stored.metadata.finalizers == ["test.dev/cleanup"]


@virtual
async def test_conflicts_for_a_while_count_as_no_failure(world: World) -> None:
    conflicts = 0

    async def before(request: HttpRequest) -> HttpResponse | None:
        nonlocal conflicts
        if request.method == "PATCH" and conflicts < 5:
            conflicts += 1
            return HttpResponse(status=409, body=CONFLICT)
        return None

    async with world.running(make()):
        world.wire.before = before
        await world.outsider.create(podset(size=2))
        await asyncio.sleep(60)
        assert await replicas(world) == 2
        assert conflicts == 5


@virtual
async def test_a_lost_update_is_repeated_on_the_newer_object(world: World) -> None:
    times: list[float] = []

    @controller(PodSet, name="sizer")
    async def sizer(podset: PodSet, ctx: Context) -> None:
        times.append(asyncio.get_running_loop().time())
        if podset.spec.size < 10:
            podset.spec.size = 10
            await ctx.update(podset)

    labels = {"metadata": {"labels": {"by": "outsider"}}}
    async with world.running(sizer):
        world.wire.before_first(
            "PUT", lambda: world.outsider.patch(PODSET, "a", labels)
        )
        await world.outsider.create(podset(size=1))
        await settle()
    stored = await world.outsider.get(PodSet, "a")
    assert stored.spec.size == 10
    assert stored.metadata.labels == {"by": "outsider"}
    # The watch brought the newer object at once: nobody waited for the cap.
    assert times[1] - times[0] < 0.4


@virtual
async def test_a_lost_answer_is_looked_up_before_the_next_try(world: World) -> None:
    lost = 0

    def lose(request: HttpRequest) -> bool:
        nonlocal lost
        if request.method == "POST" and lost < 1:
            lost += 1
            return True
        return False

    @controller(PodSet, name="creator", owns=[DEPLOYMENT])
    async def creator(podset: PodSet, ctx: Context) -> None:
        if ctx.find(DEPLOYMENT, podset.metadata.name) is None:
            await ctx.create(deployment(podset.metadata.name, 1), owned=True)

    async with world.running(creator):
        world.wire.lose = lose
        world.wire.requests.clear()
        await world.outsider.create(podset())
        await settle()
    posts = [r for r in world.wire.writes() if r.endswith("/deployments")]
    assert len(posts) == 1
    assert "GET /apis/apps/v1/namespaces/default/deployments/a" in world.wire.requests


@virtual
async def test_fields_that_the_type_does_not_know_survive_inside_lists_too(
    world: World,
) -> None:
    @controller(PodSet, name="renamer")
    async def renamer(podset: PodSet, ctx: Context) -> None:
        podset.metadata.labels["seen"] = "yes"
        podset.spec.size = 5
        await ctx.update(podset)

    async with world.running(renamer):
        await world.outsider.create(
            {
                "apiVersion": "test.dev/v1",
                "kind": "PodSet",
                "metadata": {"name": "a", "namespace": "default"},
                "spec": {
                    "size": 1,
                    "future": {"x": 1},
                    "ports": [{"name": "http", "number": 80, "hidden": True}],
                },
            }
        )
        await settle()
    stored = await world.outsider.get(PODSET, "a")
    assert stored["spec"] == {
        "size": 5,
        "future": {"x": 1},
        "ports": [{"name": "http", "number": 80, "hidden": True}],
    }


@virtual
async def test_an_object_that_does_not_decode_is_reported_and_left_alone(
    world: World,
) -> None:
    runs: list[str] = []
    bad: dict[str, Any] = {
        "apiVersion": "test.dev/v1",
        "kind": "PodSet",
        "metadata": {"name": "bad", "namespace": "default"},
        "spec": {"size": "three"},
    }
    async with world.running(make(runs)):
        await world.outsider.create(bad)
        await world.outsider.create(podset("good"))
        await asyncio.sleep(600)
        assert set(runs) == {"good"}
        assert any("bad" in why for why in world.manager.health.troubles.values())
        [event] = await world.outsider.list(EVENT)
        assert (event["type"], event["reason"]) == ("Warning", "InvalidObject")
        assert "spec.size" in event["message"]
        await world.outsider.patch(PODSET, "bad", {"spec": {"size": 3}})
        await settle()
        assert "bad" in runs
        assert await replicas(world, "bad") == 3
        assert not world.manager.health.troubles


@virtual
async def test_a_kind_that_is_not_declared_cannot_be_read(world: World) -> None:
    errors: list[str] = []

    @controller(PodSet, name="reader")
    async def reader(_podset: PodSet, ctx: Context) -> None:
        try:
            ctx.list(DEPLOYMENT)
        except UndeclaredKindError as error:
            errors.append(str(error))

    async with world.running(reader):
        await world.outsider.create(podset())
        await settle()
    assert "declaring it: add it to owns=, watches=" in errors[0]


@virtual
async def test_a_watched_kind_triggers_whom_it_names_and_whom_it_named(
    world: World,
) -> None:
    runs: list[str] = []
    pods = GroupVersionKind("", "v1", "ConfigMap")

    @controller(PodSet, name="labels", watches=[Watch(pods, to=by_label("podset"))])
    async def labels(podset: PodSet, ctx: Context) -> None:
        runs.append(podset.metadata.name)

    def config(of: str) -> dict[str, Any]:
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": "c",
                "namespace": "default",
                "labels": {"podset": of},
            },
        }

    async with world.running(labels):
        for name in ("a", "b"):
            await world.outsider.create(podset(name))
        await settle()
        runs.clear()
        await world.outsider.create(config("a"))
        await settle()
        assert runs == ["a"]
        runs.clear()
        await world.outsider.patch(pods, "c", {"metadata": {"labels": {"podset": "b"}}})
        await settle()
        assert sorted(runs) == ["a", "b"]


@virtual
async def test_a_requeue_comes_back_and_a_deleted_object_does_not(
    world: World,
) -> None:
    runs: list[float] = []

    @controller(PodSet, name="polls")
    async def polls(_podset: PodSet, _ctx: Context) -> Result:
        runs.append(asyncio.get_running_loop().time())
        return Result(requeue_after=60)

    async with world.running(polls):
        await world.outsider.create(podset())
        await asyncio.sleep(200)
        assert len(runs) == 4
        await world.outsider.delete(PodSet, "a")
        await asyncio.sleep(200)
        assert len(runs) == 4


@virtual
async def test_reconcile_once_says_what_it_did(world: World) -> None:
    stored = await world.outsider.create(podset(size=2))

    @controller(PodSet, name="once", owns=[DEPLOYMENT])
    async def once(podset: PodSet, ctx: Context) -> Result:
        ctx.find(DEPLOYMENT, podset.metadata.name)
        applied = await ctx.apply(deployment(podset.metadata.name, 2), owned=True)
        ctx.event("Applied", applied.operation)
        return Result(requeue_after=5)

    outcome = await once.reconcile_once(world.server, stored)
    assert [str(w) for w in outcome.writes] == ["apply apps/v1 deployments default/a"]
    assert [str(r) for r in outcome.reads] == ["get apps/v1 Deployment default/a"]
    assert outcome.result == Result(requeue_after=5)
    assert [(e.reason, e.message) for e in outcome.events] == [("Applied", "created")]

    again = await once.reconcile_once(world.outsider, stored)
    assert [e.message for e in again.events] == ["unchanged"]


@virtual
async def test_reconcile_once_raises_what_the_reconciler_raises(world: World) -> None:
    stored = await world.outsider.create(podset())

    @controller(PodSet, name="fails")
    async def fails(_podset: PodSet, ctx: Context) -> None:
        await ctx.client.get(DEPLOYMENT, "missing")

    with pytest.raises(NotFoundError):
        await fails.reconcile_once(world.server, stored)


@virtual
async def test_a_server_that_comes_back_without_its_data_is_filled_again(
    world: World,
) -> None:
    async with world.running(make()):
        await world.outsider.create(podset(size=2))
        await settle()
        world.server.drop_watches()
        world.restart_without_data()
        await world.outsider.create(CRD)
        await world.outsider.create(podset(size=4))
        await asyncio.sleep(300)
        assert await replicas(world) == 4


@virtual
async def test_what_is_remembered_of_applies_goes_with_the_objects(
    world: World,
) -> None:
    podsets = make()
    client = Client(world.wire)
    informers = InformerFactory(client)
    binding = Binding(
        podsets.declaration,
        client=client,
        informers=informers,
        emit=lambda _obj, _event: None,
    )
    async with Group() as tasks:
        running = [
            tasks.start(informers.run(), name="caches"),
            tasks.start(binding.run(), name="controller"),
        ]
        await world.outsider.create(podset())
        await settle()
        assert len(binding._work._matcher) == 1
        await world.outsider.delete(PodSet, "a")
        await world.outsider.delete(DEPLOYMENT, "a")
        await settle()
        assert len(binding._work._matcher) == 0
        for task in running:
            task.cancel()
