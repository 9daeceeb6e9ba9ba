"""The garbage collector: what nobody owns any more goes."""

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace
from typing import TypeAlias, final

from homeostat._clock import Clock
from homeostat._random import Random
from homeostat._tasks import Group
from homeostat.api import GroupVersionKind, Resource, Unstructured
from homeostat.cache import Delta, Informer, InformerFactory, Record, Registration
from homeostat.client import Client
from homeostat.controller import Controller, Run
from homeostat.errors import ApiError, NotFoundError, TransportError
from homeostat.events import EventRecorder
from homeostat.k8s import apiextensions_v1
from homeostat.localcluster._garbage_writes import act
from homeostat.localcluster._ownership import (
    Dependent,
    Graph,
    Owner,
    OwnerState,
    decide_deleting,
    decide_living,
)

__all__ = ["GarbageCollector"]

logger = logging.getLogger(__name__)

# Events expire by themselves, and there are many of them.
_IGNORED = {"events"}
_NEEDED = {"delete", "list", "watch"}
# Owners that are known to be gone; as many as the real collector keeps.
_ABSENT_LIMIT = 500
# How long the objects of a kind are waited for, in seconds; the real collector's, too.
_PATIENCE = 30.0

# An owner, as references name it, and its namespace.
_Address: TypeAlias = tuple[Owner, str]


class _UnknowableError(Exception):
    """An owner reference does not say which object it means."""


