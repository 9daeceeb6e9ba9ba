"""Informers that are shared by all who ask for the same."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar, final, overload

from homeostat._clock import Clock, SystemClock
from homeostat._guard import run_again
from homeostat._metrics import NO_METRICS, Metrics
from homeostat._random import Random
from homeostat._scope import Write
from homeostat._tasks import Group
from homeostat.api import (
    GroupVersionKind,
    Kind,
    LabelSelector,
    Object,
    Unstructured,
    kind_of,
)
from homeostat.cache._identity import ServerIdentity
from homeostat.cache._informer import Health, Informer
from homeostat.cache._live import LiveReads
from homeostat.cache._owners import Owner, Tally, current_owner
from homeostat.cache._selection import Selection, parse_namespaces, selection_of
from homeostat.cache._writes import WriteRouter
from homeostat.client import ALL, AllNamespaces, Client, FieldsLike, LabelsLike

__all__ = ["InformerFactory"]

logger = logging.getLogger(__name__)

T = TypeVar("T", bound=Object)


@final
class InformerFactory:
    """Gives informers, one for each thing to watch, and runs them.

    There is one watch for each kind, namespaces, selectors and metadata-only, whoever
    asks and however often. Informers are supervised one by one: what befalls one never
    stops another. While it runs, the informers see what ``client`` writes.

    Args:
        client: Where to list and watch, and whose writes the cache is to know.
        namespaces: What informers are restricted to that name nothing else.
        unpacked: Kinds whose objects are kept as plain bytes, not compressed: ten to
            twenty times the memory, for 2 us less at each read.
        clock: Wall time, for the health.
        random: For the spread of back-off and resyncs.
        metrics: Where figures go.

    Attributes:
        suspects: For whose keys a write is looked up: what it did is not known yet.
        owed: To whose keys a stream has yet to show a write; see ``awaits`` of an
            informer.

    Raises:
        ValueError: No namespace at all, or what is no name of one.
    """

    def __init__(
        self,
        client: Client,
        *,
        namespaces: Sequence[str] | AllNamespaces = ALL,
        unpacked: Iterable[Kind] = (),
        clock: Clock | None = None,
        random: Random | None = None,
        metrics: Metrics = NO_METRICS,
    ) -> None:
        self._client = client
        self._unpacked = frozenset(map(kind_of, unpacked))
        self._namespaces = parse_namespaces(namespaces) or ALL
        self._clock = clock or SystemClock()
        self._random = random or Random()
        self._metrics = metrics
        self._identity = ServerIdentity(client)
        self._informers: dict[Selection, Informer[Any]] = {}
        self._running: dict[Selection, asyncio.Task[None]] = {}
        self._group: Group | None = None
        self._unsettled = 0
        self._settled = asyncio.Event()
        self._settled.set()
        self.suspects: Tally = Tally()
        self.owed: Tally = Tally()
        self._live = LiveReads(client, self._identity, metrics)
        self._router = WriteRouter(
            lambda: tuple(self._informers.values()),
            live=self._live,
            identity=self._identity,
            start=self._start_settling,
            random=self._random,
            metrics=metrics,
        )

    @overload
    def informer(
        self,
        kind: type[T],
        *,
        namespaces: Sequence[str] | AllNamespaces | None = ...,
        labels: LabelsLike | LabelSelector = ...,
        fields: FieldsLike = ...,
        metadata_only: bool = ...,
        packed: bool | None = ...,
    ) -> Informer[T]: ...
    @overload
    def informer(
        self,
        kind: GroupVersionKind,
        *,
        namespaces: Sequence[str] | AllNamespaces | None = ...,
        labels: LabelsLike | LabelSelector = ...,
        fields: FieldsLike = ...,
        metadata_only: bool = ...,
        packed: bool | None = ...,
    ) -> Informer[Unstructured]: ...
    def informer(
        self,
        kind: Kind,
        *,
        namespaces: Sequence[str] | AllNamespaces | None = None,
        labels: LabelsLike | LabelSelector = None,
        fields: FieldsLike = None,
        metadata_only: bool = False,
        packed: bool | None = None,
    ) -> Informer[Any]:
        """Return the informer for what is asked for; one that is new runs at once.

        Args:
            kind: A class gives objects of it, a GroupVersionKind plain dicts; both
                share one informer, whose ``lister`` is as the first one asked.
            namespaces: One watch for each, ``ALL`` for one of all; None for those of
                the factory. Without effect on cluster-scoped kinds.
            labels: Label selector.
            fields: Field selector; the cache knows of own writes only where it can
                evaluate it by itself: on names, and on some fields of common kinds.
            metadata_only: Keep metadata alone.
            packed: Keep objects compressed; None as the factory says. Of several who
                share an informer the first one decides.

        Raises:
            ValueError: A bad selector, no namespace at all, or what is no name of one.
        """
        chosen = self._namespaces if namespaces is None else namespaces
        selection = selection_of(
            kind,
            namespaces=chosen,
            labels=labels,
            fields=fields,
            metadata_only=metadata_only,
        )
        known = self._informers.get(selection)
        if known is not None:
            return known
        made = Informer[Any](
            self._client,
            kind,
            namespaces=selection.namespaces or ALL,
            labels=selection.labels,
            fields=selection.fields,
            metadata_only=metadata_only,
            packed=selection.gvk not in self._unpacked if packed is None else packed,
            clock=self._clock,
            random=self._random,
            metrics=self._metrics,
            identity=self._identity,
            owed=self.owed,
        )
        self._informers[selection] = made
        if self._group is not None:
            self._launch(self._group, made)
        return made

    @property
    def informers(self) -> tuple[Informer[Any], ...]:
        """Every informer, in the order in which they were asked for."""
        return tuple(self._informers.values())

    @property
    def health(self) -> Mapping[str, Health]:
        """How each informer is, by its name."""
        return {each.name: each.health for each in self._informers.values()}

    @property
    def has_synced(self) -> bool:
        """Whether every informer held its complete state at least once."""
        return all(each.has_synced for each in self._informers.values())

    async def wait_synced(self) -> None:
        """Wait until every informer that there is now has synced."""
        for informer in self.informers:
            await informer.wait_synced()

    @property
    def history(self) -> int:
        """How many servers that lost their data, or were replaced, were met so far.

        An informer whose ``is_stale`` is set holds what an earlier one said.
        """
        return self._identity.number

    def on_history(self, listener: Callable[[], None]) -> None:
        """Have a listener called when ``history``, or an ``is_stale``, has changed.

        At the moment at which another history is known, before anything else happens on
        the loop; it must neither wait nor raise.
        """
        self._identity.listeners.append(listener)

    async def confirm(self) -> None:
        """Wait until it is known which server answers, when that is in doubt.

        Writes that were decided from the caches are sent after this. It costs nothing
        while no sign says that the server may be another one.

        Raises:
            TransportError: It does not answer, or does not say.
        """
        await self._identity.confirm()

    async def settled(self) -> None:
        """Wait until every write without an answer was looked up.

        What is in the cache then is what the server had after those writes.
        """
        await self._settled.wait()

    async def catch_up(self, informer: Informer[Any], owner: Owner) -> None:
        """Take in now what the streams of an informer have yet to show to an owner.

        By a live list, which is at least as new as whatever was written before. Where
        versions do not compare nothing can be merged: what was owed is given up.

        Raises:
            ApiError: The server refused.
            TransportError: No answer, or one from before what it said earlier.
        """
        for stream in informer.streams:
            needs = stream.store.needs
            if needs.awaits(owner, strict=True):
                owed = needs.of(owner)
                if stream.store.comparable:
                    await self._live.confirm(informer, stream)
                needs.forgive(owner, owed)

    async def run(self) -> None:
        """Run every informer, also those that are asked for later, until cancelled.

        Cancellation: caches stay readable and no longer learn of writes.
        """
        observers = self._client.observers
        try:
            async with Group() as group:
                self._group = group
                observers.append(self._router)
                for informer in self._informers.values():
                    self._launch(group, informer)
                await asyncio.get_running_loop().create_future()
        finally:
            self._group = None
            self._running.clear()
            if self._router in observers:
                observers.remove(self._router)

    def remove(self, informer: Informer[Any]) -> None:
        """Stop an informer and forget it: its kind is not served any more, say.

        What it holds can still be read and is not kept up to date. Who asks for the
        same again gets a new informer.
        """
        if self._informers.get(informer.selection) is informer:
            del self._informers[informer.selection]
            running = self._running.pop(informer.selection, None)
            if running is not None:
                running.cancel()
            for stream in informer.streams:
                stream.store.needs.clear()  # nothing will show it any more

    def _launch(self, group: Group, informer: Informer[Any]) -> None:
        name = f"informer/{informer.name}"
        self._running[informer.selection] = group.start(
            run_again(name, informer.run), name=name
        )

    def _start_settling(self, write: Write) -> None:
        if self._group is None:
            return
        owner = current_owner()
        self._unsettled += 1
        self._settled.clear()
        if owner is not None:
            self.suspects.add(owner)
        try:
            self._group.start(self._settle(write, owner), name=f"settle/{write}")
        except RuntimeError:  # the group is on its way out
            self._one_settled(owner)

    async def _settle(self, write: Write, owner: Owner | None) -> None:
        try:
            await self._router.settle(write)
        finally:
            self._one_settled(owner)

    def _one_settled(self, owner: Owner | None) -> None:
        self._unsettled -= 1
        if owner is not None:
            self.suspects.remove(owner)
        if not self._unsettled:
            self._settled.set()
