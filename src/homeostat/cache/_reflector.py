"""Keeps a store in step with the server: the shell around the machine's decisions."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import final

from homeostat._metrics import NO_METRICS, Metrics
from homeostat._random import Random
from homeostat.api import Kind, Resource, kind_of
from homeostat.cache._delta import Delta
from homeostat.cache._effects import (
    Abandon,
    Begin,
    Bookmarked,
    Change,
    Degrade,
    Effect,
    Finish,
    Heal,
    Identify,
    ListPage,
    Load,
    Resolve,
    Restart,
    Wait,
    Watch,
)
from homeostat.cache._following import Following
from homeostat.cache._identity import ServerIdentity
from homeostat.cache._inputs import (
    Closed,
    Failed,
    Input,
    Opened,
    Page,
    Refused,
    Resolved,
    Silent,
    Start,
    Waited,
)
from homeostat.cache._intake import Turns, batches, inputs_of, records_of
from homeostat.cache._list_watch import ListWatch
from homeostat.cache._machine import reflect
from homeostat.cache._shelf import Shelf
from homeostat.cache._state import ReflectorState, silence
from homeostat.cache._store import Store
from homeostat.client import Client
from homeostat.errors import ApiError, InvalidObjectError, TransportError

__all__ = ["Reflector"]

logger = logging.getLogger(__name__)

_Request = Resolve | ListPage | Wait
_Action = _Request | Identify | Watch


@final
class Reflector:
    """Lists and watches one kind in one place, and tells a store what it hears.

    Never gives up: a missing kind, a missing right and a server that is away degrade
    it, with a reason, and it heals by itself.

    Args:
        client: Where to list and watch.
        kind: What to reflect.
        store: Where it goes.
        deliver: Takes the changes that follow, in order; never waits.
        namespace: "" for all.
        labels: Label selector as text.
        fields: Field selector as text.
        metadata_only: Ask for metadata alone.
        random: For the spread of back-off.
        metrics: Where figures go.
        identity: Tells whether the server is still the one it was; None for never.
        shelf: Where the records stand; of its own when left out.
        first: Of several reflectors of one kind in several namespaces this one takes
            the kind should it turn out to have no namespaces; the others rest.

    Attributes:
        synced: The store held a complete state at least once.
        following: Which history the store holds.
        degraded: What keeps it from reflecting, None when nothing does.
        on_health: Called without arguments when ``synced`` or ``degraded`` changed.
        invalid: How many objects had no metadata that could be read.
    """

    def __init__(  # noqa: PLR0913  # a list's options, all keyword-only
        self,
        client: Client,
        kind: Kind,
        store: Store,
        *,
        deliver: Callable[[list[Delta]], None],
        namespace: str = "",
        labels: str = "",
        fields: str = "",
        metadata_only: bool = False,
        random: Random | None = None,
        metrics: Metrics = NO_METRICS,
        identity: ServerIdentity | None = None,
        shelf: Shelf | None = None,
        first: bool = True,
    ) -> None:
        self._server = ListWatch(
            client,
            kind,
            namespace=namespace,
            labels=labels,
            fields=fields,
            metadata_only=metadata_only,
            metrics=metrics,
        )
        self._store = store
        self._deliver = deliver
        self._random = random or Random()
        self._identity = identity
        self.following: Following = Following(identity)
        self._first = first
        self._shelf = shelf or Shelf(kind_of(kind))
        self._turns = Turns()
        self._items: list[bytes] = []
        self._state = ReflectorState(target=self._server.target)
        self.synced: bool = False
        self.degraded: Degrade | None = None
        self.on_health: Callable[[], None] = _nothing
        self.invalid: int = 0

    @property
    def resource(self) -> Resource | None:
        """How the kind is reached, None before that is known."""
        return self._server.resource

    async def run(self) -> None:
        """Reflect until cancelled.

        Cancellation: the store keeps what it has; a later run goes on from there.
        """
        now = asyncio.get_running_loop().time()
        ran = self.following.taken is not None
        self._state = ReflectorState(
            target=self._server.target,
            resource_version=self._state.resource_version,
            history=self.following.taken if ran else self.following.number,
            # It may meet another server than the one that it was stopped at.
            doubt=now if ran else float("-inf"),
        )
        self._store.abandon()
        with self.following.listening(self._is_behind):
            action = await self._perform(self._step(Start()))
            while action is not None:
                if self._is_behind():
                    happened = self.following.replaced()
                    action = await self._perform(self._step(happened))
                else:
                    action = await self._act(action)

    def _is_behind(self) -> bool:
        return self._state.history != self.following.number

    async def _act(self, action: _Action) -> _Action | None:
        """Do a request or a wait, and what follows from it up to the next one."""
        if isinstance(action, Watch):
            return await self._watch(action)
        self._items = []
        if isinstance(action, Identify):
            assert self._identity is not None  # else the machine never asks
            happened: Input = await self._identity.ask(action.since)
        else:
            happened = await self._cuttable(action)
        return await self._perform(self._step(happened))

    async def _cuttable(self, action: _Request) -> Input:
        following = self.following
        try:
            async with asyncio.timeout(None) as following.limit:
                happened = await self._request(action)
                # What the lost server said may come after it is known to be lost.
                if not self._is_behind():
                    return happened
        except TimeoutError:
            if not self._is_behind():
                raise
        finally:
            following.limit = None
        return following.replaced()

    async def _request(self, action: _Request) -> Input:
        if isinstance(action, Wait):
            await asyncio.sleep(action.seconds)
            return Waited()
        try:
            if isinstance(action, Resolve):
                resource = await self._server.resolve()
                self._state = replace(self._state, target=self._server.target)
                await self._settle_scope(resource)
                return Resolved()
            page = await self._server.list_page(action)
        except (ApiError, TransportError) as error:
            return Failed(error)
        self._items = page.items
        return Page(page.resource_version, page.continue_)

    async def _settle_scope(self, resource: Resource) -> None:
        """Rest when the kind has no namespaces and another reflector takes it."""
        if resource.namespaced:
            return
        if self._first:
            self._store.namespace = ""
            return
        self._set_synced()
        await asyncio.get_running_loop().create_future()

    async def _watch(self, watch: Watch) -> _Action | None:
        """Follow a stream to its end, and return what is to be done after it."""
        opened = False
        loop = asyncio.get_running_loop()
        limit = silence(self._state)
        silent = self.following.limit = asyncio.timeout(limit)
        try:
            async with silent, self._server.watch(watch) as lines:
                opened = True
                await self._perform(self._step(Opened()))
                heard = loop.time()
                async for arrived in lines:
                    action = await self._take(arrived)
                    if action is not None:
                        return action
                    now = loop.time()
                    # Moving a timer costs more than an event: once a second will do.
                    if now - heard >= 1.0 or limit != silence(self._state):
                        if self._is_behind():
                            break  # the cut is on its way, and must not be put off
                        limit = silence(self._state)
                        silent.reschedule(now + limit)
                        heard = now
            happened: Input = Closed()
        except TimeoutError:
            happened = Silent()
        except TransportError as error:
            happened = Closed(error) if opened else Failed(error)
        except ApiError as error:
            happened = Failed(error)
        finally:
            self.following.limit = None
        if self._is_behind():
            happened = self.following.replaced()
        return await self._perform(self._step(happened))

    async def _take(self, lines: Sequence[bytes]) -> _Action | None:
        """Take lines as they came; what is returned ends the stream."""
        for batch in batches(lines):
            for happened in inputs_of(batch, self._shelf, self._skip):
                action = await self._perform(self._step(happened))
                if action is not None:
                    return action
            await self._turns.take(len(batch))
        return None

    def _step(self, happened: Input) -> tuple[Effect, ...]:
        doubt = self._state.doubt
        self._state, effects = reflect(
            self._state,
            happened,
            now=asyncio.get_running_loop().time(),
            chance=self._random.uniform(0.0, 1.0),
        )
        if self._state.doubt not in {doubt, None}:
            self.following.suspect()
        return effects

    async def _perform(self, effects: tuple[Effect, ...]) -> _Action | None:
        """Do what needs no waiting, in order, and return the request or the wait."""
        for effect in effects:
            match effect:
                case Resolve() | Identify() | Watch() | ListPage() | Wait():
                    return effect
                case Degrade():
                    self._set_degraded(effect)
                case Heal():
                    self._set_degraded(None)
                case Load():
                    await self._load()
                case _:
                    if not self._tell(effect):
                        return await self._perform(self._step(Refused()))
        return None

    def _tell(
        self, effect: Change | Bookmarked | Begin | Finish | Abandon | Restart
    ) -> bool:
        """Tell the store; False when it refuses what cannot follow what it holds."""
        match effect:
            case Change(events):
                deltas, whole = self._store.events(events)
                self._deliver(deltas)
                return whole
            case Bookmarked(version):
                self._deliver(self._store.bookmark(version))
            case Begin():
                return self.following.begin(self._store, effect)
            case Finish(version):
                last = self._store.finish(version)
                if last is None:
                    return False
                self._deliver(last)
                self._set_synced()
                self.following.take(self._state.history)
            case Abandon():
                self._store.abandon()
            case Restart():
                self._store.restart()
        return True

    async def _load(self) -> None:
        items, self._items = self._items, []
        for batch in batches(items):
            records = records_of(batch, self._shelf, self._skip)
            deltas, _ = self._store.events(("ADDED", record) for record in records)
            self._deliver(deltas)
            await self._turns.take(len(batch))

    def _skip(self, error: InvalidObjectError) -> None:
        self.invalid += 1
        logger.error("%s: an object is left out: %s", self._state.target, error)
        self.on_health()

    def _set_synced(self) -> None:
        if not self.synced:
            self.synced = True
            logger.debug("%s: synced", self._state.target)
            self.on_health()

    def _set_degraded(self, degraded: Degrade | None) -> None:
        before, self.degraded = self.degraded, degraded
        if before == degraded:
            return
        if degraded is None:
            logger.info("%s: works again", self._state.target)
        elif before is None or before.reason != degraded.reason:
            logger.warning("%s", degraded.message)
        self.on_health()


def _nothing() -> None:
    """Stand in for a health listener."""
