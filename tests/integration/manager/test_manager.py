import asyncio
import logging
from typing import Any, Self

import pytest

from homeostat import (
    Client,
    Context,
    Controller,
    Manager,
    SyncContext,
    Watch,
    controller,
    run,
)
from homeostat._tasks import Group
from homeostat._transport import HttpRequest, HttpResponse
from homeostat.apiserver import ApiServer
from homeostat.controller import KindController, Run, by_name
from homeostat.errors import ConfigError
from homeostat.testing import run_virtual
from tests.integration.controller.support import (
    CRD,
    DEPLOYMENT,
    PodSet,
    Wire,
    World,
    deployment,
    podset,
    settle,
    virtual,
)

FORBIDDEN = (
    b'{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden",'
    b'"message":"deployments.apps is forbidden: User \\"x\\" cannot list resource",'
    b'"code":403}'
)


def make(name: str, runs: list[str], **options: Any) -> KindController[PodSet]:
    @controller(PodSet, name=name, **options)
    async def reconcile(podset: PodSet, _ctx: Context) -> None:
        runs.append(f"{name} {podset.metadata.name}")

    return reconcile


def test_a_missing_kind_degrades_its_controller_and_heals_by_itself() -> None:
    async def main() -> None:
        server = ApiServer()
        runs: list[str] = []
        other: list[str] = []

        @controller(DEPLOYMENT, name="other")
        async def others(found: dict[str, Any], _ctx: Context) -> None:
            other.append(found["metadata"]["name"])

        async with Client(server.transport()) as client, Group() as tasks:
            manager = Manager(controllers=[make("sets", runs), others], client=client)
            task = tasks.start(manager.run(), name="manager")
            await asyncio.sleep(5)
            ready, text = manager.health.report("ready")
            assert not ready
            assert "[-]controller/sets failed: " in text
            assert "CustomResourceDefinition" in text
            assert "[+]controller/other ok" in text
            body = deployment("web", 1)
            body["metadata"]["namespace"] = "default"
            await client.create(body)
            await settle()
            assert other == ["web"]

            await client.create(CRD)
            await client.create(podset())
            await asyncio.sleep(120)
            assert runs == ["sets a"]
            assert manager.health.report("ready")[0]
            task.cancel()

    run_virtual(main())


@virtual
async def test_a_missing_right_degrades_one_controller_alone(world: World) -> None:
    runs: list[str] = []
    allowed = False

    async def before(request: HttpRequest) -> HttpResponse | None:
        if request.path.endswith("/deployments") and not allowed:
            return HttpResponse(status=403, body=FORBIDDEN)
        return None

    class Guarded(Wire):
        def stream(self, request: HttpRequest) -> Any:
            if request.path.endswith("/deployments") and not allowed:
                return _Refused()
            return super().stream(request)

    world.wire = Guarded(world.server)
    world.wire.before = before
    bad = make("bad", runs, owns=[DEPLOYMENT])
    async with world.running(bad, make("good", runs)):
        await world.outsider.create(podset())
        await settle()
        assert runs == ["good a"]
        _, text = world.manager.health.report("ready")
        assert "[-]controller/bad failed: " in text
        assert "deployments" in text
        note = world.manager.health.troubles["informer/apps/v1 Deployment"]
        assert note.startswith("Forbidden: ")
        allowed = True
        await asyncio.sleep(600)
        assert "bad a" in runs


class _Refused:
    """A stream that answers 403."""

    status = 403
    headers: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def chunks(self) -> Any:
        yield FORBIDDEN


@virtual
async def test_controllers_share_one_watch_per_kind(world: World) -> None:
    runs: list[str] = []
    one = make("one", runs, owns=[DEPLOYMENT])
    two = make("two", runs, owns=[DEPLOYMENT])
    async with world.running(one, two):
        await world.outsider.create(podset())
        await settle()
    watches = [r for r in world.wire.requests if r.startswith("WATCH")]
    assert len([w for w in watches if w.endswith("/deployments")]) == 1
    assert len([w for w in watches if w.endswith("/podsets")]) == 1
    assert sorted(runs) == ["one a", "two a"]


@virtual
async def test_stopping_lets_a_reconcile_end(world: World) -> None:
    done: list[str] = []

    @controller(PodSet, name="slow")
    async def slow(podset: PodSet, ctx: Context) -> None:
        await asyncio.sleep(10)
        podset.status.ready = 1
        await ctx.update_status(podset)
        done.append(podset.metadata.name)

    async with world.running(slow):
        await world.outsider.create(podset("a"))
        await world.outsider.create(podset("b"))
        await asyncio.sleep(1)
    assert done == ["a"]
    assert (await world.outsider.get(PodSet, "a")).status.ready == 1


@virtual
async def test_stopping_waits_no_longer_than_the_deadline(world: World) -> None:
    cancelled: list[str] = []

    @controller(PodSet, name="hangs")
    async def hangs(podset: PodSet, _ctx: Context) -> None:
        try:
            await asyncio.sleep(10_000)
        except asyncio.CancelledError:
            cancelled.append(podset.metadata.name)
            raise

    loop = asyncio.get_running_loop()
    async with world.running(hangs):
        await world.outsider.create(podset())
        await asyncio.sleep(1)
        stopped_at = loop.time()
    assert cancelled == ["a"]
    assert loop.time() - stopped_at == pytest.approx(30.0, abs=1)


