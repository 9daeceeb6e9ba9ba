"""One run: a scenario, a strategy and a seed."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import Literal, TypeAlias, get_args

from benchmarks.staleness._line import Counting, Line
from benchmarks.staleness._objects import (
    DESIRED,
    NAMESPACE,
    OWNER,
    POD,
    new_owner,
    new_pod,
)
from benchmarks.staleness._peers import Gate, Naive, Overlay, Peer
from benchmarks.staleness._scenarios import Scenario
from homeostat._random import Random as Ids
from homeostat._tasks import Group
from homeostat.api import Unstructured
from homeostat.apiserver import ApiServer
from homeostat.client import Client
from homeostat.controller import Context, KindController, controller
from homeostat.errors import NotFoundError
from homeostat.manager import Manager
from homeostat.testing import run_virtual

__all__ = ["STRATEGIES", "Outcome", "Strategy", "outcome_of"]

Strategy: TypeAlias = Literal["naive", "gate", "overlay", "homeostat"]
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
_CACHES = {"naive": Naive, "gate": Gate, "overlay": Overlay}

TROUBLE = 3.0  # seconds in which things go wrong
CALM = 10.0  # seconds without a change after which nothing more comes
HORIZON = 120.0  # seconds until which a run must have come to its end


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run went.

    Attributes:
        most: The most Pods that there ever were.
        converged: In the end there were as many as asked for, and that stayed so.
        seconds: Virtual time of the last Pod that came or went.
    """

    most: int
    converged: bool
    seconds: float

    @property
    def over_created(self) -> bool:
        """Whether there were ever more Pods than were ever asked for."""
        return self.most > DESIRED


def pods_controller() -> KindController[Unstructured]:
    """Return the controller as a user of this library would write it."""

    @controller(OWNER, owns=[POD], name="pods")
    async def pods(owner: Unstructured, ctx: Context) -> None:
        found = sorted(ctx.list(POD), key=_version)
        wanted: int = owner["spec"]["replicas"]
        for _ in range(wanted - len(found)):
            await ctx.create(new_pod(owner))
        for pod in found[wanted:]:
            await ctx.delete(pod)

    return pods


def _version(document: Unstructured) -> int:
    return int(document["metadata"]["resourceVersion"])


def outcome_of(scenario: Scenario, strategy: Strategy, seed: int) -> Outcome:
    """Run once, in virtual time; the same arguments give the same run."""
    return run_virtual(_World(scenario, strategy, seed).run())


class _World:
    def __init__(self, scenario: Scenario, strategy: Strategy, seed: int) -> None:
        self._scenario = scenario
        self._strategy = strategy
        self._seed = seed
        # Every strategy meets the same troubles at the same times.
        self._random = Random(f"{scenario.name} {seed}")
        self._wanted = DESIRED

    async def run(self) -> Outcome:
        scenario, random = self._scenario, self._random
        server = ApiServer(random=Ids(self._seed))
        self._server = Counting(server.transport())
        loop = asyncio.get_running_loop()
        crash = random.randint(1, 5), random.random() < 0.5
        down, past = random.uniform(0.05, 0.3), random.uniform(0.1, 1.0)
        times = sorted(random.uniform(0, TROUBLE) for _ in range(4))
        user = Client(self._server, random=Ids(self._seed))
        async with user, Group() as tasks:
            process = tasks.start(self._process(crash, down, past), name="process")
            await asyncio.sleep(random.uniform(0, 0.3))
            await user.create(new_owner())
            for time in times:
                await asyncio.sleep(max(0.0, time - loop.time()))
                if scenario.relists:
                    self._line.expire()
                if scenario.others:
                    await self._meddle(user)
            await asyncio.sleep(max(0.0, TROUBLE - loop.time()))
            converged = await self._settles()
            process.cancel()
        return Outcome(
            most=self._server.most,
            converged=converged,
            seconds=self._server.changed,
        )

    async def _settles(self) -> bool:
        """Wait until the Pods are as many as asked for, and for a while after that."""
        loop = asyncio.get_running_loop()
        while loop.time() < HORIZON:
            await asyncio.sleep(0.5)
            still = loop.time() - self._server.changed
            if len(self._server.live) == self._wanted and still > CALM:
                return True
        return False

    async def _meddle(self, user: Client) -> None:
        """Delete a Pod, or ask for another number: never for more than at first."""
        live = sorted(self._server.live)
        if live and self._random.random() < 0.5:
            try:
                name = self._random.choice(live)
                await user.delete(POD, name, namespace=NAMESPACE)
            except NotFoundError:
                return
        else:
            self._wanted = self._random.randint(1, DESIRED)
            patch = {"spec": {"replicas": self._wanted}}
            await user.patch(OWNER, "web", patch, namespace=NAMESPACE)

    async def _process(self, crash: tuple[int, bool], down: float, past: float) -> None:
        """Run the controller; kill it at a write, and start another one."""
        scenario = self._scenario
        if scenario.crash:
            self._line = Line(
                self._server, self._random, lost=scenario.lost, crash=crash
            )
            async with Group() as tasks:
                task = tasks.start(self._controller(self._line), name="first")
                await self._line.dead.wait()
                task.cancel()
                while not task.done():  # its clean-up may wait, too
                    task.cancel()
                    await asyncio.sleep(0)
            await asyncio.sleep(down)
        self._line = Line(
            self._server,
            self._random,
            lost=scenario.lost,
            past=past if scenario.stale_list else 0.0,
        )
        await self._controller(self._line)

    async def _controller(self, line: Line) -> None:
        async with Client(line, random=Ids(self._seed)) as client:
            work: Callable[[], Awaitable[None]]
            if self._strategy == "homeostat":
                work = Manager(
                    controllers=[pods_controller()],
                    client=client,
                    drain_timeout=0.0,
                    random=Ids(self._seed),
                ).run
            else:
                cache = _CACHES[self._strategy]()
                work = Peer(client, cache, barrier=self._scenario.barrier).run
            await work()
