"""One kind in the cache: its watch, its objects, and who wants to know."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Generic, TypeVar, cast, final

from homeostat._clock import Clock, SystemClock
from homeostat._metrics import NO_METRICS, Metrics
from homeostat._random import Random
from homeostat._tasks import Group
from homeostat.api import GroupVersionKind, Kind, LabelSelector, Resource
from homeostat.cache._delta import Delta, Handler
from homeostat.cache._effects import Degrade
from homeostat.cache._figures import Figures
from homeostat.cache._handlers import Registration
from homeostat.cache._identity import ServerIdentity
from homeostat.cache._index import Index, Indexer
from homeostat.cache._lister import Lister
from homeostat.cache._owners import Owner, Tally
from homeostat.cache._record import Record
from homeostat.cache._reflector import Reflector
from homeostat.cache._repacking import Repacking
from homeostat.cache._selection import Selection, selection_of
from homeostat.cache._shelf import Shelf
from homeostat.cache._store import Store
from homeostat.client import ALL, AllNamespaces, Client, FieldsLike, LabelsLike

__all__ = ["Health", "Informer", "Stream"]

T_co = TypeVar("T_co", covariant=True)

_PAY = 256  # objects that a late handler is told of before others get their turn
_RESYNC_JITTER: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How an informer is.

    Attributes:
        synced: It held the complete state at least once.
        reason: What keeps it from following, in one word as ``Forbidden``; "" when
            nothing does.
        message: The same as a sentence, with what to do.
        since: Since when ``reason`` is what it is, None before anything happened.
        invalid: Objects that their type, or an index function, could not take, and why.
    """

    synced: bool
    reason: str = ""
    message: str = ""
    since: datetime | None = None
    invalid: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def ok(self) -> bool:
        """Whether it holds the complete state and follows it."""
        return self.synced and not self.reason


@dataclass(frozen=True, slots=True)
class Stream:
    """One watch of an informer: of one namespace, or of all.

    Attributes:
        namespace: "" for all.
        store: What it says, joined with this process' writes.
        reflector: What keeps it going.
    """

    namespace: str
    store: Store
    reflector: Reflector


