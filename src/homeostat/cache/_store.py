"""The join of watch events, lists and write responses."""

import logging
from collections.abc import Iterable
from typing import final

from homeostat.api import parse_resource_version
from homeostat.cache._delta import Delta, Reason
from homeostat.cache._holdings import Holdings
from homeostat.cache._index import Indexer
from homeostat.cache._record import Record
from homeostat.cache._unacked import Unacked

__all__ = ["Store"]

logger = logging.getLogger(__name__)

_Key = tuple[str, str]


@final
class Store:
    """What one watch stream, its lists and this process' own writes say together.

    Pure and synchronous: each input returns the changes of what readers see, and
    objects and indexes change together. Inputs may come in any order and more than
    once; per object the newest resource version wins.

    Invariants: ``watermark`` is the version up to which the server said everything; a
    list from before it is refused. An object is either visible in the indexer, or
    hidden because a delete of it is under way. What ``backlog`` counts drains once the
    stream has caught up.

    Resource versions that are no numbers end the ordering for this kind, which is
    logged once: then the stream alone is believed, in the order in which it comes.

    Args:
        indexer: What readers see; shared by the streams of several namespaces.
        namespace: The namespace of this stream, "" for all of them.

    Attributes:
        watermark: 0 before the first list.
        comparable: Whether resource versions were numbers so far.
        listing: A list is coming in.
        losses: How often versions told that the server lost its data.
        namespace: The namespace of this stream, "" for all of them.
    """

    __slots__ = (
        "_held",
        "_indexer",
        "_reason",
        "_seen",
        "_unacked",
        "_unconfirmed",
        "comparable",
        "listing",
        "losses",
        "namespace",
        "watermark",
    )

    def __init__(self, indexer: Indexer, *, namespace: str = "") -> None:
        self._indexer = indexer
        self.namespace: str = namespace
        self.watermark: int = 0
        self.comparable: bool = True
        self.listing: bool = False
        self.losses: int = 0
        self._unacked = Unacked()
        self._held = Holdings(indexer)
        # What the list that comes in has not named yet; True for what is left from
        # before the server lost its data, whose versions mean nothing any more.
        self._unconfirmed: dict[_Key, bool] = {}
        self._reason: Reason = "list"
        # The newest version that was shown, also by a state that never became complete.
        self._seen = 0

    @property
    def backlog(self) -> dict[str, int]:
        """How much waits for the stream: ``unacked`` writes, and ``tombs``."""
        return {"unacked": len(self._unacked), "tombs": len(self._held.tombs)}

    def newest(self, namespace: str, name: str) -> Record | None:
        """Return the record of a name, also one that is hidden from readers."""
        return self._held.newest((namespace, name))

    def events(self, events: Iterable[tuple[str, Record]]) -> tuple[list[Delta], bool]:
        """Take events of the stream in order, each as ``event`` does.

        Returns:
            The changes, and whether all could be: what a watch cannot say of what is
            here, if it missed nothing, is not taken, nor what follows it.
        """
        deltas: list[Delta] = []
        for event_type, record in events:
            if event_type == "MODIFIED" and self._is_strange(record):
                return deltas, False
            version = record.version
            if version is None or event_type == "DELETED" or not self._quiet:
                deltas += self.event(event_type, record)
            else:
                self._take(record, version, deltas)
        return deltas, True

    @property
    def _quiet(self) -> bool:
        """Whether nothing of this process' own is under way: the stream is all."""
        return (
            self.comparable
            and not self._held.tombs
            and not self._unacked
            and (self.listing or not self._unconfirmed)
        )

    def _take(self, record: Record, version: int, deltas: list[Delta]) -> None:
        """Do as ``event`` does while all is quiet: most events by far come here."""
        indexer = self._indexer
        listing = self.listing
        current = indexer.get(record.namespace, record.name)
        if listing and self._unconfirmed:
            forsaken = self._unconfirmed.pop((record.namespace, record.name), False)
        else:
            forsaken = False
        if current is None:
            news = listing or version > self.watermark
        else:
            news = forsaken or version > (current.version or 0)
        if news:
            indexer.replace(current, record)
            deltas.append(Delta(current, record, self._reason if listing else "watch"))
        self._seen = max(self._seen, version)
        if not listing and version > self.watermark:
            self.watermark = version

    def event(self, event_type: str, record: Record) -> list[Delta]:
        """Take one event, of the stream or of the state that it begins with.

        Args:
            event_type: ``ADDED``, ``MODIFIED`` or ``DELETED``.
            record: The object; for ``DELETED`` its last state.
        """
        version = self._version(record.resource_version)
        key = (record.namespace, record.name)
        reason: Reason = self._reason if self.listing else "watch"
        if event_type == "DELETED":
            deltas = self._deleted(key, record, reason)
        elif not self.listing and version is not None and self._replayed(key, version):
            deltas = []
        else:
            forsaken = self._unconfirmed.pop(key, False)
            deltas = self._merge(key, record, reason, force=forsaken)
        if version is None:
            return deltas
        self._seen = max(self._seen, version)
        self._unacked.confirm(key, version)
        if not self.listing:
            return deltas + self._advance(version)
        # What a stream begins with is in no order: it says nothing about the rest, and
        # a late answer must not bring back what was deleted meanwhile.
        gone = event_type == "DELETED" and self._held.newest(key) is None
        if gone and self._unacked.get(key) is None:
            self._unacked.add(key, version, gone=True)
        return deltas

    def bookmark(self, resource_version: str) -> list[Delta]:
        """Take the stream's word that everything up to here was sent."""
        version = self._version(resource_version)
        return [] if version is None or self.listing else self._advance(version)

    def begin(self, resource_version: str = "", *, truth: bool = False) -> bool:
        """Begin to take a whole state, whose objects follow as events.

        Args:
            resource_version: Of the list; "" when only its end will tell.
            truth: The list was asked for without a version: it is what is. One from
                before the watermark then means that the server lost its data.

        Returns:
            False when it is from before what was shown: nothing was changed.
        """
        version = self._version(resource_version) if resource_version else None
        stale = version is not None and self._is_past(version)
        if stale and not truth:
            return False
        self.listing = True
        if stale:
            logger.error(
                "%s: the server is at version %s and was at %d: it lost its data; "
                "everything is taken anew",
                self._indexer.gvk,
                resource_version,
                max(self.watermark, self._seen),
            )
            self.losses += 1
            self._forget()
        forsaken = self._unconfirmed
        self._unconfirmed = {
            key: stale or forsaken.get(key, False)
            for key in self._held.keys(self.namespace)
        }
        lost = any(self._unconfirmed.values())
        self._reason = "restart" if lost else "list"
        return True

    def restart(self) -> None:
        """Take note that the server's history is another one: a whole state follows.

        What is here can be read until that state names or drops it; its versions mean
        nothing any more.
        """
        self._forget()
        self.listing = False
        self._unconfirmed = dict.fromkeys(self._held.keys(self.namespace), True)

    def finish(self, resource_version: str) -> list[Delta] | None:
        """End a whole state: what it did not name is gone.

        Returns:
            The changes that this last step makes; None when the state turns out to be
            from before what was shown: it is abandoned before its deletions.
        """
        version = self._version(resource_version)
        if version is not None and self._is_past(version):
            self.abandon()
            return None
        deltas: list[Delta] = []
        for key, forsaken in self._unconfirmed.items():
            record = self._held.newest(key)
            if record is None:
                continue
            newer = (
                version is not None
                and record.version is not None
                and record.version > version
            )
            if forsaken or not newer:
                deltas += self._held.drop(key, record, self._reason)
        self._unconfirmed = {}
        self.abandon()
        if version is not None:
            deltas += self._advance(version)
        return deltas

    def abandon(self) -> None:
        """Forget that a state was coming in; what it brought so far stays."""
        self.listing = False
        # What is left from a lost history stays so until a state is complete.
        self._unconfirmed = {
            key: True for key, lost in self._unconfirmed.items() if lost
        }

    def list_(
        self, resource_version: str, items: Iterable[Record], *, truth: bool = False
    ) -> list[Delta] | None:
        """Take a whole list at once.

        Returns:
            The changes, None when the list is refused.
        """
        if not self.begin(resource_version, truth=truth):
            return None
        deltas = [delta for item in items for delta in self.event("ADDED", item)]
        return deltas + (self.finish(resource_version) or [])

    def write_ok(
        self, record: Record, *, matches: bool = True, reason: Reason = "write"
    ) -> list[Delta]:
        """Take the server's answer to a write, or to a live read.

        Args:
            record: The object that it answered with.
            matches: Whether the object is (still) one that this watch selects.
            reason: ``live`` for a read.
        """
        version = self._version(record.resource_version)
        key = (record.namespace, record.name)
        forsaken = self._unconfirmed.get(key, False)
        # Up to the watermark the stream has already told us, a delete included.
        if version is None or (version <= self.watermark and not forsaken):
            return []
        if key in self._unconfirmed:
            self._unconfirmed[key] = False
        current = self._held.newest(key)
        # A write that changes nothing gives the version that is here already.
        known = -1 if forsaken or current is None else _version(current)
        if known > version or (known == version and matches):
            return []
        unacked = self._unacked.get(key)
        if unacked is not None and unacked.version >= version:
            return []
        if not matches:
            # An event from before this write must not bring the object back.
            self._unacked.add(key, version, gone=True)
            return [] if current is None else self._held.drop(key, current, reason)
        self._unacked.add(key, version)
        return self._held.put(key, record, reason)

    def deleting(self, namespace: str, name: str, uid: str) -> list[Delta]:
        """Hide an object whose delete is about to be sent, unless it is on its way out.

        One call of ``delete_done``, ``delete_failed`` or ``delete_marked`` follows.
        """
        key = (namespace, name)
        current = self.newest(namespace, name)
        if current is None or not uid or current.uid != uid:
            return []
        if current.deleting:
            # It waits for its finalizers, and a second delete changes nothing as a
            # rule: hiding it and showing it again would trigger its owner without end.
            return []
        return self._held.hide(key, current)

    def delete_done(self, namespace: str, name: str, uid: str) -> list[Delta]:
        """Take a delete's success: hidden until the stream or a list confirms it."""
        if self._held.tombs.covers(uid):
            self._held.tombs.done(uid)
            return []
        current = self.newest(namespace, name)
        if current is None or current.uid != uid:
            return []  # the stream was quicker
        deltas = self._held.hide((namespace, name), current)
        self._held.tombs.done(uid)
        return deltas

    def delete_failed(self, uid: str) -> list[Delta]:
        """Show an object again whose delete did not happen."""
        return self._held.show(None, self._held.tombs.failed(uid), "write")

    def delete_marked(
        self, record: Record, *, matches: bool = True, reason: Reason = "write"
    ) -> list[Delta]:
        """Take an object that lives on with a deletionTimestamp after its delete."""
        deltas = self._held.show(None, self._held.tombs.lift(record.uid), reason)
        return deltas + self.write_ok(record, matches=matches, reason=reason)

    def _version(self, resource_version: str) -> int | None:
        """Return the version as a number, None where versions do not compare."""
        if not self.comparable:
            return None
        version = parse_resource_version(resource_version)
        if version is None:
            logger.warning(
                "%s: resource version %r is no number: reading your own writes is off "
                "for this kind, its cache follows the watch alone",
                self._indexer.gvk,
                resource_version[:64],
            )
            self.comparable = False
            self._unacked.clear()
            self.watermark = self._seen = 0
        return version

    def _is_strange(self, record: Record) -> bool:
        """Whether an object is said to be modified that is not the one that is here.

        The delete of that one would have come first.
        """
        if self.listing:
            return False
        known = self.newest(record.namespace, record.name)
        if known is None or known.uid == record.uid:
            return False
        return _version(known) < _version(record)

    def _is_past(self, version: int) -> bool:
        """Whether a whole state of this version would take readers back in time."""
        return version < max(self.watermark, self._seen)

    def _replayed(self, key: _Key, version: int) -> bool:
        """Whether an event repeats what is known: its object is gone since."""
        return version <= self.watermark and self._held.newest(key) is None

    def _merge(
        self, key: _Key, record: Record, reason: Reason, *, force: bool = False
    ) -> list[Delta]:
        """Take a record that exists, unless what is here is newer."""
        if not force and self.comparable:
            unacked = self._unacked.get(key)
            if unacked is not None and unacked.version > _version(record):
                return []
            current = self._held.newest(key)
            if current is not None and _version(current) >= _version(record):
                return []
        return self._held.put(key, record, reason)

    def _deleted(self, key: _Key, record: Record, reason: Reason) -> list[Delta]:
        current = self._held.newest(key)
        if current is None or current.uid != record.uid:
            return []
        # An object that leaves the selector says DELETED, and our own later write may
        # have brought it back already.
        newer = self.comparable and _version(current) > _version(record)
        if newer and not self._unconfirmed.get(key, False):
            return []
        return self._held.drop(key, current, reason)

    def _advance(self, version: int) -> list[Delta]:
        """Note that the server said everything up to ``version``."""
        self.watermark = max(self.watermark, version)
        deltas: list[Delta] = []
        for key, write in self._unacked.reach(self.watermark):
            record = self._held.newest(key)
            # Its event was due and never came: this watch does not select it.
            if (
                not write.gone
                and record is not None
                and record.version == write.version
            ):
                deltas += self._held.drop(key, record, "watch")
        return deltas

    def _forget(self) -> None:
        """Forget what was said of a history that is lost."""
        self.watermark = self._seen = 0
        self._unacked.clear()
        self._held.tombs.clear()


def _version(record: Record) -> int:
    return record.version or 0
