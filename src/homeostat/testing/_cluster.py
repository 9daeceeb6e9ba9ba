"""A local cluster for a test: on a thread and a loop of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable
from concurrent.futures import Future
from contextlib import AsyncExitStack, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self, TypeVar, final

from homeostat._loop_thread import LoopThread
from homeostat._tasks import Group, only_error
from homeostat.apiserver import Fault, Snapshot
from homeostat.client import Client
from homeostat.controller import Controller, KindController
from homeostat.k8s import core_v1
from homeostat.localcluster import LocalCluster, PodLives, Profile, kubeconfig_for
from homeostat.manager import Manager, install_crds, resources_of
from homeostat.testing._hop import Hop

__all__ = ["Cluster"]

T = TypeVar("T")

STOP_TIMEOUT = 10.0  # seconds until controllers that are stopped have ended
START_TIMEOUT = 30.0  # seconds until the caches of a test's controllers are full
_NOT_RUNNING = "the cluster is not running: use it in a with block"


@final
class Cluster:
    """A fresh cluster on a thread of its own, so that a test may block.

    A test that waits for kubectl on the server's own loop would wait for ever; here the
    server, the built-in controllers and the controllers under test have a loop of their
    own. The HTTP server starts when ``url`` or ``kubeconfig`` is first asked for.

    A context manager; the ``cluster`` fixture gives one per test.

    Args:
        profile: ``cluster``, or ``apiserver`` for a server without controllers.
        nodes: How many simulated nodes.
        controllers: Which built-in controllers run; see ``LocalCluster``.
        pods: Gives simulated pods their lives; see ``PodLife``.
    """

    def __init__(
        self,
        *,
        profile: Profile = "cluster",
        nodes: int = 2,
        controllers: str = "*",
        pods: PodLives | None = None,
    ) -> None:
        self._thread = LoopThread(name="homeostat-cluster")
        self._stack = ExitStack()
        self._services = AsyncExitStack()
        self._background: list[_Service] = []
        self._make = partial(
            LocalCluster,
            profile=profile,
            nodes=nodes,
            controllers=controllers,
            pods=pods,
        )
        self._profile = profile
        self._node_count = nodes if profile == "cluster" else 0
        self._local: LocalCluster | None = None
        self._client: Client | None = None
        self._url = ""
        self._kubeconfig: Path | None = None

    def __enter__(self) -> Self:
        if self._profile == "cluster":
            # In the caller's thread: pytest rewrites modules as they are imported, and
            # two threads may not parse at once (``ast`` of CPython 3.11 counts its
            # depth for all of them).
            LocalCluster.load()
        self._stack.enter_context(self._thread)
        self._thread.call(self._boot())
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self._thread.call(self._services.aclose())
        finally:
            self._stack.close()
        _raise_what_died(self._background)

    async def _boot(self) -> None:
        self._local = self._make()
        self._client = self._local.client()
        self._background.append(_Service(self._thread, self._local.run()))

    @property
    def local(self) -> LocalCluster:
        """The cluster itself; its methods belong to the cluster's loop."""
        if self._local is None:
            raise RuntimeError(_NOT_RUNNING)
        return self._local

    def call(self, action: Callable[[Client], Awaitable[T]]) -> T:
        """Run one action with a client and return its result; blocks the caller.

        As ``cluster.call(lambda client: client.get(PodSet, "web"))``.
        """
        client = self._client
        if client is None:
            raise RuntimeError(_NOT_RUNNING)

        async def act() -> T:
            return await action(client)

        return self._thread.call(act())

    def client(self, *, namespace: str = "") -> Client:
        """Return a client for the test's own event loop; the caller closes it.

        Args:
            namespace: Where calls go that name none; "" for ``default``.
        """
        hop = Hop(self.local.server.transport(), self._thread)
        return Client(hop, namespace=namespace)

    def start(self, *controllers: KindController[Any] | Controller[Any]) -> None:
        """Run controllers on the cluster until the test ends.

        Their custom resources are installed first. Blocks until their caches are full.
        At the end of the test what they do is cancelled, as when their process is
        killed; if they died before, the end of the test raises why.

        Args:
            *controllers: What to run, in one manager; each call has its own.

        Raises:
            ConfigError: As ``Manager`` raises it, or a resource has no definition.
            InvalidError: The server does not take a definition.
            TimeoutError: After 30 s a definition is not served, or a cache not full;
                says which, and why.
        """
        client = self.local.client()
        manager = Manager(controllers=controllers, client=client, drain_timeout=0.0)
        self.call(lambda admin: _install(admin, controllers))
        service = _Service(self._thread, _operate(manager, client))
        try:
            self._thread.call(_ready(manager, service.running))
        except BaseException:
            service.stop()
            raise
        self._background.append(service)

    def settle(self, *, quiet: float = 0.1, within: float = 30.0) -> None:
        """Block until the nodes are there and nothing is written any more.

        Args:
            quiet: How long nothing must be written, in seconds.
            within: How long that may take, in seconds.

        Raises:
            TimeoutError: Somebody writes all the time.
        """
        self._thread.call(_settled(self.local, self._node_count, quiet, within))

    def snapshot(self) -> Snapshot:
        """Keep the present state of the cluster, for ``restore``."""
        return self._thread.run(self.local.server.snapshot)

    def restore(self, snapshot: Snapshot) -> None:
        """Bring the objects of a snapshot back, in milliseconds.

        What was made since is removed at once, whatever its finalizers; the others are
        as they were, under their uids. Controllers that run see it as they see any
        change: take a snapshot of a cluster at rest, and restore it at rest, or what
        they were about to write comes after it.
        """
        self._thread.run(lambda: self.local.server.restore(snapshot))

    @contextmanager
    def isolated(self) -> Generator[Self]:
        """Undo on exit what is done inside: objects, controllers and faults.

        ``module_cluster`` and ``session_cluster`` wrap each test in it. If a controller
        started inside died, the exit raises why.
        """
        before = self.snapshot()
        running = len(self._background)
        try:
            yield self
        finally:
            started = self._background[running:]
            del self._background[running:]
            for service in started:
                service.stop()
            self._thread.run(self.local.server.faults.clear)
            self.restore(before)
        _raise_what_died(started)

    def compact(self) -> None:
        """Forget all history: watches that resume from before it meet 410."""
        self._thread.run(self.local.server.compact)

    def expire_watches(self) -> None:
        """End every open watch with an ERROR event of code 410."""
        self._thread.run(self.local.server.expire_watches)

    def drop_watches(self) -> None:
        """Break every open watch, as a lost connection does."""
        self._thread.run(self.local.server.drop_watches)

    @contextmanager
    def fault(self, fault: Fault) -> Generator[Fault]:
        """Let a fault happen inside the block, whoever asks: kubectl, too.

        ``with cluster.fault(Fault(verb="update", resource="pods", nth=3, code=409)):``.
        Its ``calls`` count the requests that it was meant for.
        """
        faults = self.local.server.faults
        self._thread.run(lambda: faults.add(fault))
        try:
            yield fault
        finally:
            self._thread.run(lambda: faults.remove(fault))

    @property
    def url(self) -> str:
        """Where the server listens, as ``http://127.0.0.1:PORT``."""
        if not self._url:
            self._url = self._thread.call(self._serve())
        return self._url

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig file for kubectl and other clients."""
        if self._kubeconfig is None:
            folder = self._stack.enter_context(TemporaryDirectory(prefix="homeostat-"))
            self._kubeconfig = Path(folder) / "kubeconfig"
            self._kubeconfig.write_text(kubeconfig_for(self.url))
        return self._kubeconfig

    async def _serve(self) -> str:
        return await self._services.enter_async_context(self.local.serve())


class _Service:
    """Something that runs on the cluster's loop until it is stopped."""

    def __init__(self, thread: LoopThread, work: Coroutine[Any, Any, None]) -> None:
        self._thread = thread
        self._ended = asyncio.Event()
        self.running: Future[None] = thread.submit(self._run(work))

    async def _run(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        finally:
            self._ended.set()

    def stop(self) -> None:
        """Cancel it, and wait until it has ended."""
        if self.running.cancel():
            self._thread.call(self._wait())

    async def _wait(self) -> None:
        async with asyncio.timeout(STOP_TIMEOUT):
            await self._ended.wait()

    def check(self) -> None:
        """Raise what it died of: that must not go unnoticed."""
        done = self.running.done() and not self.running.cancelled()
        if done and (error := self.running.exception()):
            raise error


def _raise_what_died(services: Iterable[_Service]) -> None:
    for service in services:
        service.check()


async def _settled(
    local: LocalCluster, nodes: int, quiet: float, within: float
) -> None:
    text = f"no {quiet:g} s without a write in {within:g} s"
    try:
        async with asyncio.timeout(within), local.client() as client:
            revision = -1
            while revision != local.server.revision or not await _has(client, nodes):
                revision = local.server.revision
                await asyncio.sleep(quiet)
    except TimeoutError:
        raise TimeoutError(text) from None


async def _has(client: Client, nodes: int) -> bool:
    return len(await client.list(core_v1.Node)) >= nodes


async def _install(admin: Client, controllers: Iterable[object]) -> None:
    resources = resources_of(controllers)
    try:
        async with asyncio.timeout(START_TIMEOUT):
            await install_crds(admin, resources)
    except TimeoutError:
        names = ", ".join(each.__name__ for each in resources)
        text = f"no definition for one of {names} after {START_TIMEOUT:g} s: is it"
        raise TimeoutError(f"{text} being deleted?") from None


async def _ready(manager: Manager, running: Future[None]) -> None:
    try:
        async with asyncio.timeout(START_TIMEOUT), Group() as tasks:
            failing = tasks.start(_failure_of(running), name="cluster/start")
            await manager.wait_ready()
            failing.cancel()
    except TimeoutError:
        why = "; ".join(f"{k}: {v}" for k, v in manager.health.troubles.items())
        raise TimeoutError(f"not ready in {START_TIMEOUT:g} s: {why}") from None
    except BaseExceptionGroup as group:
        raise only_error(group) from None


async def _operate(manager: Manager, client: Client) -> None:
    async with client:
        await manager.run()


async def _failure_of(running: Future[None]) -> None:
    """Raise what it dies of; cancelling this leaves it running."""
    await asyncio.shield(asyncio.wrap_future(running))