@final
class Informer(Generic[T_co]):
    """Keeps the objects of one kind in memory and tells handlers of changes.

    Objects, indexes and deltas change in one step, between two awaits of anybody.
    ``lister`` reads; ``add_handler`` may be called at any time, before ``run`` too.

    Args:
        client: Where to list and watch.
        kind: A class gives objects of it, a GroupVersionKind plain dicts.
        namespaces: One watch for each, or one for ``ALL``.
        labels: Label selector.
        fields: Field selector.
        metadata_only: Keep metadata alone; read records, or use a GroupVersionKind:
            a typed object may need more than its metadata.
        packed: Keep objects compressed: a tenth to a twentieth of their size, for some
            microseconds at each read. Few objects of a kind stay plain all the same.
        clock: Wall time, for the health.
        random: For the spread of back-off and resyncs.
        metrics: Where figures go.
        identity: Shared by the informers of one client; None for one of its own.
        owed: Counts who has yet to be shown what they wrote; shared as well.

    Raises:
        ValueError: A bad selector, no namespace at all, or what is no name of one.
    """

    def __init__(  # noqa: PLR0913  # a watch's options, all keyword-only
        self,
        client: Client,
        kind: Kind | type[T_co],
        *,
        namespaces: Sequence[str] | AllNamespaces = ALL,
        labels: LabelsLike | LabelSelector = None,
        fields: FieldsLike = None,
        metadata_only: bool = False,
        packed: bool = True,
        clock: Clock | None = None,
        random: Random | None = None,
        metrics: Metrics = NO_METRICS,
        identity: ServerIdentity | None = None,
        owed: Tally | None = None,
    ) -> None:
        self._kind = cast("Kind", kind)
        self._clock = clock or SystemClock()
        self._random = random or Random()
        self.selection: Selection = selection_of(
            self._kind,
            namespaces=namespaces,
            labels=labels,
            fields=fields,
            metadata_only=metadata_only,
        )
        self.indexer: Indexer = Indexer(self.selection.gvk)
        self.shelf: Shelf = Shelf(self.selection.gvk, packed=packed)
        self._repacking = Repacking(self.shelf.packer, self.indexer)
        self.lister: Lister[T_co] = Lister(self.indexer, kind)
        self._registrations: list[Registration] = []
        self._synced = asyncio.Event()
        self._owing = asyncio.Event()
        self._group: Group | None = None
        self._reason = ""
        self._since: datetime | None = None
        self._identity = identity or ServerIdentity(client)
        self._owed = Tally() if owed is None else owed
        self._figures = None if metrics is NO_METRICS else Figures(metrics, self.name)
        self.streams: tuple[Stream, ...] = tuple(
            self._stream(client, namespace, metrics, first=place == 0)
            for place, namespace in enumerate(self.selection.namespaces or ("",))
        )

    def _stream(
        self, client: Client, namespace: str, metrics: Metrics, *, first: bool
    ) -> Stream:
        store = Store(self.indexer, namespace=namespace, owed=self._owed)
        reflector = Reflector(
            client,
            self._kind,
            store,
            deliver=self.deliver,
            namespace=namespace,
            labels=str(self.selection.labels),
            fields=str(self.selection.fields),
            metadata_only=self.selection.metadata_only,
            random=self._random,
            metrics=metrics,
            identity=self._identity,
            shelf=self.shelf,
            first=first,
        )
        reflector.on_health = self._note_health
        return Stream(namespace, store, reflector)

    @property
    def gvk(self) -> GroupVersionKind:
        """The kind."""
        return self.selection.gvk

    @property
    def name(self) -> str:
        """What it watches, for logs and health."""
        return str(self.selection)

    @property
    def resource(self) -> Resource | None:
        """How the kind is reached, None before that is known."""
        return self.streams[0].reflector.resource

    @property
    def has_synced(self) -> bool:
        """Whether the cache held the complete state at least once."""
        return self._synced.is_set()

    @property
    def is_stale(self) -> bool:
        """Whether it holds something of a server's history that is known to be lost."""
        return any(stream.reflector.following.stale for stream in self.streams)

    @property
    def watermark(self) -> int:
        """The version up to which every stream is known; 0 before the first list."""
        return min(stream.store.watermark for stream in self.streams)

    @property
    def health(self) -> Health:
        """How it is."""
        bad = self._degraded()
        return Health(
            synced=self.has_synced,
            reason=bad.reason if bad else "",
            message=bad.message if bad else "",
            since=self._since,
            invalid={**self.indexer.invalid, **self.indexer.failures},
        )

    def awaits(self, owner: Owner, *, strict: bool) -> bool:
        """Return whether a stream has yet to show a write of an owner.

        Args:
            owner: Who wrote.
            strict: Also a write that readers see already, by its answer.
        """
        return any(s.store.needs.awaits(owner, strict=strict) for s in self.streams)

    async def wait_synced(self) -> None:
        """Wait until the cache holds the complete state."""
        await self._synced.wait()

    async def run(self) -> None:
        """List, watch and tell handlers, until cancelled.

        Cancellation: the cache stays readable; a later run goes on from there.
        """
        try:
            async with Group() as group:
                self._group = group
                for registration in self._registrations:
                    self._start_resync(registration)
                for stream in self.streams:
                    name = f"informer/{self.name}/{stream.namespace or 'all'}"
                    group.start(stream.reflector.run(), name=name)
                group.start(self._repacking.run(), name=f"packing/{self.name}")
                await self._pay()
        finally:
            self._group = None

    def add_handler(
        self, handler: Handler, *, resync: float | None = None, name: str = ""
    ) -> Registration:
        """Have a handler told of every object: of those that are here, then of changes.

        Args:
            handler: Takes a ``Delta``; never waits. What it raises is logged.
            resync: Seconds between repetitions of the whole state from the cache, up to
                a fifth longer so that they spread; at least 1. None for never.
            name: For logs.
        """
        name = name or getattr(handler, "__qualname__", type(handler).__name__)
        registration = Registration(
            handler,
            self.indexer,
            name=f"{name} of {self.name}",
            resync=resync if resync is None else max(1.0, resync),
        )
        self._registrations.append(registration)
        if self.has_synced:
            registration.source_synced()
        self._owing.set()
        self._start_resync(registration)
        return registration

    def remove_handler(self, registration: Registration) -> None:
        """Tell a handler nothing more, from this moment on."""
        registration.remove()
        if registration in self._registrations:
            self._registrations.remove(registration)

    def add_index(self, index: Index[Any]) -> None:
        """Build an index now, rather than when it is first asked for.

        Raises:
            ValueError: It is an index of another kind, or of what a metadata-only
                watch does not bring.
        """
        outside = index.path and not index.path.startswith("metadata.")
        if self.selection.metadata_only and outside:
            raise ValueError(f"{index!r}: a metadata-only watch has no {index.path}")
        self.indexer.add_index(index)

    def deliver(self, deltas: list[Delta]) -> None:
        """Tell every handler of changes that were made to the cache."""
        self._repacking.look()
        if self._figures is not None:
            self._figures.publish(
                [stream.store for stream in self.streams], self._clock.now()
            )
        for delta in deltas:
            for registration in tuple(self._registrations):
                registration.deliver(delta)

    def hold(self, record: Record) -> Record:
        """Return what a write or a live read answered, as it stands in this cache."""
        if self.selection.metadata_only:
            record = record.metadata_only()
        return record.on(self.shelf)

    def stream_for(self, namespace: str) -> Stream | None:
        """Return the stream that the objects of a namespace come by."""
        for stream in self.streams:
            if stream.store.namespace in {"", namespace}:
                return stream
        return None

    async def _pay(self) -> None:
        """Tell handlers what they are owed, a part at a time."""
        while True:
            owing = [each for each in self._registrations if each.owes]
            if not owing:
                self._owing.clear()
                await self._owing.wait()
                continue
            for registration in owing:
                registration.pay(_PAY)
            await asyncio.sleep(0)

    def _start_resync(self, registration: Registration) -> None:
        if self._group is not None and registration.resync is not None:
            task = self._group.start(
                self._resync(registration, registration.resync),
                name=f"resync/{registration.name}",
            )
            registration.attach(task)

    async def _resync(self, registration: Registration, seconds: float) -> None:
        while True:
            await asyncio.sleep(self._random.jitter(seconds, _RESYNC_JITTER))
            registration.owe(self.indexer.records(), "resync")
            self._owing.set()

    def _degraded(self) -> Degrade | None:
        found = (stream.reflector.degraded for stream in self.streams)
        return next((degraded for degraded in found if degraded is not None), None)

    def _note_health(self) -> None:
        if not self.has_synced and all(s.reflector.synced for s in self.streams):
            self._synced.set()
            for registration in self._registrations:
                registration.source_synced()
        bad = self._degraded()
        reason = bad.reason if bad else ""
        if reason != self._reason or self._since is None:
            self._reason = reason
            self._since = self._clock.now()
