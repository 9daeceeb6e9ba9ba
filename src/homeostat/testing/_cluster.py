"""A local cluster for a test: on a thread and a loop of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import Future
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self, TypeVar, final

from homeostat._loop_thread import LoopThread
from homeostat._tasks import Group, only_error
from homeostat.client import Client
from homeostat.controller import Controller, KindController
from homeostat.localcluster import LocalCluster, PodLives, Profile, kubeconfig_for
from homeostat.manager import Manager, install_crds, resources_of
from homeostat.testing._hop import Hop

__all__ = ["Cluster"]

T = TypeVar("T")

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
        self._background: list[Future[None]] = []
        self._make = partial(
            LocalCluster,
            profile=profile,
            nodes=nodes,
            controllers=controllers,
            pods=pods,
        )
        self._local: LocalCluster | None = None
        self._client: Client | None = None
        self._url = ""
        self._kubeconfig: Path | None = None

    def __enter__(self) -> Self:
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
        for service in self._background:  # what died must not go unnoticed
            if not service.cancelled() and (error := service.exception()):
                raise error

    async def _boot(self) -> None:
        self._local = self._make()
        self._client = self._local.client()
        self._background.append(self._thread.submit(self._local.run()))

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
        running = self._thread.call(_begin(self._thread, manager, client))
        self._background.append(running)

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


async def _install(admin: Client, controllers: Iterable[object]) -> None:
    resources = resources_of(controllers)
    try:
        async with asyncio.timeout(START_TIMEOUT):
            await install_crds(admin, resources)
    except TimeoutError:
        names = ", ".join(each.__name__ for each in resources)
        text = f"no definition for one of {names} after {START_TIMEOUT:g} s: is it"
        raise TimeoutError(f"{text} being deleted?") from None


async def _begin(thread: LoopThread, manager: Manager, client: Client) -> Future[None]:
    """Return a manager at work; one that fails to get there is gone when it raises."""
    running = thread.submit(_operate(manager, client))
    try:
        await _ready(manager, running)
    except BaseException:
        running.cancel()
        raise
    return running


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
