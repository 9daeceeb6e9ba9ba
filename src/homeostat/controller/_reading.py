"""Cache reads of one reconcile: noted, and kept in its ledger."""

import builtins
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, final

from homeostat._scope import Epoch
from homeostat.api import (
    GroupVersionKind,
    Kind,
    NamespacedName,
    Object,
    Request,
    Unstructured,
    kind_of,
)
from homeostat.cache import Indexer, IndexQuery, Informer, Lister, Record
from homeostat.client import ALL, LabelsLike, NamespaceLike
from homeostat.controller._catching_up import CatchingUp
from homeostat.controller._ledger import Ledger
from homeostat.errors import FencedError, InvalidObjectError, UndeclaredKindError

__all__ = ["CacheView", "Declared", "Read", "check_epoch"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A read of the cache.

    Attributes:
        verb: ``get`` or ``list``.
        kind: What was read.
        namespace: Where; "" for all namespaces and for cluster-scoped kinds.
        name: Of the object, "" for a list.
        selector: Labels or index of a list.
    """

    verb: str
    kind: GroupVersionKind
    namespace: str = ""
    name: str = ""
    selector: str = ""

    def __str__(self) -> str:
        """Return ``list v1 Pod default app=web``."""
        target = "/".join(filter(None, (self.namespace, self.name)))
        return " ".join(
            filter(None, (self.verb, str(self.kind), target, self.selector))
        )


@final
class Declared:
    """The caches of the kinds that a controller declares.

    Of several watches of one kind the widest is read.

    Args:
        controller: Named by errors.
        informers: One or more per kind.
        catching_up: Knows what they have yet to show.
    """

    __slots__ = ("_all", "_controller", "_informers", "catching_up")

    def __init__(
        self,
        controller: str,
        informers: Iterable[Informer[Any]],
        catching_up: CatchingUp,
    ) -> None:
        self._controller = controller
        self._all = tuple(informers)
        self.catching_up: CatchingUp = catching_up
        self._informers: dict[GroupVersionKind, Informer[Any]] = {}
        for informer in sorted(self._all, key=_width):
            self._informers[informer.gvk] = informer

    def __contains__(self, kind: Kind) -> bool:
        return kind_of(kind) in self._informers

    def informer(self, kind: Kind) -> Informer[Any]:
        """Return the informer of a kind.

        Raises:
            UndeclaredKindError: The controller does not declare the kind.
        """
        gvk = kind_of(kind)
        informer = self._informers.get(gvk)
        if informer is None:
            known = ", ".join(sorted(map(str, self._informers)))
            raise UndeclaredKindError(
                f"controller {self._controller!r} reads {gvk} from the cache without "
                "declaring it: add it to owns=, watches= (when it shall trigger) or "
                f"reads=, or read it live with ctx.client; declared are {known}"
            )
        return informer

    def informers(self, kind: Kind) -> tuple[Informer[Any], ...]:
        """Return every informer of a kind.

        Raises:
            UndeclaredKindError: The controller does not declare the kind.
        """
        gvk = self.informer(kind).gvk
        return tuple(each for each in self._all if each.gvk == gvk)

    def is_namespaced(self, kind: Kind) -> bool:
        """Return whether objects of a declared kind live in namespaces."""
        if not isinstance(kind, GroupVersionKind):
            return kind.__resource__.namespaced
        resource = self.informer(kind).resource
        return resource is None or resource.namespaced


def check_epoch(epoch: Epoch, attempted: str) -> None:
    """Raise when the term of a reconcile is over.

    Raises:
        FencedError: What the caches hold by now is not what the reconcile began with.
    """
    if epoch.closed:
        raise FencedError(
            f"{attempted}: not read: term {epoch.number} is over, {epoch.why}"
        )


_WIDEST = 3  # every object, whole


def _width(informer: Informer[Any]) -> int:
    selection = informer.selection
    whole = not selection.metadata_only
    return 2 * whole + (selection.labels.empty and selection.fields.empty)


@final
class CacheView:
    """Reads the caches on behalf of one reconcile.

    Args:
        declared: The caches.
        ledger: Where what is handed out is to be kept.
        namespace: Where reads go that name no namespace.
        epoch: The term of the reconcile: when it is over, so are its reads.
        reads: Where what was read is noted, in order.

    Attributes:
        ledger: Where what is handed out is kept.
        closed: The reconcile has ended.
    """

    __slots__ = (
        "_declared",
        "_epoch",
        "_invalid",
        "_namespace",
        "_reads",
        "closed",
        "ledger",
    )

    def __init__(
        self,
        declared: Declared,
        ledger: Ledger,
        namespace: str,
        epoch: Epoch,
        reads: builtins.list[Read],
    ) -> None:
        self._declared = declared
        self._epoch = epoch
        self.ledger: Ledger = ledger
        self._namespace = namespace
        self._invalid: list[tuple[Indexer, Record, InvalidObjectError]] = []
        self._reads = reads
        self.closed: bool = False

    def close(self) -> None:
        """End the reads; tell the caches which objects could not be read.

        Only now: objects are decoded when they are reached, which for a reconciler in a
        thread is in that thread, and caches belong to the loop.
        """
        self.closed = True
        for indexer, record, error in self._invalid:
            indexer.note_invalid(record, error)

    def find(
        self, kind: Kind, name: str, namespace: str | None
    ) -> Object | Unstructured | None:
        """Return an object, None when the cache has none."""
        lister = self._lister(kind)
        place = self._place(kind, namespace)
        if not place and self._declared.is_namespaced(kind):
            raise ValueError(
                f"{lister.gvk} {name!r} needs namespace=: "
                "the reconciled object has none to give"
            )
        self._reads.append(
            Read(verb="get", kind=lister.gvk, namespace=place, name=name)
        )
        return lister.find(name, place)

    def list(
        self,
        kind: Kind,
        *,
        namespace: NamespaceLike,
        labels: LabelsLike,
        index: IndexQuery[Any] | None,
    ) -> Sequence[Object | Unstructured]:
        """Return objects that are decoded when they are reached."""
        lister = self._lister(kind)
        place = "" if namespace is ALL else self._place(kind, namespace)
        asked = [f"{index.index.name}={index.value}"] if index is not None else []
        if labels:
            text = labels if isinstance(labels, str) else str(labels)
            asked.append(text)
        self._reads.append(
            Read(
                verb="list", kind=lister.gvk, namespace=place, selector=" ".join(asked)
            )
        )
        return lister.list(namespace=place or ALL, labels=labels, index=index)

    def current(self, kind: Kind, name: NamespacedName) -> Record | None:
        """Return what the cache holds of an object, None when it holds nothing."""
        check_epoch(self._epoch, f"get {kind_of(kind)} {name}")
        if not self.is_complete(kind):
            return None
        return self._declared.informer(kind).lister.record(name.name, name.namespace)

    async def caught_up(
        self, request: Request, kind: Kind | None, deadline: float
    ) -> None:
        """Go on only when the caches show all that was written for a key.

        Raises:
            Behind: Not yet: the key parks.
        """
        check_epoch(self._epoch, f"catch up with {request}")
        informers = None if kind is None else self._declared.informers(kind)
        await self._declared.catching_up.caught_up(request, informers, deadline)
        check_epoch(self._epoch, f"catch up with {request}")

    def is_complete(self, kind: Kind) -> bool:
        """Return whether what the cache does not hold of a kind does not exist."""
        if kind not in self._declared:
            return False
        informer = self._declared.informer(kind)
        return informer.has_synced and _width(informer) == _WIDEST

    def _lister(self, kind: Kind) -> Lister[Any]:
        check_epoch(self._epoch, f"read {kind_of(kind)}")
        indexer = self._declared.informer(kind).indexer

        def on_invalid(record: Record, error: InvalidObjectError) -> None:
            self._invalid.append((indexer, record, error))

        return Lister(indexer, kind, on_read=self.ledger.keep, on_invalid=on_invalid)

    def _place(self, kind: Kind, namespace: NamespaceLike) -> str:
        if not self._declared.is_namespaced(kind):
            return ""
        return self._namespace if namespace is None else str(namespace)
