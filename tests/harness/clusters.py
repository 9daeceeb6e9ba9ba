"""One face for two clusters: the embedded one, and the real control plane.

A test that takes the fixture ``any_cluster`` runs twice: on the embedded cluster
(``session_cluster`` of ``homeostat.testing``), and on the real kube-apiserver with
kube-controller-manager, where the scheduler and the nodes of
``homeostat.localcluster.Simulation`` make pods ready. Only the second one has the
marker ``kube``; ``@only_real`` leaves out the first, and ``@with_ours`` adds a third:
the real one, with the controllers of ``homeostat.localcluster`` in place of its own.
The fixtures come with two lines in a ``conftest.py``::

    from tests.harness.clusters import any_cluster, our_plane, simulated_plane

    __all__ = ["any_cluster", "our_plane", "simulated_plane"]

It has the calls of ``homeostat.testing.Cluster`` (``call``, ``client``, ``start``,
``kubeconfig``), a namespace of its own that every call means which names none, and
operators that can be stopped before the test ends.
"""

import asyncio
import itertools
import os
from collections.abc import (
    Awaitable,
    Callable,
    Coroutine,
    Generator,
    Iterator,
    Sequence,
)
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Any, Literal, Self, TypeAlias, TypeVar

import pytest

from homeostat._loop_thread import LoopThread
from homeostat._tasks import Group, only_error
from homeostat.api import ObjectMeta
from homeostat.client import Client, ClusterConfig, load_config
from homeostat.controller import KindController
from homeostat.errors import NotFoundError
from homeostat.k8s import core_v1
from homeostat.localcluster import Simulation
from homeostat.localcluster._controllers import Settings, built_in
from homeostat.manager import Manager, install_crds, resources_of
from homeostat.testing import Cluster, eventually
from tests.harness.kube import ControlPlane

__all__ = [
    "AnyCluster",
    "Service",
    "any_cluster",
    "on_embedded",
    "only_real",
    "our_plane",
    "simulated_plane",
    "with_ours",
]

T = TypeVar("T")
Kind: TypeAlias = Literal["embedded", "real", "ours"]
Connect: TypeAlias = Callable[[str], Client]

_START_SECONDS = 30.0  # until the caches of a test's controllers are full
_STOP_SECONDS = 10.0
# A call takes a second where both cores are busy; one that takes longer is lost, and
# nobody would say on what a run waits that waits for it.
_CALL_SECONDS = 60.0
_PLANE: pytest.StashKey[ControlPlane] = pytest.StashKey()
_OUR_PLANE: pytest.StashKey[ControlPlane] = pytest.StashKey()
# Controllers of ours that take the place of kube-controller-manager's.
_OURS = (
    "cronjob-controller",
    "daemonset-controller",
    "deployment-controller",
    "disruption-controller",
    "endpoints-controller",
    "endpointslice-controller",
    "job-controller",
    "node-lifecycle-controller",
    "persistentvolume-binder-controller",
    "replicaset-controller",
    "statefulset-controller",
    "ttl-after-finished-controller",
)

_numbers = itertools.count(1)


class Service:
    """Something that runs on the cluster's thread until it is stopped.

    Invariant: once ``stop`` has returned, it does nothing any more.
    """

    def __init__(self, thread: LoopThread, main: Coroutine[Any, Any, None]) -> None:
        self._ended = Event()
        self._future: Future[None] = thread.submit(self._run(main))

    async def _run(self, main: Coroutine[Any, Any, None]) -> None:
        try:
            await main
        finally:
            self._ended.set()

    def wait_for(self, ready: Event) -> None:
        """Wait until it is ready, which it says by an event.

        Raises:
            BaseException: What it died of instead.
        """
        self._future.add_done_callback(lambda _: ready.set())
        assert ready.wait(_START_SECONDS), "it is not ready in time"
        if self._future.done() and (error := self._future.exception()):
            raise only_error(error)

    def stop(self) -> None:
        """Cancel it and wait for its end, as when its process is killed.

        Raises:
            BaseException: What it died of before, if it did.
        """
        self._future.cancel()
        assert self._ended.wait(_STOP_SECONDS), "it does not end when cancelled"
        if not self._future.cancelled() and (error := self._future.exception()):
            raise error


