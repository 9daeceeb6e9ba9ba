"""The objects of one resource, their versions, and what happened to them."""

import bisect
import heapq
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Literal, Protocol

import msgspec

from homeostat.api import JSON
from homeostat.apiserver._encode import stamped
from homeostat.apiserver._pack import pack, unpack

__all__ = ["NO_LABELS", "Entry", "Event", "EventType", "Table", "Watcher"]

EventType = Literal["ADDED", "MODIFIED", "DELETED"]
NO_LABELS: Mapping[str, str] = {}


class _Metadata(msgspec.Struct):
    uid: str = ""
    labels: dict[str, str] | None = None


class _Envelope(msgspec.Struct):
    metadata: _Metadata


# What an entry holds beside its bytes; the rest is passed over.
_ENVELOPE = msgspec.json.Decoder(_Envelope)


class Entry:
    """One version of one object; never changed after its commit.

    Attributes:
        key: ``namespace/name``, or the name of a cluster-scoped object.
        namespace: "" for cluster-scoped objects.
        name: Name of the object.
        uid: Its uid.
        revision: Its resourceVersion.
        created: Revision of its creation.
        held: The bytes in memory: ``data`` itself, or less.
        labels: Its labels; not to be changed.
        fields: Values of the resource's own selectable fields.
    """

    __slots__ = (
        "_packed",
        "created",
        "fields",
        "held",
        "key",
        "labels",
        "name",
        "namespace",
        "revision",
        "uid",
    )

    def __init__(
        self,
        key: str,
        data: bytes,
        *,
        revision: int,
        created: int,
        uid: str,
        labels: Mapping[str, str] | None,
        fields: Mapping[str, str],
    ) -> None:
        self.key = key
        namespace, _, self.name = key.rpartition("/")
        self.namespace = sys.intern(namespace)  # there are few, of many objects
        self.uid = uid
        self.revision = revision
        self.created = created
        self.held = data
        self._packed = False
        self.labels: Mapping[str, str] = labels or NO_LABELS
        self.fields = fields

    @property
    def data(self) -> bytes:
        """The encoded object."""
        return unpack(self.held) if self._packed else self.held

    def at(self, revision: int) -> "Entry":
        """Return the same state of the object under another resourceVersion."""
        return Entry(
            self.key,
            stamped(self.data, revision),
            revision=revision,
            created=self.created,
            uid=self.uid,
            labels=self.labels,
            fields=self.fields,
        )

    def pack(self) -> None:
        """Hold the bytes compressed from now on: nobody is expected to ask soon."""
        if not self._packed:
            self.held, self._packed = pack(self.held), True

    @property
    def value(self) -> dict[str, Any]:
        """The object, decoded anew: the caller's own copy."""
        value: dict[str, Any] = msgspec.json.decode(self.data)
        return value


class Event:
    """One change. ``old`` is the entry before it, ``new`` the one after.

    Attributes:
        type: What happened.
        revision: Revision of the change.
        table: Where it happened.
        old: None when the object was added.
        new: For DELETED the last state, under the revision of the deletion.
        time: Wall time of the change.
        size: Bytes of the object after the change.
        renditions: Encoded lines, shared by the watchers that ask for the same form;
            None once the event is too old for anyone to be expected to share it.
    """

    __slots__ = (
        "new",
        "old",
        "renditions",
        "revision",
        "size",
        "table",
        "time",
        "type",
    )

    def __init__(
        self,
        kind: EventType,
        table: "Table",
        old: Entry | None,
        new: Entry,
        time: datetime,
    ) -> None:
        self.type = kind
        self.revision = new.revision
        self.table = table
        self.old = old
        self.new = new
        self.time = time
        self.size = len(new.data)
        self.renditions: dict[Any, bytes] | None = {}


class Watcher(Protocol):
    """Gets every event of one table, in order, while it is registered."""

    def push(self, event: Event) -> None:
        """Take an event; called by the writer, never waits."""
        ...

    def close(self) -> None:
        """Take note that no more events come."""
        ...


class Table:
    """The objects of one resource, in the order of their keys.

    Invariant: ``keys`` is sorted and holds exactly the keys of ``live``.

    Attributes:
        fields: Reads the selectable fields of an object.
        encode: Writes an object.
    """

    __slots__ = ("encode", "events", "fields", "keys", "live", "name", "watchers")

    def __init__(
        self,
        name: str,
        fields: Callable[[dict[str, Any]], Mapping[str, str]],
        encode: Callable[[JSON], bytes],
    ) -> None:
        self.name = name
        self.fields = fields
        self.encode = encode
        self.live: dict[str, Entry] = {}
        self.keys: list[str] = []
        self.events: deque[Event] = deque()
        self.watchers: list[Watcher] = []

    def entry(
        self, key: str, value: dict[str, Any], revision: int, created: int
    ) -> Entry:
        """Return an object as it is stored at ``revision``, encoded."""
        metadata = value["metadata"]
        metadata["resourceVersion"] = str(revision)
        return Entry(
            key,
            self.encode(value),
            revision=revision,
            created=created,
            uid=metadata.get("uid", ""),
            labels=metadata.get("labels"),
            fields=self.fields(value),
        )

    def restore(self, key: str, data: bytes, revision: int, created: int) -> None:
        """Take in an object as it was stored; ``sort`` is called after the last."""
        metadata = _ENVELOPE.decode(data).metadata
        self.live[key] = Entry(
            key,
            data,
            revision=revision,
            created=created,
            uid=metadata.uid,
            labels=metadata.labels,
            fields=NO_LABELS,
        )

    def sort(self) -> None:
        """Bring the keys into their order, after entries were restored."""
        self.keys = sorted(self.live)

    def read_fields(
        self, fields: Callable[[dict[str, Any]], Mapping[str, str]]
    ) -> None:
        """Read the selectable fields in another way from now on."""
        self.fields = fields
        if fields({}):  # where there are some
            for entry in self.live.values():
                entry.fields = fields(entry.value)

    def scan(self, prefix: str = "", start: str = "") -> Iterator[Entry]:
        """Iterate over the entries under ``prefix``, from the key ``start`` on."""
        keys = self.keys
        for index in range(bisect.bisect_left(keys, max(prefix, start)), len(keys)):
            key = keys[index]
            if not key.startswith(prefix):
                return
            yield self.live[key]

    def scan_at(
        self, revision: int, prefix: str = "", start: str = ""
    ) -> Iterator[Entry]:
        """Iterate as ``scan`` does over the table as it was at ``revision``."""
        before: dict[str, Entry | None] = {}
        for event in reversed(self.events):
            if event.revision <= revision:
                break
            before[event.new.key] = event.old
        if not before:
            yield from self.scan(prefix, start)
            return
        first = max(prefix, start)
        gone = sorted(
            key
            for key in before
            if key not in self.live and key >= first and key.startswith(prefix)
        )
        live = (entry.key for entry in self.scan(prefix, start))
        for key in heapq.merge(list(live), gone):
            entry = before[key] if key in before else self.live[key]
            if entry is not None:
                yield entry

    def count(self, prefix: str = "", start: str = "") -> int:
        """Return how many live keys stand under ``prefix``, from ``start`` on."""
        low = bisect.bisect_left(self.keys, max(prefix, start))
        if not prefix:
            return len(self.keys) - low
        return max(0, bisect.bisect_left(self.keys, prefix + "\U0010ffff") - low)
