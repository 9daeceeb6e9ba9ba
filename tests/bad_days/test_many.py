"""Ten thousand objects are there when the operator starts."""

import json
import sys

import pytest

from homeostat import Context, controller
from homeostat._transport import HttpRequest
from tests.bad_days.kinds import Set, new_set
from tests.bad_days.world import World

COUNT = 10_000

pytestmark = pytest.mark.asyncio(loop_factories=["embedded"])


async def test_each_is_reconciled_once(world: World) -> None:
    runs: dict[str, int] = {}

    @controller(Set, name="many", max_concurrent_reconciles=8)
    async def many(found: Set, _ctx: Context) -> None:
        runs[found.metadata.name] = runs.get(found.metadata.name, 0) + 1

    transport = world.transport()
    path = f"/apis/baddays.dev/v1/namespaces/{world.namespace}/sets"
    headers = {"content-type": "application/json"}
    for n in range(COUNT):  # past the client, which would be most of the test's time
        body = json.dumps(new_set(f"s{n}")).encode()
        request = HttpRequest(method="POST", path=path, headers=headers, body=body)
        assert (await transport.request(request)).status == 201
    async with world.operator(many) as operator:

        def all_of_them() -> None:
            assert len(runs) == COUNT

        await world.until(all_of_them)
        await operator.quiet()
        assert set(runs.values()) == {1}
        requests = operator.faults.log
        assert len(requests) < 10, requests  # discovery, and one streaming list
        [binding] = operator.bindings
        held = sum(sys.getsizeof(r.data) for r in binding._primary.lister.records())
        assert held < COUNT * 1024  # their bytes: nothing that was decoded is kept
