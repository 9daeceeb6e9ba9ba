"""Both servers, an operator on a faulty line, and what must hold in the end."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Literal

from homeostat._clock import SystemClock
from homeostat._tasks import Group
from homeostat._transport import HttpRequest, Transport
from homeostat.api import GroupVersionKind, Unstructured
from homeostat.apiserver import ApiServer
from homeostat.client import Client, ClusterConfig
from homeostat.client._http import HttpTransport
from homeostat.controller import Binding, KindController
from homeostat.errors import NotFoundError
from homeostat.manager import Manager
from homeostat.testing import VirtualTimeLoop, eventually
from tests.bad_days.faults import Apart, Faults, Fire, Rule
from tests.bad_days.kinds import CONFIG_MAP, CRD, CRDS, DEPLOYMENT, Set
from tests.bad_days.loops import RealTimeLoop
from tests.harness.kube import ADMIN, ControlPlane
from tests.harness.relay import Relay

__all__ = ["Operator", "World", "normalised"]

SET = GroupVersionKind("baddays.dev", "v1", "Set")
WITHIN = 600.0  # seconds of virtual time; on the real server, of a generous deadline
REAL_WITHIN = 40.0


class World:
    """One API server with Sets in it, a namespace, and everybody else's client."""

    def __init__(
        self, namespace: str, *, server: ApiServer | None, plane: ControlPlane | None
    ) -> None:
        self.namespace = namespace
        self.server = server
        self.plane = plane
        self.line: Relay | None = None  # of the watches of operators
        self.outsider = self.client(self.transport(), "outsider")

    @property
    def kind(self) -> Literal["embedded", "real"]:
        return "real" if self.plane is not None else "embedded"

    def transport(self, user: str = ADMIN) -> Transport:
        if self.server is not None:
            return self.server.transport()
        direct = self._over(user)
        if self.line is None:
            return direct
        return Apart(direct, self._over(user, self.line.url))

    def _over(self, user: str, url: str = "") -> Transport:
        assert self.plane is not None
        config = ClusterConfig(
            server=url or self.plane.url,
            certificate_authority=str(self.plane.ca_file),
            token=self.plane.token(user),
        )
        return HttpTransport(config, clock=SystemClock())

    @asynccontextmanager
    async def on_a_line(self) -> AsyncGenerator[None]:
        """Lead the watches of operators over a line that ``Operator.silence`` knows."""
        if self.plane is None:
            yield
            return
        async with Relay(self.plane.url) as self.line:
            yield

    async def later(self, seconds: float) -> None:
        """Let time pass: on the real server, it passes for its clients at once."""
        loop = asyncio.get_running_loop()
        if isinstance(loop, RealTimeLoop):
            loop.advance(seconds)
            await asyncio.sleep(0.01)
        else:
            await asyncio.sleep(seconds)

    def block(self, seconds: float) -> None:
        """Let time pass as a call that blocks does, without the wait."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, RealTimeLoop | VirtualTimeLoop)
        loop.advance(seconds)

    def client(self, transport: Transport, manager: str = "homeostat") -> Client:
        return Client(transport, field_manager=manager, namespace=self.namespace)

    async def prepare(self, *definitions: Unstructured) -> None:
        """Make the namespace and the kinds, where they are not there yet."""
        namespace = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": self.namespace},
        }
        await self.outsider.apply(namespace)
        for definition in definitions or (CRD,):
            await self.install(definition)

    async def install(self, definition: Unstructured) -> None:
        await self.outsider.apply(definition)
        name = definition["metadata"]["name"]

        async def established() -> None:
            found = await self.outsider.get(CRDS, name)
            conditions = found.get("status", {}).get("conditions") or ()
            assert ("Established", "True") in {
                (each["type"], each["status"]) for each in conditions
            }

        await self.until(established)

    async def until(self, check: Callable[[], Any]) -> None:
        """Wait until a check, plain or ``async``, passes."""

        async def run() -> Any:
            answer = check()
            return await answer if asyncio.iscoroutine(answer) else answer

        within = WITHIN if self.plane is None else REAL_WITHIN
        await eventually(run, within=within, every=0.25 if self.plane is None else 0.02)

    @asynccontextmanager
    async def operator(
        self, *controllers: KindController[Any], user: str = ADMIN, ready: bool = True
    ) -> AsyncGenerator["Operator"]:
        """Run controllers behind faults; ``ready`` waits until they work."""
        async with Group() as tasks:
            operator = Operator(self, controllers, user, tasks)
            operator.start()
            try:
                if ready:
                    await operator.wait_ready()
                yield operator
            finally:
                await operator.leave()

    async def has(self, name: str, size: int) -> None:
        """Assert that a Set is there with all that belongs to it."""
        client = self.outsider
        found = await client.get(Set, name)
        assert found.status.ready == size
        ledger = await client.get(CONFIG_MAP, f"ledger-{name}")
        assert ledger["data"] == {"size": str(size)}
        assert len(await client.list(CONFIG_MAP, labels={"set": name})) == size
        child = await client.get(DEPLOYMENT, name)
        assert child["spec"]["replicas"] == size

    async def whole(self, name: str, size: int) -> None:
        """Wait until a Set is there with all that belongs to it."""
        await self.until(lambda: self.has(name, size))

    async def lacks(self, kind: GroupVersionKind, name: str) -> None:
        try:
            await self.outsider.get(kind, name)
        except NotFoundError:
            return
        raise AssertionError(f"{kind} {name} is still there")

    async def everything(self) -> list[Unstructured]:
        kinds = (SET, DEPLOYMENT, CONFIG_MAP)
        return [item for kind in kinds for item in await self.outsider.list(kind)]

    async def end_state(self) -> list[Unstructured]:
        """Return all objects with what differs from run to run taken out."""
        return normalised(await self.everything(), namespace=self.namespace)

    async def close(self) -> None:
        await self.outsider.close()


class Operator:
    """A process with a manager in it; it can be killed, and started anew."""

    faults: Faults
    manager: Manager

    def __init__(
        self,
        world: World,
        controllers: tuple[KindController[Any], ...],
        user: str,
        tasks: Group,
    ) -> None:
        self._world = world
        self._controllers = controllers
        self._user = user
        self._tasks = tasks
        self._task: asyncio.Task[None] | None = None
        self._starts = 0
        self._undertakers: list[asyncio.Task[None]] = []
        # Where the first process that takes over from another is killed: a write,
        # and whether the server did it.
        self.at_start: tuple[int, bool] | None = None

    def start(self) -> None:
        """Start a process that knows nothing of an earlier one."""
        assert self._task is None
        self.faults = Faults(self._world.transport(self._user))
        self._task = self._tasks.start(self._run(), name="operator")
        if (then := self.at_start) is not None and self._starts:
            self.at_start = None
            self.kill_at(then[0], committed=then[1])
        self._starts += 1

    async def _run(self) -> None:
        async with AsyncExitStack() as stack:
            client = self._world.client(self.faults)
            stack.push_async_callback(client.close)
            self.manager = Manager(
                controllers=self._controllers,
                client=client,
                namespaces=[self._world.namespace],
                drain_timeout=0.0,
            )
            await self.manager.run()

    async def wait_ready(self) -> None:
        await asyncio.sleep(0)  # the manager is made by its task
        async with asyncio.timeout(WITHIN):
            await self.manager.wait_ready()

    async def kill(self) -> None:
        """End it as SIGKILL does: nothing that it sends from here on arrives."""
        task, self._task = self._task, None
        if task is None:
            return
        assert not task.done(), task.exception()
        self.faults.die()
        task.cancel()
        # A second cancellation ends whatever waits for an answer in its clean-up.
        while not task.done():  # noqa: ASYNC110  # a task that ends cannot be awaited twice
            await asyncio.sleep(0)

    async def leave(self) -> None:
        """End it, with whoever waits for its end."""
        for undertaker in self._undertakers:
            undertaker.cancel()
        await self.kill()

    async def restart(self) -> None:
        await self.kill()
        self.start()
        await self.wait_ready()

    def kill_at(self, write: int, *, committed: bool) -> Rule:
        """Kill it at its nth write from here, before or after the server did it.

        A new process is started at once.
        """
        faults, killed = self.faults, asyncio.Event()

        def die(_request: HttpRequest) -> None:
            faults.die()
            killed.set()

        async def replace() -> None:
            await killed.wait()
            await self.restart()

        self._undertakers.append(self._tasks.start(replace(), name="undertaker"))
        effect = Fire(after=die) if committed else Fire(before=die)
        return faults.add(effect, "write", skip=write)

    @property
    def lines(self) -> int:
        """How many watches were begun."""
        line = self._world.line
        return line.opened if line is not None else len(self.faults.watching)

    def silence(self) -> int:
        """Let the watches that are open say nothing any more; returns how many."""
        line = self._world.line
        return line.silence() if line is not None else self.faults.end_watches("silent")

    @property
    def bindings(self) -> list[Binding]:
        return [p.binding for p in self.manager._parts if p.binding is not None]

    async def check_quiet(self) -> None:
        """Assert that nothing waits, and that the caches are what the server has."""
        for binding in self.bindings:
            _check_idle(binding)
            for informer in binding._informers:
                health = informer.health
                assert health.ok, health
                live = await self._world.outsider.list(informer.gvk)
                cached = {
                    str(r.name): r.resource_version for r in informer.lister.records()
                }
                assert cached == {
                    item["metadata"]["name"]: item["metadata"]["resourceVersion"]
                    for item in live
                }
                for stream in informer.streams:
                    assert stream.store.backlog == {"unacked": 0, "tombs": 0}
                    assert not len(stream.store.needs)
                    assert not stream.store.listing
                    assert not stream.store._unconfirmed

    async def quiet(self) -> None:
        """Wait until nothing is to be done any more, and look into every corner."""
        await self._world.until(self.check_quiet)


def _check_idle(binding: Binding) -> None:
    engine = binding.engine
    snapshot = engine.queue.snapshot()
    assert not snapshot.ready, snapshot
    assert not snapshot.leased, snapshot
    assert not snapshot.delayed, snapshot
    assert not snapshot.parked, snapshot
    assert not snapshot.failures, snapshot
    assert not len(engine.conflicts)
    assert not len(binding._catching_up)
    assert not len(binding._reconciled.trigger)
    for source in binding._mapped:
        assert not len(source.trigger)
        assert not source._kept


def normalised(objects: list[Unstructured], *, namespace: str) -> list[Unstructured]:
    """Return objects without what differs from run to run, in one order.

    Uids become the names of their objects; of generated names the prefix stays, and
    how many there are. Versions and times go. Fields and their managers stay.
    """
    names = {o["metadata"]["uid"]: _name(o) for o in objects}
    for item in objects:  # an owner may be gone
        for owner in item["metadata"].get("ownerReferences", ()):
            names[owner["uid"]] = owner["name"]

    def clean(value: Any, key: str = "") -> Any:
        if key in {"creationTimestamp", "resourceVersion", "time"}:
            return "*"
        if key in {"lastTransitionTime", "deletionTimestamp"}:
            return "*"
        if isinstance(value, dict):
            return {_plain(k, names): clean(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [clean(each) for each in value]
        if isinstance(value, str):
            return names.get(value, value).replace(namespace, "NS")
        return value

    cleaned = []
    for item in objects:
        made = clean(item)
        made["metadata"]["name"] = _name(item)
        made["metadata"]["managedFields"].sort(key=str)  # by time, which is no order
        cleaned.append(made)
    return sorted(cleaned, key=lambda each: (each["kind"], str(each)))


def _name(item: Unstructured) -> str:
    metadata = item["metadata"]
    if metadata.get("generateName"):
        return f"{metadata['generateName']}*"
    return str(metadata["name"])


def _plain(key: str, names: dict[str, str]) -> str:
    for uid, name in names.items():
        if uid in key:
            return key.replace(uid, name)
    return key
