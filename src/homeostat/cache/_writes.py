"""Tells the cache of this process' own writes."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, final

from homeostat._random import Random
from homeostat._scope import Write
from homeostat.api import Resource
from homeostat.cache._delta import Delta, Reason
from homeostat.cache._identity import ServerIdentity
from homeostat.cache._informer import Informer, Stream
from homeostat.cache._record import Record
from homeostat.client import Client
from homeostat.errors import (
    ApiError,
    InvalidObjectError,
    NotFoundError,
    TransportError,
)

__all__ = ["WriteRouter"]

logger = logging.getLogger(__name__)

_RETRY_BASE = 0.1  # seconds
_RETRY_CAP = 30.0

_Place = tuple[Informer[Any], Stream]


@dataclass(frozen=True, slots=True)
class _Delete:
    """A delete under way: what is hidden for it, and where."""

    write: Write
    hidden: tuple[tuple[Informer[Any], Stream, str], ...]


@final
class WriteRouter:
    """A ``WriteObserver`` that feeds what is written to the informers that select it.

    Responses are merged at once. An object whose delete is about to be sent is hidden;
    it is shown again when the delete definitely failed, or only marked it. A write to
    a known name whose outcome is unknown is settled by one live read, at once.

    So is a write during which the server turned out to be another one: its answer may
    be of either, and what the lost server said must not come into the caches any more.

    Args:
        client: For the live reads.
        informers: Gives the informers that there are.
        identity: Tells which server it is, and is told of what makes that doubtful.
        start: Has ``settle`` run for a write, when anything runs.
        random: For the spread of retries of a live read.
    """

    __slots__ = (
        "_client",
        "_deletes",
        "_identity",
        "_informers",
        "_random",
        "_sent",
        "_start",
    )

    def __init__(
        self,
        client: Client,
        informers: Callable[[], Iterable[Informer[Any]]],
        *,
        identity: ServerIdentity,
        start: Callable[[Write], None],
        random: Random,
    ) -> None:
        self._client = client
        self._informers = informers
        self._identity = identity
        self._start = start
        self._random = random
        # By identity: a Write holds a document and has no hash. The value keeps it.
        self._deletes: dict[int, _Delete] = {}
        # The writes under way, with the number of the history that they were sent to.
        self._sent: dict[int, tuple[Write, int]] = {}

    def sending(self, write: Write) -> None:
        """Hide an object that is about to be deleted."""
        self._sent[id(write)] = write, self._identity.number
        if write.verb != "delete" or write.dry_run or write.subresource:
            return
        hidden: list[tuple[Informer[Any], Stream, str]] = []
        for informer, stream in self._places(write):
            record = stream.store.newest(write.namespace, write.name)
            if record is None or write.uid not in {"", record.uid}:
                continue
            hidden.append((informer, stream, record.uid))
            informer.deliver(
                stream.store.deleting(write.namespace, write.name, record.uid)
            )
        self._deletes[id(write)] = _Delete(write, tuple(hidden))

    def responded(self, write: Write, body: bytes) -> None:
        """Merge what the server answered."""
        of_this_server = self._ended(write)
        if write.dry_run or write.verb == "deletecollection":
            return
        record = _record(body)
        if not of_this_server:
            self._doubt(write, record)
            return
        if write.verb == "create" and record is not None:
            self._check_version(record)
        delete = self._deletes.pop(id(write), None)
        if delete is not None:
            self._deleted(delete, record)
        elif record is not None:
            self._merge(record, "write")

    def failed(self, write: Write, error: Exception) -> None:
        """Show an object again whose delete the server refused."""
        self._ended(write)
        if isinstance(error, TransportError):
            self._identity.suspect()
        delete = self._deletes.pop(id(write), None)
        if delete is None:
            return
        for informer, stream, uid in delete.hidden:
            if _names(error, write.name):
                # Gone already: the stream will say so too.
                informer.deliver(_done(stream, write, uid))
            else:
                informer.deliver(stream.store.delete_failed(uid))

    def unknown(self, write: Write) -> None:
        """Have the object read live, when its name is known."""
        self._ended(write)
        self._identity.suspect()
        if write.name and not write.dry_run and write.verb != "deletecollection":
            self._start(write)

    async def settle(self, write: Write) -> None:
        """Read the object of a write without an answer, until there is an answer.

        Cancellation: what is hidden stays hidden until the stream says more.
        """
        delete = self._deletes.pop(id(write), None)
        for resource in {i.resource for i, _ in self._places(write)} - {None}:
            assert resource is not None  # taken out above
            record, error = await self._read(resource, write)
            if record is not None:
                if delete is not None:
                    self._still_there(delete, record)
                self._merge(record, "live")
            elif delete is not None:
                for informer, stream, uid in delete.hidden:
                    if error is None:
                        informer.deliver(_done(stream, write, uid))
                    else:
                        informer.deliver(stream.store.delete_failed(uid))

    async def _read(
        self, resource: Resource, write: Write
    ) -> tuple[Record | None, ApiError | None]:
        """Return the object; neither it nor an error when the server has none."""
        delay = _RETRY_BASE
        while True:
            number = self._identity.number
            try:
                body = await self._client.get_raw(
                    resource, write.name, namespace=write.namespace or None
                )
                if self._identity.number != number:
                    continue  # the lost server may have said so
                return Record.read(body, gvk=resource.gvk), None
            except (ApiError, TransportError, InvalidObjectError) as error:
                if _names(error, write.name):
                    return None, None
                if isinstance(error, ApiError) and error.code < 429:
                    logger.warning(
                        "%s: its outcome is unknown and cannot be looked up: %s; "
                        "the watch will tell",
                        write,
                        error.message[:256],
                    )
                    return None, error
                wait = error.retry_after if isinstance(error, ApiError) else None
            await asyncio.sleep(self._random.jitter(wait or delay, 0.5))
            delay = min(_RETRY_CAP, delay * 2)

    def _ended(self, write: Write) -> bool:
        """Forget a write under way; return whether the server is still the same."""
        _, number = self._sent.pop(id(write), (write, self._identity.number))
        return number == self._identity.number

    def _doubt(self, write: Write, record: Record | None) -> None:
        """Have the object of an answer read live, for its server may be lost."""
        if write.name:
            self._start(write)
        elif record is not None:
            self._start(replace(write, name=record.name))

    def _check_version(self, record: Record) -> None:
        """Doubt the server when what it made is older than what it said before."""
        for informer in self._informers():
            if record.gvk != informer.gvk or record.version is None:
                continue
            stream = informer.stream_for(record.namespace)
            if stream is None or record.version >= stream.store.watermark:
                continue
            # The stream may have been quicker.
            if stream.store.newest(record.namespace, record.name) is None:
                self._identity.suspect()
                return

    def _still_there(self, delete: _Delete, record: Record) -> None:
        for informer, stream, uid in delete.hidden:
            if record.uid == uid:
                # What is shown again is what the merge that follows finds.
                informer.deliver(stream.store.delete_failed(uid))
            else:
                # A successor has its name.
                informer.deliver(_done(stream, delete.write, uid))

    def _deleted(self, delete: _Delete, record: Record | None) -> None:
        for informer, stream, uid in delete.hidden:
            # Some kinds answer with the object that is gone: it bears no mark then.
            if record is None or record.uid != uid or not record.deleting:
                informer.deliver(_done(stream, delete.write, uid))
                continue
            informer.deliver(
                stream.store.delete_marked(
                    informer.hold(record),
                    matches=informer.selection.matches(record),
                )
                if informer.selection.decidable and record.gvk == informer.gvk
                else stream.store.delete_failed(uid)
            )

    def _merge(self, record: Record, reason: Reason) -> None:
        for informer in self._informers():
            # Another version of the kind has other bytes; a subresource another kind.
            if record.gvk != informer.gvk or not informer.selection.decidable:
                continue
            stream = informer.stream_for(record.namespace)
            if stream is not None and record.name:
                informer.deliver(
                    stream.store.write_ok(
                        informer.hold(record),
                        matches=informer.selection.matches(record),
                        reason=reason,
                    )
                )

    def _places(self, write: Write) -> list[_Place]:
        places: list[_Place] = []
        for informer in self._informers():
            resource = informer.resource
            if resource is None:
                continue
            if (resource.gvk.group, resource.plural) == (write.group, write.resource):
                stream = informer.stream_for(write.namespace)
                if stream is not None:
                    places.append((informer, stream))
        return places


def _done(stream: Stream, write: Write, uid: str) -> list[Delta]:
    return stream.store.delete_done(write.namespace, write.name, uid)


def _record(body: bytes) -> Record | None:
    """Return the object of an answer, None for a Status or what is no object."""
    try:
        record = Record.read(body)
    except InvalidObjectError:
        return None
    return record if record.name and record.resource_version else None


def _names(error: Exception, name: str) -> bool:
    """Whether a 404 is about the object, not about its kind or its namespace."""
    return isinstance(error, NotFoundError) and error.details.get("name") == name
