"""From kinds to resources, by what is known and by asking the server."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from homeostat._tasks import Threads
from homeostat._transport import HttpRequest
from homeostat.api import GroupVersionKind, Kind, Resource, kind_of
from homeostat.client._calls import Calls
from homeostat.client._discovery import (
    AGGREGATED_ACCEPT,
    Discovery,
    parse_group_version,
    parse_root,
)
from homeostat.errors import ApiError, NotFoundError, TransportError

__all__ = ["RESTMapper"]

T = TypeVar("T")


class RESTMapper:
    """Knows how to reach a kind.

    What it answers is never older than the newest discovery that was needed: a kind
    that is missing causes one discovery, shared by all who wait for it.
    """

    __slots__ = ("_builtin", "_calls", "_discovered", "_failed", "_lock", "_round")

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._builtin: Mapping[GroupVersionKind, Resource] | None = None
        self._discovered: dict[GroupVersionKind, Resource] = {}
        self._failed: Mapping[str, str] = {}
        self._lock = asyncio.Lock()
        self._round = 0  # discoveries that were finished
        calls.not_served = self._forget

    async def resource_for(self, kind: Kind) -> Resource:
        """Return how to reach ``kind``; see ``Client.resource_for``."""
        if not isinstance(kind, GroupVersionKind):
            # A kind that is known by its type needs no discovery as plain dicts either.
            self._discovered.setdefault(kind_of(kind), kind.__resource__)
            return kind.__resource__
        if self._builtin is None:
            self._builtin = await _read_table()
        known = self._builtin.get(kind) or self._discovered.get(kind)
        if known is not None:
            return known
        before = self._round
        async with self._lock:
            # Another caller's discovery that began after our miss is as good as ours.
            if self._round == before:
                await self._refresh()
        known = self._discovered.get(kind)
        if known is None:
            raise self._missing(kind)
        return known

    async def discover(self) -> Discovery:
        """Ask the server for all that it serves."""
        async with self._lock:
            return await self._refresh()

    def _forget(self, resource: str) -> None:
        """Drop what is not served any more: it may come back under another name."""
        self._discovered = {
            gvk: known
            for gvk, known in self._discovered.items()
            if str(known.gvr) != resource
        }

    async def _refresh(self) -> Discovery:
        found: list[Resource] = []
        failed: dict[str, str] = {}
        for root in ("/api", "/apis"):
            part = await self._discover_root(root)
            found.extend(part.resources)
            failed.update(part.failed)
        # Kinds of a group that cannot be asked for a moment stay known.
        kept = {
            gvk: resource
            for gvk, resource in self._discovered.items()
            if gvk.api_version in failed
        }
        fresh: dict[GroupVersionKind, Resource] = {}
        for resource in found:
            fresh.setdefault(resource.gvk, resource)
        self._discovered = kept | fresh
        self._failed = failed
        self._round += 1
        return Discovery(resources=found, failed=failed)

    async def _discover_root(self, root: str) -> Discovery:
        try:
            found = await self._document(root, parse_root, AGGREGATED_ACCEPT)
        except NotFoundError:
            return Discovery(resources=())  # a server of custom resources alone
        if isinstance(found, Discovery):
            return found
        resources: list[Resource] = []
        failed: dict[str, str] = {}
        for path in found:
            try:
                resources += await self._document(path, parse_group_version)
            except NotFoundError:
                continue  # deleted since the root was read
            except (ApiError, TransportError) as error:
                failed[path.removeprefix("/apis/").removeprefix("/api/")] = str(error)
        return Discovery(resources=resources, failed=failed)

    async def _document(
        self, path: str, parse: Callable[[bytes], T], accept: str = "application/json"
    ) -> T:
        request = HttpRequest(method="GET", path=path, headers={"accept": accept})
        response = await self._calls.read(request, attempted=f"discover {path}")
        try:
            return parse(response.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise TransportError(
                f"discover {path}: the answer is no discovery document: {error}"
            ) from error

    def _missing(self, gvk: GroupVersionKind) -> NotFoundError:
        failed = self._failed.get(gvk.api_version)
        why = (
            f"its group could not be discovered: {failed}"
            if failed
            else "is its CustomResourceDefinition installed?"
        )
        return NotFoundError(
            f"the server serves no {gvk.kind!r} in {gvk.api_version!r}; {why}",
            code=404,
            reason="NotFound",
            details={"group": gvk.group, "kind": gvk.kind},
            attempted=f"discover {gvk}",
        )


async def _read_table() -> Mapping[GroupVersionKind, Resource]:
    # A file is read: not on the loop, and only for who asks for a kind without a class.
    threads = Threads(1, name="homeostat-kinds")
    try:
        return await threads.run(_table)
    finally:
        threads.close()


def _table() -> Mapping[GroupVersionKind, Resource]:
    from homeostat.k8s import resources  # noqa: PLC0415

    return {resource.gvk: resource for resource in resources()}
