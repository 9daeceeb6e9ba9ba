"""A PodSet-like kind, and a transport that watches and disturbs."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeAlias

from homeostat import Client, CustomResource, Field, Spec, Status, custom_resource
from homeostat._tasks import Group
from homeostat._transport import HttpRequest, HttpResponse, HttpStream, Transport
from homeostat.api import GroupVersionKind, ObjectMeta, Unstructured
from homeostat.apiserver import ApiServer
from homeostat.controller import KindController
from homeostat.errors import TransportError
from homeostat.manager import Manager
from homeostat.testing import run_virtual

DEPLOYMENT = GroupVersionKind("apps", "v1", "Deployment")
CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")
EVENT = GroupVersionKind("", "v1", "Event")
PODSET = GroupVersionKind("test.dev", "v1", "PodSet")
LABELS = {"podset": "a"}


class Port(Spec):
    name: str
    number: int = 80


class PodSetSpec(Spec):
    size: int = 1
    ports: list[Port] = Field(default_factory=list)


class PodSetStatus(Status):
    ready: int = 0
    nodes: list[str] = Field(default_factory=list)


@custom_resource(group="test.dev", version="v1")
class PodSet(CustomResource[PodSetSpec, PodSetStatus]):
    """As many pods as are asked for."""


# Written by hand and wide open, so that a test can store what the type cannot hold.
CRD: Unstructured = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "podsets.test.dev"},
    "spec": {
        "group": "test.dev",
        "scope": "Namespaced",
        "names": {
            "kind": "PodSet",
            "plural": "podsets",
            "singular": "podset",
            "listKind": "PodSetList",
        },
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "x-kubernetes-preserve-unknown-fields": True,
                    }
                },
            }
        ],
    },
}


def podset(name: str = "a", size: int = 1) -> PodSet:
    return PodSet(
        metadata=ObjectMeta(name=name, namespace="default"), spec=PodSetSpec(size=size)
    )


def deployment(name: str, replicas: int) -> Unstructured:
    labels = {"podset": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "pod", "image": "busybox"}]},
            },
        },
    }


def config(name: str = "", **metadata: object) -> Unstructured:
    """Return a ConfigMap; without a name the server makes one up."""
    named = {"name": name} if name else {"generateName": "a-"}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {**named, "labels": LABELS, **metadata},
    }


class Figures:
    """A sink for figures that keeps them.

    Attributes:
        counts: Sums of counters, by name and labels.
        gauges: Newest values, by name and labels.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.gauges: dict[str, float] = {}

    def count(self, name: str, amount: float = 1.0, /, **labels: str) -> None:
        self.counts[f"{name} {' '.join(labels.values())}"] += int(amount)

    def gauge(self, name: str, value: float, /, **labels: str) -> None:
        self.gauges[f"{name} {' '.join(labels.values())}"] = value

    def observe(self, name: str, value: float, /, **labels: str) -> None:
        pass


Hook: TypeAlias = Callable[[HttpRequest], Awaitable[HttpResponse | None]]


