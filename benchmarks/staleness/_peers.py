"""A controller on three other caches, each in as few lines as tell it apart.

All list and watch as client-go does: any version first (``resourceVersion=0``), then
what is now. Their work is one key, so there is no queue.

Sources: kube-controller-manager 1.36 ``pkg/controller/util/consistency``; for the
overlay, java-operator-sdk 5 ``TemporaryResourceCache``.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from benchmarks.staleness._objects import NAMESPACE, OWNER, POD, new_pod
from homeostat._tasks import Group
from homeostat.api import GroupVersionKind, Unstructured
from homeostat.client import Client
from homeostat.errors import ApiError, NotFoundError, TransportError

__all__ = ["Gate", "Naive", "Overlay", "Peer"]


def _name(document: Unstructured) -> str:
    return str(document["metadata"]["name"])


def _version(document: Unstructured) -> int:
    return int(document["metadata"]["resourceVersion"])


class Naive:
    """What the watch said, and nothing else: client-go, controller-runtime, kopf."""

    def __init__(self) -> None:
        self.pods: dict[str, Unstructured] = {}
        self.seen = 0

    def listed(self, version: int, items: Sequence[Unstructured]) -> None:
        """Take a list in the place of all that is here."""
        self.pods = {_name(item): item for item in items}
        self.seen = version

    def event(self, kind: str, item: Unstructured) -> None:
        """Take an event of the watch."""
        self.seen = max(self.seen, _version(item))
        if kind == "DELETED":
            self.pods.pop(_name(item), None)
        elif kind != "BOOKMARK":
            self.pods[_name(item)] = item

    def wrote(self, item: Unstructured) -> None:
        """Take the answer to a write."""

    def read_live(self, version: int, items: Sequence[Unstructured]) -> None:
        """Take a list that was asked for after a write without an answer."""
        self.pods.update({_name(item): item for item in items})

    def is_ready(self) -> bool:
        """Whether it may be decided from."""
        return True

    def view(self) -> list[Unstructured]:
        """Return the Pods that there are."""
        return list(self.pods.values())


class Gate(Naive):
    """Nothing is decided until the watch has passed the last write."""

    def __init__(self) -> None:
        super().__init__()
        self.written = 0

    def wrote(self, item: Unstructured) -> None:
        """Note up to where the watch must come."""
        self.written = max(self.written, _version(item))

    def is_ready(self) -> bool:
        """Whether the watch has come there."""
        return self.seen >= self.written


class Overlay(Naive):
    """Answers to writes lie over what the watch said until it has passed them."""

    def __init__(self) -> None:
        super().__init__()
        self.over: dict[str, Unstructured] = {}

    def wrote(self, item: Unstructured) -> None:
        """Lay an answer over the cache, unless the watch is past it."""
        if self.seen <= _version(item):
            self.over[_name(item)] = item

    def event(self, kind: str, item: Unstructured) -> None:
        """Take an event of the watch, and away what it confirms."""
        super().event(kind, item)
        over = self.over.get(_name(item)) if kind != "BOOKMARK" else None
        if over is not None and _version(item) >= _version(over):
            del self.over[_name(item)]

    def listed(self, version: int, items: Sequence[Unstructured]) -> None:
        """Take a list, and away what it would name if it were there."""
        super().listed(version, items)
        self.over = {k: o for k, o in self.over.items() if _version(o) > version}

    def read_live(self, version: int, items: Sequence[Unstructured]) -> None:
        """Lay everything over the cache."""
        for item in items:
            self.wrote(item)

    def view(self) -> list[Unstructured]:
        """Return both together."""
        newer = {k: o for k, o in self.over.items() if _version(o) > self.seen}
        return list({**self.pods, **newer}.values())


class Peer:
    """Keeps as many Pods as are asked for, by what a cache shows.

    Args:
        client: The process' own.
        cache: Which kind of cache.
        barrier: Read what is there after a write without an answer.
    """

    def __init__(self, client: Client, cache: Naive, *, barrier: bool) -> None:
        self._client = client
        self._cache = cache
        self._barrier = barrier
        self._owners: dict[str, Unstructured] = {}
        self._due = asyncio.Event()
        self._synced = {OWNER: asyncio.Event(), POD: asyncio.Event()}
        self._failures = 0

    async def run(self) -> None:
        """Work until cancelled."""
        async with Group() as tasks:
            for kind in (OWNER, POD):
                tasks.start(self._follow(kind), name=f"follow {kind}")
            for synced in self._synced.values():
                await synced.wait()
            while True:
                await self._due.wait()
                self._due.clear()
                await self._work()

    async def _work(self) -> None:
        if not self._cache.is_ready():
            self._retry()
            return
        try:
            await self._reconcile()
        except TransportError:
            if self._barrier:
                await self._read_live()
            self._retry()
        except ApiError:
            self._retry()
        else:
            self._failures = 0

    async def _reconcile(self) -> None:
        for owner in self._owners.values():
            pods = sorted(self._cache.view(), key=_version)
            wanted: int = owner["spec"]["replicas"]
            for _ in range(wanted - len(pods)):
                self._cache.wrote(await self._client.create(new_pod(owner)))
            for pod in pods[wanted:]:
                await self._delete(pod)

    async def _delete(self, pod: Unstructured) -> None:
        try:
            uid = pod["metadata"]["uid"]
            await self._client.delete(POD, _name(pod), namespace=NAMESPACE, uid=uid)
        except NotFoundError:
            return

    def _retry(self) -> None:
        """Come again, later each time. Source: client-go's default rate limiter."""
        delay = min(1000.0, 0.005 * 2**self._failures)
        self._failures += 1
        asyncio.get_running_loop().call_later(delay, self._due.set)

    async def _read_live(self) -> None:
        while True:
            try:
                version, items = await self._list(POD, "")
            except (ApiError, TransportError):
                await asyncio.sleep(0.1)
            else:
                self._cache.read_live(version, items)
                return

    async def _list(
        self, kind: GroupVersionKind, version: str
    ) -> tuple[int, list[Unstructured]]:
        page = await self._client.list_page(
            await self._client.resource_for(kind),
            namespace=NAMESPACE,
            resource_version=version,
        )
        return int(page.resource_version), [json.loads(item) for item in page.items]

    async def _follow(self, kind: GroupVersionKind) -> None:
        version = "0"
        while True:
            try:
                at, items = await self._list(kind, version)
                self._take(kind, at, items)
                version = ""
                async with self._watching(kind, at) as lines:
                    async for event in lines:
                        self._take_event(kind, event["type"], event["object"])
            except (ApiError, TransportError):
                await asyncio.sleep(0.05)

    @asynccontextmanager
    async def _watching(
        self, kind: GroupVersionKind, version: int
    ) -> AsyncGenerator[AsyncGenerator[dict[str, Any]]]:
        resource = await self._client.resource_for(kind)
        async with self._client.watch_raw(
            resource, namespace=NAMESPACE, resource_version=str(version)
        ) as batches:

            async def events() -> AsyncGenerator[dict[str, Any]]:
                async for lines in batches:
                    for line in lines:
                        event = json.loads(line)
                        if event["type"] == "ERROR":
                            return
                        yield event

            yield events()

    def _take(
        self, kind: GroupVersionKind, version: int, items: list[Unstructured]
    ) -> None:
        if kind == OWNER:
            self._owners = {_name(item): item for item in items}
        else:
            self._cache.listed(version, items)
        self._synced[kind].set()
        self._due.set()

    def _take_event(
        self, kind: GroupVersionKind, event: str, item: Unstructured
    ) -> None:
        if kind == POD:
            self._cache.event(event, item)
        elif event in {"ADDED", "MODIFIED"}:
            self._owners[_name(item)] = item
        self._due.set()
