"""The manager: start in order, keep running, stop in order."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, final

from homeostat._clock import Clock, SystemClock
from homeostat._guard import Failed, call_async
from homeostat._metrics import NO_METRICS, Metrics
from homeostat._random import Random
from homeostat._tasks import Group, only_error
from homeostat._transport import Transport
from homeostat.api import Kind, Object, Unstructured
from homeostat.cache import Informer, InformerFactory
from homeostat.client import ALL, AllNamespaces, Client, ClusterConfig
from homeostat.controller import (
    Binding,
    Controller,
    Declaration,
    Emitted,
    KindController,
)
from homeostat.errors import ConfigError
from homeostat.events import EventRecorder
from homeostat.manager._controllers import AnyController, check_controllers
from homeostat.manager._endpoints import parse_address, serve_health
from homeostat.manager._health import Check, Health
from homeostat.workqueue import backoff

__all__ = ["Manager"]

logger = logging.getLogger(__name__)

DRAIN = 30.0  # seconds; controller-runtime's GracefulShutdownTimeout
MEASURE = 0.5  # seconds; client-go refreshes the queue's gauges as often
RESTART_BASE, RESTART_CAP = 1.0, 60.0  # seconds between restarts of what crashed


@final
class Manager:
    """Runs controllers in one process, with caches that they share.

    Args:
        controllers: What to run; declared ones, and engines of your own.
        client: The client; the caller closes it.
        config: In place of a client: which cluster, or a transport that leads to one.
        namespaces: Which the caches hold; without effect on cluster-scoped kinds.
        unpacked: Kinds whose objects the caches keep as plain bytes, not compressed.
        health_address: Where to serve ``/healthz`` and ``/readyz``, as ``:8081``; None
            for nowhere. Port 0 takes a free one: see ``address``.
        max_concurrent_reconciles: How many objects each controller reconciles at once,
            in place of what it declares; None leaves that as it is.
        drain_timeout: Seconds that reconciles under way are given when it stops; 0
            cancels them at once.
        clock: Wall time, of events and of what reconcilers see.
        random: Source of ids and jitter.
        metrics: Where figures go.

    Raises:
        ConfigError: Two controllers of one name, no controller, what is none, a bad
            address, or not exactly one of client and config.
    """

    def __init__(  # noqa: PLR0913 - one keyword per option
        self,
        *,
        controllers: Sequence[AnyController],
        client: Client | None = None,
        config: ClusterConfig | Transport | None = None,
        namespaces: Sequence[str] | AllNamespaces = ALL,
        unpacked: Sequence[Kind] = (),
        health_address: str | None = None,
        max_concurrent_reconciles: int | None = None,
        drain_timeout: float = DRAIN,
        clock: Clock | None = None,
        random: Random | None = None,
        metrics: Metrics = NO_METRICS,
    ) -> None:
        found = check_controllers(controllers)
        if (client is None) == (config is None):
            raise ConfigError("a Manager takes either client= or config=")
        if health_address is not None:
            parse_address(health_address)
        self.health: Health = Health()
        self.address: str = ""
        self._controllers = found
        self._client = client
        self._config = config
        self._namespaces = namespaces
        self._unpacked = unpacked
        self._health_address = health_address
        self._workers = max_concurrent_reconciles
        self._drain_timeout = drain_timeout
        self._clock = clock or SystemClock()
        self._random = random or Random()
        self._metrics = metrics
        self._parts: Sequence[_Part] = ()
        self._bound = asyncio.Event()
        self._crashes: dict[str, str] = {}

    async def run(self) -> None:
        """Run until cancelled; return only after every part has stopped.

        Cancellation: controllers finish what they do, for up to ``drain_timeout``; then
        events are sent, caches and endpoints end. A second one ends all at once.

        Raises:
            ConfigError: The health address or the namespaces cannot be used, or a
                controller cannot be bound.
        """
        try:
            await self._run()
        except BaseExceptionGroup as group:
            # Who runs a manager is told of one error.
            raise only_error(group) from None

    async def wait_ready(self) -> None:
        """Wait until the caches of every controller are full and it works.

        A controller whose kind is missing keeps this waiting; the caller limits it with
        ``asyncio.timeout``, and ``health`` says what is missing.
        """
        await self._bound.wait()
        for part in self._parts:
            if part.binding is not None:
                await part.binding.wait_synced()

    async def _run(self) -> None:
        async with AsyncExitStack() as stack:
            client = self._client
            if client is None:
                assert self._config is not None  # the constructor wants one of the two
                client = await stack.enter_async_context(self._client_of(self._config))
            informers = self._informers_of(client)
            parts = [self._part(each, client, informers) for each in self._controllers]
            self._parts = parts
            self._bound.set()
            self._declare_health(parts, informers)
            if self._health_address is not None:
                self.address = await stack.enter_async_context(
                    serve_health(self.health, self._health_address)
                )
            await self._work(parts, informers)

    def _client_of(self, config: ClusterConfig | Transport) -> Client:
        return Client(
            config, clock=self._clock, random=self._random, metrics=self._metrics
        )

    def _informers_of(self, client: Client) -> InformerFactory:
        try:
            return InformerFactory(
                client,
                namespaces=self._namespaces,
                unpacked=self._unpacked,
                clock=self._clock,
                random=self._random,
                metrics=self._metrics,
            )
        except ValueError as error:
            raise ConfigError(str(error)) from error

    def _part(
        self,
        controller: AnyController,
        client: Client,
        informers: InformerFactory,
    ) -> "_Part":
        if isinstance(controller, Controller):
            return _Part(name=controller.name, engine=controller, run=controller.run)
        recorder = EventRecorder(
            client,
            component=controller.name,
            clock=self._clock,
            random=self._random,
            metrics=self._metrics,
        )

        def emit(obj: Object | Unstructured, event: Emitted) -> None:
            recorder.event(obj, event.type, event.reason, event.message)

        try:
            binding = Binding(
                self._declaration_of(controller),
                client=client,
                informers=informers,
                emit=emit,
                clock=self._clock,
                random=self._random,
                metrics=self._metrics,
            )
        except (TypeError, ValueError) as error:
            # What no check of the declaration found must still name whose it is.
            raise ConfigError(f"controller {controller.name!r}: {error}") from error
        return _Part(
            name=controller.name,
            engine=binding.engine,
            run=binding.run,
            binding=binding,
            recorder=recorder,
        )

    def _declaration_of(self, controller: KindController[Any]) -> Declaration:
        declaration = controller.declaration
        if self._workers is None:
            return declaration
        options = replace(declaration.options, max_concurrent_reconciles=self._workers)
        return replace(declaration, options=options)

    async def _work(self, parts: Sequence["_Part"], informers: InformerFactory) -> None:
        async with Group() as tasks:
            tasks.start(informers.run(), name="manager/caches")
            for part in parts:
                if part.recorder is not None:
                    tasks.start(part.recorder.run(), name=f"manager/{part.name}/events")
                tasks.start(self._supervise(part), name=f"manager/{part.name}")
            if self._metrics is not NO_METRICS:
                tasks.start(_measure(parts), name="manager/measure")
            try:
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                await self._drain(parts)
                raise

    async def _drain(self, parts: Sequence["_Part"]) -> None:
        """Let what runs come to its end: reconciles, then the events they recorded."""
        self.health.ready["manager"] = lambda: "stopping"
        try:
            async with asyncio.timeout(self._drain_timeout):
                for part in parts:  # all stop taking keys before any is waited for
                    part.engine.queue.close(drain=False)
                for part in parts:
                    await part.engine.drain()
                for part in parts:
                    if part.recorder is not None:
                        await part.recorder.drained()
        except TimeoutError:
            logger.warning(
                "what was still under way after %g s is cancelled",
                self._drain_timeout,
            )

    async def _supervise(self, part: "_Part") -> None:
        """Run one controller, again after each crash, until it was drained."""
        crashes = 0
        while True:
            outcome = await call_async(part.run)
            if isinstance(outcome, Failed):
                # A bug of the library: what users raise does not come this far.
                error = outcome.error
                logger.error("controller %s crashed", part.name, exc_info=error)
                self._crashes[part.name] = f"crashed: {error}"
            if part.engine.queue.closed:
                return
            delay = backoff(crashes, base=RESTART_BASE, cap=RESTART_CAP)
            await asyncio.sleep(delay)
            crashes += 1
            self._crashes.pop(part.name, None)

    def _declare_health(
        self, parts: Sequence["_Part"], informers: InformerFactory
    ) -> None:
        health = self.health
        health.live["ping"] = lambda: ""
        health.ready["ping"] = lambda: ""
        for part in parts:
            name = f"controller/{part.name}"
            health.ready[name] = _ready_check(part, self._crashes)
            health.notes[f"{name}/objects"] = _objects_check(part)
        for informer in informers.informers:
            health.notes[f"informer/{informer.name}"] = _informer_check(informer)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A controller as the manager runs it."""

    name: str
    engine: Controller[Any]
    run: Callable[[], Awaitable[None]]
    binding: Binding | None = None
    recorder: EventRecorder | None = None


async def _measure(parts: Sequence[_Part]) -> None:
    while True:
        for part in parts:
            part.engine.queue.measure()
        await asyncio.sleep(MEASURE)


def _ready_check(part: _Part, crashes: Mapping[str, str]) -> Check:
    def check() -> str:
        trouble = part.binding.trouble if part.binding else ""
        return crashes.get(part.name, "") or trouble

    return check


def _objects_check(part: _Part) -> Check:
    def check() -> str:
        if part.binding is None:
            return ""
        return _few({str(key): why for key, why in part.binding.invalid.items()})

    return check


def _few(troubles: Mapping[str, str]) -> str:
    named = [f"{name}: {why}" for name, why in islice(troubles.items(), 3)]
    more = len(troubles) - len(named)
    return "; ".join([*named, f"and {more} more"] if more else named)


def _informer_check(informer: Informer[Any]) -> Check:
    def check() -> str:
        health = informer.health
        if health.reason:
            return f"{health.reason}: {health.message}"
        return _few(health.invalid)

    return check