class Wire:
    """A transport that counts requests and lets a test step in before each.

    Attributes:
        requests: ``VERB path``, watches as ``WATCH path``.
        before: Called before each request; what it returns is the answer.
        lose: Whether the answer to a request that was done is lost.
    """

    def __init__(self, server: ApiServer) -> None:
        self._inner: Transport
        self.connect(server)
        self.requests: list[str] = []
        self.before: Hook | None = None
        self.lose: Callable[[HttpRequest], bool] = lambda _request: False

    def connect(self, server: ApiServer) -> None:
        self._inner = server.transport()

    def before_first(
        self, method: str, act: Callable[[], Awaitable[object]], *, path: str = ""
    ) -> None:
        """Let a test step in once, before the first request to a path that ends so."""

        async def step_in(request: HttpRequest) -> HttpResponse | None:
            if request.method == method and request.path.endswith(path):
                self.before = None
                await act()
            return None

        self.before = step_in

    def writes(self) -> list[str]:
        return [r for r in self.requests if r.split()[0] not in {"GET", "WATCH"}]

    async def request(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(f"{request.method} {request.path}")
        if self.before is not None:
            answer = await self.before(request)
            if answer is not None:
                return answer
        response = await self._inner.request(request)
        if self.lose(request):
            raise TransportError("reset by peer", sent=True)
        return response

    def stream(self, request: HttpRequest) -> AbstractAsyncContextManager[HttpStream]:
        self.requests.append(f"WATCH {request.path}")
        return self._inner.stream(request)

    async def close(self) -> None:
        await self._inner.close()


class Late:
    """A stream whose chunks arrive later than they were sent."""

    def __init__(self, inner: HttpStream, wire: "LateWire", path: str) -> None:
        self.status: int = inner.status
        self.headers: Mapping[str, str] = inner.headers
        self._inner = inner
        self._wire = wire
        self._path = path

    async def chunks(self) -> AsyncIterator[bytes]:
        async for chunk in self._inner.chunks():
            if self._path.endswith(self._wire.slow):
                await asyncio.sleep(self._wire.delay)
            yield chunk


class LateWire(Wire):
    """A line on which the news of watches may be slower than answers.

    Attributes:
        delay: Seconds that the news take.
        slow: How the paths end that it is about, "" for all.
    """

    def __init__(self, server: ApiServer) -> None:
        super().__init__(server)
        self.delay = 0.0
        self.slow = ""

    def stream(self, request: HttpRequest) -> AbstractAsyncContextManager[HttpStream]:
        return self._late(super().stream(request), request.path)

    @asynccontextmanager
    async def _late(
        self, stream: AbstractAsyncContextManager[HttpStream], path: str
    ) -> AsyncGenerator[HttpStream]:
        async with stream as inner:
            yield Late(inner, self, path)


class World:
    """An API server with the kind installed, an outsider's client, and managers.

    Attributes:
        server: The server.
        outsider: Client of everybody else.
        wire: What the manager's requests pass through.
        manager: The newest manager.
        figures: What was measured.
    """

    def __init__(self) -> None:
        self.figures = Figures()
        self.server = ApiServer()
        self.outsider = Client(self.server.transport(), field_manager="outsider")
        self.wire = Wire(self.server)
        self.manager: Manager

    def restart_without_data(self) -> None:
        """Put a new, empty server in the place of the old one."""
        self.server = ApiServer()
        self.outsider = Client(self.server.transport(), field_manager="outsider")
        self.wire.connect(self.server)

    @asynccontextmanager
    async def running(self, *controllers: KindController[Any]) -> AsyncGenerator[None]:
        client = Client(self.wire)
        self.manager = Manager(
            controllers=controllers, client=client, metrics=self.figures
        )
        async with Group() as tasks:
            task = tasks.start(self.manager.run(), name="manager")
            await asyncio.sleep(0.5)
            yield
            assert not task.done(), task.exception()
            task.cancel()


def late(world: World) -> LateWire:
    """Put a late wire in the place of the world's."""
    wire = world.wire = LateWire(world.server)
    return wire


def lose_first(method: str) -> Callable[[HttpRequest], bool]:
    """Return what loses the answer of the first request of a method."""
    lost: list[str] = []

    def lose(request: HttpRequest) -> bool:
        if request.method != method or lost:
            return False
        lost.append(request.path)
        return True

    return lose


async def configs(world: World) -> int:
    """Return how many ConfigMaps there are."""
    return len(await world.outsider.list(CONFIG_MAP))


def virtual(
    test: Callable[[World], Awaitable[None]],
) -> Callable[[], None]:
    """Run a test in virtual time, in a world of its own."""

    def run() -> None:
        async def main() -> None:
            world = World()
            await world.outsider.create(CRD)
            await world.outsider.resource_for(PodSet)
            async with asyncio.timeout(100_000):
                await test(world)

        run_virtual(main())

    run.__name__ = test.__name__
    return run


async def settle() -> None:
    """Let everything that is due happen."""
    await asyncio.sleep(5)


def now() -> float:
    """Return the loop's time."""
    return asyncio.get_running_loop().time()
