"""Tells the cache of this process' own writes."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, final

from homeostat._metrics import NO_METRICS, Metrics
from homeostat._random import Random
from homeostat._scope import Write
from homeostat.cache._identity import ServerIdentity
from homeostat.cache._informer import Informer
from homeostat.cache._live import LiveReads
from homeostat.cache._owners import current_owner
from homeostat.cache._places import Hidden, hide, merge, places_of
from homeostat.cache._record import Record, read_head
from homeostat.cache._settling import Settling, names
from homeostat.errors import InvalidObjectError, TransportError

__all__ = ["WriteRouter"]


@final
class WriteRouter:
    """A ``WriteObserver`` that feeds what is written to the informers that select it.

    Responses are merged at once. An object whose delete is about to be sent is hidden;
    it is shown again when the delete definitely failed, or only marked it. What an
    informer cannot merge, for it cannot tell whether it selects that, or because the
    answer is of another kind as a Scale is, its stream owes to the writer's key.

    A write whose outcome is unknown is settled at once: by a live read of its object,
    or, when that has no known name, by a live list of where it would be, narrowed to
    the labels that it was sent with. So is one whose answer does not tell what became
    of the objects: an eviction, a binding, the delete of a collection. So is a write
    during which the server turned out to be another one: its answer may be of either,
    and what the lost server said must not come into the caches any more.

    Args:
        informers: Gives the informers that there are.
        live: For the live reads.
        identity: Tells which server it is, and is told of what makes that doubtful.
        start: Has ``settle`` run for a write, when anything runs.
        random: For the spread of retries of a live read.
        metrics: Where figures go.
    """

    __slots__ = (
        "_deletes",
        "_identity",
        "_informers",
        "_metrics",
        "_sent",
        "_settling",
        "_start",
    )

    def __init__(
        self,
        informers: Callable[[], Sequence[Informer[Any]]],
        *,
        live: LiveReads,
        identity: ServerIdentity,
        start: Callable[[Write], None],
        random: Random,
        metrics: Metrics = NO_METRICS,
    ) -> None:
        self._informers = informers
        self._settling = Settling(informers, live, random)
        self._metrics = metrics
        self._identity = identity
        self._start = start
        # By identity: a Write holds a document and has no hash. The value keeps it.
        self._deletes: dict[int, Hidden] = {}
        # The writes under way, with the number of the history that they were sent to.
        self._sent: dict[int, tuple[Write, int]] = {}

    def sending(self, write: Write) -> None:
        """Hide an object that is about to be deleted."""
        self._sent[id(write)] = write, self._identity.number
        if write.verb == "delete" and not write.dry_run and not write.subresource:
            self._deletes[id(write)] = hide(self._informers(), write)

    def responded(self, write: Write, body: bytes) -> None:
        """Merge what the server answered."""
        of_this_server = self._ended(write)
        if write.dry_run:
            return
        record = _record(body)
        if not of_this_server:
            self._doubt(write, record)
            return
        if write.verb == "create" and record is not None:
            self._check_version(record)
        delete = self._deletes.pop(id(write), None)
        if delete is not None:
            delete.deleted(record, current_owner())
        elif record is not None and write.verb != "deletecollection":
            merge(
                self._informers(), record, "write", write=write, owner=current_owner()
            )
        elif write.verb != "delete" and self._says_nothing(write, body):
            self._start(write)

    def failed(self, write: Write, error: Exception) -> None:
        """Show an object again whose delete the server refused."""
        self._ended(write)
        if isinstance(error, TransportError):
            self._identity.suspect()
        delete = self._deletes.pop(id(write), None)
        if delete is not None:
            # Gone already, as a 404 says: the stream will say so too.
            delete.answered(gone=names(error, write.name))

    def unknown(self, write: Write) -> None:
        """Have read live what it may have changed."""
        self._ended(write)
        self._identity.suspect()
        if not write.dry_run:
            self._metrics.count(
                "ambiguous_writes_total", verb=write.verb, resource=write.resource
            )
            self._start(write)

    async def settle(self, write: Write) -> None:
        """Find out what a write did, and take it into the caches.

        Cancellation: what is hidden stays hidden until the stream says more.
        """
        await self._settling.settle(write, self._deletes.pop(id(write), None))

    def _ended(self, write: Write) -> bool:
        """Forget a write under way; return whether the server is still the same."""
        _, number = self._sent.pop(id(write), (write, self._identity.number))
        return number == self._identity.number

    def _says_nothing(self, write: Write, body: bytes) -> bool:
        """Whether an answer does not tell what the write did to objects of a cache.

        So do those to an eviction, to a binding, and to the delete of a collection.
        """
        if write.verb != "deletecollection" and _kind(body) != "Status":
            return False
        return bool(places_of(self._informers(), write))

    def _doubt(self, write: Write, record: Record | None) -> None:
        """Have the object of an answer read live, for its server may be lost."""
        if not write.name and record is not None and write.verb == "create":
            write = replace(write, name=record.name)
        self._start(write)

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


def _record(body: bytes) -> Record | None:
    """Return the object of an answer, None for a Status or what is no object."""
    try:
        record = Record.read(body)
    except InvalidObjectError:
        return None
    return record if record.name and record.resource_version else None


def _kind(body: bytes) -> str:
    try:
        return read_head(body, None).kind
    except InvalidObjectError:
        return "Status"  # or what says as little
