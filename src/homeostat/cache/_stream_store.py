"""The part of a store that takes what its watch stream and the lists say."""

import logging
from collections.abc import Iterable

from homeostat.api import parse_resource_version
from homeostat.cache._delta import Delta, Reason
from homeostat.cache._holdings import Holdings
from homeostat.cache._index import Indexer
from homeostat.cache._needs import Needs
from homeostat.cache._owners import Tally
from homeostat.cache._record import Record
from homeostat.cache._unacked import Unacked

__all__ = ["StreamStore", "version_of"]

logger = logging.getLogger(__name__)

_Key = tuple[str, str]


class StreamStore:
    """The part of a ``Store`` for the stream; see there for what holds for the whole.

    Args:
        indexer: What readers see; shared by the streams of several namespaces.
        namespace: The namespace of this stream, "" for all of them.
        owed: Counts who has yet to be shown what they wrote; shared among streams.
    """

    __slots__ = (
        "_held",
        "_indexer",
        "_reason",
        "_seen",
        "_unacked",
        "_unconfirmed",
        "bookmarks",
        "comparable",
        "listing",
        "losses",
        "namespace",
        "needs",
        "watermark",
    )

    def __init__(
        self, indexer: Indexer, *, namespace: str = "", owed: Tally | None = None
    ) -> None:
        self._indexer = indexer
        self.namespace: str = namespace
        self.watermark: int = 0
        self.bookmarks: int = 0
        self.comparable: bool = True
        self.listing: bool = False
        self.losses: int = 0
        self._unacked = Unacked()
        self.needs: Needs = Needs(owed)
        self._held = Holdings(indexer, self.needs.left)
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
        visible = self._indexer.get
        quiet = self._quiet
        for event_type, record in events:
            # While all is quiet, nothing is hidden from readers.
            known = (visible if quiet else self.newest)(record.namespace, record.name)
            if event_type == "MODIFIED" and self._is_strange(known, record):
                return deltas, False
            version = record.version
            if version is None or event_type == "DELETED" or not quiet:
                deltas += self.event(event_type, record)
                quiet = self._quiet
            else:  # all stays as quiet as it is
                self._take(known, record, version, deltas)
        return deltas, True

    @property
    def _quiet(self) -> bool:
        """Whether nothing of this process' own is under way: the stream is all."""
        return (
            self.comparable
            and not self._held.tombs
            and not self._unacked
            and not self.needs
            and (self.listing or not self._unconfirmed)
        )

    def _take(
        self, current: Record | None, record: Record, version: int, deltas: list[Delta]
    ) -> None:
        """Do as ``event`` does while all is quiet: most events by far come here."""
        listing = self.listing
        if listing and self._unconfirmed:
            forsaken = self._unconfirmed.pop((record.namespace, record.name), False)
        else:
            forsaken = False
        if current is None:
            news = listing or version > self.watermark
        else:
            news = forsaken or version > (current.version or 0)
        if news:
            self._indexer.replace(current, record)
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
            self.needs.heard(key, record.resource_version)
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
        self.bookmarks += 1
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
            self.needs.clear()
            self.watermark = self._seen = 0
        return version

    def _is_strange(self, known: Record | None, record: Record) -> bool:
        """Whether an object is said to be modified that is not the one that is here.

        The delete of that one would have come first.
        """
        if self.listing or known is None or known.uid == record.uid:
            return False
        return version_of(known) < version_of(record)

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
            if unacked is not None and unacked.version > version_of(record):
                return []
            current = self._held.newest(key)
            if current is not None and version_of(current) >= version_of(record):
                return []
        return self._held.put(key, record, reason)

    def _deleted(self, key: _Key, record: Record, reason: Reason) -> list[Delta]:
        current = self._held.newest(key)
        if current is None or current.uid != record.uid:
            return []
        # An object that leaves the selector says DELETED, and our own later write may
        # have brought it back already.
        newer = self.comparable and version_of(current) > version_of(record)
        if newer and not self._unconfirmed.get(key, False):
            return []
        return self._held.drop(key, current, reason)

    def _advance(self, version: int) -> list[Delta]:
        """Note that the server said everything up to ``version``."""
        self.watermark = max(self.watermark, version)
        self.needs.reached(self.watermark)
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
        self.needs.clear()


def version_of(record: Record) -> int:
    """Return a record's version, 0 where versions do not compare."""
    return record.version or 0
