"""Live reads that a cache takes in."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, TypeAlias, final

from homeostat._metrics import Metrics
from homeostat.api import Resource
from homeostat.cache._course import PAGE_SIZE
from homeostat.cache._identity import ServerIdentity
from homeostat.cache._informer import Informer, Stream
from homeostat.cache._intake import Turns, batches, records_of
from homeostat.cache._record import Record
from homeostat.cache._selection import Selection
from homeostat.client import Client, RawList
from homeostat.errors import ExpiredError, InvalidObjectError, TransportError

__all__ = ["LiveReads"]


_Scope: TypeAlias = tuple[Selection, str, str, str]


@dataclass(slots=True)
class _Turn:
    """Who wants the same list, one at a time."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0
    began: int = 0


class _ReplacedError(Exception):
    """What was read is of a server that is known to have lost its data."""


@final
class LiveReads:
    """Reads the server itself, without a version: at least as new as its own start.

    What a lost server said is not returned and does not come into a cache.

    Args:
        client: Where to read.
        identity: Tells which server it is, and is told of what makes that doubtful.
        metrics: Where figures go.
    """

    __slots__ = ("_client", "_identity", "_metrics", "_moment", "_turns")

    def __init__(
        self, client: Client, identity: ServerIdentity, metrics: Metrics
    ) -> None:
        self._client = client
        self._identity = identity
        self._metrics = metrics
        self._moment = 0
        self._turns: dict[_Scope, _Turn] = {}

    async def get(self, resource: Resource, namespace: str, name: str) -> Record:
        """Return one object.

        Raises:
            ApiError: The server has none, or does not give it.
            TransportError: No answer.
            InvalidObjectError: It has no metadata.
        """
        while True:
            number = self._identity.number
            body = await self._client.get_raw(
                resource, name, namespace=namespace or None
            )
            if self._identity.number == number:
                return Record.read(body, gvk=resource.gvk)

    async def confirm(
        self,
        informer: Informer[Any],
        stream: Stream,
        namespace: str = "",
        labels: str = "",
    ) -> None:
        """List what a stream selects, and take it into its cache.

        Who asks for the same meanwhile waits for one list that begins after that.

        Args:
            informer: Whose selectors count.
            stream: Of which namespace.
            namespace: Narrower than the stream's, "" for the same.
            labels: Narrower than the informer's, "" for the same: then an object that
                is not listed may exist all the same, and stays in the cache.

        Raises:
            ApiError: The server refused.
            TransportError: No answer, or one from before what it said earlier.
        """
        if informer.resource is None:
            return  # nothing of it is in the cache
        if not informer.resource.namespaced:
            namespace = ""
        scope = (informer.selection, stream.store.namespace, namespace, labels)
        turn = self._turns.setdefault(scope, _Turn())
        self._moment += 1
        asked = self._moment
        turn.waiting += 1
        try:
            async with turn.lock:
                if turn.began > asked:
                    return
                self._moment += 1
                began = self._moment
                await self._confirm(informer, stream, namespace, labels)
                turn.began = began
        finally:
            turn.waiting -= 1
            if not turn.waiting:
                self._turns.pop(scope, None)

    async def _confirm(
        self, informer: Informer[Any], stream: Stream, namespace: str, labels: str
    ) -> None:
        self._metrics.count("barrier_reads_total", name=informer.name)
        limit = PAGE_SIZE
        while True:
            try:
                await self._list(informer, stream, namespace, labels, limit)
            except _ReplacedError:
                continue
            except ExpiredError:
                if not limit:
                    raise
                limit = 0  # the pages took longer than the server keeps them
            else:
                return

    async def _list(
        self,
        informer: Informer[Any],
        stream: Stream,
        namespace: str,
        labels: str,
        limit: int,
    ) -> None:
        number, store = self._identity.number, stream.store
        watermark = store.watermark
        named: set[tuple[str, str]] = set()
        version = ""
        turns = Turns()
        pages = self._pages(informer, namespace or store.namespace, labels, limit)
        async with aclosing(pages):
            async for page in pages:
                version = page.resource_version
                for batch in batches(page.items):
                    if self._identity.number != number:
                        raise _ReplacedError
                    for record in records_of(batch, informer.shelf, _pass_over):
                        named.add((record.namespace, record.name))
                        informer.deliver(store.write_ok(record, reason="live"))
                    await turns.take(len(batch))
        if self._identity.number != number:
            raise _ReplacedError
        if store.is_older(version, watermark):
            self._identity.suspect()
            raise TransportError(
                f"list {informer.name}: it is at version {version}, and the server was "
                f"at {watermark} before",
                sent=True,
            )
        if not labels:
            deltas = store.confirm(version, named, namespace=namespace)
            informer.deliver(deltas)

    async def _pages(
        self, informer: Informer[Any], namespace: str, labels: str, limit: int
    ) -> AsyncGenerator[RawList]:
        resource, selection = informer.resource, informer.selection
        assert resource is not None  # looked at before
        continue_ = ""
        while True:
            page = await self._client.list_page(
                resource,
                namespace=namespace if resource.namespaced else "",
                labels=",".join(filter(None, (str(selection.labels), labels))),
                fields=str(selection.fields),
                limit=limit,
                continue_=continue_,
                metadata_only=selection.metadata_only,
            )
            yield page
            continue_ = page.continue_
            if not continue_:
                return


def _pass_over(_error: InvalidObjectError) -> None:
    """Leave out an object without metadata; the reflector says so when it meets it."""
