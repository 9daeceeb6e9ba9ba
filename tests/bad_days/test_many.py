"""Ten thousand objects are there when the operator starts."""

import asyncio
import gc
import json
import sys
import tracemalloc

from homeostat import Context, controller
from homeostat._tasks import Group
from homeostat._transport import HttpRequest
from homeostat.cache import InformerFactory
from tests.bad_days.kinds import Set, new_set
from tests.bad_days.world import World

COUNT = 10_000
FEWER = 2_000  # where each is looked at by itself, and allocations are followed

# Of the cache, for each object: what it keeps besides the object's own bytes (some 420
# were seen), and all that it has at a time while it takes them in (some 930).
OVERHEAD_BYTES = 640
PEAK_BYTES = 2048


async def fill(world: World, count: int) -> None:
    """Make the Sets past the client, which would be most of a test's time."""
    names = [f"s{n}" for n in range(count)]
    if world.plane is not None:
        await world.outsider.create(new_set(names[0]))
        path = f"baddays.dev/sets/{world.namespace}/{names[0]}"
        await asyncio.to_thread(world.plane.multiply, path, names[1:])

        async def all_are_seen() -> None:
            # From the cache of the server, which takes versions that are alike, as
            # those of a transaction, for one that it has passed.
            resource = await world.outsider.resource_for(Set)
            page = await world.outsider.list_page(
                resource, namespace=world.namespace, resource_version="0"
            )
            assert len(page.items) == count

        await world.until(all_are_seen)
        return
    transport = world.transport()
    path = f"/apis/baddays.dev/v1/namespaces/{world.namespace}/sets"
    headers = {"content-type": "application/json"}
    for name in names:
        body = json.dumps(new_set(name)).encode()
        request = HttpRequest(method="POST", path=path, headers=headers, body=body)
        assert (await transport.request(request)).status == 201


async def test_each_is_reconciled_once(world: World) -> None:
    runs: dict[str, int] = {}

    @controller(Set, name="many", max_concurrent_reconciles=8)
    async def many(found: Set, _ctx: Context) -> None:
        runs[found.metadata.name] = runs.get(found.metadata.name, 0) + 1

    await fill(world, COUNT)
    async with world.operator(many) as operator:

        def all_of_them() -> None:
            assert len(runs) == COUNT

        await world.until(all_of_them)
        await operator.quiet()
        assert set(runs.values()) == {1}
        requests = operator.faults.log
        assert len(requests) < 10, requests  # discovery, and one streaming list


async def test_what_the_cache_keeps_of_each_is_bounded(world: World) -> None:
    """Its own bytes and little more: nothing that was decoded stays."""
    await fill(world, FEWER)
    async with world.client(world.transport()) as client, Group() as tasks:
        await client.list(Set, limit=1)  # what any first request loads is not counted
        informers = InformerFactory(client, namespaces=[world.namespace])
        sets = informers.informer(Set)
        gc.collect()
        tracemalloc.start()
        try:
            running = tasks.start(informers.run(), name="informers")
            await sets.wait_synced()
            _, peak = tracemalloc.get_traced_memory()
            gc.collect()
            kept, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        running.cancel()
    records = sets.lister.records()
    assert len(records) == FEWER
    own = sum(sys.getsizeof(record.data) for record in records)
    assert kept - own < FEWER * OVERHEAD_BYTES
    assert peak < FEWER * PEAK_BYTES
