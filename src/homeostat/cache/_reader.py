"""Reads over the kinds that were declared, and no others."""

import builtins
from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast, final, overload

from homeostat.api import (
    GroupVersionKind,
    Kind,
    LabelSelector,
    Object,
    Unstructured,
    kind_of,
)
from homeostat.cache._index import IndexQuery
from homeostat.cache._informer import Informer
from homeostat.cache._lister import Decoded, Lister
from homeostat.cache._record import Record
from homeostat.client import ALL, AllNamespaces, FieldsLike, LabelsLike
from homeostat.errors import UndeclaredKindError

__all__ = ["Reader"]

T = TypeVar("T", bound=Object)
AnyT = TypeVar("AnyT")


@final
class Reader:
    """Reads several kinds from the cache, as map functions and reconcilers do.

    A kind that nobody declared is an error that says what to declare: never an empty
    list, never a watch that nobody asked for.

    Args:
        informers: One for each declared kind; of several of one kind the one that
            selects most: one without selectors before one with.
        on_read: Told of each record whose object is handed out.
    """

    __slots__ = ("_informers", "_listers", "_on_read")

    def __init__(
        self,
        informers: Iterable[Informer[Any]],
        *,
        on_read: Callable[[Record], None] | None = None,
    ) -> None:
        self._on_read = on_read
        self._informers: dict[GroupVersionKind, Informer[Any]] = {}
        self._listers: dict[Kind, Lister[Any]] = {}
        for informer in sorted(informers, key=_restrictions):
            self._informers.setdefault(informer.gvk, informer)

    @overload
    def find(self, kind: type[T], name: str, namespace: str = ...) -> T | None: ...
    @overload
    def find(
        self, kind: GroupVersionKind, name: str, namespace: str = ...
    ) -> Unstructured | None: ...
    def find(self, kind: Kind, name: str, namespace: str = "") -> Any:
        """Return an object, None when the cache has none of that name.

        Raises:
            UndeclaredKindError: Nobody declared the kind.
            InvalidObjectError: The type cannot hold it.
        """
        return self.lister(kind).find(name, namespace)

    @overload
    def get(self, kind: type[T], name: str, namespace: str = ...) -> T: ...
    @overload
    def get(
        self, kind: GroupVersionKind, name: str, namespace: str = ...
    ) -> Unstructured: ...
    def get(self, kind: Kind, name: str, namespace: str = "") -> Any:
        """Return an object.

        Raises:
            NotFoundError: The cache has none of that name.
            UndeclaredKindError: Nobody declared the kind.
            InvalidObjectError: The type cannot hold it.
        """
        return self.lister(kind).get(name, namespace)

    @overload
    def list(
        self,
        kind: type[T],
        *,
        namespace: str | AllNamespaces = ...,
        labels: LabelsLike | LabelSelector = ...,
        fields: FieldsLike = ...,
        owner: str = ...,
        controller: str = ...,
    ) -> Decoded[T]: ...
    @overload
    def list(
        self,
        kind: GroupVersionKind,
        *,
        namespace: str | AllNamespaces = ...,
        labels: LabelsLike | LabelSelector = ...,
        fields: FieldsLike = ...,
        owner: str = ...,
        controller: str = ...,
    ) -> Decoded[Unstructured]: ...
    @overload
    def list(
        self,
        kind: IndexQuery[AnyT],
        *,
        namespace: str | AllNamespaces = ...,
        labels: LabelsLike | LabelSelector = ...,
        fields: FieldsLike = ...,
        owner: str = ...,
        controller: str = ...,
    ) -> Decoded[AnyT]: ...
    def list(
        self,
        kind: Kind | IndexQuery[Any],
        *,
        namespace: str | AllNamespaces = ALL,
        labels: LabelsLike | LabelSelector = None,
        fields: FieldsLike = None,
        owner: str = "",
        controller: str = "",
    ) -> Decoded[Any]:
        """Return the objects that all that is given selects, decoded when reached.

        Args:
            kind: The kind, or a query as ``by_node["n1"]``.
            namespace: One namespace, or ``ALL``.
            labels: Label selector.
            fields: Field selector on the name, the namespace and the paths of indexes.
            owner: Uid that must be among their owners.
            controller: Uid of their controlling owner.

        Raises:
            UndeclaredKindError: Nobody declared the kind.
        """
        query = kind if isinstance(kind, IndexQuery) else None
        wanted = kind.index.kind if isinstance(kind, IndexQuery) else kind
        return self.lister(wanted).list(
            namespace=namespace,
            labels=labels,
            fields=fields,
            index=query,
            owner=owner,
            controller=controller,
        )

    def records(
        self,
        kind: Kind | IndexQuery[Any],
        *,
        namespace: str | AllNamespaces = ALL,
        labels: LabelsLike | LabelSelector = None,
    ) -> builtins.list[Record]:
        """Return the same as ``list``, undecoded; ``on_read`` is not told."""
        query = kind if isinstance(kind, IndexQuery) else None
        wanted = kind.index.kind if isinstance(kind, IndexQuery) else kind
        return self.lister(wanted).records(
            namespace=namespace, labels=labels, index=query
        )

    def record(self, kind: Kind, name: str, namespace: str = "") -> Record | None:
        """Return a record, None when there is none of that name."""
        return self.lister(kind).record(name, namespace)

    def lister(self, kind: Kind) -> Lister[Any]:
        """Return the lister of a declared kind.

        Raises:
            UndeclaredKindError: Nobody declared the kind.
        """
        known = self._listers.get(kind)
        if known is None:
            informer = self._informers.get(kind_of(kind))
            if informer is None:
                raise UndeclaredKindError(_undeclared(kind, self._informers))
            known = Lister[Any](informer.indexer, kind, on_read=self._on_read)
            self._listers[kind] = known
        return known


def _restrictions(informer: Informer[Any]) -> int:
    chosen = informer.selection
    return (
        (not chosen.labels.empty)
        + (not chosen.fields.empty)
        + bool(chosen.namespaces)
        + 2 * chosen.metadata_only
    )


def _undeclared(kind: Kind, informers: Iterable[GroupVersionKind]) -> str:
    name = cast("Any", kind).__name__ if isinstance(kind, type) else repr(kind)
    declared = ", ".join(sorted(map(str, informers))) or "none"
    return (
        f"{kind_of(kind)} is read but no controller declared it: add reads=[{name}] to "
        f"the controller, or owns= or watches= when its changes matter "
        f"(declared: {declared})"
    )
