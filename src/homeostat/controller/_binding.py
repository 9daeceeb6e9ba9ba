"""A declared controller at work: its caches, its queue, its workers."""

import logging
from collections.abc import Awaitable, Iterable, Mapping
from typing import Any, final

from homeostat._clock import Clock, SystemClock
from homeostat._metrics import NO_METRICS, Metrics
from homeostat._random import Random
from homeostat._scope import Epoch, current_scope
from homeostat._tasks import Group
from homeostat.api import Kind, Request
from homeostat.cache import Delta, Informer, InformerFactory, Reader, Registration
from homeostat.client import Client
from homeostat.controller._catching_up import CatchingUp
from homeostat.controller._context import Emit
from homeostat.controller._controller import Controller
from homeostat.controller._declaration import Declaration, Options
from homeostat.controller._reading import Declared, check_epoch
from homeostat.controller._reconciling import Reconciling, Session
from homeostat.controller._result import Behind, Result
from homeostat.controller._rule import resource_of
from homeostat.controller._run import Run
from homeostat.controller._sources import MappedSource, ReconciledSource
from homeostat.controller._watch import Watch, by_owner

__all__ = ["Binding"]

logger = logging.getLogger(__name__)

LOST = "for the server lost its data, and what it went by is of the past"


@final
class Binding:
    """One declaration bound to a client and to caches.

    Making it declares the watches that it needs; ``run`` works. The caches are run by
    whoever owns the factory.

    Args:
        declaration: What the user declared.
        client: Sends the writes.
        informers: Shares one watch per kind among controllers.
        emit: Records events.
        clock: Wall time that reconcilers see.
        random: Source of ids and jitter.
        metrics: Where figures go.
    """

    def __init__(
        self,
        declaration: Declaration,
        *,
        client: Client,
        informers: InformerFactory,
        emit: Emit,
        clock: Clock | None = None,
        random: Random | None = None,
        metrics: Metrics = NO_METRICS,
    ) -> None:
        options = declaration.options
        self.name: str = declaration.name
        self.engine: Controller[Request] = self._engine_of(options, random, metrics)
        self._caches = informers
        self._history = informers.history
        watches = _watches_of(options)
        self._primary: Informer[Any] = informers.informer(options.kind)
        watched = [_informer_of(informers, watch) for watch in watches]
        read = [informers.informer(kind) for kind in options.reads]
        self._informers: list[Informer[Any]] = [self._primary, *watched, *read]
        self._catching_up = CatchingUp(
            declaration.name,
            self._informers,
            informers,
            strict=options.strict,
            metrics=metrics,
        )
        self._catching_up.wake = self.engine.queue.unpark
        self.engine.permit = informers.confirm
        informers.on_history(self._follow_history)
        self._work = Reconciling(
            declaration,
            client=client,
            declared=Declared(declaration.name, self._informers, self._catching_up),
            emit=emit,
            clock=clock or SystemClock(),
        )
        self._reconciled = ReconciledSource(
            self.engine,
            kind=options.gvk.kind,
            predicate=options.predicate,
            is_invalid=self._work.invalid.__contains__,
        )
        self._mapped = self._sources_of(options.kind, watches)
        sources: list[ReconciledSource | MappedSource]
        sources = [self._reconciled, *self._mapped]
        self._registrations = [
            self._listen(informer, source)
            for informer, source in zip([self._primary, *watched], sources, strict=True)
        ]

    @property
    def has_synced(self) -> bool:
        """Whether every declared cache is full and every source has seen it."""
        return all(i.has_synced for i in self._informers) and all(
            r.has_synced for r in self._registrations
        )

    @property
    def trouble(self) -> str:
        """What keeps the controller from starting to work, "" when nothing does."""
        if self.has_synced and not self.engine.gate.closed:
            return ""
        for informer in self._informers:
            if not informer.has_synced or informer.is_stale:
                message = informer.health.message
                anew = "taken anew" if informer.is_stale else "synced"
                return message or f"{informer.name} is not {anew} yet"
        return "handlers have not seen the whole cache yet"

    @property
    def invalid(self) -> Mapping[Request, str]:
        """Objects that cannot be read, and why."""
        return {key: why for key, (_, why) in self._work.invalid.items()}

    async def run(self) -> None:
        """Wait for the caches, then work until cancelled or drained.

        Cancellation: reconciles under way are cancelled; their keys are given back.
        """
        if self.engine.epoch.closed:  # it runs again, after a crash
            self.engine.epoch = Epoch(self.engine.epoch.number + 1)
        try:
            async with Group() as tasks:
                retries = [
                    tasks.start(source.run(), name=f"controller/{self.name}/map-retry")
                    for source in self._mapped
                ]
                await self.wait_synced()
                logger.info("controller started", extra={"controller": self.name})
                await self.engine.run()
                for task in retries:
                    task.cancel()
        finally:
            self.close()

    async def wait_synced(self) -> None:
        """Wait until every declared cache is full and every source has seen it."""
        for informer in self._informers:
            await informer.wait_synced()
        for registration in self._registrations:
            await registration.wait()

    def close(self) -> None:
        """Let the threads go and refuse further writes."""
        self.engine.epoch.close()
        self._work.close()

    async def drain(self) -> None:
        """Start no further reconcile, and wait for those under way."""
        await self.engine.drain()

    def reconcile_one(
        self, request: Request, run: Run[Request], session: Session
    ) -> Awaitable[Result | None]:
        """Reconcile one object as it is in the cache at this moment."""
        # No await from here to the read: what changes later is news to this reconcile.
        self._reconciled.trigger.started(request)
        for source in self._mapped:
            source.trigger.started(request)
        record = self._primary.lister.record(request.name, request.namespace)
        return self._work.reconcile(record, request, run, session)

    def _reconcile(
        self, request: Request, run: Run[Request]
    ) -> Awaitable[Result | None]:
        if self._catching_up.idle:  # as it is for most
            return self.reconcile_one(request, run, Session())
        return self._catch_up(request, run)

    async def _catch_up(self, request: Request, run: Run[Request]) -> Result | None:
        catching_up = self._catching_up
        parks = False
        try:
            epoch = current_scope().epoch
            await catching_up.admit(request)
            check_epoch(epoch, str(request))
            return await self.reconcile_one(request, run, Session())
        except Behind:
            parks = True
            raise
        finally:
            if not parks:
                catching_up.ended(request)

    def _follow_history(self) -> None:
        """Hold all keys while something in the caches is of a lost history.

        What such a reconcile has in hand is of the past as well: it writes nothing
        more, and starts anew from what the caches are filled with.
        """
        if self._history != self._caches.history:
            self._history = self._caches.history
            self.engine.fence(LOST)
        stale = [each.name for each in self._informers if each.is_stale]
        gate = self.engine.gate
        if bool(stale) == gate.closed:
            return
        extra = {"controller": self.name}
        if stale:
            gate.close()
            logger.warning(
                "controller waits until what it watches is taken anew: %s",
                ", ".join(stale),
                extra=extra,
            )
        else:
            gate.open()
            logger.info("controller works again", extra=extra)

    def _engine_of(
        self, options: Options, random: Random | None, metrics: Metrics
    ) -> Controller[Request]:
        engine: Controller[Request] = Controller(
            options.name,
            self._reconcile,
            max_concurrent_reconciles=options.max_concurrent_reconciles,
            deadline=options.deadline,
            random=random,
            metrics=metrics,
        )
        engine.has_passed = self._has_passed
        return engine

    def _sources_of(self, kind: Kind, watches: Iterable[Watch]) -> list[MappedSource]:
        reader = Reader(self._informers)

        def namespaced() -> bool:
            # Before discovery, types and the table of built-in kinds know it.
            return (self._primary.resource or resource_of(kind)).namespaced

        return [
            MappedSource(self.engine, watch, reader=reader, namespaced=namespaced)
            for watch in watches
        ]

    def _listen(
        self, informer: Informer[Any], source: ReconciledSource | MappedSource
    ) -> Registration:
        kind = informer.gvk.kind

        def handle(delta: Delta) -> None:
            self._tell_conflicts(informer, delta)
            if delta.new is None:
                self._work.forget(informer.gvk, delta.key)
            source.handle(delta)

        name = f"controller {self.name}, source {kind}"
        return informer.add_handler(handle, name=name)

    def _tell_conflicts(self, informer: Informer[Any], delta: Delta) -> None:
        if not len(self.engine.conflicts) or informer.resource is None:
            return
        target = (informer.gvk.group, informer.resource.plural, delta.key)
        uid = delta.new.uid if delta.new else ""
        version = delta.new.resource_version if delta.new else ""
        for key in self.engine.conflicts.news(target, uid, version):
            self.engine.queue.unpark(key)

    def _has_passed(self, key: Request) -> bool:
        lost = self.engine.conflicts.waits_for(key)
        if lost is None:
            return self._catching_up.has_passed(key)
        group, plural, name = lost.target
        for informer in self._informers:
            resource = informer.resource
            if resource is None or (informer.gvk.group, resource.plural) != (
                group,
                plural,
            ):
                continue
            record = informer.lister.record(name.name, name.namespace)
            if record is None:
                return lost.passed_by("", "")
            return lost.passed_by(record.uid, record.resource_version)
        return False


def _watches_of(options: Options) -> list[Watch]:
    owner = by_owner(options.kind, controller=True)
    return [*(Watch(kind, to=owner) for kind in options.owns), *options.watches]


def _informer_of(informers: InformerFactory, watch: Watch) -> Informer[Any]:
    return informers.informer(
        watch.kind,
        labels=watch.labels,
        fields=watch.fields,
        metadata_only=watch.metadata_only,
    )
