"""Keys that wait until the caches show what was written for them."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from msgspec import structs

from homeostat import Client, Context, Result, SyncContext, controller
from homeostat._transport import HttpRequest, HttpResponse, HttpStream
from homeostat.api import GroupVersionKind, Request, Unstructured
from homeostat.controller import KindController, Watch, by_owner
from homeostat.errors import UndeclaredKindError
from tests.integration.controller.support import (
    CONFIG_MAP,
    DEPLOYMENT,
    LateWire,
    PodSet,
    World,
    deployment,
    podset,
    settle,
    virtual,
)

POD = GroupVersionKind("", "v1", "Pod")
LABELS = {"podset": "a"}


def now() -> float:
    return asyncio.get_running_loop().time()


def config(name: str = "", **metadata: object) -> Unstructured:
    named = {"name": name} if name else {"generateName": "a-"}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {**named, "labels": LABELS, **metadata},
    }


def late(world: World) -> LateWire:
    wire = world.wire = LateWire(world.server)
    return wire


def lose_first(method: str) -> Callable[[HttpRequest], bool]:
    lost: list[str] = []

    def lose(request: HttpRequest) -> bool:
        if request.method != method or lost:
            return False
        lost.append(request.path)
        return True

    return lose


async def configs(world: World) -> int:
    return len(await world.outsider.list(CONFIG_MAP))


def maker(seen: list[int]) -> KindController[PodSet]:
    @controller(PodSet, name="maker", owns=[CONFIG_MAP])
    async def make(podset: PodSet, ctx: Context) -> None:
        seen.append(len(ctx.list(CONFIG_MAP)))
        if seen[-1] < podset.spec.size:
            await ctx.create(config(), owned=True)

    return make


def sync_maker(seen: list[int]) -> KindController[PodSet]:
    @controller(PodSet, name="maker", owns=[CONFIG_MAP])
    def make(podset: PodSet, ctx: SyncContext) -> None:
        seen.append(len(ctx.list(CONFIG_MAP)))
        if seen[-1] < podset.spec.size:
            ctx.create(config(), owned=True)

    return make


@pytest.mark.parametrize("make", [maker, sync_maker])
def test_lost_create_of_a_generated_name_is_found_before_the_next_decision(
    make: Callable[[list[int]], KindController[PodSet]],
) -> None:
    seen: list[int] = []

    @virtual
    async def scenario(world: World) -> None:
        wire = late(world)
        async with world.running(make(seen)):
            await world.outsider.create(podset())
            # What the server does for the create comes by no watch for long.
            wire.lose = lose_first("POST")
            wire.delay = 0.2
            await settle()
            wire.delay = 1000
            await settle()
            assert await configs(world) == 1
            assert world.figures.counts["ambiguous_writes_total create configmaps"] == 1

    scenario()
    assert seen == [0, 1]


class HangingWire(LateWire):
    """A line on which the first answer to a create takes for ever."""

    hung = False

    async def request(self, request: HttpRequest) -> HttpResponse:
        response = await super().request(request)
        if request.method == "POST" and not self.hung:
            self.hung = True
            await asyncio.sleep(1000)
        return response


@virtual
async def test_create_that_is_given_up_is_found_before_the_next_decision(
    world: World,
) -> None:
    seen: list[int] = []
    wire = world.wire = HangingWire(world.server)

    @controller(PodSet, name="maker", owns=[CONFIG_MAP], deadline=1)
    async def make(podset: PodSet, ctx: Context) -> None:
        seen.append(len(ctx.list(CONFIG_MAP)))
        if seen[-1] < podset.spec.size:
            await ctx.create(config(), owned=True)

    async with world.running(make):
        wire.slow, wire.delay = "/configmaps", 1000
        await world.outsider.create(podset())
        await settle()
        assert await configs(world) == 1
    assert seen == [0, 1]


@virtual
async def test_key_whose_write_is_looked_up_holds_no_worker(world: World) -> None:
    wire = late(world)
    seen: list[str] = []

    async def no_lists(request: HttpRequest) -> HttpResponse | None:
        if request.method == "GET" and request.path.endswith("/configmaps"):
            return HttpResponse(status=500, body=b"{}")
        return None

    @controller(PodSet, name="maker", owns=[CONFIG_MAP])
    async def make(podset: PodSet, ctx: Context) -> None:
        seen.append(podset.metadata.name)
        if podset.metadata.name == "a" and not ctx.list(CONFIG_MAP):
            await ctx.create(config(), owned=True)

    async with world.running(make):
        wire.before = no_lists
        wire.lose = lose_first("POST")
        await world.outsider.create(podset("a"))
        await asyncio.sleep(1)
        await world.outsider.create(podset("b"))
        await asyncio.sleep(1)
        assert seen == ["a", "b"]
        wire.before = None
        await asyncio.sleep(60)
        assert seen == ["a", "b", "a"]
        skipped = "stale_sync_skips_total maker suspect"
        assert world.figures.counts[skipped] >= 1


@virtual
async def test_one_reconcile_by_itself_says_that_it_would_wait(world: World) -> None:
    @controller(PodSet, name="cautious", owns=[CONFIG_MAP])
    async def watch(_podset: PodSet, ctx: Context) -> None:
        await ctx.create(config("a"), owned=True)
        await ctx.caught_up(deadline=2)

    wire = late(world)
    await world.outsider.create(podset())
    wire.delay = 0.5
    outcome = await watch.reconcile_once(Client(wire), Request("default", "a"))
    assert outcome.result == Result(requeue_after=2.0)
    assert [str(write) for write in outcome.writes] == [
        "create v1 configmaps default/a"
    ]


@virtual
async def test_wait_for_what_was_never_declared_is_refused(world: World) -> None:
    errors: list[str] = []

    @controller(PodSet, name="careless")
    async def watch(_podset: PodSet, ctx: Context) -> None:
        with pytest.raises(ValueError, match="must be >= 0"):
            await ctx.caught_up(deadline=-1)
        try:
            await ctx.caught_up(CONFIG_MAP)
        except UndeclaredKindError as error:
            errors.append(str(error))

    async with world.running(watch):
        await world.outsider.create(podset())
        await settle()
    assert len(errors) == 1
    assert "without declaring it" in errors[0]


@virtual
async def test_caches_are_measured(world: World) -> None:
    wire = late(world)
    gauges = world.figures.gauges
    async with world.running(cautious([], deadline=60)):
        wire.slow, wire.delay = "/configmaps", 2
        await world.outsider.create(podset())
        await asyncio.sleep(1)
        assert gauges["store_unacked v1 ConfigMap"] == 1
        before = gauges["store_resource_version v1 ConfigMap"]
        await asyncio.sleep(2)
        assert gauges["store_unacked v1 ConfigMap"] == 0
        assert gauges["store_resource_version v1 ConfigMap"] > before
        assert gauges["store_watermark_timestamp_seconds v1 ConfigMap"] > 1e9


@virtual
async def test_deletes_that_are_not_confirmed_are_measured(world: World) -> None:
    @controller(PodSet, name="deletes", reads=[CONFIG_MAP])
    async def deletes(_podset: PodSet, ctx: Context) -> None:
        await ctx.delete(ctx.get(CONFIG_MAP, "a"))

    wire = late(world)
    gauges = world.figures.gauges
    await world.outsider.create(config("a", namespace="default"))
    async with world.running(deletes):
        wire.slow, wire.delay = "/configmaps", 2
        await world.outsider.create(podset())
        await asyncio.sleep(1)
        assert gauges["store_tombs v1 ConfigMap"] == 1
        await asyncio.sleep(2)
        assert gauges["store_tombs v1 ConfigMap"] == 0


def cautious(
    times: list[tuple[float, int]], *, deadline: float = 5.0
) -> KindController[PodSet]:
    """Writes once, and then goes on only when the caches have caught up."""

    @controller(PodSet, name="cautious", owns=[CONFIG_MAP])
    async def watch(_podset: PodSet, ctx: Context) -> None:
        if ctx.find(CONFIG_MAP, "a") is None:
            await ctx.create(config("a"), owned=True)
        await ctx.caught_up(CONFIG_MAP, deadline)
        times.append((now(), len(ctx.list(CONFIG_MAP))))

    return watch


@virtual
async def test_caught_up_waits_for_the_watch(world: World) -> None:
    wire = late(world)
    times: list[tuple[float, int]] = []
    async with world.running(cautious(times)):
        wire.delay = 2
        began = now()
        await world.outsider.create(podset())
        # Another's, which only the watch can tell of.
        await world.outsider.create(config("b", namespace="default"))
        await asyncio.sleep(20)
    at, count = times[0]
    assert at - began == pytest.approx(4, abs=0.1)
    assert count == 2
    assert world.figures.counts["stale_sync_skips_total cautious behind"] >= 1
    assert not any("barrier" in name for name in world.figures.counts)
    errors = "controller_runtime_reconcile_errors_total cautious"
    assert not world.figures.counts[errors]


@virtual
async def test_past_the_deadline_a_live_list_takes_the_place_of_the_watch(
    world: World,
) -> None:
    wire = late(world)
    times: list[tuple[float, int]] = []
    async with world.running(cautious(times, deadline=3)):
        await world.outsider.create(config("gone", namespace="default"))
        await asyncio.sleep(1)
        wire.delay = 1
        await world.outsider.create(podset())
        await asyncio.sleep(0.5)
        wire.delay = 1000
        began = now()
        await world.outsider.create(config("b", namespace="default"))
        await world.outsider.delete(CONFIG_MAP, "gone")
        await asyncio.sleep(20)
    ((at, count),) = times
    assert at - began == pytest.approx(3.5, abs=0.1)
    assert count == 2
    assert world.figures.counts["barrier_reads_total v1 ConfigMap"] == 1


def test_caught_up_of_a_function_in_a_thread_waits_as_well() -> None:
    counts: list[int] = []

    @controller(PodSet, name="cautious", owns=[CONFIG_MAP])
    def watch(_podset: PodSet, ctx: SyncContext) -> None:
        if ctx.find(CONFIG_MAP, "a") is None:
            ctx.create(config("a"), owned=True)
        ctx.caught_up()
        counts.append(len(ctx.list(CONFIG_MAP)))

    @virtual
    async def scenario(world: World) -> None:
        wire = late(world)
        async with world.running(watch):
            wire.delay = 2
            await world.outsider.create(podset())
            await world.outsider.create(config("b", namespace="default"))
            await asyncio.sleep(20)

    scenario()
    assert counts[0] == 2


@virtual
async def test_strict_controller_decides_by_what_the_watch_has_shown(
    world: World,
) -> None:
    wire = late(world)
    times: list[tuple[float, int]] = []

    @controller(PodSet, name="strict", owns=[CONFIG_MAP], strict=True)
    async def strict(podset: PodSet, ctx: Context) -> None:
        count = len(ctx.list(CONFIG_MAP))
        times.append((now(), count))
        if count < podset.spec.size:
            await ctx.create(config(), owned=True)

    async with world.running(strict):
        wire.delay = 2
        await world.outsider.create(podset(size=3))
        await asyncio.sleep(30)
        assert await configs(world) == 3
    first = times[0][0]
    # A write shows up in two seconds, and no decision is made before that.
    assert [count for _, count in times] == [0, 1, 2, 3]
    assert [round(time - first) for time, _ in times] == [0, 2, 4, 6]


@virtual
async def test_scale_is_read_as_set_by_the_next_reconcile(world: World) -> None:
    wire = late(world)
    seen: list[tuple[int, int]] = []

    @controller(PodSet, name="scaler", owns=[DEPLOYMENT])
    async def scale(podset: PodSet, ctx: Context) -> None:
        child = ctx.find(DEPLOYMENT, "a")
        if child is None:
            await ctx.create(deployment("a", 1), owned=True)
            return
        seen.append((podset.spec.size, child["spec"]["replicas"]))
        if child["spec"]["replicas"] != podset.spec.size:
            await ctx.client.set_scale(DEPLOYMENT, "a", podset.spec.size)

    async with world.running(scale):
        await world.outsider.create(podset(size=1))
        await settle()
        seen.clear()
        await world.outsider.patch(PodSet, "a", {"spec": {"size": 2}})
        await world.outsider.patch(PodSet, "a", {"metadata": {"labels": {"x": "y"}}})
        wire.delay = 1
        await settle()
    assert seen[0] == (2, 1)
    assert all(pair == (2, 2) for pair in seen[1:])
    assert len(seen) > 1


def pod(name: str) -> Unstructured:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "labels": LABELS},
        "spec": {"containers": [{"name": "c", "image": "busybox"}]},
    }


def subresource(kind: str, version: str, **more: object) -> Unstructured:
    metadata = {"name": "a", "namespace": "default"}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **more}


BINDING = subresource("Binding", "v1", target={"kind": "Node", "name": "n1"})
EVICTION = subresource("Eviction", "policy/v1")


@pytest.mark.parametrize("body", [BINDING, EVICTION], ids=["binding", "eviction"])
def test_what_an_answer_does_not_tell_is_looked_up(body: Unstructured) -> None:
    seen: list[str] = []

    @controller(PodSet, name="mover", reads=[POD])
    async def move(podset: PodSet, ctx: Context) -> None:
        child = ctx.find(POD, "a")
        if child is None or "deletionTimestamp" in child["metadata"]:
            seen.append("going")
            return
        seen.append(child["spec"].get("nodeName", ""))
        if podset.spec.size == 2:
            name = body["kind"].lower()
            await ctx.client.create_subresource(POD, "a", name, body)

    @virtual
    async def scenario(world: World) -> None:
        wire = late(world)
        async with world.running(move):
            await world.outsider.create(pod("a"))
            await settle()
            wire.slow, wire.delay = "/pods", 1000
            await world.outsider.create(podset(size=2))
            await asyncio.sleep(0.5)
            await world.outsider.patch(PodSet, "a", {"spec": {"size": 3}})
            await asyncio.sleep(0.5)

    scenario()
    assert seen == ["", "n1" if body is BINDING else "going"]


@virtual
async def test_deleted_collection_is_not_read_any_more(world: World) -> None:
    wire = late(world)
    seen: list[int] = []

    @controller(PodSet, name="cleaner", reads=[CONFIG_MAP])
    async def clean(_podset: PodSet, ctx: Context) -> None:
        seen.append(len(ctx.list(CONFIG_MAP)))
        if seen[-1]:
            await ctx.client.delete_collection(CONFIG_MAP, namespace="default")

    async with world.running(clean):
        for name in ("one", "two"):
            await world.outsider.create(config(name, namespace="default"))
        await settle()
        wire.slow, wire.delay = "/configmaps", 1000
        await world.outsider.create(podset())
        await asyncio.sleep(0.5)
        await world.outsider.patch(PodSet, "a", {"spec": {"size": 3}})
        await asyncio.sleep(0.5)
    assert seen == [2, 0]


NODE = GroupVersionKind("", "v1", "Node")


@pytest.mark.parametrize("news_after", [2.0, 1000.0])
def test_what_the_cache_cannot_select_by_itself_is_waited_for(
    news_after: float,
) -> None:
    times: list[tuple[float, int]] = []
    fields = "spec.unschedulable=false"

    @controller(
        PodSet, name="nodes", watches=[Watch(NODE, to=by_owner(PodSet), fields=fields)]
    )
    async def nodes(podset: PodSet, ctx: Context) -> None:
        times.append((now(), len(ctx.list(NODE))))
        if times[-1][1] < podset.spec.size:
            named = {"metadata": {"generateName": "n"}}
            await ctx.create({"apiVersion": "v1", "kind": "Node", **named})

    @virtual
    async def scenario(world: World) -> None:
        wire = late(world)
        async with world.running(nodes):
            wire.slow, wire.delay = "/nodes", news_after
            await world.outsider.create(podset(size=1))
            await asyncio.sleep(0.1)
            patch = {"metadata": {"labels": {"x": "y"}}, "spec": {"more": 1}}
            await world.outsider.patch(PodSet, "a", patch)
            await asyncio.sleep(20)
            assert len(await world.outsider.list(NODE)) == 1

    scenario()
    (first, none), (second, one) = times
    assert (none, one) == (0, 1)
    # The watch tells, or a list when the wait has been long enough.
    assert second - first == pytest.approx(min(news_after, 5.1), abs=0.1)


@pytest.mark.parametrize(
    ("metadata", "after"), [({"name": "n1"}, 2.0), ({"generateName": "n"}, 0.1)]
)
def test_lost_answer_of_what_only_the_server_can_select_is_looked_up(
    metadata: Unstructured, after: float
) -> None:
    times: list[tuple[float, int]] = []
    watch = Watch(NODE, to=by_owner(PodSet), fields="spec.unschedulable=false")

    @controller(PodSet, name="nodes", watches=[watch])
    async def nodes(podset: PodSet, ctx: Context) -> None:
        times.append((now(), len(ctx.list(NODE))))
        if times[-1][1] < podset.spec.size:
            made = {"apiVersion": "v1", "kind": "Node", "metadata": {**metadata}}
            await ctx.create(made)

    @virtual
    async def scenario(world: World) -> None:
        wire = late(world)
        async with world.running(nodes):
            wire.slow, wire.delay = "/nodes", 2
            wire.lose = lose_first("POST")
            await world.outsider.create(podset(size=1))
            await asyncio.sleep(20)
            assert len(await world.outsider.list(NODE)) == 1

    scenario()
    (first, none), (second, one) = times
    assert (none, one) == (0, 1)
    # A live object may not be selected, but what a live list has is.
    assert second - first == pytest.approx(after, abs=0.1)


class OpaqueWire(LateWire):
    """A line on which the versions of ConfigMaps are no numbers, and do not compare."""

    async def request(self, request: HttpRequest) -> HttpResponse:
        if not _is_opaque(request):
            return await super().request(request)
        response = await super().request(_plain(request))
        return structs.replace(response, body=_opaque(response.body))

    def stream(self, request: HttpRequest) -> AbstractAsyncContextManager[HttpStream]:
        if not _is_opaque(request):
            return super().stream(request)
        return self._opaque(super().stream(_plain(request)))

    @asynccontextmanager
    async def _opaque(
        self, stream: AbstractAsyncContextManager[HttpStream]
    ) -> AsyncGenerator[HttpStream]:
        async with stream as inner:
            yield Opaque(inner)


class Opaque:
    """A stream of such versions."""

    def __init__(self, inner: HttpStream) -> None:
        self.status: int = inner.status
        self.headers: Mapping[str, str] = inner.headers
        self._inner = inner

    async def chunks(self) -> AsyncIterator[bytes]:
        async for chunk in self._inner.chunks():
            yield _opaque(chunk)


def _is_opaque(request: HttpRequest) -> bool:
    return "/configmaps" in request.path


def _opaque(body: bytes) -> bytes:
    return re.sub(rb'"resourceVersion":"(\d+)"', rb'"resourceVersion":"v\1"', body)


def _plain(request: HttpRequest) -> HttpRequest:
    query = tuple((key, value.removeprefix("v")) for key, value in request.query)
    body = request.body.replace(b'"resourceVersion":"v', b'"resourceVersion":"')
    return structs.replace(request, query=query, body=body)


@pytest.mark.parametrize("news_after", [2.0, 1000.0])
def test_versions_that_do_not_compare_wait_for_the_very_event(
    news_after: float, caplog: pytest.LogCaptureFixture
) -> None:
    times: list[tuple[float, int]] = []

    @controller(PodSet, name="maker", owns=[CONFIG_MAP])
    async def make(podset: PodSet, ctx: Context) -> None:
        times.append((now(), len(ctx.list(CONFIG_MAP))))
        if not times[-1][1] and podset.spec.size == 1:
            await ctx.create(config("a"), owned=True)

    @virtual
    async def scenario(world: World) -> None:
        wire = world.wire = OpaqueWire(world.server)
        async with world.running(make):
            wire.slow, wire.delay = "/configmaps", news_after
            await world.outsider.create(podset(size=1))
            await asyncio.sleep(0.1)
            await world.outsider.patch(PodSet, "a", {"spec": {"size": 2}})
            await asyncio.sleep(20)

    scenario()
    first, second = times[:2]
    assert second[0] - first[0] == pytest.approx(min(news_after, 5.1), abs=0.1)
    # Where nothing compares a list could not be merged: the wait has an end.
    assert second[1] == (news_after == 2.0)
    told = [r for r in caplog.records if "is no number" in r.getMessage()]
    assert len(told) == 1
    assert "v1 ConfigMap" in told[0].getMessage()
