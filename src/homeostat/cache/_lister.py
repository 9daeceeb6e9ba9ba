"""Reads from the cache: plain calls, each reader with copies of its own."""

import builtins
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar, cast, final, overload

from homeostat.api import GroupVersionKind, Kind, LabelSelector, kind_of
from homeostat.cache._index import Indexer, IndexQuery
from homeostat.cache._record import Record
from homeostat.cache._selection import parse_fields, parse_labels, select
from homeostat.client import ALL, AllNamespaces, FieldsLike, LabelsLike
from homeostat.errors import InvalidObjectError, NotFoundError

__all__ = ["Decoded", "Lister"]

T_co = TypeVar("T_co", covariant=True)


@final
class Decoded(Sequence[T_co]):
    """Objects that are decoded when they are reached, each time anew.

    A snapshot: it does not change with the cache. Its length costs nothing.

    Reaching an object that its type cannot hold raises ``InvalidObjectError``.

    Attributes:
        records: The same objects, undecoded.
    """

    __slots__ = ("_decode", "records")

    def __init__(
        self, records: Sequence[Record], decode: Callable[[Record], T_co]
    ) -> None:
        self.records: Sequence[Record] = records
        self._decode = decode

    def __len__(self) -> int:
        return len(self.records)

    @overload
    def __getitem__(self, place: int) -> T_co: ...
    @overload
    def __getitem__(self, place: slice) -> "Decoded[T_co]": ...
    def __getitem__(self, place: int | slice) -> "T_co | Decoded[T_co]":
        if isinstance(place, slice):
            return Decoded(self.records[place], self._decode)
        return self._decode(self.records[place])

    def __repr__(self) -> str:
        return f"<{len(self.records)} objects, decoded when reached>"


@final
class Lister(Generic[T_co]):
    """Reads the objects of one kind from the cache.

    Reads never wait, and see this process' own writes. What they return is the
    caller's own.

    Args:
        indexer: The objects.
        kind: A class gives objects of it, a GroupVersionKind plain dicts.
        on_read: Told of each record whose object is handed out.
        on_invalid: Told of each record that its type cannot hold, in the thread that
            reaches it; the health names them when left out.
    """

    __slots__ = ("_indexer", "_kind", "_on_invalid", "_on_read", "gvk")

    def __init__(
        self,
        indexer: Indexer,
        kind: Kind | type[T_co],
        *,
        on_read: Callable[[Record], None] | None = None,
        on_invalid: Callable[[Record, InvalidObjectError], None] | None = None,
    ) -> None:
        self._indexer = indexer
        self._kind = cast("Kind", kind)
        self._on_read = on_read
        self._on_invalid = on_invalid or indexer.note_invalid
        self.gvk: GroupVersionKind = kind_of(self._kind)

    def find(self, name: str, namespace: str = "") -> T_co | None:
        """Return an object, None when the cache has none of that name.

        Raises:
            InvalidObjectError: The type cannot hold it.
        """
        record = self._indexer.get(namespace, name)
        return None if record is None else self.decode(record)

    def get(self, name: str, namespace: str = "") -> T_co:
        """Return an object.

        Raises:
            NotFoundError: The cache has none of that name.
            InvalidObjectError: The type cannot hold it.
        """
        found = self.find(name, namespace)
        if found is None:
            raise NotFoundError(
                "not in the cache",
                code=404,
                reason="NotFound",
                details={"name": name, "group": self.gvk.group, "kind": self.gvk.kind},
                attempted=f"get {self.gvk} {f'{namespace}/' * bool(namespace)}{name}",
            )
        return found

    def list(
        self,
        *,
        namespace: str | AllNamespaces = ALL,
        labels: LabelsLike | LabelSelector = None,
        fields: FieldsLike = None,
        index: IndexQuery[Any] | None = None,
        owner: str = "",
        controller: str = "",
    ) -> Decoded[T_co]:
        """Return the objects that all that is given selects, decoded when reached.

        Args:
            namespace: One namespace, or ``ALL``.
            labels: Label selector as text, parsed, or labels that must be equal.
            fields: Field selector on ``metadata.name``, ``metadata.namespace`` and the
                paths of indexes that the informer has.
            index: As ``by_node["n1"]``.
            owner: Uid that must be among their owners.
            controller: Uid of their controlling owner.

        Raises:
            ValueError: A bad selector, a field that no index has, or an index of
                another kind.
        """
        records = self.records(
            namespace=namespace,
            labels=labels,
            fields=fields,
            index=index,
            owner=owner,
            controller=controller,
        )
        return Decoded(records, self.decode)

    def record(self, name: str, namespace: str = "") -> Record | None:
        """Return the record of a name, None when there is none."""
        return self._indexer.get(namespace, name)

    def records(
        self,
        *,
        namespace: str | AllNamespaces = ALL,
        labels: LabelsLike | LabelSelector = None,
        fields: FieldsLike = None,
        index: IndexQuery[Any] | None = None,
        owner: str = "",
        controller: str = "",
    ) -> builtins.list[Record]:
        """Return records as ``list`` selects them; the list is the caller's own."""
        place = None if isinstance(namespace, AllNamespaces) else namespace
        if controller:
            found = self._indexer.owned_by(controller, controller=True)
        elif owner:
            found = self._indexer.owned_by(owner)
        elif index is not None:
            found = self._indexer.by_index(index)
            index = None
        else:
            found = self._indexer.records(place)
            place = None
        if index is not None:
            held = {id(record) for record in self._indexer.by_index(index)}
            found = [record for record in found if id(record) in held]
        if owner and controller:
            found = [record for record in found if owner in record.owner_uids]
        if place is not None:
            found = [record for record in found if record.namespace == place]
        if labels:
            found = select(found, parse_labels(labels))
        return self._indexer.select(found, parse_fields(fields)) if fields else found

    def decode(self, record: Record) -> T_co:
        """Return the object of a record, as this lister hands it out.

        Raises:
            InvalidObjectError: The type cannot hold it; the health names it until it
                changes.
        """
        if self._on_read is not None:
            self._on_read(record)
        if isinstance(self._kind, GroupVersionKind):
            return cast("T_co", record.object)
        try:
            return cast("T_co", record.decode(self._kind))
        except InvalidObjectError as error:
            self._on_invalid(record, error)
            raise
