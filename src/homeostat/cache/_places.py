"""Where in the caches a write is seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, final

from homeostat._scope import Write
from homeostat.cache._delta import Reason
from homeostat.cache._informer import Informer, Stream
from homeostat.cache._owners import Owner
from homeostat.cache._record import Record
from homeostat.cache._store import Store

__all__ = ["Hidden", "Place", "hide", "known_of", "merge", "places_of"]

Place: TypeAlias = tuple[Informer[Any], Stream]


def places_of(informers: Sequence[Informer[Any]], write: Write) -> list[Place]:
    """Return the streams that objects of a write's resource and namespace come by."""
    places: list[Place] = []
    for informer in informers:
        resource = informer.resource
        if resource is None:
            continue
        if (resource.gvk.group, resource.plural) == (write.group, write.resource):
            stream = informer.stream_for(write.namespace)
            if stream is not None:
                places.append((informer, stream))
    return places


def merge(
    informers: Sequence[Informer[Any]],
    record: Record,
    reason: Reason,
    *,
    write: Write,
    owner: Owner | None,
) -> None:
    """Take what a write answered, or a live read, into the caches that select it.

    Args:
        informers: The caches.
        record: The object.
        reason: What told of it.
        write: What it was told for.
        owner: On whose behalf: what a cache cannot take in its stream owes to them.
    """
    taken: list[Store] = []
    for informer in informers:
        # Another version of the kind has other bytes; a subresource another kind.
        if record.gvk != informer.gvk or not informer.selection.decidable:
            continue
        stream = informer.stream_for(record.namespace)
        if stream is not None and record.name:
            taken.append(stream.store)
            informer.deliver(
                stream.store.write_ok(
                    informer.hold(record),
                    matches=informer.selection.matches(record),
                    reason=reason,
                    owner=owner,
                )
            )
    if owner is None:
        return
    # Its version is that of the object all the same, as in a Scale's answer.
    key = (record.namespace, write.name or record.name)
    for informer, stream in places_of(informers, write):
        if stream.store in taken:
            continue
        known = stream.store.newest(*key) is not None
        # What a subresource answers with may be of another kind.
        whole = not write.subresource or reason == "live"
        labels = informer.selection.labels
        if known or (whole and labels.matches(record.shared_labels)):
            stream.store.owe(owner, record, key=key)


@final
@dataclass(frozen=True, slots=True)
class Hidden:
    """What of an object that is deleted the caches have, by uid.

    Attributes:
        write: What concerns it.
        found: Where it is, and the uid that it has there.
    """

    write: Write
    found: tuple[tuple[Informer[Any], Stream, str], ...]

    def gone(self, owner: Owner | None = None) -> None:
        """Take note that it exists no more; an owner is one who deleted it."""
        for informer, stream, uid in self.found:
            self._done(informer, stream, uid, owner)

    def answered(self, *, gone: bool, owner: Owner | None = None) -> None:
        """Take note of an answer that says no more than whether it is gone."""
        if gone:
            self.gone(owner)
            return
        for informer, stream, uid in self.found:
            informer.deliver(stream.store.delete_failed(uid))

    def still_there(self, record: Record) -> None:
        """Take note of what has the name now; a merge of it follows."""
        for informer, stream, uid in self.found:
            if record.uid == uid:
                # What is shown again is what the merge that follows finds.
                informer.deliver(stream.store.delete_failed(uid))
            else:
                # A successor has its name.
                self._done(informer, stream, uid, None)

    def deleted(self, record: Record | None, owner: Owner | None) -> None:
        """Take note of the answer to a delete, and of the object that it carries."""
        for informer, stream, uid in self.found:
            # Some kinds answer with the object that is gone: it bears no mark then.
            if record is None or record.uid != uid or not record.deleting:
                self._done(informer, stream, uid, owner)
            elif informer.selection.decidable and record.gvk == informer.gvk:
                informer.deliver(
                    stream.store.delete_marked(
                        informer.hold(record),
                        matches=informer.selection.matches(record),
                        owner=owner,
                    )
                )
            else:
                informer.deliver(stream.store.delete_failed(uid))
                if owner is not None:
                    key = (record.namespace, record.name)
                    stream.store.owe(owner, record, key=key)

    def _done(
        self,
        informer: Informer[Any],
        stream: Stream,
        uid: str,
        owner: Owner | None,
    ) -> None:
        namespace, name = self.write.namespace, self.write.name
        informer.deliver(stream.store.delete_done(namespace, name, uid, owner=owner))


def known_of(informers: Sequence[Informer[Any]], write: Write) -> Hidden:
    """Return what the caches have of the name of a write, as it is."""
    return Hidden(
        write,
        tuple(
            (informer, stream, record.uid)
            for informer, stream in places_of(informers, write)
            if (record := stream.store.newest(write.namespace, write.name)) is not None
            and write.uid in {"", record.uid}
        ),
    )


def hide(informers: Sequence[Informer[Any]], write: Write) -> Hidden:
    """Hide from readers what a delete that is about to be sent is of."""
    hidden = known_of(informers, write)
    for informer, stream, uid in hidden.found:
        informer.deliver(stream.store.deleting(write.namespace, write.name, uid))
    return hidden
