"""Indexes: what users declare, and how the cache answers them."""

import logging
from collections.abc import (
    Callable,
    Collection,
    Hashable,
    Iterable,
    Iterator,
    Mapping,
)
from dataclasses import dataclass
from typing import Generic, TypeVar, cast, final, overload

from homeostat._guard import Failed, call
from homeostat.api import (
    JSON,
    FieldSelector,
    GroupVersionKind,
    Kind,
    Object,
    Unstructured,
    kind_of,
)
from homeostat.cache._paths import split_path
from homeostat.cache._record import Record
from homeostat.errors import InvalidObjectError

__all__ = ["Index", "IndexQuery", "Indexer"]

T_co = TypeVar("T_co", covariant=True)
ObjectT = TypeVar("ObjectT", bound=Object)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class IndexQuery(Generic[T_co]):
    """The objects that an index holds under one value.

    Attributes:
        index: The index.
        value: The value.
    """

    index: "Index[T_co]"
    value: Hashable


@final
class Index(Generic[T_co]):
    """Finds the objects of a kind by a value that they hold.

    Declare it once, at module level, and ask with ``by_node["n1"]``: that is a query
    for ``list``. An informer builds the index when it is first asked for it, and keeps
    it up to date in the same step as its objects.

    Args:
        kind: What is indexed.
        path: Where the value stands, as ``spec.nodeName``; each item of a list is a
            value. Objects without it are not in the index.
        by: A function from a record to its value, to several values, or to None. When
            it raises, that is logged, and the object is not in this index until it
            changes.
        name: For logs; the path or the function's name when left out.

    Raises:
        ValueError: Not exactly one of ``path`` and ``by``, or a bad path.
    """

    __slots__ = ("by", "gvk", "kind", "name", "path")

    @overload
    def __init__(
        self: "Index[ObjectT]",
        kind: type[ObjectT],
        *,
        path: str = ...,
        by: Callable[[Record], object] | None = ...,
        name: str = ...,
    ) -> None: ...
    @overload
    def __init__(
        self: "Index[Unstructured]",
        kind: GroupVersionKind,
        *,
        path: str = ...,
        by: Callable[[Record], object] | None = ...,
        name: str = ...,
    ) -> None: ...
    def __init__(
        self,
        kind: Kind,
        *,
        path: str = "",
        by: Callable[[Record], object] | None = None,
        name: str = "",
    ) -> None:
        if bool(path) == (by is not None):
            raise ValueError("an Index takes either path= or by=, as path='spec.x'")
        if path:
            split_path(path)
        self.kind: Kind = kind
        self.gvk: GroupVersionKind = kind_of(self.kind)
        self.path: str = path
        self.by: Callable[[Record], object] | None = by
        self.name: str = name or path or getattr(by, "__name__", "index")

    def __getitem__(self, value: Hashable) -> IndexQuery[T_co]:
        return IndexQuery(self, value)

    def __repr__(self) -> str:
        return f"<Index {self.name!r} of {self.gvk}>"

    def values(self, record: Record) -> Iterable[Hashable]:
        """Return the values of a record, without repetition."""
        if self.by is not None:
            return _distinct(self.by(record))
        return _distinct(record.path(self.path))


def _distinct(found: JSON) -> Iterable[Hashable]:
    if found is None:
        return ()
    if isinstance(found, str) or not isinstance(found, Iterable):
        return (found,)
    if isinstance(found, Mapping):
        raise TypeError("an object is no value to index by; name one of its fields")
    return dict.fromkeys(cast("Iterable[Hashable]", found))


class _Built:
    """One index over the objects of one Indexer: value -> objects."""

    __slots__ = ("index", "places", "values_of")

    def __init__(self, index: "Index[Object | Unstructured]") -> None:
        self.index: Index[Object | Unstructured] = index
        self.places: dict[Hashable, dict[str, Record]] = {}
        self.values_of: dict[str, tuple[Hashable, ...]] = {}