@final
class GarbageCollector:
    """Deletes dependents of what is gone, on any API server.

    It watches the metadata of every kind that can be deleted, those of custom
    resources included as they come. A verdict of "gone" is never taken from the cache:
    an owner that is not known is asked for live.

    Args:
        client: What it reads live and writes with.
        watcher: What it watches with, and nobody writes with. A cache takes a delete
            that was sent for done; an owner that waits for its dependents, or cuts them
            loose, has to know of them until they are gone in fact.
        clock: Wall time of events.
        random: Source of jitter.

    Source: kubernetes ``pkg/controller/garbagecollector``.
    """

    def __init__(
        self,
        client: Client,
        *,
        watcher: Client,
        clock: Clock | None = None,
        random: Random | None = None,
    ) -> None:
        self._client = client
        self._graph = Graph()
        self._absent: dict[_Address, None] = {}
        self._unserved: set[str] = set()
        self._watched: dict[GroupVersionKind, Informer[Unstructured]] = {}
        self._registrations: dict[GroupVersionKind, tuple[Registration, float]] = {}
        self._stale = asyncio.Event()
        self._informers = InformerFactory(watcher, random=random)
        self._recorder = EventRecorder(
            client, component="garbage-collector-controller", clock=clock, random=random
        )
        self._controller: Controller[str] = Controller(
            "garbage-collector",
            self._process,
            max_concurrent_reconciles=8,
            random=random,
        )

    async def run(self) -> None:
        """Collect until cancelled."""
        crds = self._informers.informer(
            apiextensions_v1.CustomResourceDefinition, metadata_only=True
        )
        crds.add_handler(lambda _: self._stale.set(), name="garbage-collector")
        self._stale.set()
        async with Group() as tasks:
            tasks.start(self._informers.run(), name="garbage-collector/informers")
            tasks.start(self._controller.run(), name="garbage-collector/workers")
            tasks.start(self._follow_kinds(), name="garbage-collector/kinds")
            tasks.start(self._recorder.run(), name="garbage-collector/events")

    async def _follow_kinds(self) -> None:
        while True:
            await self._stale.wait()
            self._stale.clear()
            try:
                found = await self._client.discover()
            except (ApiError, TransportError) as error:
                logger.warning("garbage collector cannot discover: %s", error)
                await asyncio.sleep(1.0)
                self._stale.set()
                continue
            for resource in found.resources:
                self._watch(resource)
            if not found.failed:  # else a kind may be there that was not named
                self._unwatch_all_but({r.gvk for r in found.resources})
            # A definition is published a moment after it is stored.
            await asyncio.sleep(0.05)

    def _watch(self, resource: Resource) -> None:
        gvk = resource.gvk
        known = {watched.group_kind for watched in self._watched}
        if gvk.group_kind in known or resource.plural in _IGNORED:
            return
        if not set(resource.verbs) >= _NEEDED:
            return
        for uid in self._unserved:  # it may be the kind of their owner
            self._controller.queue.add(uid)
        informer = self._informers.informer(gvk, metadata_only=True)
        self._watched[gvk] = informer
        registration = informer.add_handler(
            lambda delta: self._observe(gvk, delta), name="garbage-collector"
        )
        patience = asyncio.get_running_loop().time() + _PATIENCE
        self._registrations[gvk] = registration, patience

    def _unwatch_all_but(self, served: set[GroupVersionKind]) -> None:
        for gvk in self._watched.keys() - served:
            informer = self._watched.pop(gvk)
            del self._registrations[gvk]
            self._informers.remove(informer)
            for record in informer.indexer.records():
                self._observe(gvk, Delta(record, None, "list"))

    def _observe(self, gvk: GroupVersionKind, delta: Delta) -> None:
        due: list[str] = []
        if delta.old and (delta.new is None or delta.new.uid != delta.old.uid):
            gone = self._graph.get(delta.old.uid)
            if gone is not None and self._graph.dependents_of(gone.uid):
                owner = Owner(gone.uid, gone.api_version, gone.kind, gone.name)
                self._remember_absent((owner, gone.namespace))
            due += self._graph.forget(delta.old.uid)
        if delta.new:
            item = _dependent(gvk, delta.new)
            for dependent, owner in self._graph.misplaced(item):
                self._warn_of(dependent, owner)
            due += self._graph.observe(item)
        for uid in due:
            self._controller.queue.add(uid)

    def _warn_of(self, item: Dependent, owner: Owner) -> None:
        named = f"{owner.api_version}/{owner.kind}, namespace: {item.namespace}"
        self._recorder.event(
            {
                "apiVersion": item.api_version,
                "kind": item.kind,
                "metadata": {
                    "namespace": item.namespace,
                    "name": item.name,
                    "uid": item.uid,
                },
            },
            "Warning",
            "OwnerRefInvalidNamespace",
            f"ownerRef [{named}, name: {owner.name}, uid: {owner.uid}] "
            f'does not exist in namespace "{item.namespace}"',
        )

    async def _process(self, uid: str, _run: Run[str]) -> None:
        await self._see_everything()
        self._unserved.discard(uid)
        item = self._graph.get(uid)
        if item is None:
            return
        if item.deleting:
            await self._process_deleting(item)
            return
        states: dict[str, OwnerState] = {}
        for owner in item.owners:
            state = await self._state(item, owner)
            if state is None:
                return
            states[owner.uid] = state
        dependents = self._graph.dependents_of(uid)
        action = decide_living(item, states, dependents=dependents)
        if action is not None:
            await act(self._client, item, action)

    async def _see_everything(self) -> None:
        """Wait until the objects of every kind are known: only then are dependents.

        A kind that cannot be listed does not hold the others up for ever.
        """
        for registration, patience in list(self._registrations.values()):
            if not registration.has_synced:
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(patience):
                        await registration.wait()

    async def _process_deleting(self, item: Dependent) -> None:
        dependents = self._graph.dependents_of(item.uid)
        action, cut, blocking = decide_deleting(item, dependents)
        for dependent, drop in cut:
            await act(self._client, dependent, drop)
        for blocker in blocking:
            self._controller.queue.add(blocker)
        if action is not None:
            await act(self._client, item, action)

    async def _state(self, item: Dependent, owner: Owner) -> OwnerState | None:
        """Return how an owner is, None when nothing can be said of it."""
        known = self._graph.get(owner.uid)
        if known is None or not known.is_meant_by(owner, item.namespace):
            plain = replace(owner, blocks=False)
            addresses = ((plain, ""), (plain, item.namespace))
            if any(address in self._absent for address in addresses):
                return "absent"
            try:
                known = await self._ask_for(item, plain)
            except _UnknowableError:
                return None
        if known is None:
            return "absent"
        return "waiting" if known.waits_for_dependents else "living"

    async def _ask_for(self, item: Dependent, owner: Owner) -> Dependent | None:
        """Ask the server for an owner that the cache does not know; None if absent.

        Raises:
            _UnknowableError: The reference does not say which object it means.
        """
        kind = GroupVersionKind.of(owner.api_version, owner.kind)
        try:
            resource = await self._client.resource_for(kind)
        except NotFoundError as error:
            # Looked at again when there are more kinds.
            self._unserved.add(item.uid)
            raise _UnknowableError(owner) from error
        if resource.namespaced and not item.namespace:
            raise _UnknowableError(owner)
        namespace = item.namespace if resource.namespaced else ""
        found = await self._live(kind, owner.name, owner.uid, namespace)
        if found is None:
            self._remember_absent((owner, namespace))
        return found

    def _remember_absent(self, address: _Address) -> None:
        self._absent[address] = None
        while len(self._absent) > _ABSENT_LIMIT:
            del self._absent[next(iter(self._absent))]

    async def _live(
        self, kind: GroupVersionKind, name: str, uid: str, namespace: str
    ) -> Dependent | None:
        """Return an object as the server has it now, None when it is gone."""
        try:
            found = await self._client.get(kind, name, namespace=namespace or None)
        except NotFoundError:
            return None
        item = Dependent.of(kind.api_version, kind.kind, found["metadata"])
        return item if item.uid == uid else None


def _dependent(gvk: GroupVersionKind, record: Record) -> Dependent:
    if record.owner_uids or record.deleting:
        metadata = record.object["metadata"]
    else:  # most objects: nothing of theirs needs to be decoded
        metadata = {
            "name": record.name,
            "namespace": record.namespace,
            "uid": record.uid,
        }
    return Dependent.of(gvk.api_version, gvk.kind, metadata)
