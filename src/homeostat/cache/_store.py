"""The join of watch events, lists and write responses."""

from collections.abc import Container
from typing import final

from homeostat.cache._delta import Delta, Reason
from homeostat.cache._owners import Owner
from homeostat.cache._record import Record
from homeostat.cache._stream_store import StreamStore, version_of

__all__ = ["Store"]

_Key = tuple[str, str]


@final
class Store(StreamStore):
    """What one watch stream, its lists and this process' own writes say together.

    Pure and synchronous: each input returns the changes of what readers see, and
    objects and indexes change together. Inputs may come in any order and more than
    once; per object the newest resource version wins.

    Invariants: ``watermark`` is the version up to which the server said everything; a
    list from before it is refused. An object is either visible in the indexer, or
    hidden because a delete of it is under way. What ``backlog`` counts drains once the
    stream has caught up, and so do ``needs``.

    Resource versions that are no numbers end the ordering for this kind, which is
    logged once: then the stream alone is believed, in the order in which it comes, and
    who wrote needs to hear the event of the very version that the write got.

    Args:
        indexer: What readers see; shared by the streams of several namespaces.
        namespace: The namespace of this stream, "" for all of them.
        owed: Counts who has yet to be shown what they wrote; shared among streams.

    Attributes:
        needs: What the stream has yet to show of own writes, by who wrote.
        watermark: 0 before the first list.
        bookmarks: How many came.
        comparable: Whether resource versions were numbers so far.
        listing: A list is coming in.
        losses: How often versions told that the server lost its data.
        namespace: The namespace of this stream, "" for all of them.
    """

    __slots__ = ()

    def owe(
        self, owner: Owner, record: Record, *, key: _Key, visible: bool = False
    ) -> None:
        """Take note that an owner is to be shown a write by the stream.

        Args:
            owner: Who wrote.
            record: The server's answer, with the version that the object has by it.
            key: Namespace and name of that object.
            visible: The answer itself is, or will be, taken by ``write_ok``.
        """
        version = self._version(record.resource_version)
        if version is not None:
            if version > self.watermark:
                self.needs.reaching(owner, version, visible=visible)
            return
        known = self.newest(*key)
        # The event may have been quicker.
        if known is None or known.resource_version != record.resource_version:
            self.needs.hearing(owner, key, record.resource_version)

    def write_ok(
        self,
        record: Record,
        *,
        matches: bool = True,
        reason: Reason = "write",
        owner: Owner | None = None,
    ) -> list[Delta]:
        """Take the server's answer to a write, or to a live read.

        Args:
            record: The object that it answered with.
            matches: Whether the object is (still) one that this watch selects.
            reason: ``live`` for a read.
            owner: On whose behalf it was written.
        """
        version = self._version(record.resource_version)
        key = (record.namespace, record.name)
        if owner is not None and (matches or self._held.newest(key) is not None):
            self.owe(owner, record, key=key, visible=True)
        forsaken = self._unconfirmed.get(key, False)
        # Up to the watermark the stream has already told us, a delete included.
        if version is None or (version <= self.watermark and not forsaken):
            return []
        if key in self._unconfirmed:
            self._unconfirmed[key] = False
        current = self._held.newest(key)
        # A write that changes nothing gives the version that is here already.
        known = -1 if forsaken or current is None else version_of(current)
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

    def delete_done(
        self, namespace: str, name: str, uid: str, *, owner: Owner | None = None
    ) -> list[Delta]:
        """Take a delete's success: hidden until the stream or a list confirms it.

        An owner is one on whose behalf it was done.
        """
        deltas: list[Delta] = []
        if not self._held.tombs.covers(uid):
            current = self.newest(namespace, name)
            if current is None or current.uid != uid:
                return []  # the stream was quicker
            deltas = self._held.hide((namespace, name), current)
        self._held.tombs.done(uid)
        if owner is not None:
            self.needs.leaving(owner, uid)
        return deltas

    def delete_failed(self, uid: str) -> list[Delta]:
        """Show an object again whose delete did not happen."""
        return self._held.show(None, self._held.tombs.failed(uid), "write")

    def delete_marked(
        self, record: Record, *, matches: bool = True, owner: Owner | None = None
    ) -> list[Delta]:
        """Take an object that lives on with a deletionTimestamp after its delete."""
        deltas = self._held.show(None, self._held.tombs.lift(record.uid), "write")
        return deltas + self.write_ok(record, matches=matches, owner=owner)

    def is_older(self, resource_version: str, watermark: int) -> bool:
        """Return whether a version is from before a watermark."""
        version = self._version(resource_version)
        return version is not None and version < watermark

    def confirm(
        self, resource_version: str, named: Container[_Key], *, namespace: str = ""
    ) -> list[Delta]:
        """Take the end of a live list whose objects were taken by ``write_ok``.

        The stream goes on from where it is: neither the watermark nor a list that comes
        in is concerned.

        Args:
            resource_version: Of the list.
            named: Namespace and name of each of its objects.
            namespace: To which it was restricted, "" when it was not.
        """
        version = self._version(resource_version)
        if version is None:
            return []
        deltas: list[Delta] = []
        for key in self._held.keys(namespace or self.namespace):
            record = self._held.newest(key)
            if record is None or key in named or (namespace and key[0] != namespace):
                continue
            if version_of(record) > version or self._unconfirmed.get(key, False):
                continue
            if version > self.watermark:
                # An event from before the list must not bring the object back.
                self._unacked.add(key, version, gone=True)
            deltas += self._held.drop(key, record, "live")
        if not namespace or namespace == self.namespace:
            self.needs.reached(version)
        return deltas