class AnyCluster:
    """A cluster with a fresh namespace; what is started on it has its own thread.

    Args:
        kind: Which of the two it is.
        connect: Makes a client with a namespace as its default.
        kubeconfig: Returns the path of a kubeconfig.

    Attributes:
        kind: ``embedded``, ``real``, or ``ours``: real but for its controllers.
        namespace: The namespace of the test.
    """

    def __init__(
        self, kind: Kind, connect: Connect, kubeconfig: Callable[[], Path]
    ) -> None:
        self.kind: Kind = kind
        self.namespace = f"any-{os.getpid()}-{next(_numbers)}"
        self._connect = connect
        self._kubeconfig = kubeconfig
        self._thread = LoopThread(name="any-cluster")
        self._services: list[Service] = []
        self._client: Client | None = None

    def __enter__(self) -> Self:
        self._thread.__enter__()
        try:
            self._thread.call(self._prepare())
        except BaseException:
            self._thread.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # From the last line to the first one, also where one of them fails.
        with ExitStack() as stack:
            stack.push(self._thread.__exit__)
            stack.callback(lambda: self._thread.call(self._clear()))
            for service in reversed(self._services):
                stack.callback(service.stop)

    async def _prepare(self) -> None:
        self._client = client = self.client()
        meta = ObjectMeta(name=self.namespace)
        try:
            async with asyncio.timeout(_START_SECONDS):
                await client.create(core_v1.Namespace(metadata=meta))
                if self.kind != "embedded":
                    # Pods are refused without it, and who makes them backs off.
                    await _default_account(client)
        except BaseException as error:
            await client.close()
            if not isinstance(error, TimeoutError):
                raise
            raise TimeoutError(
                f"namespace {self.namespace} has no service account after "
                f"{_START_SECONDS:g} s: does kube-controller-manager still run?"
            ) from None

    async def _clear(self) -> None:
        assert self._client is not None  # made by _prepare
        async with self._client as client, asyncio.timeout(_STOP_SECONDS):
            if self.kind == "embedded":
                return  # all that a test did there is undone
            with suppress(NotFoundError):
                await client.delete(core_v1.Namespace, self.namespace)

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig file; its default namespace is not the test's."""
        return self._kubeconfig()

    def client(self) -> Client:
        """Return a client for an event loop of the caller's, who closes it."""
        return self._connect(self.namespace)

    def call(self, action: Callable[[Client], Awaitable[T]]) -> T:
        """Run one action with a client and return its result; blocks the caller.

        Raises:
            TimeoutError: It takes more than a minute.
        """

        async def act() -> T:
            assert self._client is not None  # made by _prepare
            async with asyncio.timeout(_CALL_SECONDS):
                return await action(self._client)

        return self._thread.call(act())

    def start(
        self, *controllers: KindController[Any], config: ClusterConfig | None = None
    ) -> Service:
        """Run controllers on the test's namespace, their definitions installed first.

        Blocks until their caches are full. They end with the test, or when stopped.

        Args:
            *controllers: What to run.
            config: How they connect, in place of the administrator's way.
        """
        ready = Event()
        self.call(lambda client: install_crds(client, resources_of(controllers)))

        async def main(client: Client) -> None:
            manager = Manager(
                controllers=controllers,
                client=client,
                namespaces=[self.namespace],
                drain_timeout=0.0,
            )
            async with asyncio.TaskGroup() as tasks:
                running = tasks.create_task(manager.run())
                waiting = tasks.create_task(manager.wait_ready())
                await waiting
                ready.set()
                await running

        service = self.run(main, config=config)
        service.wait_for(ready)
        return service

    def run(
        self,
        main: Callable[[Client], Coroutine[Any, Any, None]],
        *,
        config: ClusterConfig | None = None,
    ) -> Service:
        """Run anything with a client of its own; it ends with the test, or stopped."""

        async def connected() -> None:
            async with Client(config) if config else self.client() as client:
                await main(client)

        service = Service(self._thread, connected())
        self._services.append(service)
        return service

    def eventually(self, check: Callable[[], T]) -> T:
        """Retry an assertion until it holds, and return its value.

        The real control plane is given longer: its garbage collector learns of new
        kinds every 30 s.
        """
        if self.kind != "embedded":
            return eventually(check, within=90.0, every=0.05)
        return eventually(check, within=10.0)