@virtual
async def test_namespaces_restrict_what_is_watched(world: World) -> None:
    runs: list[str] = []
    await world.outsider.create(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}}
    )
    client = Client(world.wire)
    manager = Manager(
        controllers=[make("sets", runs)], client=client, namespaces=["default"]
    )
    async with Group() as tasks:
        task = tasks.start(manager.run(), name="manager")
        elsewhere = podset("elsewhere")
        elsewhere.metadata.namespace = "other"
        await world.outsider.create(elsewhere)
        await world.outsider.create(podset("here"))
        await settle()
        task.cancel()
    assert runs == ["sets here"]
    # Which server it is, is asked in no namespace.
    asked = [r for r in world.wire.requests if "/namespaces/kube-system" not in r]
    assert len(asked) == len(world.wire.requests) - 1
    assert all("/namespaces/default/" in r for r in asked)


@virtual
async def test_an_engine_of_ones_own_runs_beside_the_others(world: World) -> None:
    seen: list[int] = []

    async def reconcile(key: int, _run: Run[int]) -> None:
        seen.append(key)

    engine = Controller("numbers", reconcile)
    client = Client(world.wire)
    manager = Manager(controllers=[engine], client=client)
    async with Group() as tasks:
        task = tasks.start(manager.run(), name="manager")
        await asyncio.sleep(1)
        engine.queue.add(7)
        await settle()
        task.cancel()
    assert seen == [7]


@virtual
async def test_many_objects_are_all_reconciled(world: World) -> None:
    runs: list[str] = []
    for n in range(1000):
        await world.outsider.create(podset(f"p{n}"))
    async with world.running(make("many", runs, max_concurrent_reconciles=4)):
        await settle()
    assert len(runs) == 1000


async def test_names_must_differ_and_something_must_run() -> None:
    client = Client(ApiServer().transport())
    with pytest.raises(ConfigError, match="two controllers are named 'same'"):
        Manager(controllers=[make("same", []), make("same", [])], client=client)
    with pytest.raises(ConfigError, match="at least one"):
        Manager(controllers=[], client=client)
    with pytest.raises(ConfigError, match="either client= or config="):
        Manager(controllers=[make("a", [])])
    with pytest.raises(ConfigError, match="host:port"):
        Manager(controllers=[make("a", [])], client=client, health_address="x")


def bare(_podset: PodSet, _ctx: SyncContext) -> None: ...


async def keep(_podset: PodSet, _ctx: Context) -> None: ...


@pytest.mark.parametrize(
    ("controllers", "message"),
    [
        ([bare], r"^function bare is no controller: .* @controller\(Kind\)$"),
        ([[make("a", [])]], "^a list is no controller"),
        ([PodSet], "PodSet is no controller"),
        (make("a", []), "^controllers= takes a list: put a into brackets$"),
        (bare, "^controllers= takes a list, not function bare$"),
        ([make("a", [])] * 2, "given twice"),
    ],
)
async def test_what_is_no_list_of_controllers_is_named(
    controllers: Any, message: str
) -> None:
    client = Client(ApiServer().transport())
    with pytest.raises(ConfigError, match=message):
        Manager(controllers=controllers, client=client)


async def test_controllers_of_one_name_are_named_with_their_places() -> None:
    class Reconciler:
        async def __call__(self, _podset: PodSet, _ctx: Context) -> None: ...

    async def never(_key: int, _run: Run[int]) -> None: ...

    client = Client(ApiServer().transport())
    one = controller(PodSet, name="same")(keep)
    for other, place in (
        (controller(PodSet, name="same")(bare), r"bare in .*test_manager\.py:\d+"),
        (controller(PodSet, name="same")(Reconciler()), "a Reconciler"),
        (Controller("same", never), "an engine of your own"),
    ):
        message = rf"named 'same', keep in .*test_manager\.py:\d+ and {place}: "
        with pytest.raises(ConfigError, match=message):
            Manager(controllers=[one, other], client=client)


async def test_what_cannot_be_bound_is_told_with_its_controller() -> None:
    watch = Watch(DEPLOYMENT, to=by_name())
    object.__setattr__(watch, "labels", "a in")  # what no check of Watch has seen
    client = Client(ApiServer().transport())
    manager = Manager(controllers=[make("sets", [], watches=[watch])], client=client)
    with pytest.raises(ConfigError, match=r"^controller 'sets': unable to parse"):
        await manager.run()


async def test_namespaces_that_are_none_are_an_error_of_the_configuration() -> None:
    client = Client(ApiServer().transport())
    manager = Manager(controllers=[make("a", [])], client=client, namespaces="prod")
    with pytest.raises(ConfigError, match=r"write namespaces=\['prod'\]"):
        await manager.run()


def test_run_refuses_what_is_no_controller_before_it_looks_for_a_cluster() -> None:
    with pytest.raises(ConfigError, match="function bare is no controller"):
        run(bare, kubeconfig="missing.yaml")  # type: ignore[arg-type]


def test_one_error_comes_out_unwrapped() -> None:
    async def main() -> None:
        client = Client(ApiServer().transport())
        manager = Manager(
            controllers=[make("a", [])],
            client=client,
            health_address="256.0.0.1:1",
        )
        with pytest.raises(ConfigError, match="cannot listen on"):
            await manager.run()

    logging.getLogger("asyncio").setLevel(logging.WARNING)
    asyncio.run(main())
