"""From kinds to resources, by what is known and by asking the server."""

import asyncio
from collections.abc import Mapping

from homeostat._transport import HttpRequest, HttpResponse
from homeostat.api import GroupVersionKind, Kind, Resource, Unstructured, kind_of
from homeostat.client._calls import Calls
from homeostat.client._discovery import (
    AGGREGATED_ACCEPT,
    Discovery,
    is_aggregated,
    parse_aggregated,
    parse_group_version,
    parse_groups,
)
from homeostat.client._objects import parse_document
from homeostat.errors import ApiError, NotFoundError, TransportError

__all__ = ["RESTMapper"]


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

    async def resource_for(self, kind: Kind) -> Resource:
        """Return how to reach ``kind``; see ``Client.resource_for``."""
        if not isinstance(kind, GroupVersionKind):
            kind_of(kind)  # raises for a class without a kind
            return kind.__resource__
        known = self._known(kind)
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

    def _known(self, gvk: GroupVersionKind) -> Resource | None:
        if self._builtin is None:
            # The table costs milliseconds to read: only who needs it pays.
            from homeostat.k8s import resources  # noqa: PLC0415

            self._builtin = {resource.gvk: resource for resource in resources()}
        return self._builtin.get(gvk) or self._discovered.get(gvk)

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
            document = await self._document(root, AGGREGATED_ACCEPT)
        except NotFoundError:
            return Discovery(resources=())  # a server of custom resources alone
        if is_aggregated(document):
            return parse_aggregated(document)
        resources: list[Resource] = []
        failed: dict[str, str] = {}
        for path in parse_groups(document):
            try:
                resources += parse_group_version(await self._document(path))
            except NotFoundError:
                continue  # deleted since the root was read
            except (ApiError, TransportError) as error:
                failed[path.removeprefix("/apis/").removeprefix("/api/")] = str(error)
        return Discovery(resources=resources, failed=failed)

    async def _document(
        self, path: str, accept: str = "application/json"
    ) -> Unstructured:
        request = HttpRequest(method="GET", path=path, headers={"accept": accept})
        response: HttpResponse
        response = await self._calls.read(request, attempted=f"discover {path}")
        return parse_document(response.body, f"discover {path}")

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
