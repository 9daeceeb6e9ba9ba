"""Writes whose answers do not tell what the next reconcile must know."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from msgspec import structs

from homeostat import Context, controller
from homeostat._transport import HttpRequest, HttpResponse, HttpStream
from homeostat.api import GroupVersionKind, Unstructured
from homeostat.controller import Watch, by_owner
from tests.integration.controller.support import (
    CONFIG_MAP,
    DEPLOYMENT,
    LABELS,
    LateWire,
    PodSet,
    World,
    config,
    deployment,
    late,
    lose_first,
    now,
    podset,
    settle,
    virtual,
)

POD = GroupVersionKind("", "v1", "Pod")


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
