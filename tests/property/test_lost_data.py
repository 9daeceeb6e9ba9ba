"""A server is replaced by one without its data, whatever comes anew first."""

import asyncio
import itertools
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager

from hypothesis import example, given, settings
from hypothesis import strategies as st

from homeostat import Context, controller
from homeostat._scope import current_scope
from homeostat._transport import HttpRequest, HttpResponse, HttpStream, Transport
from homeostat.api import Request
from homeostat.apiserver import ApiServer
from homeostat.controller import KindController
from homeostat.testing import run_virtual
from tests.bad_days.faults import WRITES, Delay, Ending, verb_of
from tests.bad_days.kinds import CONFIG_MAP, Set, config_map, make_sets, new_set
from tests.bad_days.world import Operator, World

KINDS = ("sets", "deployments", "configmaps")
TICK = 0.25  # seconds; in that rhythm every key wants to run
NAMESPACE = "lost"

# How long the new server takes to list each kind, and to say who it is.
LATENCIES = st.fixed_dictionaries(
    dict.fromkeys((*KINDS, "kube-system"), st.sampled_from([0.0, 0.6, 2.1, 7.3]))
)


def make_stamps() -> KindController[Set]:
    """Return a controller that writes something new whenever it runs."""
    runs = itertools.count()

    @controller(Set, name="stamps")
    async def stamps(found: Set, ctx: Context) -> None:
        stamp = config_map(f"stamp-{found.metadata.name}", of="stamps")
        await ctx.apply({**stamp, "data": {"run": str(next(runs))}})

    return stamps


class Witness:
    """The new server: keeps what the operator writes, and what it went by then."""

    def __init__(self, target: Transport, operator: Operator) -> None:
        self._target = target
        self._operator = operator
        self.writes: list[tuple[str, str]] = []
        self.stale: list[str] = []

    async def request(self, request: HttpRequest) -> HttpResponse:
        verb = verb_of(request)
        if verb in WRITES and "/events" not in request.path:
            self.writes.append((f"{verb} {request.path}", request.body.decode()))
            writer = current_scope().controller
            (binding,) = (b for b in self._operator.bindings if b.name == writer)
            self.stale += [i.name for i in binding._informers if i.is_stale]
        return await self._target.request(request)

    def stream(self, request: HttpRequest) -> AbstractAsyncContextManager[HttpStream]:
        return self._target.stream(request)

    async def close(self) -> None:
        await self._target.close()


async def press(operator: Operator) -> None:
    """Have every key want to run, again and again, as timers and retries do."""
    while True:
        for binding in operator.bindings:
            for name in ("a", "gone"):
                binding.engine.queue.add(Request(NAMESPACE, name), reason="pressed")
        await asyncio.sleep(TICK)


async def replaced(
    latencies: Mapping[str, float], ending: Ending, in_flight: float, ahead: int
) -> None:
    world = World(NAMESPACE, server=ApiServer(), plane=None)
    await world.prepare()
    async with world.operator(make_sets(), make_stamps()) as operator:
        for name in ("a", "gone"):
            await world.outsider.create(new_set(name, size=2))
            await world.whole(name, 2)
        successor = World(NAMESPACE, server=ApiServer(), plane=None)
        await successor.prepare()
        await successor.outsider.create(new_set("a", size=3))
        for n in range(ahead):
            padding = {"apiVersion": "v1", "kind": "Secret", "metadata": {}}
            padding["metadata"] = {"name": f"padding-{n}"}
            await successor.outsider.create(padding)
        for kind, seconds in latencies.items():
            operator.faults.always(Delay(seconds), "get", f"*/{kind}")
            operator.faults.always(Delay(seconds), "watch", f"*/{kind}")
        # The old server makes a member, and its answer is late.
        operator.faults.add(Delay(in_flight), "create", "*/configmaps")
        await world.outsider.patch(Set, "a", {"spec": {"size": 4}})
        pressing = asyncio.create_task(press(operator))
        await asyncio.sleep(TICK / 2)
        witness = Witness(successor.transport(), operator)
        operator.faults.connect(witness)
        operator.faults.end_watches(ending)
        await asyncio.sleep(30)
        pressing.cancel()
        await asyncio.sleep(TICK)
        assert witness.stale == []
        assert [w for w in witness.writes if "gone" in "".join(w)] == []
        world.server, world.outsider = successor.server, successor.outsider
        await world.whole("a", 3)
        await world.lacks(CONFIG_MAP, "ledger-gone")
        await world.lacks(CONFIG_MAP, "stamp-gone")
        await operator.quiet()


@settings(deadline=None, max_examples=15)
@given(
    latencies=LATENCIES,
    ending=st.sampled_from(["clean", "broken", "torn", "cut", "error", "gone"]),
    in_flight=st.sampled_from([0.0, 1.0, 4.0, 20.0]),
    ahead=st.sampled_from([0, 300]),
)
@example(
    latencies={"sets": 7.3, "deployments": 0.6, "configmaps": 0.0, "kube-system": 0.0},
    ending="broken",
    in_flight=4.0,
    ahead=0,
)
def test_nothing_is_written_by_what_the_lost_server_said(
    latencies: Mapping[str, float], ending: Ending, in_flight: float, ahead: int
) -> None:
    run_virtual(replaced(latencies, ending, in_flight, ahead))
