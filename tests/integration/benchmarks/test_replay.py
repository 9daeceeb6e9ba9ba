"""The replay server is the API as far as a client asks for it."""

import json
from collections.abc import AsyncGenerator

import pytest

from benchmarks._target import Target, find_resource
from benchmarks.reading import get, list_by_label
from benchmarks.reconcile import queue, reconcile
from benchmarks.replay import FIRST_VERSION, Api, History, Template, serve
from benchmarks.responsive import responsive
from benchmarks.sync import storm, sync
from homeostat.client import ALL, Client, ClusterConfig
from homeostat.errors import ApiError, NotFoundError

COUNT = 210


@pytest.fixture
async def target() -> AsyncGenerator[Target]:
    history = History(COUNT, Template())
    server = await serve(Api(history), history)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield Target(
        config=ClusterConfig(server=address),
        resource="widgets.v1.bench.example.com",
        count=COUNT,
    )
    server.close()


@pytest.fixture
async def client(target: Target) -> AsyncGenerator[Client]:
    async with target.client() as made:
        yield made


async def _names(client: Client, target: Target, limit: int = 0) -> list[str]:
    resource = await find_resource(client, target.resource)
    names: list[str] = []
    following = ""
    while True:
        page = await client.list_page(resource, limit=limit, continue_=following)
        names += [json.loads(item)["metadata"]["name"] for item in page.items]
        following = page.continue_
        if not following:
            return names


async def test_every_object_has_a_name_of_its_own(
    client: Client, target: Target
) -> None:
    assert len(set(await _names(client, target))) == COUNT


async def test_pages_hold_what_a_whole_list_holds(
    client: Client, target: Target
) -> None:
    assert await _names(client, target, limit=7) == await _names(client, target)


async def test_an_object_is_as_large_as_a_pod_and_read_by_its_name(
    client: Client, target: Target
) -> None:
    resource = await find_resource(client, target.resource)
    found = (await client.list_page(resource, limit=1)).items[0]
    meta = json.loads(found)["metadata"]
    again = await client.get_raw(resource, meta["name"], namespace=meta["namespace"])
    assert again.strip() == found
    assert 4_500 < len(found) < 5_000
    assert len(meta["managedFields"]) == 2


async def test_a_name_that_is_not_there_is_not_found(
    client: Client, target: Target
) -> None:
    resource = await find_resource(client, target.resource)
    with pytest.raises(NotFoundError):
        await client.get(resource.gvk, "web-000000-0000b", namespace="team-0")


async def test_a_version_from_before_the_objects_is_too_old(
    client: Client, target: Target
) -> None:
    resource = await find_resource(client, target.resource)
    watch = client.watch(resource.gvk, namespace=ALL, resource_version="3")
    async with watch as events:
        with pytest.raises(ApiError, match="too old resource version"):
            await anext(aiter(events))


def test_the_state_after_any_update_is_what_the_updates_left() -> None:
    history = History(COUNT, Template())
    history.storm(3 * COUNT + 17)
    versions = {n: FIRST_VERSION + n + 1 for n in range(COUNT)}
    for update in range(1, history.updates + 1):
        versions[history.changed_by(update)] = history.version_of(update)
    for number, version in versions.items():
        found = json.loads(history.object_at(number, history.updates))
        assert found["metadata"]["resourceVersion"] == str(version)


async def test_sync_counts_every_object(target: Target) -> None:
    figures = await sync(target)
    assert figures["objects"] == COUNT
    assert figures["objects_per_cpu_s"] > 0


async def test_storm_counts_every_update(target: Target) -> None:
    figures = await storm(target, 500, trigger="/bench/storm?events=500")
    assert figures["events"] == 500
    assert figures["keys"] == COUNT


async def test_every_object_is_reconciled(target: Target) -> None:
    assert (await reconcile(target))["objects"] == COUNT
    assert (await queue(COUNT))["reconciles"] == COUNT


async def test_probes_are_answered_while_objects_load_and_change(
    target: Target,
) -> None:
    figures = await responsive(target, 3_000, trigger="/bench/storm?events=3000")
    assert figures["storm_probes"] > 0
    assert figures["storm_health_worst_ms"] >= figures["storm_health_p99_ms"] > 0
    assert figures["storm_stall_worst_ms"] > 0


async def test_reads_find_what_shares_a_label(target: Target) -> None:
    assert (await list_by_label(target))["hits"] == 21
    assert (await get(target))["typed_us"] > 0
