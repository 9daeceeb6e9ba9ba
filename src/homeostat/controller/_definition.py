"""``@controller``: what to reconcile, what triggers it, and with what."""

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Generic, TypeAlias, TypeVar, cast, final, overload

from homeostat.api import GroupVersionKind, Kind, Object, Unstructured, kind_of
from homeostat.controller._context import Context
from homeostat.controller._predicate import DEFAULT_FOR_RECONCILED, Predicate
from homeostat.controller._result import Result
from homeostat.controller._rule import Rule, derive_rules, merge_rules, resource_of
from homeostat.controller._sync_context import SyncContext
from homeostat.controller._watch import Watch

__all__ = [
    "AsyncReconciler",
    "KindController",
    "Options",
    "Reconciler",
    "SyncReconciler",
    "controller",
    "is_async",
]

T = TypeVar("T", bound=Object | dict[str, Any])
ObjectT = TypeVar("ObjectT", bound=Object)

AsyncReconciler: TypeAlias = Callable[[T, Context], Awaitable[Result | None]]
SyncReconciler: TypeAlias = Callable[[T, SyncContext], Result | None]
Reconciler: TypeAlias = AsyncReconciler[T] | SyncReconciler[T]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a controller declares; see ``controller`` for each of them."""

    kind: Kind
    name: str
    owns: tuple[Kind, ...]
    watches: tuple[Watch, ...]
    reads: tuple[Kind, ...]
    predicate: Predicate
    permissions: tuple[Rule, ...]
    max_concurrent_reconciles: int
    deadline: float | None
    reconcile_deleting: bool

    @property
    def gvk(self) -> GroupVersionKind:
        """The reconciled kind."""
        return kind_of(self.kind)


@final
class KindController(Generic[T]):
    """A controller of one kind, as declared; a ``Manager`` runs it.

    Holds no state of a run: one definition may run in several managers and tests.

    Attributes:
        options: What was declared.
        finalizers: Clean-up functions by finalizer, in the order of their declaration.
    """

    def __init__(self, reconciler: Reconciler[T], options: Options) -> None:
        self.options = options
        self._reconciler = reconciler
        self._finalizers: dict[str, Reconciler[T]] = {}
        self.__doc__ = reconciler.__doc__ or self.__doc__

    def __repr__(self) -> str:
        return f"<KindController {self.name!r} of {self.options.gvk}>"

    @property
    def name(self) -> str:
        """Name in logs and metrics, and the field manager of its writes."""
        return self.options.name

    @property
    def reconciler(self) -> Reconciler[T]:
        """The function that reconciles."""
        return self._reconciler

    @property
    def finalizers(self) -> Mapping[str, Reconciler[T]]:
        """Clean-up functions by finalizer."""
        return MappingProxyType(self._finalizers)

    def finalizer(self, name: str) -> Callable[[Reconciler[T]], Reconciler[T]]:
        """Declare what to clean up before an object may go.

        Guarantee: if the reconciler ever started for an object, this function has
        returned without an error before the object disappears. The finalizer is added
        before the first reconcile, never to an object that is being deleted, and is
        removed only after the function returned None. It may run several times, so it
        must be repeatable; a ``Result`` with ``requeue_after`` says "not done yet".

        Clean-ups run in the reverse order of their declaration.

        Args:
            name: The finalizer, with a domain: ``example.com/cleanup``.

        Raises:
            ValueError: The name has no domain, or is taken.
        """
        domain, _, rest = name.partition("/")
        if not domain or not rest:
            raise ValueError(
                f"finalizer {name!r} needs a domain, as in 'example.com/cleanup'"
            )
        if name in self._finalizers:
            raise ValueError(f"finalizer {name!r} is declared twice")

        def register(function: Reconciler[T]) -> Reconciler[T]:
            self._finalizers[name] = function
            return function

        return register

    def rules(self) -> list[Rule]:
        """Return the permissions that the controller needs: derived and declared."""
        options = self.options
        read = [watch.kind for watch in options.watches] + list(options.reads)
        derived = derive_rules(
            resource_of(options.kind),
            owned=[resource_of(kind) for kind in options.owns],
            read=[resource_of(kind) for kind in read],
            finalizers=bool(self._finalizers),
        )
        return merge_rules([*derived, *options.permissions])


@overload
def controller(
    kind: type[ObjectT],
    *,
    name: str = ...,
    owns: Iterable[Kind] = ...,
    watches: Iterable[Watch] = ...,
    reads: Iterable[Kind] = ...,
    predicate: Predicate = ...,
    permissions: Iterable[Rule] = ...,
    max_concurrent_reconciles: int = ...,
    deadline: float | None = ...,
    reconcile_deleting: bool = ...,
) -> Callable[[Reconciler[ObjectT]], KindController[ObjectT]]: ...
@overload
def controller(
    kind: GroupVersionKind,
    *,
    name: str = ...,
    owns: Iterable[Kind] = ...,
    watches: Iterable[Watch] = ...,
    reads: Iterable[Kind] = ...,
    predicate: Predicate = ...,
    permissions: Iterable[Rule] = ...,
    max_concurrent_reconciles: int = ...,
    deadline: float | None = ...,
    reconcile_deleting: bool = ...,
) -> Callable[[Reconciler[Unstructured]], KindController[Unstructured]]: ...
def controller(  # noqa: PLR0913 - one keyword per thing that can be declared
    kind: Kind,
    *,
    name: str = "",
    owns: Iterable[Kind] = (),
    watches: Iterable[Watch] = (),
    reads: Iterable[Kind] = (),
    predicate: Predicate = DEFAULT_FOR_RECONCILED,
    permissions: Iterable[Rule] = (),
    max_concurrent_reconciles: int = 1,
    deadline: float | None = None,
    reconcile_deleting: bool = False,
) -> Callable[[Reconciler[Any]], KindController[Any]]:
    """Make a controller of a function that reconciles one object.

    The function gets the object and a ``Context``, or, when it is a plain ``def``, a
    ``SyncContext`` in a thread of its own. It returns None or a ``Result``, and may
    raise anything: the object is tried again with backoff.

    Args:
        kind: What is reconciled: a class, or a GroupVersionKind for plain dicts.
        name: In logs, metrics, and as field manager; the function's name, with ``-``
            for ``_``, when left out.
        owns: Kinds of children: a change of one reconciles its controlling owner.
        watches: Other kinds that trigger.
        reads: Kinds that are kept in the cache to be read, and trigger nothing.
        predicate: Which changes of the object itself trigger.
        permissions: What it needs beyond what follows from the above.
        max_concurrent_reconciles: How many objects are reconciled at once; one object
            never is.
        deadline: Seconds after which a reconcile is cancelled and counted as failed.
        reconcile_deleting: Reconcile objects that are being deleted, too; else they
            only get their clean-up.

    Raises:
        TypeError: The kind is no kind.
        ValueError: An option is out of its range.
    """
    kind_of(kind)  # raises for what is no kind
    if max_concurrent_reconciles < 1:
        raise ValueError("max_concurrent_reconciles must be at least 1")
    if deadline is not None and deadline <= 0:
        raise ValueError("deadline must be above 0 s, or None for none")

    def decorate(function: Reconciler[Any]) -> KindController[Any]:
        options = Options(
            kind=kind,
            name=name or _name_of(function),
            owns=tuple(owns),
            watches=tuple(watches),
            reads=tuple(reads),
            predicate=predicate,
            permissions=tuple(permissions),
            max_concurrent_reconciles=max_concurrent_reconciles,
            deadline=deadline,
            reconcile_deleting=reconcile_deleting,
        )
        return KindController(function, options)

    return decorate


def is_async(function: Reconciler[Any]) -> bool:
    """Return whether a reconciler runs on the loop, callable objects included."""
    call = cast("object", getattr(function, "__call__", None))  # noqa: B004
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)


def _name_of(function: Callable[..., Any]) -> str:
    name = getattr(function, "__name__", type(function).__name__)
    return name.strip("_").replace("_", "-").lower()