@final
class Indexer:
    """The objects that readers see, and every index over them.

    Invariant: between two calls each index holds exactly the objects that are visible,
    under the values that they have. Namespaces and owners are always indexed.

    Attributes:
        gvk: What it holds.
        failures: Objects that an index function could not take, as
            ``by_node of default/web`` to the error.
        invalid: Objects whose type could not hold them when they were read, as
            ``default/web`` to the error; an object that changes leaves.
    """

    __slots__ = ("_built", "_count", "_owned", "_spaces", "failures", "gvk", "invalid")

    def __init__(self, gvk: GroupVersionKind) -> None:
        self.gvk: GroupVersionKind = gvk
        self.failures: dict[str, str] = {}
        self.invalid: dict[str, str] = {}
        self._count = 0
        # Namespace to name to record: the namespace index is the store itself.
        self._spaces: dict[str, dict[str, Record]] = {}
        self._owned: dict[str, dict[str, Record]] = {}
        self._built: dict[int, _Built] = {}

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Record]:
        """Iterate over a snapshot of all records."""
        return iter(self.records())

    def get(self, namespace: str, name: str) -> Record | None:
        """Return the record of a name, None when there is none."""
        space = self._spaces.get(namespace)
        return space.get(name) if space is not None else None

    def records(self, namespace: str | None = None) -> list[Record]:
        """Return the records of a namespace, of all with None; the list is yours."""
        if namespace is not None:
            return list(self._spaces.get(namespace, {}).values())
        return [record for space in self._spaces.values() for record in space.values()]

    def note_invalid(self, record: Record, error: InvalidObjectError) -> None:
        """Name a record that its type cannot hold, until its object changes."""
        if self.get(record.namespace, record.name) is record:
            self.invalid[str(record.key)] = str(error)

    def owned_by(self, uid: str, *, controller: bool = False) -> list[Record]:
        """Return the records that have this owner.

        Args:
            uid: The owner's.
            controller: Only those that it controls.
        """
        owned = self._owned.get(uid, {}).values()
        return [r for r in owned if not controller or r.controller_uid == uid]

    def by_index(self, query: IndexQuery[object]) -> list[Record]:
        """Return the records under a value; builds an index that is new here."""
        built = self._built.get(id(query.index)) or self.add_index(query.index)
        return list(built.places.get(query.value, {}).values())

    def add_index(self, index: "Index[object]") -> _Built:
        """Build an index over what is here; one that is known is left as it is.

        Raises:
            ValueError: It is an index of another kind.
        """
        known = self._built.get(id(index))
        if known is not None:
            return known
        if index.gvk.group_kind != self.gvk.group_kind:
            raise ValueError(f"{index!r} cannot be used on {self.gvk}")
        # Keyed by identity, and kept by the entry: the id stays this index's own.
        built = _Built(cast("Index[Object | Unstructured]", index))
        self._built[id(index)] = built
        for record in self.records():
            self._place(built, record)
        return built

    def select(self, records: list[Record], fields: FieldSelector) -> list[Record]:
        """Return the records that a field selector selects, without decoding any.

        Raises:
            ValueError: A field is neither the name, nor the namespace, nor the path of
                an index that was built here.
        """
        for term in fields.requirements:
            wanted = term.operator == "="
            texts = self._texts(term.field)
            records = [r for r in records if (term.value in texts(r)) is wanted]
        return records

    def _texts(self, field: str) -> Callable[[Record], Collection[str]]:
        """Return what gives the values of a field as a selector writes them."""
        if field == "metadata.name":
            return lambda record: (record.name,)
        if field == "metadata.namespace":
            return lambda record: (record.namespace,)
        for built in self._built.values():
            if built.index.path == field:
                values_of = built.values_of
                return lambda r: [*map(_text, values_of.get(_ident(r), ()))] or ("",)
        raise ValueError(
            f"{self.gvk} cannot be selected by {field!r} here: declare "
            f"Index({self.gvk.kind}, path={field!r}) and add it to the informer"
        )

    def replace(self, old: Record | None, new: Record | None) -> None:
        """Put ``new`` in the place of ``old``, in the objects and in every index."""
        if old is not None:
            # What stands in the same places takes them over.
            if new is None or self._built or _has_moved(old, new):
                self._unindex(old)
            if new is None:
                self._remove(old)
            if self.invalid:
                self.invalid.pop(str(old.key), None)
        if new is not None:
            if old is not None:
                new.share_texts(old)
            self._insert(new)

    def _insert(self, record: Record) -> None:
        space = self._spaces.get(record.namespace)
        if space is None:
            space = self._spaces[record.namespace] = {}
        self._count -= len(space)
        space[record.name] = record
        self._count += len(space)
        for uid in record.owner_uids:
            self._owned.setdefault(uid, {})[_ident(record)] = record
        for built in self._built.values():
            self._place(built, record)

    def _remove(self, record: Record) -> None:
        space = self._spaces[record.namespace]
        del space[record.name]
        self._count -= 1
        if not space:
            del self._spaces[record.namespace]

    def _unindex(self, record: Record) -> None:
        ident = _ident(record)
        for uid in record.owner_uids:
            _discard(self._owned, uid, ident)
        for built in self._built.values():
            for value in built.values_of.pop(ident, ()):
                _discard(built.places, value, ident)
            if self.failures:
                self.failures.pop(f"{built.index.name} of {record.key}", None)

    def _place(self, built: _Built, record: Record) -> None:
        index = built.index
        found = call(f"{index!r}", _values, index, record)
        if isinstance(found, Failed):
            self.failures[f"{index.name} of {record.key}"] = repr(found.error)
            return
        if found:
            ident = _ident(record)
            built.values_of[ident] = found
            for value in found:
                built.places.setdefault(value, {})[ident] = record


def _values(index: "Index[object]", record: Record) -> tuple[Hashable, ...]:
    values = tuple(index.values(record))
    for value in values:
        hash(value)  # raises here, in the guard, for what cannot be a key
    return values


def _text(value: Hashable) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _ident(record: Record) -> str:
    # A few virtual kinds have no uid; a uid never has a slash.
    return record.uid or f"{record.namespace}/{record.name}"


def _has_moved(old: Record, new: Record) -> bool:
    """Whether an object of the same name stands elsewhere in the index of owners."""
    return old.uid != new.uid or old.owner_uids != new.owner_uids


def _discard(
    places: dict[str, dict[str, Record]] | dict[Hashable, dict[str, Record]],
    value: Hashable,
    ident: str,
) -> None:
    """Take a record out, and its value when it was the last one there."""
    table = cast("dict[Hashable, dict[str, Record]]", places)
    place = table.get(value)
    if place is not None:
        place.pop(ident, None)
        if not place:
            del table[value]