async def _default_account(client: Client) -> None:
    """Wait until the namespace has its service account."""
    account = core_v1.ServiceAccount
    async with client.watch(account, fields="metadata.name=default") as events:
        async for _ in events:
            return
    raise AssertionError("the server ended the watch")


@contextmanager
def _simulated(ours: Sequence[str] = ()) -> Generator[ControlPlane]:
    """Run a control plane, with ``ours`` of its controllers replaced by our own."""
    off = ",".join(["*", *(f"-{name}" for name in ours)])
    with (
        ControlPlane(controllers=True, controller_args=(f"--controllers={off}",)) as (
            plane
        ),
        LoopThread(name="nodes") as thread,
    ):
        config = load_config(str(plane.kubeconfig()))

        async def simulate() -> None:
            async with Client(config) as client, Group() as tasks:
                tasks.start(Simulation(client).run(), name="simulation")
                if ours:
                    controllers = built_in(ours, Settings())
                    manager = Manager(
                        controllers=controllers, client=client, drain_timeout=0.0
                    )
                    tasks.start(manager.run(), name="controllers")

        async def nodes() -> None:
            async with Client(config) as client, asyncio.timeout(_STOP_SECONDS):
                assert await client.list(core_v1.Node)

        simulation = Service(thread, simulate())
        try:
            eventually(lambda: thread.call(nodes()), within=_START_SECONDS)
            yield plane
        finally:
            simulation.stop()


@pytest.fixture(scope="session")
def simulated_plane(pytestconfig: pytest.Config) -> ControlPlane:
    """The real control plane, with simulated nodes on which pods become ready.

    There is one in a run, also when several ``conftest.py`` take the fixture in.
    """
    return _only_one(pytestconfig, _PLANE, ())


@pytest.fixture(scope="session")
def our_plane(pytestconfig: pytest.Config) -> ControlPlane:
    """As ``simulated_plane``, with our controllers in place of the workloads' own."""
    return _only_one(pytestconfig, _OUR_PLANE, _OURS)


def _only_one(
    config: pytest.Config, key: pytest.StashKey[ControlPlane], ours: Sequence[str]
) -> ControlPlane:
    if key not in config.stash:
        stack = ExitStack()
        config.stash[key] = stack.enter_context(_simulated(ours))
        config.add_cleanup(stack.close)
    return config.stash[key]


def on_embedded(cluster: Cluster) -> AnyCluster:
    """Return the face of an embedded cluster, which is the test's own or isolated."""
    return AnyCluster(
        "embedded",
        lambda namespace: cluster.client(namespace=namespace),
        lambda: cluster.kubeconfig,
    )


_REAL = pytest.param(
    "real", marks=[pytest.mark.kube, pytest.mark.xdist_group("kube-e2e")]
)
only_real = pytest.mark.parametrize("any_cluster", [_REAL], indirect=True)
"""Decorates what the embedded cluster has not: RBAC, for one."""
_OURS_ON_REAL = pytest.param(
    "ours", marks=[pytest.mark.kube, pytest.mark.xdist_group("kube-ours")]
)
with_ours = pytest.mark.parametrize(
    "any_cluster", ["embedded", _REAL, _OURS_ON_REAL], indirect=True
)
"""Decorates what our controllers do on the real API server as well."""


@pytest.fixture(params=["embedded", _REAL])
def any_cluster(request: pytest.FixtureRequest) -> Iterator[AnyCluster]:
    """The embedded cluster, then each real one; see ``AnyCluster``."""
    if request.param == "embedded":
        with on_embedded(request.getfixturevalue("session_cluster")) as embedded:
            yield embedded
        return
    name = "simulated_plane" if request.param == "real" else "our_plane"
    plane: ControlPlane = request.getfixturevalue(name)
    plane.check()
    path = plane.kubeconfig()
    config = load_config(str(path))
    with AnyCluster(
        request.param,
        lambda namespace: Client(config, namespace=namespace),
        lambda: path,
    ) as real:
        yield real
