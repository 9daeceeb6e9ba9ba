"""The garbage collector: what nobody owns any more goes."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any, final

from homeostat._random import Random
from homeostat._tasks import Group
from homeostat.api import GroupVersionKind, Resource, Unstructured
from homeostat.cache import Delta, Informer, InformerFactory, Record
from homeostat.client import Client
from homeostat.controller import Controller, Run
from homeostat.errors import (
    ApiError,
    ConflictError,
    NotFoundError,
    TransportError,
)
from homeostat.k8s import apiextensions_v1
from homeostat.localcluster._ownership import (
    Action,
    Delete,
    Dependent,
    DropFinalizer,
    DropOwners,
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


@final
class GarbageCollector:
    """Deletes dependents of what is gone, on any API server.

    It watches the metadata of every kind that can be deleted, those of custom
    resources included as they come. A verdict of "gone" is never taken from the cache:
    an owner that is not known is asked for live.

    Source: kubernetes ``pkg/controller/garbagecollector``.
    """

    def __init__(self, client: Client, *, random: Random | None = None) -> None:
        self._client = client
        self._graph = Graph()
        self._absent: dict[str, None] = {}
        self._watched: dict[GroupVersionKind, Informer[Unstructured]] = {}
        self._stale = asyncio.Event()
        self._informers = InformerFactory(client, random=random)
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
        informer = self._informers.informer(gvk, metadata_only=True)
        self._watched[gvk] = informer
        informer.add_handler(
            lambda delta: self._observe(gvk, delta), name="garbage-collector"
        )

    def _unwatch_all_but(self, served: set[GroupVersionKind]) -> None:
        for gvk in self._watched.keys() - served:
            informer = self._watched.pop(gvk)
            self._informers.remove(informer)
            for record in informer.indexer.records():
                self._observe(gvk, Delta(record, None, "list"))

    def _observe(self, gvk: GroupVersionKind, delta: Delta) -> None:
        due: list[str] = []
        if delta.old and (delta.new is None or delta.new.uid != delta.old.uid):
            due += self._graph.forget(delta.old.uid)
        if delta.new:
            due += self._graph.observe(_dependent(gvk, delta.new))
        for uid in due:
            self._controller.queue.add(uid)

    async def _process(self, uid: str, _run: Run[str]) -> None:
        item = self._graph.get(uid)
        if item is None:
            return
        if item.deleting:
            action, cut, blocking = decide_deleting(
                item, self._graph.dependents_of(uid)
            )
            for dependent, drop in cut:
                await self._act(dependent, drop)
            for blocker in blocking:
                self._controller.queue.add(blocker)
            if action is not None:
                await self._act(item, action)
                return
        states: dict[str, OwnerState] = {
            owner.uid: await self._state(item, owner) for owner in item.owners
        }
        has_dependents = bool(self._graph.dependents_of(uid))
        action = decide_living(item, states, has_dependents=has_dependents)
        if action is not None:
            await self._act(item, action)

    async def _state(self, item: Dependent, owner: Owner) -> OwnerState:
        known = self._graph.get(owner.uid)
        if known is not None:
            if known.namespace not in {"", item.namespace}:
                return "absent"
            return "waiting" if known.waits_for_dependents else "living"
        if owner.uid in self._absent:
            return "absent"
        if await self._exists(item, owner):
            return "living"
        self._absent[owner.uid] = None
        while len(self._absent) > _ABSENT_LIMIT:
            del self._absent[next(iter(self._absent))]
        return "absent"

    async def _exists(self, item: Dependent, owner: Owner) -> bool:
        """Ask the server whether an owner that the cache does not know is there."""
        kind = GroupVersionKind.of(owner.api_version, owner.kind)
        try:
            resource = await self._client.resource_for(kind)
            if resource.namespaced and not item.namespace:
                # Nobody can tell which object this means; the real collector leaves
                # such a dependent alone.
                return True
            namespace = item.namespace if resource.namespaced else None
            found = await self._client.get(kind, owner.name, namespace=namespace)
        except NotFoundError:
            return False  # no such object, or its kind is not served at all
        return str(found["metadata"]["uid"]) == owner.uid

    async def _act(self, item: Dependent, action: Action) -> None:
        kind = GroupVersionKind.of(item.api_version, item.kind)
        # Gone, or another object has its name by now: both are what was wanted.
        with suppress(NotFoundError):
            match action:
                case Delete(propagation=propagation):
                    with suppress(ConflictError):
                        await self._client.delete(
                            kind,
                            item.name,
                            namespace=item.namespace or None,
                            uid=item.uid,
                            propagation=propagation,
                        )
                case DropOwners(uids=uids):
                    await self._rewrite(
                        kind,
                        item,
                        "ownerReferences",
                        lambda reference: reference["uid"] not in uids,
                    )
                case DropFinalizer(finalizer=finalizer):
                    await self._rewrite(
                        kind, item, "finalizers", lambda name: name != finalizer
                    )

    async def _rewrite(
        self,
        kind: GroupVersionKind,
        item: Dependent,
        field: str,
        keep: Callable[[Any], bool],
    ) -> None:
        """Leave out items of a list in the metadata, if it is still that object."""
        namespace = item.namespace or None
        live: Unstructured = await self._client.get(
            kind, item.name, namespace=namespace
        )
        metadata = live["metadata"]
        found: list[Any] = metadata.get(field) or []
        kept = [each for each in found if keep(each)]
        if metadata["uid"] != item.uid or kept == found:
            return
        patch = {
            "metadata": {
                "uid": item.uid,
                "resourceVersion": metadata["resourceVersion"],
                field: kept or None,
            }
        }
        await self._client.patch(kind, item.name, patch, namespace=namespace)


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
