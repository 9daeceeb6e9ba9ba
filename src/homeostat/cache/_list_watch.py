"""What a reflector asks of the server."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import final

from homeostat._metrics import Metrics
from homeostat.api import Kind, Resource, kind_of
from homeostat.cache._effects import ListPage, Watch
from homeostat.cache._state import SERVER_TIMEOUT
from homeostat.client import Client, RawList

__all__ = ["ListWatch"]


@final
class ListWatch:
    """Lists and watches one kind in one place.

    Args:
        client: Where.
        kind: What.
        namespace: "" for all; restricts nothing of a kind without namespaces.
        labels: Label selector as text.
        fields: Field selector as text.
        metadata_only: Ask for metadata alone.
        metrics: Where requests are counted.

    Attributes:
        resource: How the kind is reached, None before that is known.
    """

    __slots__ = (
        "_client",
        "_fields",
        "_kind",
        "_labels",
        "_metadata_only",
        "_metrics",
        "_namespace",
        "resource",
    )

    def __init__(
        self,
        client: Client,
        kind: Kind,
        *,
        namespace: str,
        labels: str,
        fields: str,
        metadata_only: bool,
        metrics: Metrics,
    ) -> None:
        self._client = client
        self._kind = kind
        self._namespace = namespace
        self._labels = labels
        self._fields = fields
        self._metadata_only = metadata_only
        self._metrics = metrics
        self.resource: Resource | None = None

    @property
    def target(self) -> str:
        """What it asks for, for logs."""
        resource = self.resource
        name = str(resource.gvr if resource else kind_of(self._kind))
        if resource is not None and not resource.namespaced:
            return name
        where = f"namespace {self._namespace}" if self._namespace else "all namespaces"
        return f"{name} in {where}"

    async def resolve(self) -> Resource:
        """Find out how the kind is reached.

        Raises:
            ApiError: The server does not serve it, or does not say.
            TransportError: No answer.
        """
        self.resource = await self._client.resource_for(self._kind)
        return self.resource

    async def list_page(self, page: ListPage) -> RawList:
        """Get a page of a list; the kind was resolved.

        Raises:
            ApiError: The server refused.
            TransportError: No answer.
        """
        if not page.continue_:
            self._count("reflector_lists_total")
        resource, namespace = self._place()
        return await self._client.list_page(
            resource,
            namespace=namespace,
            labels=self._labels,
            fields=self._fields,
            limit=page.limit,
            continue_=page.continue_,
            resource_version=page.resource_version,
            match="NotOlderThan" if page.resource_version else "",
            metadata_only=self._metadata_only,
        )

    def watch(
        self, watch: Watch
    ) -> AbstractAsyncContextManager[AsyncIterator[list[bytes]]]:
        """Open a watch, as ``Client.watch_raw`` does; the kind was resolved."""
        self._count("reflector_watches_total")
        resource, namespace = self._place()
        return self._client.watch_raw(
            resource,
            namespace=namespace,
            labels=self._labels,
            fields=self._fields,
            resource_version=watch.resource_version,
            initial_events=watch.initial,
            timeout_seconds=SERVER_TIMEOUT,
            metadata_only=self._metadata_only,
        )

    def _place(self) -> tuple[Resource, str]:
        assert self.resource is not None  # resolved before anything is asked for
        return self.resource, self._namespace if self.resource.namespaced else ""

    def _count(self, name: str) -> None:
        self._metrics.count(name, name=str(kind_of(self._kind)))
